// exchange, exchange-refused, workers: identity tokens in, upload tokens or refusals out.
import { pastEpoch } from '../../test/support/proxy.ts';
import { audience, openExchangeWorld, type ExchangeWorld } from '../lab/exchange-world.ts';
import { bodyOf, mintPath, scriptFor } from '../lab/exchange-load.ts';
import { inTurn, median, ratios, type Contender, type Series } from '../lab/rounds.ts';
import type { Started } from '../lab/start.ts';
import { steady } from '../lab/steady.ts';
import { wrk } from '../lab/wrk.ts';
import { atLeast, atMost, shown, type Figure } from '../report/goals.ts';
import { withClosers, type Run } from './run.ts';

export const small = { publishers: 1000, packages: 2 };
/** More than any round can use up, at this many a second. */
const fastest = 16_000;

/** Exchanges a second; each round begins with a store that has seen none of the tokens. */
export function exchanging(world: ExchangeWorld, name: string, { url, pid }: Started, script: string, seconds: number): Contender {
  return {
    name,
    measure: async () => {
      await world.forget();
      return wrk({ url, seconds, script, pid });
    },
  };
}

/** Tokens that nobody has exchanged, as wrk's script. */
export async function loadFor(world: ExchangeWorld, publishers: number, seconds: number): Promise<{ tokens: string[]; script: string }> {
  const tokens = await world.forge.tokens({ count: fastest * seconds, publishers, audience });
  return { tokens, script: scriptFor(world.folder, tokens.map(bodyOf), audience) };
}

export async function exchange(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const world = closing(await openExchangeWorld());
    const ceiling = closing(await world.startCeiling());
    const subject = closing(await world.startExchange(run.build, small));
    await pastEpoch();
    const { tokens, script } = await loadFor(world, small.publishers, run.seconds);
    const contenders = [
      exchanging(world, 'countersign', subject, script, run.seconds),
      exchanging(world, 'bare ceiling', ceiling, script, run.seconds),
    ];
    for (const { measure } of contenders) await measure();
    const series = await inTurn(contenders, run.rounds);
    const [own, bare] = series as [Series, Series];
    const share = median(ratios(own, bare));
    const rate = 0.7 * median(own.rounds.map(({ value }) => value));
    const calm = await inTurn(
      [calmly(world, 'countersign', subject, tokens, rate, run.seconds), calmly(world, 'bare ceiling', ceiling, tokens, rate, run.seconds)],
      run.rounds,
    );
    const [ownCalm, bareCalm] = calm as [Series, Series];
    const refused = await refusals(run, world, subject, own, tokens);
    return [
      {
        name: 'exchange',
        what: '1,000 publishers × 2 packages, PyPI dialect, RS256, Redis, record on, one process',
        unit: 'exchanges/s',
        series,
        goals: [atLeast('exchange ÷ ceiling', share, 0.7)],
      },
      {
        name: 'exchange, 70 % load',
        what: `${Math.round(rate)} exchanges/s, open loop: 99th percentile`,
        unit: 'ms',
        series: calm,
        goals: [atMost('exchange p99 ÷ ceiling p99', median(ratios(ownCalm, bareCalm)), 2)],
      },
      ...refused,
    ];
  });
}

/** The 99th percentile at a rate. */
function calmly(
  world: ExchangeWorld,
  name: string,
  { port }: Started,
  tokens: readonly string[],
  rate: number,
  seconds: number,
): Contender {
  const requests = tokens.slice(0, Math.ceil(rate * seconds) + 1).map(requestOf);
  return {
    name,
    measure: async () => {
      await world.forget();
      const { p50, p99, statuses } = await steady({ port, rate, seconds, requests });
      if ([...statuses.keys()].some((status) => status !== 200)) throw new Error(`${name} refused: ${[...statuses].join(' ')}`);
      return { value: p99, p50, p99 };
    },
  };
}

function requestOf(token: string): Buffer {
  const body = bodyOf(token);
  const head = `POST ${mintPath} HTTP/1.1\r\nHost: ${audience}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.from(`${head}${body}`);
}

/** An attacker's load, with every limit out of the way: refusals a second beside exchanges a second. */
async function refusals(run: Run, world: ExchangeWorld, subject: Started, own: Series, tokens: readonly string[]): Promise<Figure[]> {
  const count = 2000;
  const forge = { count, publishers: 100, audience };
  const kinds = {
    garbage: Array.from({ length: count }, (_, i) => `garbage-${i}-${'x'.repeat(700)}`),
    expired: await world.forge.tokens({ ...forge, since: 800, until: -500 }),
    'unknown issuer': await world.forge.tokens({ ...forge, issuer: 'https://evil.example' }),
  };
  const seconds = Math.min(run.seconds, 2);
  const contenders = Object.entries(kinds).map(([name, some]): Contender => {
    const script = scriptFor(world.folder, some.map(bodyOf), audience, name.replace(' ', '-'));
    return { name, measure: () => wrk({ url: subject.url, seconds, script, pid: subject.pid, refused: true }) };
  });
  for (const { measure } of contenders) await measure();
  const series = await inTurn(contenders, Math.min(run.rounds, 5));
  const accepted = median(own.rounds.map(({ value }) => value));
  const rate = Math.min(500, accepted / 4);
  const garbage = kinds.garbage.map(requestOf);
  const beside = await inTurn(
    [
      calmly(world, 'alone', subject, tokens, rate, run.seconds),
      {
        name: 'beside 1,000 garbage/s',
        measure: async () => {
          const noise = steady({ port: subject.port, rate: 1000, seconds: run.seconds, requests: garbage, connections: 16 });
          const [sample] = await Promise.all([calmly(world, '', subject, tokens, rate, run.seconds).measure(), noise]);
          return sample;
        },
      },
    ],
    run.rounds,
  );
  const [alone, attacked] = beside as [Series, Series];
  return [
    {
      name: 'exchange-refused',
      what: 'identity tokens that are none, are expired, are from a stranger; limits out of the way',
      unit: 'refusals/s',
      series,
      goals: series.map((one) => atLeast(`refused (${one.name}) ÷ accepted`, median(one.rounds.map(({ value }) => value)) / accepted, 2)),
    },
    {
      name: 'exchange beside an attack',
      what: `${Math.round(rate)} exchanges/s, open loop: 99th percentile`,
      unit: 'ms',
      series: beside,
      goals: [atMost('accepted p99 beside 1,000 garbage/s ÷ alone', median(ratios(attacked, alone)), 1.5)],
    },
  ];
}

export async function workers(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const world = closing(await openExchangeWorld());
    const one = closing(await world.startExchange(run.build, { ...small, on: [0, 1] }));
    const two = closing(await world.startExchange(run.build, { ...small, workers: 2, on: [0, 1] }));
    await pastEpoch();
    const { script } = await loadFor(world, small.publishers, run.seconds);
    const contenders = [exchanging(world, '2 workers', two, script, run.seconds), exchanging(world, '1 process', one, script, run.seconds)];
    for (const { measure } of contenders) await measure();
    const series = await inTurn(contenders, run.rounds);
    const [pair, single] = series as [Series, Series];
    const note = 'load, Redis and both workers share the processors of this machine';
    return [
      {
        name: 'workers',
        what: 'exchanges by two workers and by one process, on all processors',
        unit: 'exchanges/s',
        series,
        goals: [shown('exchange with 2 workers ÷ 1', median(ratios(pair, single)), note)],
      },
    ];
  });
}
