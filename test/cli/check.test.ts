// `check`, and `check --live` against a real Redis, Verdaccio and devpi.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevpi, type DevpiServer } from '../support/devpi.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { answers, plainEnv, startServer } from '../support/process.ts';
import { startPypiserver } from '../support/pypiserver.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { SERVICE } from '../support/service-user.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';
import { countersign, policy, policyEnv, written } from './fake-terminal.ts';

interface Live {
  readonly what: string;
  readonly name: string;
  readonly status: string;
  readonly says: string;
  readonly fix?: string;
}

const env = policyEnv;
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => !file.includes('.verdaccio-db'));
const basic = (password: string = SERVICE.password): string => `{ basic: { username: ${SERVICE.username}, password: "${password}" } }`;
const login = (password: string): string => `{ verdaccio_login: { username: ${SERVICE.username}, password: "${password}" } }`;
const pypi = (upstream: string, credential: string, keys: string): string =>
  policy({ issuer: keys, upstream, credential }).replace('protocol: npm', 'protocol: pypi').replaceAll('@acme/', 'acme-');
const check = (yaml: string, ...rest: string[]) => countersign(['check', '--config', written('countersign.yaml', yaml), ...rest], { env });
async function live(yaml: string): Promise<{ code: number; results: readonly Live[]; of: (what: string) => Live | undefined }> {
  const { code, out } = await check(yaml, '--live', '--json');
  const { live: results } = JSON.parse(out) as { live: readonly Live[] };
  return { code, results, of: (what) => results.find((result) => result.what === what) };
}

describe('check', () => {
  test('of a valid file ends with 0 and says how much there is', async () => {
    const { code, out } = await check(policy());
    expect(code).toBe(0);
    expect(out).toMatch(/countersign\.yaml is valid: 1 registry, 1 issuer, 2 publishers\. Policy revision [0-9a-f]{12}\.\n$/);
  });

  test('lists each `any` with its line', async () => {
    const { code, out } = await check(policy({ environment: 'any' }));
    expect(code).toBe(0);
    expect(out).toMatch(/countersign\.yaml:\d+:\d+ {2}warning {2}environment: any/);
  });

  test('of a broken file ends with 3 and shows every error, in colour only where there is any', async () => {
    const broken = policy().replace('workflow:', 'worklow:').replace('protocol: npm', 'protocol: nmp');
    const { code, out } = await check(broken);
    expect(code).toBe(3);
    expect(out).toContain('did you mean "workflow"?');
    expect(out).toContain('nmp');
    expect(out).toMatch(/is not valid: \d+ errors/);
    expect(out).not.toContain('\u001b');
    const coloured = await countersign(['check', '--config', written('countersign.yaml', broken)], { env, colour: true });
    expect(coloured.out).toContain('\u001b[');
  });

  test('of a file that is not there ends with 3', async () => {
    expect((await countersign(['check', '--config', '/nowhere/countersign.yaml'], { env })).code).toBe(3);
  });

  test('of the policy alone needs no secret, and says the same (for the CI of the repository that holds it)', async () => {
    const config = written('countersign.yaml', policy());
    expect((await countersign(['check', '--config', config])).code).toBe(3);
    expect((await countersign(['check', '--config', config, '--policy-only'])).code).toBe(0);
    expect((await countersign(['check', '--config', config, '--policy-only', '--live'])).code).toBe(2);
    const test = written('policy-tests.yaml', '[]');
    expect((await countersign(['test', test, '--config', config])).err).not.toContain('NPM_CREDENTIAL');
  });

  test('asks nothing of anybody unless told', async () => {
    const { code, out } = await check(policy({ upstream: 'http://127.0.0.1:1/', issuer: 'http://127.0.0.1:1' }), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ live: [] });
  });
});

