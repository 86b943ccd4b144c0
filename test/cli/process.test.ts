// The real program as a child process: arguments, streams, exit codes.
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../gateway/raw-upstream.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePorts } from '../support/ports.ts';
import { adopt, plainEnv } from '../support/process.ts';
import { raw } from '../support/proxy.ts';
import { requires, ROOT } from '../support/requirement.ts';
import { answer, startFakeProxy, uploadToken, type FakeProxy } from './fake-proxy.ts';
import { policy, policyEnv, written, type Printed } from './fake-terminal.ts';

const main = join(ROOT, 'src', 'main.ts');

function program(argv: readonly string[], env: Record<string, string | undefined> = {}, input?: string): Promise<Printed> {
  return new Promise((resolve) => {
    const child = execFile(requires('node'), [main, ...argv], { env: { ...plainEnv(), ...env }, timeout: 20_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
    child.stdin?.end(input ?? '');
  });
}

let issuer: CiIssuer;
let proxy: FakeProxy;
beforeAll(async () => {
  [issuer, proxy] = await Promise.all([startIssuer(), startFakeProxy()]);
});
afterAll(() => Promise.all([issuer.close(), proxy.close()]));

describe('node src/main.ts', () => {
  test('version prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await program(['version'])).toEqual({
      code: 0,
      out: expect.stringContaining(`countersign ${version} (Node `) as string,
      err: '',
    });
    expect((await program(['--version'])).out).toBe(`${version}\n`);
  });

  test('checks the file that COUNTERSIGN_CONFIG names: 0 when it is valid, 3 when not, never with colour in a pipe', async () => {
    const good = written('countersign.yaml', policy());
    expect((await program(['check'], { COUNTERSIGN_CONFIG: good, ...policyEnv })).code).toBe(0);
    const bad = await program(['check', '--config', good], { FORCE_COLOR: '1' });
    expect([bad.code, bad.out.includes('\u001b'), bad.err]).toEqual([3, false, '']);
    expect(bad.out).toContain('NPM_CREDENTIAL is not set');
  });

  test('beside SEC-07: serve does not start in production with a switch that lets secrets out', async () => {
    const config = written('countersign.yaml', policy());
    const env = { COUNTERSIGN_CONFIG: config, NODE_ENV: 'production', ...policyEnv };
    for (const more of [{ NODE_OPTIONS: '--report-on-fatalerror' }, { NODE_DEBUG: 'net' }]) {
      const { code, out, err } = await program(['serve'], { ...env, ...more });
      expect([code, out]).toEqual([3, '']);
      expect(err).toMatch(/lets secrets out of the memory of this process/);
    }
  });

  test('beside FLT-16, FLT-19: a SIGHUP while it starts, and readers of its output that go away, do not end serve', async () => {
    const [port = 0, admin = 0] = await freePorts(2);
    const listeners = `server: { listen: "127.0.0.1:${port}", admin: "127.0.0.1:${admin}" }\n`;
    const config = written('countersign.yaml', listeners + policy({ issuer: issuer.issuer }));
    const child = spawn(requires('node'), [main, 'serve', '--config', config], { env: { ...plainEnv(), ...policyEnv } });
    adopt(child);
    const ended = new Promise<unknown>((resolve) => void child.once('exit', (code, signal) => resolve(signal ?? code)));
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    // From the moment in which it is caught, which is long before it serves.
    const caught = (): boolean =>
      (BigInt(`0x${/SigCgt:\s*([0-9a-f]+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]}`) & 1n) === 1n;
    await until(caught, 20_000);
    expect(out).not.toContain('listening');
    while (!out.includes('listening')) {
      child.kill('SIGHUP');
      await pause(20);
    }
    child.stdout.destroy();
    child.stderr.destroy();
    for (let i = 0; i < 20; i += 1) {
      expect(
        (
          await raw({ port }, 'POST', '/-/npm/v1/oidc/token/exchange/package/@acme%2fui', {
            host: 'npm.acme.dev',
            authorization: 'Bearer a.b.c',
          })
        ).status,
      ).toBe(403);
    }
    for (const signal of ['SIGUSR2', 'SIGPIPE', 'SIGWINCH', 'SIGHUP'] as const) child.kill(signal);
    expect((await fetch(`http://127.0.0.1:${admin}/healthz`)).status).toBe(200);
    // A terminal's Ctrl-\\ would write the memory to a disk; here it is a stop like any other.
    child.kill('SIGQUIT');
    expect(await ended).toBe(0);
  });

  test.each([
    [['schema'], 0],
    [['check', '--config', written('countersign.yaml', 'issuers: {}\n')], 3],
    [['audit', '--follow', '--file', written('audit.log', '')], 0],
  ])('%j whose reader goes away ends without a word, with its own exit code', async (argv, expected) => {
    const child = spawn(requires('node'), [main, ...argv], { env: plainEnv() });
    adopt(child);
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    expect([await new Promise((resolve) => void child.once('close', resolve)), err]).toEqual([expected, '']);
  });

  test('an unknown command ends with 2 and says nothing on stdout', async () => {
    const { code, out, err } = await program(['chekc']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Did you mean check?');
  });

  test('mint in a GitHub job prints the upload token and nothing else on stdout, and soon', async () => {
    const started = Date.now();
    const { code, out } = await program(['mint', '--package', 'npm:@acme/ui'], { ...issuer.githubEnv(), COUNTERSIGN_URL: proxy.url });
    expect([code, out]).toEqual([0, `${uploadToken}\n`]);
    expect(Date.now() - started).toBeLessThan(8000);
  });

  test('mint needs no configuration, no token in its arguments, and passes a refusal on with 1', async () => {
    proxy.respond = (_, response) =>
      answer(response, 400, { error: 'invalid_grant', error_description: 'No trusted publisher lets acme/ui publish here.' });
    const { code, out, err } = await program(['mint', '--url', proxy.url], issuer.githubEnv());
    proxy.respond = undefined;
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('countersign: No trusted publisher lets acme/ui publish here.\n');
  });

  test('mint --revoke reads the token from stdin (SEC-08)', async () => {
    const { code, out } = await program(['mint', '--revoke', '--url', proxy.url], {}, `${uploadToken}\n`);
    expect([code, out]).toEqual([0, '']);
    expect(proxy.asked.at(-1)?.form.get('token')).toBe(uploadToken);
  });
});
