// What the numbers say when something is wrong: each of them is what an alert of config/alerts.yaml looks at.
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type ProxyOptions } from '../support/proxy.ts';
import { startRedis } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { samples, scrape, scrapeUntil, sum } from '../support/scrape.ts';
import { fromUi, identityOf, mintWith, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';

const preload = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
/** SIGUSR2 blocks the program's event loop for a second. */
const blocking = preload(`process.on('SIGUSR2', () => { for (const end = Date.now() + 1000; Date.now() < end;); });`);

let issuer: CiIssuer;
/** The program of most tests; it starts with an issuer that is away. */
let proxy: Proxy;
beforeAll(async () => {
  issuer = await startIssuer({ style: 'github' });
  const away = { issuers: { github: { issuer: 'http://127.0.0.1:9/', insecure: true } } };
  proxy = await startProxy({ env: serviceEnv, policy: policy(away), node: blocking });
}, 40_000);
afterAll(async () => {
  await proxy?.close();
  await issuer?.close();
});

const policy =
  (change: object = {}) =>
  (port: number): Policy => ({
    issuers: { github: { issuer: issuer.issuer, insecure: true } },
    registries: {
      npm: registryOf('npm', `http://127.0.0.1:${port}/`, 'http://127.0.0.1:9/'),
      pypi: registryOf('pypi', `http://127.0.0.1:${port}/pypi/`, 'http://127.0.0.1:9/'),
    },
    publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['acme-ui'], npm: ['@acme/*'] } }],
    ...change,
  });

async function program(change: object = {}, options: Partial<ProxyOptions> = {}): Promise<Proxy> {
  const own = await startProxy({ env: serviceEnv, policy: policy(change), ...options });
  onTestFinished(() => own.close());
  return own;
}

describe('numbers of', () => {
  test('JWK-16 an issuer that is away: stale, no keys, attempts that failed; and of one that is back', async () => {
    const away = await scrapeUntil(proxy, (all) => sum(all, 'countersign_jwks_stale', { issuer: 'github' }) === 1);
    expect(sum(away, 'countersign_jwks_keys', { issuer: 'github' })).toBe(0);
    expect(sum(away, 'countersign_jwks_age_seconds')).toBeUndefined();
    expect(sum(away, 'countersign_jwks_refreshes_total', { issuer: 'github', outcome: 'failure' })).toBeGreaterThan(0);
    await proxy.reload(policy());
    await pastEpoch();
    await mintWith(proxy, identityOf(issuer, proxy));
    const back = await scrapeUntil(proxy, (all) => sum(all, 'countersign_jwks_stale', { issuer: 'github' }) === 0);
    expect(sum(back, 'countersign_jwks_keys', { issuer: 'github' })).toBe(1);
    expect(sum(back, 'countersign_jwks_age_seconds', { issuer: 'github' })).toBeLessThan(60);
    expect(Math.abs(sum(back, 'countersign_clock_skew_seconds', { issuer: 'github' }) ?? 99)).toBeLessThan(10);
    expect(sum(back, 'countersign_jwks_refreshes_total', { issuer: 'github', outcome: 'success' })).toBe(1);
  });

  test('FLT-22 a policy with errors: not reloaded, and reloaded when it has none any more', async () => {
    expect(sum(await scrape(proxy), 'countersign_policy_last_reload_successful')).toBe(1);
    writeFileSync(proxy.config, 'publishers: [\n');
    proxy.server().signal('SIGHUP');
    const broken = await scrapeUntil(proxy, (all) => sum(all, 'countersign_policy_last_reload_successful') === 0);
    expect(sum(broken, 'countersign_policy_reloads_total', { outcome: 'failure' })).toBe(1);
    expect(sum(broken, 'countersign_policy_publishers')).toBe(1);
    await proxy.reload(policy({ store: 'memory' }));
    await scrapeUntil(proxy, (all) => sum(all, 'countersign_policy_last_reload_successful') === 1);
  });

  test('an upstream that is away, and who asked for it', async () => {
    expect((await raw(proxy, 'GET', '/lodash', { host: proxy.host })).status).toBe(502);
    const unreachable = { registry: 'npm', purpose: 'pass-through', status: 'unreachable' };
    const all = await scrapeUntil(proxy, (now) => sum(now, 'countersign_upstream_requests_total', unreachable) === 1);
    expect(sum(all, 'countersign_http_requests_total', { registry: 'npm', route: 'read', status: '5xx' })).toBe(1);
  });

  test('FLT-35 an event loop that was blocked for a second', async () => {
    const slow = (all: Parameters<typeof sum>[0]): number =>
      (sum(all, 'countersign_event_loop_lag_seconds_count') ?? 0) -
      (sum(all, 'countersign_event_loop_lag_seconds_bucket', { le: '0.25' }) ?? 0);
    const before = slow(await scrape(proxy));
    process.kill(proxy.pid, 'SIGUSR2');
    await scrapeUntil(proxy, (all) => slow(all) > before);
  });

  test('FLT-20 a log that cannot be written: its lines are lost, and counted', async () => {
    const mute = await program({}, { through: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] });
    await scrapeUntil(mute, (all) => (sum(all, 'countersign_log_lines_lost_total') ?? 0) >= 2);
  });
});

