// publish-pypi, memory: wheels of every size, while they are parsed, hashed twice and written anew.
import { startDevpi } from '../../test/support/devpi.ts';
import { locate } from '../../test/support/components.ts';
import { basic, SERVICE } from '../../test/support/service-user.ts';
import { family, forgetPeak, memory, peakMemory } from '../lab/cpu.ts';
import { startPublishing, tokenBasic, type Publishing } from '../lab/publishing.ts';
import { inTurn, median, ratios, type Contender, type Series } from '../lab/rounds.ts';
import { startUpstream } from '../lab/start.ts';
import { upload, wheel } from '../lab/wheel.ts';
import { startNginx } from '../peers/proxies.ts';
import { skipped } from '../peers/install.ts';
import { atLeast, atMost, type Figure, type Goal } from '../report/goals.ts';
import { withClosers, type Run } from './run.ts';

const mega = 1_000_000;
let version = 0;

/** Uploads a file of so many bytes, each time of another version; the value is MB/s, or seconds. */
function uploading(name: string, url: string, bytes: number, authorization: string, unit: 'MB/s' | 's'): Contender {
  return {
    name,
    measure: async () => {
      version += 1;
      const seconds = await upload(url, wheel(bytes, 'bench-project', `1.${version}`), { authorization });
      return { value: unit === 's' ? seconds : bytes / mega / seconds };
    },
  };
}

export async function publishPypi(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const nginx = closing(await startNginx(upstream.port));
    const publishing = closing(await startPublishing({ build: run.build, pypi: upstream.url, npm: upstream.url, simple: 'simple/' }));
    const authorization = tokenBasic(await publishing.pypi.token());
    const figures: Figure[] = [];
    for (const size of [10, 300, 2000 * run.size]) {
      const bytes = Math.round(size * mega);
      const contenders = [
        uploading('countersign', publishing.pypi.url, bytes, authorization, 'MB/s'),
        ...(nginx === undefined ? [] : [uploading('nginx, request buffering off', `${nginx.url}x`, bytes, '', 'MB/s')]),
      ];
      for (const { measure } of contenders) await measure();
      const series = await inTurn(contenders, run.rounds);
      const [own, peer] = series;
      const value = own && peer && median(ratios(own, peer));
      const goals = [atLeast(`publish-pypi ${size} MB, MB/s ÷ nginx`, value, 0.5)];
      figures.push({ name: 'publish-pypi', what: `a wheel of ${size} MB to a discarding upstream`, unit: 'MB/s', series, goals });
    }
    return [...figures, ...(await toDevpi(run))];
  });
}

async function toDevpi(run: Run): Promise<Figure[]> {
  if (locate('devpi-server') === undefined) {
    skipped.push({ peer: 'devpi', reason: 'its Python environment is not there (node scripts/prepare.mjs --test)' });
    return [];
  }
  return withClosers(async (closing) => {
    const devpi = closing(await startDevpi());
    const credential = { basic: { username: SERVICE.username, password: SERVICE.password } };
    const publishing = closing(await startPublishing({ build: run.build, pypi: devpi.dev, npm: devpi.url, pypiCredential: credential }));
    const authorization = tokenBasic(await publishing.pypi.token());
    const figures: Figure[] = [];
    for (const size of [10, Math.round(300 * run.size)]) {
      const series = await inTurn(
        [
          uploading('countersign', publishing.pypi.url, size * mega, authorization, 's'),
          uploading('direct', devpi.dev, size * mega, basic(SERVICE.username, SERVICE.password), 's'),
        ],
        run.rounds,
      );
      const [own, direct] = series as [Series, Series];
      const goals = [atMost(`publish-pypi ${size} MB to devpi, wall ÷ direct`, median(ratios(own, direct)), 1.1)];
      figures.push({ name: 'publish-pypi', what: `a wheel of ${size} MB to devpi`, unit: 's', series, goals });
    }
    return figures;
  });
}

export async function pypiMemory(run: Run): Promise<Figure[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const start = (): Promise<Publishing> =>
      startPublishing({ build: run.build, pypi: upstream.url, npm: upstream.url, simple: 'simple/', uploads: 200 });
    const figures: Figure[] = [];
    const single: Goal[] = [];
    const series: Series[] = [];
    for (const size of [200, 2000 * run.size]) {
      const grown = await aboveIdle(start, async (url, authorization) => {
        await uploading('', url, size * mega, authorization, 's').measure();
      });
      series.push({ name: `a wheel of ${size} MB`, rounds: [{ value: grown }] });
      single.push(atMost(`memory above idle, wheel of ${size} MB, MiB`, grown, 96));
    }
    figures.push({ name: 'memory', what: 'peak of the resident set above idle during one upload', unit: 'MiB', series, goals: single });
    const many = await aboveIdle(start, async (url, authorization) => {
      const all = Array.from({ length: 100 }, () => uploading('', url, 50 * mega * run.size, authorization, 's').measure());
      await Promise.all(all);
    });
    const crowd = [{ name: '100 wheels of 50 MB at once', rounds: [{ value: many }] }];
    const goals = [atMost('memory above idle, 100 concurrent 50 MB wheels, MiB', many, 320)];
    return [
      ...figures,
      { name: 'memory', what: 'peak of the resident set above idle during 100 uploads', unit: 'MiB', series: crowd, goals },
    ];
  });
}

/** MiB by which the peak during the work lies above what the process had before, after a second of rest. */
async function aboveIdle(start: () => Promise<Publishing>, work: (url: string, authorization: string) => Promise<void>): Promise<number> {
  const publishing = await start();
  try {
    const authorization = tokenBasic(await publishing.pypi.token());
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const pids = family(publishing.subject.pid);
    const idle = pids.reduce((sum, pid) => sum + memory(pid), 0);
    for (const pid of pids) forgetPeak(pid);
    await work(publishing.pypi.url, authorization);
    return pids.reduce((sum, pid) => sum + peakMemory(pid), 0) - idle;
  } finally {
    await publishing.close();
  }
}
