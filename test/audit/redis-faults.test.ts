// The audit store when Redis is slow, away, out of memory, or takes its leave in the middle: nobody waits, nothing is said to be there that is not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { auditScripts } from '../../src/audit/redis-scripts.ts';
import { createRedisAudit } from '../../src/audit/redis-store.ts';
import { AuditUnavailable, type AuditStore } from '../../src/audit/store.ts';
import { Secret } from '../../src/core/secret.ts';
import { openRedisLink } from '../../src/store/redis-link.ts';
import { keptLog, redisAt, type RedisSettings } from '../store/requests.ts';
import { freePort } from '../support/ports.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith, ROOT } from '../support/requirement.ts';
import { keeping } from './contract.ts';
import { entryOf, pagesOf } from './entries.ts';

/** What the audit store needs beside what the token store needs; docs/operations.md shows both as one line. */
const auditPrivilege = '+xadd +xtrim +xrevrange +hmget +hsetnx +hincrby +zadd +zcard +zrange +zrangebyscore +zrevrange +zrem +time';

describeWith('redis-server', 'redis-cli')('the audit store', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function server(args: readonly string[] = [], persist = false): Promise<RedisServer> {
    const redis = await startRedis({ args, persist });
    closing.push(() => redis.close());
    return redis;
  }

  function open(
    port: number,
    told: (problem: string | undefined, lost: number) => void = () => undefined,
    user: Partial<RedisSettings> = {},
    kept = keeping,
  ): AuditStore {
    const link = openRedisLink(redisAt(port, user), { subject: 'audit store', scripts: auditScripts }, keptLog());
    const store = createRedisAudit({ link, keyPrefix: '{f}:', keeping: kept, now: Date.now, scrub: (text) => text, told, delay: 1 });
    closing.push(() => store.close());
    return store;
  }

  const written = (store: AuditStore): Promise<void> => expect.poll(() => store.status().waiting, { timeout: 20_000 }).toBe(0);

  test('takes entries while Redis is paused without holding anybody up, and writes them when it is back (RED-03)', async () => {
    const redis = await server();
    const told: string[] = [];
    const store = open(redis.port, (problem) => void told.push(problem ?? 'well'));
    const first = entryOf();
    store.add(first);
    await written(store);
    redis.pause();
    const later = Array.from({ length: 250 }, () => entryOf());
    const started = performance.now();
    for (const entry of later) store.add(entry);
    expect(performance.now() - started).toBeLessThan(250);
    await expect.poll(() => store.status().problem, { timeout: 10_000 }).toMatch(/^Redis/);
    await expect(pagesOf(store, {}, 10)).rejects.toBeInstanceOf(AuditUnavailable);
    redis.resume();
    await written(store);
    expect((await pagesOf(store, {}, 100)).flat()).toEqual([first, ...later].map(({ id }) => id).toReversed());
    expect(told.at(-1)).toBe('well');
    expect(told.filter((text) => text !== 'well').every((text) => /^Redis [a-z ]+\.$/.test(text))).toBe(true);
  });

  test('has its entries, counts and versions after Redis was killed and started again, where Redis keeps them (restart)', async () => {
    const redis = await server([], true);
    const store = open(redis.port);
    const version = { registry: 'npm', package: 'ui', version: '1.0.0', file: 'ui-1.0.0.tgz', anchor: 'acme/ui' };
    const before = Array.from({ length: 120 }, () => entryOf(version));
    for (const entry of before) store.add(entry);
    await written(store);
    await redis.kill();
    const meanwhile = entryOf(version);
    store.add(meanwhile);
    await redis.restart();
    await written(store);
    const another = open(redis.port);
    await expect
      .poll(
        () =>
          another.facts().then(
            ({ lost }) => lost,
            () => -1,
          ),
        { timeout: 10_000 },
      )
      .toBe(0);
    expect((await pagesOf(another, {}, 1000)).flat()).toEqual([...before, meanwhile].map(({ id }) => id).toReversed());
    expect((await another.read('packages', 10)).rows[0]?.counts.get('uploaded')).toBe(121);
    expect((await another.find('versions', 'npm\nui\n1.0.0'))?.last.has('ui-1.0.0.tgz')).toBe(true);
  });

  test('starts without Redis and writes once it is there (RED-01)', async () => {
    const port = await freePort();
    const store = open(port);
    const entry = entryOf();
    store.add(entry);
    await expect.poll(() => store.status().problem, { timeout: 5_000 }).toMatch(/^Redis/);
    const redis = await startRedis({ port });
    closing.unshift(() => redis.close());
    await written(store);
    expect((await pagesOf(store, {}, 10)).flat()).toEqual([entry.id]);
  });

  test('is bounded while Redis is away, counts what it lost, and tells it to whoever reads the record', async () => {
    const redis = await server();
    const store = open(redis.port);
    store.add(entryOf());
    await written(store);
    redis.pause();
    const long = 'x'.repeat(900);
    for (let i = 0; i < 30_000; i += 1) store.add(entryOf({ detail: long, message: long.slice(0, 500), package: `p${i % 10}` }));
    const { waiting, lost } = store.status();
    expect(waiting).toBeLessThanOrEqual(10_000);
    expect(waiting + lost).toBe(30_000);
    redis.resume();
    await written(store);
    store.add(entryOf());
    await written(store);
    expect(await store.facts()).toMatchObject({ lost });
  });

  test('says so, and goes on asking, when the user may not write it, and writes all once he may (RED-10)', async () => {
    const redis = await server();
    await redis.cli('acl', 'setuser', 'default', '-xadd');
    const store = open(redis.port);
    const entry = entryOf({ registry: 'npm', package: 'ui' });
    store.add(entry);
    await expect.poll(() => store.status().problem, { timeout: 5_000 }).toMatch(/does not permit/);
    await redis.cli('acl', 'setuser', 'default', '+xadd', '-zadd');
    await expect.poll(() => redis.cli('xlen', '{f}:audit:events'), { timeout: 5_000 }).toBe('1');
    expect(store.status().problem).toMatch(/does not permit/);
    await redis.cli('acl', 'setuser', 'default', '+zadd');
    await written(store);
    expect(await redis.cli('xlen', '{f}:audit:events')).toBe('1');
    expect((await store.read('packages', 10)).total).toBe(1);
  });

  test('needs no more of its user than the documented commands (RED-10)', async () => {
    const redis = await server();
    const line = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8').match(/-@all .*/)?.[0] ?? '';
    expect(line.endsWith(auditPrivilege)).toBe(true);
    await redis.cli('acl', 'setuser', 'proxy', 'on', '>pw', '~{f}:*', ...line.split(' '));
    const password = { kind: 'value', value: new Secret('pw') } as const;
    const store = open(redis.port, undefined, { username: 'proxy', password }, { ...keeping, maxVersions: 2, maxEvents: 100 });
    const now = Date.now();
    for (let i = 0; i < 500; i += 1)
      store.add(entryOf({ registry: 'npm', package: 'ui', version: `${i}`, file: 'f', anchor: 'a' }, now + i));
    await written(store);
    expect((await pagesOf(store, { package: ['ui'] }, 5))[0]).toHaveLength(5);
    expect((await store.read('versions', 10)).total).toBe(2);
    expect(await store.find('versions', 'npm\nui\n499')).toBeDefined();
    expect((await store.facts()).since).toBeGreaterThan(0);
  });

  test('waits while Redis has no memory left (RED-09 OOM)', async () => {
    const redis = await server(['--maxmemory-policy', 'noeviction']);
    const store = open(redis.port);
    store.add(entryOf());
    await written(store);
    await redis.cli('config', 'set', 'maxmemory', '1');
    const entry = entryOf();
    store.add(entry);
    await expect.poll(() => store.status().problem, { timeout: 5_000 }).toBe('Redis is out of memory.');
    await redis.cli('config', 'set', 'maxmemory', '0');
    await written(store);
    expect((await pagesOf(store, {}, 10)).flat()[0]).toBe(entry.id);
  });
});
