// P5: one identity token, two hundred exchanges at the same time, over several processes and one real Redis.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { fromUi, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';

/** The name that all replicas answer to, as behind a load balancer. */
const host = 'registry.example:8080';
const aud = 'npm:registry.example';
const rfc8693 = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  scope: 'publish:npm:@acme/ui',
};

let github: CiIssuer;
let gitlab: CiIssuer;
let redis: RedisServer;

const policy = (): Policy => ({
  store: redis.url,
  issuers: { github: { issuer: github.issuer, insecure: true }, gitlab: { issuer: gitlab.issuer, insecure: true } },
  registries: { npm: registryOf('npm', `http://${host}/`, 'http://127.0.0.1:9/') },
  publishers: [
    { name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'] } },
    {
      name: 'job',
      from: { issuer: 'gitlab', project_path: 'acme/tools/ui', namespace_id: 'any', environment: 'any', ref: 'any', ref_protected: 'any' },
      publish: { npm: ['@acme/ui'] },
    },
  ],
});

const byNpm = (proxy: Proxy, identity: string): Promise<RawAnswer> =>
  raw(proxy, 'POST', '/-/npm/v1/oidc/token/exchange/package/@acme%2fui', {
    host,
    authorization: `Bearer ${identity}`,
    'content-length': '0',
  });
const byRfc8693 = (proxy: Proxy, identity: string): Promise<RawAnswer> => {
  const headers = { host, 'content-type': 'application/x-www-form-urlencoded' };
  return raw(proxy, 'POST', '/-/oidc/token', headers, new URLSearchParams({ ...rfc8693, subject_token: identity }).toString());
};

/** The upload tokens that 200 exchanges at the same time give, in both dialects over all the processes. */
async function rush(proxies: readonly Proxy[], identity: string): Promise<string[]> {
  const asking = Array.from({ length: 200 }, (_, i) => {
    const proxy = proxies[i % proxies.length]!;
    return i % 4 < 2 ? byNpm(proxy, identity) : byRfc8693(proxy, identity);
  });
  const answers = await Promise.all(asking);
  expect(answers.filter(({ status }) => status >= 500 || status < 200).map(({ status, body }) => `${status} ${body}`)).toEqual([]);
  return answers.flatMap(({ status, body }) => {
    if (status >= 300) return [];
    const minted = JSON.parse(body) as { token?: string; access_token?: string };
    return [minted.token ?? minted.access_token ?? ''];
  });
}

/** Upload tokens that the store holds. */
async function held(): Promise<number> {
  const keys = (await redis.cli('keys', '*')).split('\n');
  return keys.filter((key) => /:token:/.test(key)).length;
}

const fresh = (): string => github.sign(github.githubClaims({ ...uiJob, aud }));
const ofJob = (): string => gitlab.sign(gitlab.gitlabClaims({ project_path: 'acme/tools/ui', pipeline_source: 'push', aud }));

describeWith('redis-server')('P5 JWT-61 an identity token asked for 200 times at once', () => {
  let replicas: Proxy[];
  let cluster: Proxy;

  beforeAll(async () => {
    [github, gitlab, redis] = await Promise.all([startIssuer({ style: 'github' }), startIssuer({ style: 'gitlab' }), startRedis()]);
    const start = (workers?: number): Promise<Proxy> =>
      startProxy({ env: serviceEnv, policy: () => ({ ...(workers === undefined ? {} : { server: { workers } }), ...policy() }) });
    replicas = await Promise.all([start(), start()]);
    cluster = await start(2);
    await pastEpoch();
  }, 60_000);
  afterAll(async () => {
    await Promise.all([...(replicas ?? []), cluster, github, gitlab, redis].map((each) => each?.close()));
  });

  test.each([
    ['two processes', () => replicas],
    ['two workers of one process', () => [cluster]],
  ])('is exchanged once over %s when its issuer gives a fresh one for each request', async (_, proxies) => {
    const before = await held();
    const tokens = await rush(proxies(), fresh());
    expect(tokens).toHaveLength(1);
    expect((await held()) - before).toBe(1);
  });

  test.each([
    ['two processes', () => replicas],
    ['two workers of one process', () => [cluster]],
  ])('is exchanged five times over %s when its issuer gives one for each job', async (_, proxies) => {
    const before = await held();
    const tokens = await rush(proxies(), ofJob());
    expect(new Set(tokens).size).toBe(5);
    expect(tokens).toHaveLength(5);
    expect((await held()) - before).toBe(5);
  });

  test('both workers took part, so that it was a race', async () => {
    const exchanges = (): unknown[] => cluster.audit().filter((event) => event.event === 'exchange');
    await expect.poll(() => exchanges().length, { timeout: 10_000 }).toBe(400);
    expect(new Set(exchanges().map((event) => Reflect.get(event as object, 'pid') as unknown)).size).toBe(2);
  });
});
