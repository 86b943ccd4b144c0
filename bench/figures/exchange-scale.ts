// exchange-scale: the same exchange with fifty times the policy, and with a store that is full of live tokens and marks.
import { defaultPoll } from '../../src/config/watch.ts';
import { pastEpoch } from '../../test/support/proxy.ts';
import { openExchangeWorld, type ExchangeWorld } from '../lab/exchange-world.ts';
import { cpuTime, settled } from '../lab/cpu.ts';
import { inTurn, median, ratios, type Series } from '../lab/rounds.ts';
import { atLeast, atMost, shown, type Figure } from '../report/goals.ts';
import { exchanging, loadFor } from './exchange.ts';
import { withClosers, type Run } from './run.ts';

const large = { publishers: 50_000, packages: 20 };
const small = { publishers: 1000, packages: 20 };
/** Of 10^6 and 10^7: what a machine of this size has time for. Redis keeps them in hash tables, which know no size. */
const tokens = 100_000;
const marks = 1_000_000;

export async function exchangeScale(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const world = closing(await openExchangeWorld());
    const few = closing(await world.startExchange(run.build, small));
    const publishers = Math.round(large.publishers * run.size);
    const many = closing(await world.startExchange(run.build, { ...large, publishers }));
    const title = `${publishers.toLocaleString('en')} publishers`;
    const load = (many.startedIn - few.startedIn) / 1000;
    const loadCpu = (cpuTime([many.pid]) - cpuTime([few.pid])) / 1_000_000;
    // The policy is read a second time in the background, in case it changed meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 2 * defaultPoll));
    await settled(few.pid);
    await settled(many.pid);
    await pastEpoch();
    const { script } = await loadFor(world, small.publishers, run.seconds);
    const [fewer, more] = [
      exchanging(world, '1,000 publishers', few, script, run.seconds),
      exchanging(world, title, many, script, run.seconds),
    ];
    for (const { measure } of [fewer, more]) await measure();
    const perToken = await bytesPerToken(world, fewer);
    const series = await inTurn([more, fewer], run.rounds);
    await fill(world, run.size);
    const full = await inTurn([{ name: `${title}, full store`, measure: more.measure }], run.rounds);
    const [grown, base] = series as [Series, Series];
    const [stuffed] = full as [Series];
    const note = `store with ${tokens * run.size} live tokens and ${marks * run.size} marks; more change nothing but Redis' memory`;
    return [
      {
        name: 'exchange-scale',
        what: `${title} × 20 packages beside 1,000 × 20, PyPI dialect, RS256, Redis, record on`,
        unit: 'exchanges/s',
        series: [...series, ...full],
        goals: [
          atLeast(`exchange with ${title} ÷ 1,000`, median(ratios(grown, base)), 0.95),
          shown('the same with a full store ÷ 1,000', median(ratios(stuffed, base)), note),
          atMost(
            `policy load of ${title}, s`,
            load,
            2,
            publishers === large.publishers
              ? `${loadCpu.toFixed(1)} s of CPU`
              : `in proportion, ${large.publishers} take ${(load / run.size).toFixed(1)} s`,
          ),
          atMost('Redis bytes per live token', perToken, 1024),
        ],
      },
    ];
  });
}

/** What one exchange leaves in Redis, mark and token together. The audit record lies in the same Redis, has a limit of its own, and is not counted. */
async function bytesPerToken(world: ExchangeWorld, { measure }: { readonly measure: () => Promise<unknown> }): Promise<number> {
  const recorded = `local n = 0 for _, key in ipairs(redis.call('KEYS', '*:audit:*')) do n = n + redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0) end return n`;
  const look = async (): Promise<number> => {
    const used = Number(/used_memory:(\d+)/.exec(await world.redis.cli('info', 'memory'))?.[1] ?? 0);
    return used - Number(await world.redis.cli('eval', recorded, '0'));
  };
  const count = async (): Promise<number> => Number(await world.redis.cli('dbsize'));
  await world.forget();
  const [before, keys] = [await look(), await count()];
  await measure();
  return ((await look()) - before) / (((await count()) - keys) / 2);
}

/** Copies a real token and a real mark under many names. */
async function fill(world: ExchangeWorld, size: number): Promise<void> {
  const script = `
    local function one(pattern) local found = redis.call('KEYS', pattern) return found[1] end
    local token, mark = one('*token:*'), one('*once:*')
    local dump = { token = redis.call('DUMP', token), mark = redis.call('DUMP', mark) }
    for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
      local name = ':fill' .. i
      if i <= tonumber(ARGV[3]) then redis.call('RESTORE', string.gsub(token, ':%x+$', name), 3600000, dump.token, 'REPLACE') end
      redis.call('RESTORE', string.gsub(mark, ':%x+$', name), 3600000, dump.mark, 'REPLACE')
    end`;
  const total = Math.round(marks * size);
  // In pieces, so that no call is longer than redis-cli waits.
  for (let at = 1; at <= total; at += 50_000) {
    await world.redis.cli('eval', script, '0', String(at), String(Math.min(at + 49_999, total)), String(Math.round(tokens * size)));
  }
}
