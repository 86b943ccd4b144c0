// The demo is the first thing that a newcomer runs: it tells its whole story, ends, and leaves nothing behind.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adopt, plainEnv } from './support/process.ts';
import { describeWith, requires, ROOT } from './support/requirement.ts';
import { removeTempDir, tempDir } from './support/temp.ts';

type Demo = { readonly code: Promise<number | string>; readonly output: () => string; readonly signal: (name: NodeJS.Signals) => void };

describeWith(
  'npm',
  'verdaccio',
  'pypi-server',
  'twine',
)('npm run demo', () => {
  let temp = '';
  beforeAll(() => {
    temp = join(tempDir('demo'), 'tmp');
    mkdirSync(temp);
  });
  afterAll(() => removeTempDir(join(temp, '..')));

  /** Runs the demo with a temporary folder of its own, in which everything that it leaves behind would be. */
  function demo(...args: string[]): Demo {
    const env = plainEnv({ TMPDIR: temp });
    const child = spawn(requires('node'), [join(ROOT, 'scripts', 'demo', 'demo.ts'), ...args], { cwd: ROOT, env, detached: true });
    adopt(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const code = new Promise<number | string>((resolve) => {
      child.once('close', (exit, signal) => resolve(exit ?? signal ?? 'ended'));
    });
    return { code, output: () => output, signal: (name) => process.kill(child.pid ?? 0, name) };
  }

  /** The port behind each address that was printed. */
  async function reachable(output: string): Promise<string[]> {
    const urls = [...new Set(output.match(/http:\/\/127\.0\.0\.1:\d+/g))];
    const asked = urls.map((url) =>
      fetch(url)
        .then(() => [url])
        .catch(() => []),
    );
    return (await Promise.all(asked)).flat();
  }

  test('P1 P7 P8 --once tells the whole story in under a minute and ends with 0', { timeout: 90_000 }, async () => {
    const began = Date.now();
    const { code, output } = demo('--once');
    expect(await code, output()).toBe(0);
    expect(Date.now() - began).toBeLessThan(60_000);
    for (const line of [
      '+ @acme/ui@1.0.0',
      'upload uploaded: @acme/ui 1.0.0 from acme/ui (release.yml, refs/tags/v1.0.0), token ',
      'npm notice No trusted publisher lets acme/fork publish @acme/ui.',
      'npm notice Publisher ui-release allows refs refs/tags/v*; this run is on refs/heads/main.',
      'ok 3 files, byte for byte; the tarball has the SHA-256 of the audit record.',
      'upload uploaded: acme-ui 1.0.0 from acme/ui',
      'countersign: No trusted publisher lets acme/fork publish acme-ui.',
      'ok acme_ui-1.0.0-py3-none-any.whl, byte for byte.',
      'The whole story happened in ',
    ]) {
      expect(output()).toContain(line);
    }
    expect(output()).not.toMatch(/\u001B|csgn_/);
    expect(await reachable(output())).toEqual([]);
    expect(readdirSync(temp)).toEqual([]);
  });

  test('without --once it stays up until it is interrupted, and then nothing is left', { timeout: 90_000 }, async () => {
    const { code, output, signal } = demo('--history');
    while (!output().includes('Ctrl-C ends everything.')) {
      expect(output()).not.toContain('The demo failed');
      await sleep(100);
    }
    // The dashboard is where it says, has what the story did, and a month beside it that says that it is made up.
    const dashboard = await fetch(/dashboard +(http:\S+)/.exec(output())?.[1] ?? '');
    expect([dashboard.status, await dashboard.text()]).toEqual([200, expect.stringMatching(/Sample data\.[^]*@acme\/ui[^]*1\.0\.0/)]);
    const folder = /cd (\S+)/.exec(output())?.[1] ?? '';
    const published = spawn(join(folder, 'as-acme-ui'), ['npm', 'publish', './ui'], { cwd: folder, env: plainEnv(), detached: true });
    adopt(published);
    expect(await new Promise((resolve) => void published.once('close', resolve))).toBe(0);
    while (!output().includes('upload uploaded: @acme/ui 1.1.0')) await sleep(50);
    expect((await reachable(output())).length).toBeGreaterThan(3);
    signal('SIGINT');
    expect(await code, output()).toBe(0);
    expect(await reachable(output())).toEqual([]);
    expect(readdirSync(temp)).toEqual([]);
  });

  test('interrupted while it starts, it leaves nothing either', { timeout: 60_000 }, async () => {
    const { code, output, signal } = demo('--once');
    while (!output().includes('Starting')) await sleep(20);
    await sleep(400);
    signal('SIGTERM');
    expect(await code).toBe(130);
    await sleep(500);
    expect(readdirSync(temp)).toEqual([]);
  });
});
