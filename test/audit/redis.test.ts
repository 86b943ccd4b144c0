// The audit store in a real Redis: the contract, one account of the counts with the ring, lost answers, what others wrote there.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditScripts } from '../../src/audit/redis-scripts.ts';
import { createRedisAudit, type RedisAuditRoom } from '../../src/audit/redis-store.ts';
import { createRing } from '../../src/audit/ring.ts';
import { AuditUnavailable, type AuditStore } from '../../src/audit/store.ts';
import { summarise } from '../../src/audit/summary.ts';
import { openRedisLink, type RedisLink } from '../../src/store/redis-link.ts';
import { keptLog, redisAt } from '../store/requests.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { auditStoreContract, keeping, shelvesOf } from './contract.ts';
import { entryOf, pagesOf, someEvent } from './entries.ts';

describeWith('redis-server', 'redis-cli')('Redis', () => {
  let redis: RedisServer;
  let link: RedisLink;
  let opened = 0;
  const told: string[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    link = openRedisLink(redisAt(redis.port), { subject: 'audit store', scripts: auditScripts }, keptLog());
    while ((await link.call('ping').catch(() => '')) !== 'PONG') await new Promise((resolve) => setTimeout(resolve, 20));
  });
  afterAll(async () => {
    link.close();
    await redis.close();
  });

  /** A store of its own in the same Redis; `at` names one that several processes share. */
  function open(change: Partial<typeof keeping> = {}, room: Partial<RedisAuditRoom> = {}, at?: string): AuditStore {
    opened += 1;
    return createRedisAudit({
      link: { ...link, close: () => undefined },
      keyPrefix: `{${at ?? `test-${opened}`}}:`,
      keeping: { ...keeping, ...change },
      now: Date.now,
      scrub: (text) => text,
      told: (problem) => void told.push(problem ?? 'well'),
      delay: 1,
      ...room,
    });
  }

  auditStoreContract(open, 60);

  test('counts exactly as the ring does, whatever happens', async () => {
    const limits = { maxEvents: 10_000, maxAge: 90 * 86_400, maxVersions: 100 };
    const [store, ring] = [open(limits), createRing(limits, Date.now)];
    let time = Date.now() - 3_600_000;
    await fc.assert(
      fc.asyncProperty(fc.array(someEvent, { maxLength: 60 }), async (events) => {
        for (const event of events) {
          const entry = entryOf(event, (time += 1));
          for (const each of [store, ring]) each.add(entry);
        }
        await store.settle();
        expect(await shelvesOf(store)).toEqual(await shelvesOf(ring));
      }),
      { numRuns: 20 },
    );
    const [a, b] = await Promise.all([store, ring].map((each) => summarise(each, { days: 3, limit: 100 }, Date.now())));
    expect({ ...a, store: '', since: '' }).toEqual({ ...b, store: '', since: '' });
  });

  test('is one record for all processes that share it', async () => {
    const stores = [open({}, {}, 'shared'), open({}, {}, 'shared'), open({}, {}, 'shared')];
    const entries = Array.from({ length: 300 }, (_, i) => entryOf({ registry: 'npm', package: 'ui', version: `1.0.${i}`, file: 'f' }));
    entries.forEach((entry, i) => stores[i % 3]?.add(entry));
    await Promise.all(stores.map((store) => store.settle()));
    for (const store of stores) {
      expect((await pagesOf(store, {}, 70)).flat().toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
      expect((await store.read('packages', 10)).rows[0]?.counts.get('uploaded')).toBe(300);
    }
  });

  test('writes a batch once, although the answer is lost and it is sent again (RED-05)', async () => {
    let losses = 0;
    const losing = {
      ...link,
      close: () => undefined,
      run: async (...call: Parameters<RedisLink['run']>) => {
        const answer = await link.run(...call);
        if (call[0] !== 'appendAudit' || losses >= 2) return answer;
        losses += 1;
        throw new Error('Redis did not answer in time.');
      },
    };
    const store = open({}, { link: losing });
    const entries = Array.from({ length: 10 }, () => entryOf({ registry: 'npm', package: 'ui', version: '1', file: 'f' }));
    for (const entry of entries) store.add(entry);
    await store.settle();
    expect(losses).toBe(2);
    expect((await pagesOf(store, {}, 100)).flat()).toEqual(entries.map(({ id }) => id).toReversed());
    expect((await store.read('packages', 10)).rows[0]?.counts.get('uploaded')).toBe(10);
    expect(store.status()).toEqual({ waiting: 0, lost: 0 });
  });

  test('has every entry without the secrets that the scrubber knows (SEC-05)', async () => {
    const store = open({}, { scrub: (text) => text.replaceAll('hunter22', '[secret]') }, 'scrubbed');
    store.add(entryOf({ outcome: 'refused', anchor: 'a', code: 'publisher-none', message: 'x hunter22 y', considered: ['hunter22: x'] }));
    await store.settle();
    const keys = (await redis.cli('--raw', 'keys', '{scrubbed}:*')).split('\n');
    expect(keys.length).toBeGreaterThan(4);
    const values = await Promise.all(keys.map((key) => redis.cli('dump', key)));
    expect(values.join('')).not.toContain('hunter22');
    expect(JSON.stringify(await summarise(store, { days: 1, limit: 10 }, Date.now()))).toContain('x [secret] y');
  });

  test('answers what it can make of what others wrote there, and never throws for it (RED-14)', async () => {
    const store = open({}, {}, 'tampered');
    store.add(entryOf({ registry: 'npm', package: 'ui', publishers: ['p'], version: '1', file: 'f' }));
    await store.settle();
    for (const text of ['nonsense', '{"id":1}', '{"id":"x","time":"never","event":"e","outcome":"o"}', '[]', '{"__proto__":{}}']) {
      await redis.cli('xadd', '{tampered}:audit:events', '*', 'e', text);
    }
    await redis.cli('hset', '{tampered}:audit:by:packages', 'npm\nui', '{"counts":[1],"last":{"x":[9e99,4]},"seen":"now"}');
    await redis.cli('hset', '{tampered}:audit:by:publishers', 'p', '\u0001');
    await redis.cli('hset', '{tampered}:audit:meta', 'since', 'x', 'lost', '-');
    expect((await pagesOf(store, {}, 10)).flat()).toHaveLength(1);
    expect(await summarise(store, { days: 1, limit: 10 }, Date.now())).toMatchObject({ publishers: [], lost: 0, since: null });
    store.add(entryOf({ registry: 'npm', package: 'ui', publishers: ['p'], version: '1', file: 'f' }));
    await store.settle();
    const mended = await summarise(store, { days: 1, limit: 10 }, Date.now());
    expect(mended).toMatchObject({ publishers: [{ publisher: 'p', outcomes: { uploaded: 1 } }], packages: [{ package: 'ui' }] });
    await redis.cli('set', '{tampered}:audit:unproved', 'a text');
    await expect(pagesOf(store, {}, 10)).rejects.toBeInstanceOf(AuditUnavailable);
  });

  test('keeps within its bounds in Redis, too: number and age', async () => {
    const store = open({ maxEvents: 100, maxAge: 3600 }, {}, 'bounded');
    for (let i = 0; i < 20; i += 1) {
      const version = { anchor: 'a', registry: 'npm', package: 'ui', version: `1.0.${i}`, file: 'f', sha256: 'a'.repeat(64) };
      for (let n = 0; n < 100; n += 1) store.add(entryOf(version));
      await store.settle();
    }
    // Redis trims whole nodes of its stream: a few more may stay.
    expect(Number(await redis.cli('xlen', '{bounded}:audit:events'))).toBeLessThan(200);
    // What a version came from is known longer than the record of it.
    expect((await pagesOf(store, { version: ['1.0.0'] }, 10)).flat()).toEqual([]);
    expect((await store.find('versions', 'npm\nui\n1.0.0'))?.last.get('f')?.[1]['sha256']).toBe('a'.repeat(64));
    const old = Date.now() - 7_200_000;
    await redis.cli('del', '{bounded}:audit:events');
    for (let i = 0; i < 300; i += 1)
      await link.call('xadd', '{bounded}:audit:events', `${old}-${i + 1}`, 'e', JSON.stringify(entryOf({}, old)), 't', `${old}`);
    expect((await pagesOf(store, {}, 100)).flat()).toEqual([]);
    store.add(entryOf());
    await store.settle();
    expect(Number(await redis.cli('xlen', '{bounded}:audit:events'))).toBeLessThan(102);
  });
});
