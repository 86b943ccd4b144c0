// The Lua scripts of the audit store in Redis. What belongs together is written in one step, and a batch that is sent twice is written once.
import { shelfNames } from './shelves.ts';
import { maxSlots } from './tally.ts';

/**
 * Adds a batch. `writer` remembers the number of the last batch of one process: when the answer was lost and the batch comes
 * again, what was done is not done twice. Records get positions that only grow, in one order for both streams, whatever
 * happens to Redis' clock; `lag` and `lead` remember how far a record's own time was ever away from its position, so that a
 * question about a time needs to look at no more than it must.
 * KEYS meta, writer, stream of the proved, of the unproved, then hash and order of each shelf. ARGV batch number, batch
 * (JSON: `lost`, `entries` as [stream 1 or 2, ms, text], `changes` as [shelf from 1, key, ms, counts, last]), records kept
 * in each stream, their age (ms), then capacity and age (ms, 0 is for ever) of each shelf.
 */
const append = `
local batch, number = cjson.decode(ARGV[2]), tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function done(part) return (tonumber(redis.call('HGET', KEYS[2], part) or '0') or 0) >= number end
local function number_in(field) return tonumber(redis.call('HGET', KEYS[1], field) or '0') or 0 end

if not done('entries') then
  local ms, seq, lag, lead = number_in('ms'), number_in('seq'), number_in('lag'), number_in('lead')
  for _, entry in ipairs(batch.entries) do
    if now > ms then ms, seq = now, 0 else seq = seq + 1 end
    redis.call('XADD', KEYS[2 + entry[1]], string.format('%.0f-%.0f', ms, seq), 'e', entry[3], 't', string.format('%.0f', entry[2]))
    lag, lead = math.max(lag, ms - entry[2]), math.max(lead, entry[2] - ms)
  end
  local text = function(n) return string.format('%.0f', n) end
  redis.call('HSET', KEYS[1], 'ms', text(ms), 'seq', text(seq), 'lag', text(lag), 'lead', text(lead))
  if #batch.entries > 0 then redis.call('HSETNX', KEYS[1], 'since', text(now)) end
  if batch.lost > 0 then redis.call('HINCRBY', KEYS[1], 'lost', batch.lost) end
  redis.call('HSET', KEYS[2], 'entries', ARGV[1])
end

local function size(table) local n = 0 for _ in pairs(table) do n = n + 1 end return n end
local function change(hash, order, key, seen, counts, last)
  local ok, tally = pcall(cjson.decode, redis.call('HGET', hash, key) or '')
  if not ok or type(tally) ~= 'table' or type(tally.counts) ~= 'table' or type(tally.last) ~= 'table' then
    tally = { seen = 0, counts = {}, last = {} }
  end
  for slot, count in pairs(counts) do
    local before = tonumber(tally.counts[slot])
    if before or size(tally.counts) < ${maxSlots} then tally.counts[slot] = (before or 0) + count end
  end
  for slot, entry in pairs(last) do
    local before = tally.last[slot]
    if type(before) == 'table' then
      if (tonumber(before[1]) or 0) <= entry[1] then tally.last[slot] = entry end
    elseif size(tally.last) < ${maxSlots} then tally.last[slot] = entry end
  end
  tally.seen = math.max(tonumber(tally.seen) or 0, seen)
  redis.call('HSET', hash, key, cjson.encode(tally))
  redis.call('ZADD', order, string.format('%.0f', tally.seen), key)
end
local function forget(hash, order, keys)
  for _, key in ipairs(keys) do redis.call('ZREM', order, key) redis.call('HDEL', hash, key) end
end

if not done('changes') then
  for _, each in ipairs(batch.changes) do
    change(KEYS[3 + 2 * each[1]], KEYS[4 + 2 * each[1]], each[2], each[3], each[4], each[5])
  end
  redis.call('HSET', KEYS[2], 'changes', ARGV[1])
end
redis.call('PEXPIRE', KEYS[2], 3600000)

for stream = 3, 4 do
  redis.call('XTRIM', KEYS[stream], 'MAXLEN', '~', ARGV[stream])
  redis.call('XTRIM', KEYS[stream], 'MINID', '~', string.format('%.0f', math.max(0, now - tonumber(ARGV[5]))))
end
for shelf = 1, (#KEYS - 4) / 2 do
  local hash, order = KEYS[3 + 2 * shelf], KEYS[4 + 2 * shelf]
  local capacity, age = tonumber(ARGV[4 + 2 * shelf]), tonumber(ARGV[5 + 2 * shelf])
  local over = redis.call('ZCARD', order) - capacity
  if over > 0 then forget(hash, order, redis.call('ZRANGE', order, 0, math.min(over, 100) - 1)) end
  if age > 0 then
    forget(hash, order, redis.call('ZRANGEBYSCORE', order, '-inf', string.format('(%.0f', now - age), 'LIMIT', 0, 100))
  end
end
return #batch.entries
`;

/**
 * Goes through a piece of both streams, newest first, and gives what may fit: records of the time asked for in which every
 * needle is found. To look in here instead of sending everything keeps the proxy's own event loop free. Of each stream: what
 * was found as [position, text], and the last position that was looked at, or '' at the stream's end.
 * KEYS both streams. ARGV upper and lower bound, records to look at in each, from and to (ms), needles.
 */
const scan = `
local answer = {}
for stream = 1, 2 do
  local entries = redis.call('XREVRANGE', KEYS[stream], ARGV[1], ARGV[2], 'COUNT', ARGV[3])
  local found = {}
  for _, entry in ipairs(entries) do
    local text, time = entry[2][2] or '', tonumber(entry[2][4]) or 0
    local fits = time >= tonumber(ARGV[4]) and time < tonumber(ARGV[5])
    for needle = 6, #ARGV do
      if not string.find(text, ARGV[needle], 1, true) then fits = false break end
    end
    if fits then found[#found + 1] = { entry[1], text } end
  end
  answer[stream] = { found, #entries == tonumber(ARGV[3]) and entries[#entries][1] or '' }
end
return answer
`;

/** The latest keys of a shelf with what is known of them, and how many there are. KEYS hash, order. ARGV how many. */
const latest = `
local keys = redis.call('ZREVRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1)
local rows = {}
for i, key in ipairs(keys) do rows[i] = { key, redis.call('HGET', KEYS[1], key) or '' } end
return { redis.call('ZCARD', KEYS[2]), rows }
`;

export const auditScripts = {
  appendAudit: { lua: append, numberOfKeys: 4 + 2 * shelfNames.length },
  scanAudit: { lua: scan, numberOfKeys: 2 },
  latestAudit: { lua: latest, numberOfKeys: 2 },
} as const;

export type AuditScript = keyof typeof auditScripts;
