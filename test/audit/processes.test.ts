// One record for three processes on one Redis: two workers of one Countersign and a replica; real uploads and refusals, asked for over HTTP.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import type { Summary } from '../../src/audit/summary.ts';
import { startWorld, type World } from '../security/world.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';

const token = 'the-admin-token-of-tests';

describeWith('redis-server', 'redis-cli')('three processes on one Redis', () => {
  let issuer: CiIssuer;
  let redis: RedisServer;
  let workers: World;
  let replica: World;
  beforeAll(async () => {
    [issuer, redis] = await Promise.all([startIssuer(), startRedis({ persist: true })]);
    const admin = (port: number) => ({ listen: `127.0.0.1:${port}`, token: '${ADMIN_TOKEN}' });
    const env = { ADMIN_TOKEN: token };
    workers = await startWorld({ issuer, store: redis.url, server: (port) => ({ workers: 2, admin: admin(port) }), env });
    replica = await startWorld({ issuer, store: redis.url, server: (port) => ({ admin: admin(port) }), env });
  }, 60_000);
  afterAll(async () => {
    for (const each of [workers, replica, redis, issuer]) await each?.close();
  });

  async function ask<T>(world: World, target: string): Promise<T> {
    const answer = await fetch(`${world.proxy.admin}${target}`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    return (await answer.json()) as T;
  }

  const events = async (world: World, query: string): Promise<AuditEntry[]> =>
    (await ask<{ events: AuditEntry[] }>(world, `api/v1/events?${query}`)).events;

  test('every decision is in the answer of each, once, as the log has it (P7)', async () => {
    const upload = async (world: World, version: string): Promise<void> => {
      expect((await world.uploadPypi(await world.pypiToken(), version)).status).toBe(200);
    };
    // A connection of its own for each: the workers take turns.
    for (let i = 0; i < 6; i += 1) {
      await upload(workers, `1.0.${i}`);
      await upload(replica, `2.0.${i}`);
    }
    await workers.exchangeNpm('@acme/ui', { workflow_ref: 'acme/ui/.github/workflows/build.yml@refs/heads/main' });
    const settled = 'outcome=uploaded&outcome=refused&outcome=minted&limit=1000';
    for (const world of [workers, replica])
      await expect.poll(async () => (await events(world, settled)).length, { timeout: 10_000 }).toBe(25);
    const logged = [workers, replica].flatMap(({ proxy }) => proxy.audit() as AuditEntry[]);
    const pids = new Set(logged.map((line) => (line as unknown as { pid: number }).pid));
    expect(pids.size).toBe(3);
    const [mine, theirs] = [await events(workers, 'limit=1000'), await events(replica, 'limit=1000')];
    expect(mine).toEqual(theirs);
    expect(mine.map(({ id }) => id).toSorted()).toEqual(logged.map(({ id }) => id).toSorted());
    const [published] = await events(replica, 'version=1.0.3&outcome=uploaded');
    expect(published).toMatchObject({ registry: 'pypi', package: 'acme-ui', anchor: 'acme/ui', publishers: ['ui'], provider: 'github' });
    expect(published?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const tied = await events(workers, `token=${published?.token}`);
    // Two workers may have written them, each in its own time.
    expect(tied.map(({ outcome }) => outcome).toSorted()).toEqual(['forwarding', 'minted', 'uploaded']);
  });

  test('the summary is the same at each, and there after all of them and Redis were started again', async () => {
    const before = await ask<Summary>(workers, 'api/v1/summary?days=1');
    expect(before).toMatchObject({
      store: 'redis',
      publishers: [{ publisher: 'ui', outcomes: { minted: 12, uploaded: 12 } }],
      packages: [{ registry: 'pypi', package: 'acme-ui', outcomes: { uploaded: 12 } }],
      refusals: [{ anchor: 'acme/ui', package: '@acme/ui', code: 'publisher-workflow', count: 1 }],
    });
    await redis.restart();
    await expect
      .poll(() => ask<Summary>(replica, 'api/v1/summary?days=1').catch(() => 'away'), { timeout: 15_000 })
      .toMatchObject({
        publishers: before.publishers,
        refusals: before.refusals,
        packages: before.packages,
      });
  });

  test('nobody is told anything without the token, and probes need none', async () => {
    for (const world of [workers, replica]) {
      expect((await fetch(`${world.proxy.admin}api/v1/events`)).status).toBe(401);
      expect((await fetch(`${world.proxy.admin}healthz`)).status).toBe(200);
      await expect.poll(async () => (await fetch(`${world.proxy.admin}readyz`)).status, { timeout: 10_000 }).toBe(200);
      // Nothing of it is on the public listener.
      const answer = await fetch(`${world.proxy.url}api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
      expect(await answer.text()).not.toContain('"events"');
      expect(world.proxy.output()).not.toContain(token);
    }
  });

  test('an exchange and an upload are as quick and as good while the audit store cannot be written', async () => {
    await redis.cli('acl', 'setuser', 'default', '-xadd');
    // Redis was started again: identity tokens from before that do not count.
    const upload = async (): Promise<number> => (await replica.uploadPypi(await replica.pypiToken(), '3.0.0')).status;
    await expect.poll(() => upload().catch(() => 0), { timeout: 10_000 }).toBe(200);
    await expect.poll(() => replica.proxy.output(), { timeout: 5000 }).toContain('audit records wait for the audit store');
    expect(await events(replica, 'version=3.0.0')).toEqual([]);
    await redis.cli('acl', 'setuser', 'default', '+xadd');
    await expect.poll(async () => (await events(replica, 'version=3.0.0')).length, { timeout: 10_000 }).toBe(2);
    expect(replica.proxy.output()).toContain('the audit store takes audit records again');
  });
});