describeWith(
  'redis-server',
  'verdaccio',
  'devpi-server',
)('check --live', () => {
  let issuer: CiIssuer;
  let redis: RedisServer;
  let verdaccio: VerdaccioServer;
  beforeAll(async () => {
    [issuer, redis, verdaccio] = await Promise.all([
      startIssuer(),
      startRedis({ persist: true, args: ['--maxmemory-policy', 'noeviction'] }),
      startVerdaccio(),
    ]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([issuer, redis, verdaccio].map((server) => server.close()));
  });

  const good = (): string => policy({ issuer: issuer.issuer, upstream: verdaccio.url, store: redis.url, credential: basic() });

  test('finds everything in its place that is, and looks at everything that the policy names', async () => {
    const { code, results } = await live(good().replace('credential:', 'max_upload: 8MiB\n    credential:'));
    expect(results.map(({ what, status }) => `${what} ${status}`)).toEqual([
      'store ok',
      'issuer ok',
      'clock ok',
      'upstream ok',
      'credential ok',
      'registration ok',
      'direct ok',
      'limit ok',
      'public warn',
    ]);
    expect(results[0]?.says).toMatch(/^Redis \d+\.\d+\.\d+ answers, maxmemory-policy noeviction, persistent$/);
    expect(code).toBe(0);
  });

  test('prints a line for each, and what to do about what is wrong', async () => {
    const { code, out } = await check(good().replace(redis.url, 'memory'), '--live');
    expect(code).toBe(0);
    expect(out).toMatch(/^ok {4}issuer +github +1 key from its discovery document$/m);
    expect(out).toMatch(/^warn {2}store +memory +in this process only.*\n {6}Use Redis/m);
    expect(out).toMatch(new RegExp(`^ok {4}credential +npm +is ${SERVICE.username}$`, 'm'));
  });

  test('finds a wrong password, though Verdaccio answers 200 to it, and does not print it (P1)', async () => {
    const { code, out } = await check(
      policy({ issuer: issuer.issuer, upstream: verdaccio.url, credential: basic('wrong-password') }),
      '--live',
      '--json',
    );
    expect(code).toBe(1);
    const { live: results } = JSON.parse(out) as { live: readonly Live[] };
    expect(results.find(({ what }) => what === 'credential')).toMatchObject({ status: 'fail', says: 'the registry does not accept it' });
    expect(out).not.toContain('wrong-password');
  });

  test('logs in where the credential is a Verdaccio login, and names a failed one', async () => {
    const right = await live(policy({ issuer: issuer.issuer, upstream: verdaccio.url, credential: login(SERVICE.password) }));
    expect([right.code, right.of('credential')]).toMatchObject([0, { status: 'ok' }]);
    const wrong = await live(policy({ issuer: issuer.issuer, upstream: verdaccio.url, credential: login('wrong-password') }));
    expect([wrong.code, wrong.of('credential')]).toMatchObject([1, { status: 'fail' }]);
  });

  test('calls it an outage (4) when the store, an issuer or a registry does not answer', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    const store = await live(good().replace(redis.url, `redis://${nowhere}/0`));
    expect([store.code, store.of('store')]).toMatchObject([4, { status: 'fail' }]);
    const keys = await live(good().replace(issuer.issuer, `http://${nowhere}`));
    expect([keys.code, keys.of('issuer')]).toMatchObject([4, { status: 'fail' }]);
    const upstream = await live(good().replace(verdaccio.url, `http://${nowhere}/`));
    expect([upstream.code, upstream.of('upstream')]).toMatchObject([4, { status: 'fail' }]);
  });

  test('refuses a Redis that may forget replay marks (RED)', async () => {
    const evicting = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const { code, of } = await live(good().replace(redis.url, evicting.url));
    await evicting.close();
    expect([code, of('store')]).toMatchObject([1, { status: 'fail' }]);
  });

  test('warns of a Redis that keeps nothing over a restart, and says its version', async () => {
    const forgetful = await startRedis();
    const { code, of } = await live(good().replace(redis.url, forgetful.url));
    await forgetful.close();
    expect(code).toBe(0);
    expect(of('store')).toMatchObject({ status: 'warn', says: expect.stringMatching(/noeviction, not persistent$/) as string });
    expect(of('store')?.fix).toContain('appendonly yes');
  });

  test('finds the limit of Verdaccio, without an upload of that size', async () => {
    const { of } = await live(good());
    expect(of('limit')).toMatchObject({ status: 'warn', says: 'refuses uploads of 16 MiB, max_upload is 64 MiB' });
    expect(of('limit')?.fix).toContain('max_body_size');
    expect(verdaccio.output()).toContain('request entity too large');
  });

  test('finds an open registration, and publishing without an account, and leaves nothing there', async () => {
    const open = await startVerdaccio({ open: { publish: '$all' } });
    const before = [readFileSync(join(open.storage, '..', 'htpasswd'), 'utf8'), filesIn(open.storage)];
    const { code, of } = await live(good().replace(verdaccio.url, open.url));
    const after = [readFileSync(join(open.storage, '..', 'htpasswd'), 'utf8'), filesIn(open.storage)];
    await open.close();
    expect(code).toBe(1);
    expect(of('registration')).toMatchObject({ status: 'fail', says: expect.stringContaining('open') as string });
    expect(of('registration')?.fix).toContain('max_users: -1');
    expect(of('direct')).toMatchObject({ status: 'fail', says: 'whoever reaches the registry publishes @acme/ui without any account' });
    expect(after).toEqual(before);
  });

  test('says what it did not probe, and why, where the server is not known', async () => {
    const other = createServer((_, response) => response.writeHead(404).end('nothing here'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { results } = await live(good().replace(verdaccio.url, `http://127.0.0.1:${(other.address() as AddressInfo).port}/`));
    other.close();
    for (const what of ['registration', 'direct', 'limit'])
      expect(results.find((result) => result.what === what)).toMatchObject({
        status: 'skip',
        says: expect.stringMatching(/^not probed: \S/) as string,
      });
  });

  test('finds the public URL answered by Countersign, by another server, or by Countersign for another host', async () => {
    const [port = 0, admin = 0] = await freePorts(2);
    const url = `http://127.0.0.1:${port}/`;
    const yaml = `server: { listen: "127.0.0.1:${port}", admin: "127.0.0.1:${admin}" }\n${good().replace('https://npm.acme.dev/', url)}`;
    const proxy = await startServer({
      name: 'countersign',
      command: requires('node'),
      args: [join(ROOT, 'src', 'main.ts'), 'serve', '--config', written('countersign.yaml', yaml)],
      env: plainEnv({ ...policyEnv, NPM_CREDENTIAL: 'x' }),
      ready: () => answers(`http://127.0.0.1:${admin}/healthz`),
    });
    const ours = (await live(yaml)).of('public');
    const elsewhere = (
      await live(
        yaml.replace(`url: ${url}`, `url: ${verdaccio.url}`).replace(`upstream: ${verdaccio.url}`, 'upstream: http://127.0.0.1:1/'),
      )
    ).of('public');
    const otherHost = (await live(yaml.replace(`url: ${url}`, `url: http://localhost:${port}/`))).of('public');
    await proxy.stop();
    expect(ours).toMatchObject({
      status: 'ok',
      says: expect.stringMatching(/answered by Countersign, over plain http \(request [0-9a-f]{16}\)$/) as string,
    });
    expect(elsewhere).toMatchObject({ status: 'fail', says: expect.stringContaining('not as Countersign does') as string });
    expect(otherHost).toMatchObject({ status: 'fail', says: expect.stringContaining('no registry of the host') as string });
  });

  test('finds a clock that differs from the issuer by more than half the leeway', async () => {
    const late = createServer((_, response) => response.writeHead(200, { date: new Date(Date.now() - 60_000).toUTCString() }).end('{}'));
    await new Promise<void>((resolve) => late.listen(0, '127.0.0.1', resolve));
    const { of } = await live(good().replace(issuer.issuer, `http://127.0.0.1:${(late.address() as AddressInfo).port}`));
    late.close();
    expect(of('clock')).toMatchObject({ status: 'fail', says: expect.stringMatching(/^ours is (59|6\d) s ahead$/) as string });
  });
});

describeWith('devpi-server')('check --live with devpi', () => {
  let issuer: CiIssuer;
  let devpi: DevpiServer;
  beforeAll(async () => {
    [issuer, devpi] = await Promise.all([startIssuer(), startDevpi()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([issuer, devpi].map((server) => server.close()));
  });

  test('asks devpi whom it takes the credential for, who else uploads, and whether files are replaced', async () => {
    const right = await live(pypi(devpi.prod, basic(), issuer.issuer));
    expect([right.code, right.of('credential')]).toMatchObject([0, { status: 'ok', says: `is ${SERVICE.username}` }]);
    expect(right.of('upstream')?.says).toMatch(/^devpi \d+\.\d+\.\d+ answers \(200\)$/);
    expect(right.of('direct')).toMatchObject({ status: 'ok', says: 'only svc uploads (acl_upload)' });
    expect(right.of('overwriting')).toMatchObject({ status: 'ok' });
    expect(right.of('limit')).toMatchObject({ status: 'warn', says: 'refuses uploads of 1 GiB, max_upload is 2 GiB' });
    const wrong = await live(pypi(devpi.prod, basic('wrong-password'), issuer.issuer));
    expect([wrong.code, wrong.of('credential')]).toMatchObject([1, { status: 'fail' }]);
  });

  test('finds a volatile index into which everybody uploads, and users who make themselves', async () => {
    await devpi.api('PATCH', 'svc/dev', ['acl_upload=:ANONYMOUS:'], SERVICE);
    const { code, of } = await live(pypi(devpi.dev, basic(), issuer.issuer));
    await devpi.api('PATCH', 'svc/dev', ['acl_upload=svc,bob'], SERVICE);
    const shared = await live(pypi(devpi.dev, basic(), issuer.issuer));
    expect(code).toBe(1);
    expect(of('direct')).toMatchObject({ status: 'fail', says: expect.stringContaining(':ANONYMOUS:') as string });
    expect(of('overwriting')).toMatchObject({ status: 'warn', fix: 'Run: devpi index svc/dev volatile=False' });
    expect(of('registration')).toMatchObject({ status: 'warn', says: expect.stringContaining('open') as string });
    expect(shared.of('direct')).toMatchObject({ status: 'warn', fix: 'Run: devpi index svc/dev acl_upload=svc' });
    expect(Object.keys(((await devpi.api('GET', '')) as { result: object }).result).toSorted()).toEqual(['root', 'svc']);
  });
});

describeWith('pypi-server')('check --live with pypiserver', () => {
  test('finds that nobody uploads without an account, and that it does not tell whose one is', async () => {
    const [issuer, index] = await Promise.all([startIssuer(), startPypiserver()]);
    const { code, of } = await live(pypi(index.url, basic(), issuer.issuer));
    await Promise.all([issuer.close(), index.close()]);
    expect(code).toBe(0);
    expect(of('upstream')?.says).toMatch(/^pypiserver \d+\.\d+\.\d+ answers/);
    expect(of('credential')).toMatchObject({ status: 'warn' });
    expect(of('registration')).toMatchObject({ status: 'ok' });
    expect(of('direct')).toMatchObject({ status: 'ok' });
  });
});