describe('what limits turn away', () => {
  const refused = (all: Parameters<typeof sum>[0], limit: string): number | undefined =>
    sum(all, 'countersign_limit_refusals_total', { limit });

  test('EXC-20 EXC-24 exchanges of an address one by one, though the record sums them up; packages of a publisher', async () => {
    const limits = { refused_exchanges: 4, packages_per_minute: 2, exchanges_per_package: 2, requests: 1000 };
    const reached = sum(await scrape(proxy), 'countersign_publisher_packages_total', { publisher: 'ui' }) ?? 0;
    await proxy.reload(policy({ server: { limits } }));
    const npm = (name: string) =>
      raw(proxy, 'POST', `/-/npm/v1/oidc/token/exchange/package/@acme%2f${name}`, {
        host: proxy.host,
        authorization: `Bearer ${issuer.sign(issuer.githubClaims({ ...uiJob, aud: 'npm:127.0.0.1' }))}`,
        'content-length': '0',
      });
    for (const name of ['a', 'a', 'a', 'b', 'c']) await npm(name);
    for (let i = 0; i < 10; i += 1) await mintWith(proxy, 'nonsense');
    const all = await scrapeUntil(proxy, (now) => refused(now, 'refused_exchanges') === 6);
    expect(refused(all, 'packages_per_minute')).toBe(1);
    expect(refused(all, 'exchanges_per_package')).toBe(1);
    expect(refused(all, 'connections')).toBe(0);
    expect((sum(all, 'countersign_publisher_packages_total', { publisher: 'ui' }) ?? 0) - reached).toBe(2);
  });
});

describeWith('redis-server')('the store', () => {
  test('RED-01 RED-08 RED-12 is shown as down, with why; as up again; and as one that may have forgotten', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const kept = await program({ store: redis.url });
    await pastEpoch();
    const up = await scrapeUntil(kept, (all) => sum(all, 'countersign_store_up', { store: 'redis' }) === 1);
    const resets = sum(up, 'countersign_store_epoch_resets_total') ?? 0;
    await redis.kill();
    await scrapeUntil(kept, (all) => sum(all, 'countersign_store_up', { store: 'redis' }) === 0);
    await mintWith(kept, identityOf(issuer, kept));
    const unavailable = { outcome: 'refused', code: 'store-unavailable' };
    const down = await scrapeUntil(kept, (all) => sum(all, 'countersign_exchanges_total', unavailable) === 1);
    expect(sum(down, 'countersign_store_errors_total', { command: 'mint', class: 'unreachable' })).toBe(1);
    await redis.restart();
    const again = await scrapeUntil(kept, (all) => sum(all, 'countersign_store_up', { store: 'redis' }) === 1);
    expect(sum(again, 'countersign_store_epoch_resets_total')).toBeGreaterThan(resets);
    expect(sum(again, 'countersign_store_command_duration_seconds_count', { command: 'mint' })).toBeGreaterThan(0);
  });
});

