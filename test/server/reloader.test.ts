import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi, type Mock } from 'vitest';
import { createRecorder } from '../support/recorder.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createReloader } from '../../src/server/reload.ts';
import { base, folder, write } from '../config/policy-file.ts';
import { swapTo } from './config-map.ts';

/** A reloader of `policy.yaml` in the folder, with what it did. */
async function reloading(into: string) {
  const path = join(into, 'policy.yaml');
  const first = await loadConfiguration(path, {});
  if (!first.ok) throw new Error('the first policy does not load');
  const recorder = createRecorder();
  const told = (): Mock<(fields: object, message: string) => void> => vi.fn<(fields: object, message: string) => void>();
  const log = { info: told(), warn: told(), error: told() };
  const used: Configuration[] = [];
  const broken = vi.fn<(problem: string | undefined) => void>();
  const load = vi.fn<() => ReturnType<typeof loadConfiguration>>(() => loadConfiguration(path, {}));
  const reloader = createReloader(first.configuration, {
    load,
    use: (configuration) => void used.push(configuration),
    broken,
    follow: () => undefined,
    audit: recorder.audit,
    log,
    settle: 5,
  });
  const look = async (): Promise<void> => {
    reloader.look();
    await reloader.idle();
  };
  await look();
  return { path, first: first.configuration, events: recorder.events, log, used, broken, load, reloader, look };
}

const withPublisher = (name: string): string => base.replace('ui-release', name);
const include = (name: string): string => base.slice(base.indexOf('publishers:')).replace('ui-release', name);

test('a changed file is in force, and the audit record says what changed', async () => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { look, used, events, log } = await reloading(into);
  expect(events, 'an unchanged file is no event').toEqual([]);
  write(into, { 'policy.yaml': withPublisher('renamed') });
  await look();
  expect(used.map(({ publishers }) => publishers.map(({ name }) => name))).toEqual([['renamed']]);
  const change = 'publishers +1 (renamed) -1 (ui-release) ~0';
  expect(events).toEqual([{ event: 'policy', outcome: 'reloaded', policy: used[0]?.revision, detail: change }]);
  expect(log.info).toHaveBeenCalledWith({ policy: used[0]?.revision, change }, 'the policy was reloaded');
  write(into, { 'policy.yaml': withPublisher('renamed') });
  await look();
  expect(events, 'the same content written again is no event').toHaveLength(1);
});

test('an included file that is new, and one that goes away, take effect', async () => {
  const into = folder();
  write(into, { 'policy.yaml': `include: [teams/*.yaml]\n${base}`, 'teams/a.yaml': include('a') });
  const { look, used } = await reloading(into);
  write(into, { 'teams/b.yaml': include('b') });
  await look();
  expect(used.at(-1)?.publishers.map(({ name }) => name)).toEqual(['ui-release', 'a', 'b']);
  rmSync(join(into, 'teams/a.yaml'));
  await look();
  expect(used.at(-1)?.publishers.map(({ name }) => name)).toEqual(['ui-release', 'b']);
});

test.each([
  ['broken YAML', (path: string) => writeFileSync(path, 'publishers: [}\n'), /:1:\d+ {2}error/],
  ['empty', (path: string) => writeFileSync(path, ''), /error/],
  ['cut short', (path: string) => writeFileSync(path, base.slice(0, -30)), /cut short/],
  ['a folder', (path: string) => (rmSync(path), mkdirSync(path)), /is a directory/],
  ['deleted', (path: string) => rmSync(path), /does not exist/],
  ['without its publishers’ conditions', (path: string) => writeFileSync(path, base.replace(/ +repository: .*\n/, '')), /repository/],
])('FLT-22 a policy that becomes %s changes nothing; it is told once, and told when it is over', async (_, spoil, problem) => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { path, look, used, events, broken, first, log } = await reloading(into);
  spoil(path);
  await look();
  await look();
  writeFileSync(join(into, 'another-file'), 'of no interest');
  await look();
  expect(used).toEqual([]);
  expect(events).toEqual([
    { event: 'policy', outcome: 'reload-failed', policy: first.revision, detail: expect.stringMatching(problem) as string },
  ]);
  expect(log.error).toHaveBeenCalledTimes(1);
  expect(broken.mock.calls).toEqual([[expect.stringMatching(problem)]]);
  rmSync(path, { recursive: true, force: true });
  write(into, { 'policy.yaml': base });
  await look();
  expect(broken).toHaveBeenLastCalledWith(undefined);
  expect([used, events.length], 'what was in force still is').toEqual([[], 1]);
});

