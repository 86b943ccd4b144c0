// The Lua scripts. Whatever must hold under concurrency, lost replies and failovers is decided in here, in one step.

/**
 * Finds out whether the server still knows what it knew (the amnesia guard, RED-12). `run_id` changes when a server
 * starts, `master_replid` when a replica takes over: both may have lost marks. The script asks the server on which it
 * runs, so no failover and no redirection can slip between the question and the mint. `seen` is the server that this
 * process talked to last: after a split brain the marks made on the losing side are gone, though the winner's epoch
 * record looks right. The epoch never moves back.
 */
const guard = `
local function info(section, field)
  return string.match(redis.call('INFO', section), '\\n' .. field .. ':([^\\r\\n]*)') or ''
end
local function guard(key, now, seen)
  local identity = info('server', 'run_id') .. ' ' .. info('replication', 'master_replid')
  local found = redis.pcall('GET', key)
  local ok, epoch = pcall(cjson.decode, type(found) == 'string' and found or '')
  local known = ok and type(epoch) == 'table' and epoch.version == 1 and type(epoch.at) == 'number'
  if known and epoch.server == identity and (seen == '' or seen == identity) then return identity, epoch.at, 0 end
  local at = math.max(tonumber(now), known and epoch.at or 0)
  redis.call('SET', key, string.format('{"version":1,"at":%.0f,"server":"%s"}', at, identity))
  return identity, at, 1
end
`;

/**
 * KEYS epoch. ARGV now (ms), seen.
 * Answers the server's identity, its role, its eviction policy, and 1 when the epoch moved.
 */
export const guardScript = `${guard}
local identity, _, moved = guard(KEYS[1], ARGV[1], ARGV[2])
return { identity, info('replication', 'role'), info('memory', 'maxmemory_policy'), moved }
`;

/**
 * Replay mark and mint: both or neither (RED-07). All questions come before the first write, and Redis refuses the first
 * write when it would refuse any (no memory, read-only, disk error), so an error leaves nothing behind. The token comes
 * first: should a user's permissions end halfway, a token that nobody was given is harmless, a mark without one is not.
 * In the mark's hash a field with a line break counts exchanges; `<registry>\\n` is the count of that registry's most
 * exchanged package, so that `*` need not look at each.
 * KEYS epoch, mark, token, uses. ARGV now (ms), seen, issuedAt (s), limit, markFor (ms), keepFor (ms), nonce, what the mark
 * keeps of this mint, record, uploads of the token or '', 'mint' or 'ask', 'sealed' or '', asked entries from 13 on.
 * Answers the result, the server's identity, and 1 when the epoch moved; where marks are sealed, also every mint that the mark held before: nonce, what was kept.
 */
export const mintScript = `${guard}
local mark, nonce = KEYS[2], 'nonce ' .. ARGV[7]
local identity, epoch, moved = guard(KEYS[1], ARGV[1], ARGV[2])
if redis.call('HGET', mark, nonce) == ARGV[8] then return { 'minted', identity, moved } end
if tonumber(ARGV[3]) * 1000 <= epoch then return { 'before-epoch', identity, moved } end
local function count(field) return tonumber(redis.call('HGET', mark, field) or '0') end
for i = 13, #ARGV do
  local registry = string.match(ARGV[i], '^[^\\n]+\\n')
  local own = ARGV[i] == registry .. '*' and registry or ARGV[i]
  if count(own) + count(registry .. '*') >= tonumber(ARGV[4]) then return { 'used', identity, moved } end
end
local answer = { 'minted', identity, moved }
if ARGV[12] == 'sealed' then
  local kept = redis.call('HGETALL', mark)
  for i = 1, #kept, 2 do
    local earlier = string.match(kept[i], '^nonce (.*)$')
    if earlier then answer[#answer + 1], answer[#answer + 2] = earlier, kept[i + 1] end
  end
end
if ARGV[11] == 'ask' then return answer end
local fields, peaks = { nonce, ARGV[8] }, {}
for i = 13, #ARGV do
  local registry = string.match(ARGV[i], '^[^\\n]+\\n')
  local times = count(ARGV[i]) + 1
  fields[#fields + 1], fields[#fields + 2] = ARGV[i], times
  if ARGV[i] ~= registry .. '*' then peaks[registry] = math.max(peaks[registry] or count(registry), times) end
end
for registry, times in pairs(peaks) do fields[#fields + 1], fields[#fields + 2] = registry, times end
redis.call('SET', KEYS[3], ARGV[9], 'PX', ARGV[6])
if ARGV[10] ~= '' then
  redis.call('HSET', KEYS[4], 'most', ARGV[10])
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
redis.call('HSET', mark, unpack(fields))
if redis.call('PTTL', mark) < tonumber(ARGV[5]) then redis.call('PEXPIRE', mark, ARGV[5]) end
return answer
`;

/**
 * The record and, of a token that is good for a number of uploads only, one of them: looked up and taken in one step, so that
 * two hundred at once over any number of processes take no more than there are (TOK-17). Each upload is a field under its own
 * name; asked again after a lost reply it is the same one.
 * KEYS token, uses. ARGV bytes of the record at most, upload.
 * Answers the record, how many uploads the token is good for ('' where nothing says so) and '1' when this one is among them.
 */
export const useScript = `
local record = redis.pcall('GETRANGE', KEYS[1], 0, ARGV[1])
local most = redis.pcall('HGET', KEYS[2], 'most')
if type(record) == 'table' then return record end
if type(most) ~= 'string' then return { record, '', '' } end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then
  if redis.call('HLEN', KEYS[2]) > tonumber(most) then return { record, most, '' } end
  redis.call('HSET', KEYS[2], ARGV[2], '1')
end
return { record, most, '1' }
`;