describe('FLT-20 the record', () => {
  test('counts what its file does not take', async () => {
    const full = await program({ audit: { file: '/dev/full' } });
    await mintWith(full, 'nonsense');
    await scrapeUntil(full, (all) => (sum(all, 'countersign_audit_records_missed_total', { sink: 'file' }) ?? 0) >= 1);
  });
});

describe('/metrics and the access rule', () => {
  test('asks for the admin token where there is one, before it tells what may be asked', async () => {
    const token = 'the-token-of-the-admin-side';
    const guarded = await program(
      {},
      { policy: (port, admin) => ({ ...policy()(port), server: { admin: { listen: `127.0.0.1:${admin}`, token } } }) },
    );
    const ask = (authorization?: string, method = 'GET') =>
      fetch(`${guarded.admin}metrics`, { method, ...(authorization === undefined ? {} : { headers: { authorization } }) });
    expect((await ask()).status).toBe(401);
    expect((await ask('Bearer another-token')).status).toBe(401);
    expect((await ask(undefined, 'POST')).status).toBe(401);
    const scraped = await ask(`Bearer ${token}`);
    expect(scraped.status).toBe(200);
    const refused = { listener: 'admin', route: 'metrics', status: '4xx' };
    expect(sum(samples(await scraped.text()), 'countersign_http_requests_total', refused)).toBe(3);
  });

  test('answers to names of this machine alone without one (DNS rebinding)', async () => {
    const port = Number(new URL(proxy.admin).port);
    expect((await raw({ port }, 'GET', '/metrics', { host: 'attacker.example' })).status).toBe(403);
    expect((await raw({ port }, 'GET', '/metrics', { host: `localhost:${port}` })).status).toBe(200);
  });
});

describe('FLT-39', () => {
  test('a thousand scrapes at once are one or a few readings, and clients are served meanwhile', async () => {
    const readings = async (): Promise<number> =>
      sum(await scrape(proxy), 'countersign_store_command_duration_seconds_count', { command: 'problem' }) ?? 0;
    const before = await readings();
    const began = performance.now();
    const crowd = Array.from({ length: 1000 }, async () => {
      const response = await fetch(`${proxy.admin}metrics`, { headers: { connection: 'close' } });
      return { status: response.status, count: samples(await response.text()).length };
    });
    expect((await raw(proxy, 'GET', '/lodash', { host: proxy.host })).status).toBe(502);
    const answers = await Promise.all(crowd);
    expect(answers.filter(({ status, count }) => status === 200 && count > 100)).toHaveLength(1000);
    const seconds = (performance.now() - began) / 1000;
    expect((await readings()) - before).toBeLessThanOrEqual(Math.ceil(seconds * 5) + 2);
  });

  test('methods other than GET and HEAD are refused, HEAD has no body, a query changes nothing', async () => {
    const ask = (method: string, path = 'metrics') => fetch(`${proxy.admin}${path}`, { method });
    expect((await ask('POST')).status).toBe(405);
    const head = await ask('HEAD');
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      '',
    ]);
    expect((await ask('GET', 'metrics?x=1')).status).toBe(200);
    const open = await fetch(`${proxy.admin}metrics`, {
      headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' },
    });
    expect(open.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect((await open.text()).endsWith('\n# EOF\n')).toBe(true);
  });

  test('HDR-19 the public listener has no metrics', async () => {
    for (const path of ['/metrics', '/pypi/metrics', '/healthz'])
      expect((await raw(proxy, 'GET', path, { host: proxy.host })).body).not.toContain('countersign_build_info');
  });
});
