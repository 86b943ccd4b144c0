// The working tree beside another commit: both compiled, measured in turn, and a failure when a figure costs more than 10 %.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pastEpoch } from '../test/support/proxy.ts';
import { ROOT } from '../test/support/components.ts';
import { exchanging, loadFor, small } from './figures/exchange.ts';
import { reading, sizes, startReading } from './figures/pass-through.ts';
import { withClosers, type Run } from './figures/run.ts';
import { memory } from './lab/cpu.ts';
import { documentOf, publish } from './lab/npm-document.ts';
import { openExchangeWorld } from './lab/exchange-world.ts';
import { npmName, startPublishing, tokenBasic } from './lab/publishing.ts';
import { inTurn, median, ratios, type Contender, type Series } from './lab/rounds.ts';
import { startUpstream } from './lab/start.ts';
import { compile, type Build } from './lab/subject.ts';
import { upload, wheel } from './lab/wheel.ts';
import { kept } from './peers/install.ts';
import { digits } from './report/table.ts';

/** What counts as a cost. */
const bound = 1.1;

interface Comparison {
  readonly name: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly rising: boolean;
  readonly series: readonly Series[];
}

/** Prints the comparison; gives the exit code. */
export async function against(ref: string, run: Run): Promise<number> {
  const other = checkOut(ref);
  try {
    const builds = [run.build, other] as const;
    const found = [
      ...(await readings(builds, run)),
      await exchanges(builds, run),
      ...(await uploads(builds, run)),
      ...(await starts(builds, run)),
    ];
    let worse = 0;
    for (const { name, unit, rising, series } of found) {
      const [now, then] = series as [Series, Series];
      const ratio = median(ratios(now, then));
      const cost = rising ? 1 / ratio : ratio;
      if (cost > bound) worse += 1;
      const values = [now, then].map(({ rounds }) => digits(median(rounds.map(({ value }) => value))));
      console.log(
        `${name.padEnd(34)} ${values[0]?.padStart(9)} ${unit} now, ${values[1]?.padStart(9)} at ${ref}: ${cost > bound ? 'COSTS MORE' : 'held'}, ×${digits(ratio)}`,
      );
    }
    return worse === 0 ? 0 : 1;
  } finally {
    execFileSync('git', ['worktree', 'remove', '--force', other.folder], { cwd: ROOT, stdio: 'ignore' });
  }
}

/** The commit in a worktree of its own, compiled, with the packages that are installed here. */
function checkOut(ref: string): Build {
  const folder = join(kept, 'against');
  if (existsSync(folder)) {
    execFileSync('git', ['worktree', 'prune'], { cwd: ROOT });
    rmSync(folder, { recursive: true, force: true });
  }
  execFileSync('git', ['worktree', 'add', '--force', '--detach', folder, ref], { cwd: ROOT, stdio: 'ignore' });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return compile(ref, folder);
}

async function warm(contenders: readonly Contender[]): Promise<readonly Contender[]> {
  for (const { measure } of contenders) await measure();
  return contenders;
}

async function readings(builds: readonly Build[], run: Run): Promise<Comparison[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const subjects = [];
    for (const build of builds) subjects.push([build.name, closing(await startReading(build, upstream))] as const);
    const found: Comparison[] = [];
    for (const [title, bytes] of sizes) {
      const contenders = await warm(subjects.map(([name, subject]) => reading(name, subject, bytes, run.seconds)));
      found.push({ name: `pass-through ${title}`, unit: 'requests/s', rising: true, series: await inTurn(contenders, run.rounds) });
    }
    return found;
  });
}

async function exchanges(builds: readonly Build[], run: Run): Promise<Comparison> {
  return withClosers(async (closing) => {
    const world = closing(await openExchangeWorld());
    const subjects = [];
    for (const build of builds) subjects.push([build.name, closing(await world.startExchange(build, small))] as const);
    await pastEpoch();
    const { script } = await loadFor(world, small.publishers, run.seconds);
    const contenders = await warm(subjects.map(([name, subject]) => exchanging(world, name, subject, script, run.seconds)));
    return { name: 'exchange', unit: 'exchanges/s', rising: true, series: await inTurn(contenders, run.rounds) };
  });
}

async function uploads(builds: readonly Build[], run: Run): Promise<Comparison[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const ready = [];
    for (const build of builds) {
      const publishing = closing(await startPublishing({ build, pypi: upstream.url, npm: upstream.url, simple: 'simple/' }));
      ready.push({ name: build.name, publishing, pypi: tokenBasic(await publishing.pypi.token()), npm: await publishing.npm.token() });
    }
    let version = 0;
    const wheels = ready.map(({ name, publishing, pypi }): Contender => ({
      name,
      measure: async () => {
        version += 1;
        const seconds = await upload(publishing.pypi.url, wheel(300_000_000, publishing.pypi.project, `1.${version}`), {
          authorization: pypi,
        });
        return { value: 300 / seconds };
      },
    }));
    const documents = ready.map(({ name, publishing, npm }): Contender => ({
      name,
      measure: async () => {
        version += 1;
        return { value: 1000 * (await publish(publishing.npm.url, npmName, documentOf(npmName, `1.0.${version}`, 10_000_000), npm)) };
      },
    }));
    return [
      { name: 'publish-pypi 300 MB', unit: 'MB/s', rising: true, series: await inTurn(await warm(wheels), run.rounds) },
      { name: 'publish-npm 10 MB', unit: 'ms', rising: false, series: await inTurn(await warm(documents), run.rounds) },
    ];
  });
}

async function starts(builds: readonly Build[], run: Run): Promise<Comparison[]> {
  return withClosers(async (closing) => {
    const upstream = closing(await startUpstream());
    const resting = new Map<string, number[]>(builds.map(({ name }) => [name, []]));
    const contenders = builds.map((build): Contender => ({
      name: build.name,
      measure: async () => {
        const began = performance.now();
        const subject = await startReading(build, upstream);
        const took = performance.now() - began;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        resting.get(build.name)?.push(memory(subject.pid));
        await subject.close();
        return { value: took };
      },
    }));
    const series = await inTurn(await warm(contenders), run.rounds);
    const rest = [...resting].map(([name, values]) => ({ name, rounds: values.slice(1).map((value) => ({ value })) }));
    return [
      { name: 'start', unit: 'ms', rising: false, series },
      { name: 'resident set at rest', unit: 'MiB', rising: false, series: rest },
    ];
  });
}
