// `explain --request`: a past request, from a log that the real proxy wrote or from an admin listener.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { fromUi, identityOf, mintWith } from '../support/ui-job.ts';
import { startFakeAdmin } from './fake-admin.ts';
import { countersign, written } from './fake-terminal.ts';

let issuer: CiIssuer;
let proxy: Proxy;
let log: string;
beforeAll(async () => {
  issuer = await startIssuer();
  proxy = await startProxy({
    policy: (port) => ({
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: { pypi: { protocol: 'pypi', url: `http://127.0.0.1:${port}/`, upstream: 'http://127.0.0.1:9/', credential: 'none' } },
      publishers: [
        { name: 'far', from: { ...fromUi, environment: 'production', workflow: 'nightly.yml' }, publish: { pypi: ['acme-ui'] } },
        { name: 'near', from: { ...fromUi, environment: 'production' }, publish: { pypi: ['acme-ui'] } },
      ],
    }),
  });
  await pastEpoch();
  await mintWith(proxy, identityOf(issuer, proxy, { environment: 'staging; workflow expected y got z' }));
  await mintWith(proxy, identityOf(issuer, proxy, { environment: 'production' }));
  await proxy.event(({ outcome }) => outcome === 'minted');
  log = written('countersign.log', `not JSON\n{"level":"info","msg":"listening"}\n${proxy.output()}`);
}, 60_000);
afterAll(() => Promise.all([proxy.close(), issuer.close()]));

const requestOf = (outcome: string): string => proxy.audit().find((event) => event.outcome === outcome)?.request ?? '';
const explain = (...rest: string[]) => countersign(['explain', '--config', proxy.config, '--request', ...rest]);

describe('a request of the log', () => {
  test('that was refused ends with 1: what was told, who it was, and each publisher with what differed, the nearest first', async () => {
    const { code, out } = await explain(requestOf('refused'), '--audit', log);
    expect(code).toBe(1);
    expect(out).toContain('exchange  ->  refused: publisher-environment\n');
    expect(out).toContain('The client was told: Publisher near requires environment production; this job uses staging');
    expect(out).toMatch(/^ {2}job +acme\/ui, release\.yml, staging.*, refs\/tags\/v1\.0\.0, started by octocat$/m);
    expect(out).toMatch(/^ {2}run +https:\/\/github\.com\/acme\/ui\/actions\/runs\/\d+$/m);
    const [near, far] = [out.indexOf(`near  (${proxy.config}:`), out.indexOf(`far  (${proxy.config}:`)];
    expect(near).toBeGreaterThan(0);
    expect(far).toBeGreaterThan(near);
    expect(out.slice(near, far)).toMatch(/FAIL {2}environment {2}expected production {2}token had staging; workflow expected y got z/);
    expect(out.slice(near, far).match(/FAIL/g)).toHaveLength(1);
    expect(out.slice(far)).toMatch(/FAIL {2}workflow +expected nightly\.yml {2}token had release\.yml/);
  });

  test('that was granted ends with 0 and says by whom', async () => {
    const { code, out } = await explain(requestOf('minted'), '--audit', log);
    expect([code, out.split('\n')[0]]).toEqual([0, 'exchange  ->  minted']);
    expect(out).toMatch(/^ {2}granted by +near$/m);
  });

  test('is found on stdin, too, and is JSON for programs', async () => {
    const around = { stdin: proxy.output() };
    const { code, out } = await countersign(
      ['explain', '--config', proxy.config, '--request', requestOf('refused'), '--audit', '-', '--json'],
      around,
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      granted: false,
      events: [
        {
          code: 'publisher-environment',
          considered: [{ publisher: 'near', listed: true, place: { line: expect.any(Number) as number } }, { publisher: 'far' }],
        },
      ],
    });
  });

  test('is explained without a policy that loads', async () => {
    const { code, out } = await countersign(['explain', '--config', '/nowhere.yaml', '--request', requestOf('refused'), '--audit', log]);
    expect([code, out.includes('  near\n')]).toEqual([1, true]);
  });

  test('of which nothing is known is a usage error (2), and so is a log that is not there', async () => {
    const unknown = await explain('0123456789abcdef', '--audit', log);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining(`${log} has no audit record of request 0123456789abcdef.`)]);
    expect((await explain('0123456789abcdef', '--audit', '/nowhere.log')).code).toBe(2);
  });

  test('fits a terminal of 80 columns', async () => {
    const { out } = await countersign(['explain', '--config', '/nowhere.yaml', '--request', requestOf('refused'), '--audit', log], {
      width: 80,
    });
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(out).toContain('FAIL');
  });
});

describe('a request of the running proxy', () => {
  test('is asked for at the admin listener, with the token from the environment', async () => {
    const admin = await startFakeAdmin(proxy.audit() as unknown as Record<string, unknown>[], { token: 'admin-token' });
    const id = requestOf('refused');
    const ask = (token: string) =>
      countersign(['explain', '--config', proxy.config, '--request', id, '--admin', `http://${admin.address}/`], {
        env: { COUNTERSIGN_ADMIN_TOKEN: token },
      });
    const right = await ask('admin-token');
    const wrong = await ask('');
    await admin.close();
    expect([right.code, right.out.split('\n')[0]]).toEqual([1, 'exchange  ->  refused: publisher-environment']);
    expect(admin.asked[0]).toEqual({ query: `?request=${id}`, authorization: 'Bearer admin-token' });
    expect(wrong.code).toBe(4);
    expect(wrong.err).toContain('answered 401. Show the admin token. Set COUNTERSIGN_ADMIN_TOKEN.');
    expect(right.out + wrong.err).not.toContain('admin-token');
  });

  test('is looked for at the listener of the policy file, and is the same as in the log', async () => {
    const id = requestOf('refused');
    const timeless = ({ code, out }: { code: number; out: string }) => [code, out.replace(/^ {2}time .*\n/m, '')];
    expect(timeless(await explain(id))).toEqual(timeless(await explain(id, '--audit', log)));
    const unknown = await explain('0123456789abcdef');
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('0123456789abcdef')]);
  });

  test('that does not answer is an outage (4)', async () => {
    const { code, err } = await explain('0123456789abcdef', '--admin', '127.0.0.1:1');
    expect([code, err]).toEqual([4, expect.stringContaining('http://127.0.0.1:1/api/v1/events cannot be reached')]);
  });
});

test('--request goes with nothing that describes another job', async () => {
  for (const rest of [['--claims', 'x'], ['--token-file', 'x'], ['--package', 'npm:x'], ['--verify']])
    expect((await explain('0123456789abcdef', ...rest)).code).toBe(2);
});