test('FLT-22 another mistake in a broken file is told, too', async () => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { look, events } = await reloading(into);
  for (const text of ['publishers: 1\n', 'publishers: [}\n']) {
    write(into, { 'policy.yaml': text });
    await look();
  }
  expect(events.map(({ outcome }) => outcome)).toEqual(['reload-failed', 'reload-failed']);
});

test('a file that the policy names and that was missing makes the policy good when it comes, without a change of the policy', async () => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { look, broken, used } = await reloading(into);
  write(into, { 'policy.yaml': base.replace('  github: {}\n', '  github: { jwks_file: keys.json }\n') });
  await look();
  expect(broken).toHaveBeenLastCalledWith(expect.stringMatching(/keys\.json.* does not exist/));
  const key = {
    kty: 'RSA',
    kid: 'a',
    alg: 'RS256',
    use: 'sig',
    n: 'u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0',
    e: 'AQAB',
  };
  write(into, { 'keys.json': JSON.stringify({ keys: [key] }) });
  await look();
  expect(broken).toHaveBeenLastCalledWith(undefined);
  expect(used).toHaveLength(1);
});

test('FLT-18 a storm of signals is one reading at a time, and the last content wins', async () => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { reloader, load, used } = await reloading(into);
  let underWay = 0;
  let most = 0;
  const real = load.getMockImplementation();
  load.mockImplementation(async () => {
    most = Math.max(most, (underWay += 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const loaded = await real!();
    underWay -= 1;
    return loaded;
  });
  load.mockClear();
  for (let i = 0; i < 100; i += 1) {
    write(into, { 'policy.yaml': withPublisher(`p${i}`) });
    reloader.look();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await reloader.idle();
  expect(most).toBe(1);
  expect(load.mock.calls.length).toBeLessThan(100);
  expect(used.at(-1)?.publishers[0]?.name).toBe('p99');
});

test('FLT-24 fifty swaps of a ConfigMap: each revision is in force, and of its two files never one is of another revision', async () => {
  const into = folder();
  const texts = { 'policy.yaml': `include: [team.yaml]\n${withPublisher('policy-REVISION')}`, 'team.yaml': include('team-REVISION') };
  swapTo(into, 0, texts);
  const { look, used, reloader } = await reloading(into);
  const consistent = (configuration: Configuration | undefined): string => {
    const [policy, team] = configuration?.publishers.map(({ name }) => name) ?? [];
    expect(team).toBe(policy?.replace('policy', 'team'));
    return policy ?? '';
  };
  for (let n = 1; n <= 50; n += 1) {
    swapTo(into, n, texts);
    await look();
    expect(consistent(used.at(-1))).toBe(`policy-r${n}`);
  }
  // And while another thread swaps as fast as it can.
  const worker = new Worker(new URL('config-map-writer.ts', import.meta.url), { workerData: { into, texts, from: 51, to: 300 } });
  onTestFinished(async () => void (await worker.terminate()));
  const timer = setInterval(reloader.look, 3);
  await new Promise((resolve) => worker.once('exit', resolve));
  clearInterval(timer);
  await reloader.idle();
  await look();
  for (const configuration of used) consistent(configuration);
  expect(consistent(used.at(-1))).toBe('policy-r300');
}, 30_000);

test('settings that only a start takes are warned of; the rest of the change is in force', async () => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { look, used, log } = await reloading(into);
  write(into, { 'policy.yaml': `server:\n  listen: 0.0.0.0:9999\n${withPublisher('renamed')}` });
  await look();
  expect(log.warn).toHaveBeenCalledWith({ settings: ['server.listen'] }, expect.stringContaining('restart'));
  expect(used.at(-1)?.publishers[0]?.name).toBe('renamed');
});

test('a fault while reading is logged, and the next look goes on', async () => {
  const into = folder();
  write(into, { 'policy.yaml': base });
  const { look, load, log, used } = await reloading(into);
  write(into, { 'policy.yaml': withPublisher('renamed') });
  load.mockRejectedValueOnce(new Error('out of memory'));
  await look();
  expect(log.error).toHaveBeenCalledTimes(1);
  await look();
  expect(used).toHaveLength(1);
});
