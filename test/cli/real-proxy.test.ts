// `mint`, `health` and the audit record against the real proxy, all of it as child processes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePorts } from '../support/ports.ts';
import { answers, plainEnv, startServer, type RunningServer } from '../support/process.ts';
import { requires, ROOT } from '../support/requirement.ts';
import { policy, policyEnv, written, type Printed } from './fake-terminal.ts';

const main = join(ROOT, 'src', 'main.ts');
let issuer: CiIssuer;
let proxy: RunningServer;
let url: string;
let config: string;

beforeAll(async () => {
  const [port = 0, admin = 0] = await freePorts(2);
  issuer = await startIssuer();
  url = `http://127.0.0.1:${port}/`;
  const server = `server:\n  listen: 127.0.0.1:${port}\n  admin: 127.0.0.1:${admin}\n`;
  config = written('countersign.yaml', server + policy({ issuer: issuer.issuer }).replace('https://npm.acme.dev/', url));
  proxy = await startServer({
    name: 'countersign',
    command: requires('node'),
    args: [main, 'serve', '--config', config],
    env: plainEnv({ NPM_CREDENTIAL: policyEnv['NPM_CREDENTIAL'] ?? '' }),
    ready: () => answers(`http://127.0.0.1:${admin}/healthz`),
  });
  // With the embedded store, identity tokens of the second in which it started do not count.
  await new Promise((resolve) => setTimeout(resolve, 1100));
});
afterAll(async () => {
  await proxy.stop();
  await issuer.close();
});

function program(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Printed> {
  return new Promise((resolve) => {
    execFile(requires('node'), [main, ...argv], { env: plainEnv(env), timeout: 20_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

function audited(): Record<string, unknown>[] {
  const lines = proxy
    .output()
    .split('\n')
    .filter((line) => line.includes('"audit":true'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the real proxy', () => {
  test('is well', async () => {
    expect((await program(['health', '--ready', '--config', config])).code).toBe(0);
  });

  test('gives a GitHub job an upload token, takes it back, and records both without the token (P7, SEC-13)', async () => {
    const minted = await program(['mint', '--url', url, '--package', 'npm:@acme/ui'], issuer.githubEnv());
    expect(minted.code, minted.err).toBe(0);
    expect(minted.out).toMatch(/^csgn_[0-9A-Za-z]{49}\n$/);
    const revoked = await program(['mint', '--revoke', '--url', url], { COUNTERSIGN_TOKEN: minted.out.trim() });
    expect([revoked.code, revoked.out]).toEqual([0, '']);
    // A line is written after its answer.
    await expect.poll(() => audited().some(({ outcome }) => outcome === 'revoked'), { timeout: 5000 }).toBe(true);
    const [mint, revoke] = [audited().find(({ outcome }) => outcome === 'minted'), audited().find(({ outcome }) => outcome === 'revoked')];
    expect(mint).toMatchObject({ event: 'exchange', registry: 'npm', package: '@acme/ui', publishers: ['ui-release'], anchor: 'acme/ui' });
    expect(revoke).toMatchObject({ event: 'revoke', token: mint?.['token'] });
    expect(proxy.output()).not.toContain(minted.out.slice(5, 25));
    expect(proxy.output()).not.toContain('eyJ');
  });

  test('refuses another workflow in the words that `explain` uses, with code 1 and a record of what differed', async () => {
    const claims = { workflow_ref: 'acme/ui/.github/workflows/build.yml@refs/heads/main' };
    const { code, out, err } = await program(['mint', '--url', url, '--package', 'npm:@acme/ui'], issuer.githubEnv(claims));
    expect([code, out]).toEqual([1, '']);
    const file = written('claims.json', JSON.stringify(issuer.githubClaims(claims)));
    const explained = await program(['explain', '--config', config, '--claims', file, '--package', 'npm:@acme/ui', '--json'], {
      NPM_CREDENTIAL: policyEnv['NPM_CREDENTIAL'] ?? '',
    });
    const { refusal } = JSON.parse(explained.out) as { refusal: { code: string; message: string } };
    expect(err).toContain(refusal.message);
    await expect
      .poll(() => audited().find(({ outcome }) => outcome === 'refused'), { timeout: 5000 })
      .toMatchObject({ code: refusal.code, message: refusal.message });
  });
});
