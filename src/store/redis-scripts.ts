// The two Lua scripts. Whatever must hold under concurrency, lost replies and failovers is decided in here, in one step.

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
  if known and epoch.server == identity and (seen == '' or seen == identity) then return identity, epoch.at end
  local at = math.max(tonumber(now), known and epoch.at or 0)
  redis.call('SET', key, string.format('{"version":1,"at":%.0f,"server":"%s"}', at, identity))
  return identity, at
end
`;

/**
 * KEYS epoch. ARGV now (ms), seen.
 * Answers the server's identity, its role and its eviction policy.
 */
export const guardScript = `${guard}
local identity = guard(KEYS[1], ARGV[1], ARGV[2])
return { identity, info('replication', 'role'), info('memory', 'maxmemory_policy') }
`;

/**
 * Replay mark and mint: both or neither (RED-07). All questions come before the first write, and Redis refuses the first
 * write when it would refuse any (no memory, read-only, disk error), so an error leaves nothing behind. The token comes
 * first: should a user's permissions end halfway, a token that nobody was given is harmless, a mark without one is not.
 * In the mark's hash a field with a line break counts exchanges; `<registry>\\n` is the count of that registry's most
 * exchanged package, so that `*` need not look at each.
 * KEYS epoch, mark, token. ARGV now (ms), seen, issuedAt (s), limit, markFor (ms), keepFor (ms), nonce, token hash,
 * record, asked entries from 10 on.
 */
export const mintScript = `${guard}
local mark, nonce = KEYS[2], 'nonce ' .. ARGV[7]
local identity, epoch = guard(KEYS[1], ARGV[1], ARGV[2])
if redis.call('HGET', mark, nonce) == ARGV[8] then return { 'minted', identity } end
if tonumber(ARGV[3]) * 1000 <= epoch then return { 'before-epoch', identity } end
local function count(field) return tonumber(redis.call('HGET', mark, field) or '0') end
for i = 10, #ARGV do
  local registry = string.match(ARGV[i], '^[^\\n]+\\n')
  local own = ARGV[i] == registry .. '*' and registry or ARGV[i]
  if count(own) + count(registry .. '*') >= tonumber(ARGV[4]) then return { 'used', identity } end
end
local fields, peaks = { nonce, ARGV[8] }, {}
for i = 10, #ARGV do
  local registry = string.match(ARGV[i], '^[^\\n]+\\n')
  local times = count(ARGV[i]) + 1
  fields[#fields + 1], fields[#fields + 2] = ARGV[i], times
  if ARGV[i] ~= registry .. '*' then peaks[registry] = math.max(peaks[registry] or count(registry), times) end
end
for registry, times in pairs(peaks) do fields[#fields + 1], fields[#fields + 2] = registry, times end
redis.call('SET', KEYS[3], ARGV[9], 'PX', ARGV[6])
redis.call('HSET', mark, unpack(fields))
if redis.call('PTTL', mark) < tonumber(ARGV[5]) then redis.call('PEXPIRE', mark, ARGV[5]) end
return { 'minted', identity }
`;
