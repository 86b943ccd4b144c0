// pass-through, split: reads of installs and searches, through Countersign and through what else could stand there.
import { startHaproxy, startHttpProxy3, startNginx, startOauth2Proxy, startReplyFrom } from '../peers/proxies.ts';
import { inTurn, median, ratios, type Contender, type Series } from '../lab/rounds.ts';
import { startUpstream, type Started } from '../lab/start.ts';
import { startSubject, type Build, type Subject } from '../lab/subject.ts';
import { wrk } from '../lab/wrk.ts';
import { atLeast, type Figure, type Goal } from '../report/goals.ts';
import { withClosers, type Run } from './run.ts';

export const sizes = [
  ['1 KiB', 1024],
  ['100 KiB', 102_400],
] as const;

/** Countersign in front of one npm registry, with nothing that a read would need. */
export function startReading(build: Build, upstream: Started, more: { workers?: number; on?: readonly number[] } = {}): Promise<Subject> {
  const { workers, on } = more;
  return startSubject({
    build,
    ...(on === undefined ? {} : { on }),
    env: { BENCH_TOKEN: 'of-the-bench' },
    policy: (url) => ({
      ...(workers === undefined ? {} : { server: { workers } }),
      issuers: { github: {} },
      registries: { npm: { protocol: 'npm', url, upstream: upstream.url, credential: { bearer: '${BENCH_TOKEN}' } } },
    }),
  });
}

/** Requests a second for answers of this size, from this server. */
export function reading(name: string, { url, pid }: Started, bytes: number, seconds: number): Contender {
  return { name, measure: () => wrk({ url: `${url}b${bytes}`, seconds, pid }) };
}

export async function passThrough(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const subject = closing(await startReading(run.build, upstream));
    const split = closing(await startNginx(upstream.port, { writesTo: subject.port }));
    const peers = [
      ['nginx', closing(await startNginx(upstream.port))],
      ['haproxy', closing(await startHaproxy(upstream.port))],
      ['http-proxy-3', closing(await startHttpProxy3(upstream.port))],
      ['fastify reply-from', closing(await startReplyFrom(upstream.port))],
      ['oauth2-proxy', closing(await startOauth2Proxy(upstream.port))],
    ] as const;
    const servers = [['countersign', subject], ...peers, ['direct', upstream]] as const;
    const figures: Figure[] = [];
    for (const [title, bytes] of sizes) {
      const contenders = servers.flatMap(([name, server]) => (server === undefined ? [] : [reading(name, server, bytes, run.seconds)]));
      // Code that has not run yet is slow everywhere.
      for (const { measure } of contenders) await measure();
      const series = await inTurn(contenders, run.rounds);
      figures.push({
        name: 'pass-through',
        what: `GET ${title}, kept connections, one process`,
        unit: 'requests/s',
        series,
        goals: goalsOf(title, series),
      });
    }
    const nginx = peers[0][1];
    if (split === undefined || nginx === undefined) return figures;
    const series = await inTurn(
      [reading('nginx, split', split, 1024, run.seconds), reading('nginx', nginx, 1024, run.seconds)],
      run.rounds,
    );
    const [own, alone] = series;
    const goals = own && alone ? [atLeast('split ÷ nginx', median(ratios(own, alone)), 0.98)] : [];
    return [
      ...figures,
      {
        name: 'split',
        what: 'reads by nginx straight to the upstream, writes to Countersign: GET 1 KiB',
        unit: 'requests/s',
        series,
        goals,
      },
    ];
  });
}

function goalsOf(title: string, series: readonly Series[]): Goal[] {
  const named = (name: string): Series | undefined => series.find((one) => one.name === name);
  const own = named('countersign');
  const over = (peer: string): number | undefined => {
    const other = named(peer);
    return own && other && median(ratios(own, other));
  };
  const oauth = named('oauth2-proxy');
  const perCore = own && oauth && median(ratios(oauth, own, ({ cpu }) => cpu));
  return [
    atLeast(`pass-through ${title} ÷ nginx`, over('nginx'), 0.65),
    atLeast(`pass-through ${title} ÷ http-proxy-3`, over('http-proxy-3'), 2),
    atLeast(`pass-through ${title} ÷ fastify reply-from`, over('fastify reply-from'), 1),
    atLeast(`pass-through ${title} per core ÷ oauth2-proxy`, perCore, 1),
  ];
}
