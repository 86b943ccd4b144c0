// The store in one real Redis: the contract, two replicas of the proxy at once, and what may lie in the database.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import {
  createMemoryStore,
  createRedisStore,
  createStore,
  StoreMisconfigured,
  StoreUnavailable,
  type Store,
} from '../../src/store/index.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { storeContract, type UnderTest } from './contract.ts';
import { again, freshHash, keptLog, mintOf, recordFor, redisAt } from './requests.ts';

const onRedis = describeWith('redis-server', 'redis-cli');

onRedis('one Redis', () => {
  const clock = { ms: Date.now() };
  const log = keptLog();
  let redis: RedisServer;
  let store: Store;
  beforeAll(async () => {
    redis = await startRedis();
    store = await createStore(redisAt(redis.port), { log, now: () => clock.ms });
  });
  afterAll(async () => {
    await store.close();
    await redis.close();
  });

  describe('the contract', () => {
    storeContract((): UnderTest => ({ store, clock }));
  });

  it('lets one of 200 concurrent exchanges through two replicas win (P5, JWT-61)', async () => {
    const other = await createRedisStore(redisAt(redis.port), { log, now: () => clock.ms });
    const first = mintOf(clock.ms);
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? store : other).mint(again(first))));
    expect(results.filter((result) => result === 'minted')).toHaveLength(1);
    expect(results.filter((result) => result === 'used')).toHaveLength(199);
    await other.close();
  });

  it('answers like the embedded store, whatever is asked in whatever order (property)', async () => {
    const entries = fc.subarray(['npm\na', 'npm\nb', 'npm\n*', 'pypi\na', 'pypi\n*'], { minLength: 1 });
    const call = fc.record({ asked: entries, token: fc.nat(1), repeat: fc.boolean() });
    const model = createMemoryStore({ now: () => clock.ms });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 14 }), fc.integer({ min: 1, max: 4 }), async (calls, limit) => {
        const tokens = [mintOf(clock.ms, { limit }), mintOf(clock.ms, { limit })] as const;
        for (const { asked, token, repeat } of calls) {
          const request = again(tokens[token === 0 ? 0 : 1], { asked });
          for (const each of repeat ? [request, request] : [request]) expect(await store.mint(each)).toBe(await model.mint(each));
        }
      }),
      { numRuns: 60 },
    );
  });

  /** Milliseconds that Redis still keeps the key. */
  async function ttl(key: string): Promise<number> {
    return Number(await redis.cli('pttl', `{countersign}:${key}`));
  }

  it('keeps each mark as long as the longest exchange asked, and the token as long as its life', async () => {
    const first = mintOf(clock.ms, { limit: 3, markFor: 100_000, keepFor: 30_000 });
    await store.mint(first);
    expect(await ttl(`token:${first.tokenHash}`)).toBeGreaterThan(29_000);
    expect(await ttl(`token:${first.tokenHash}`)).toBeLessThanOrEqual(30_000);
    await store.mint(again(first, { markFor: 200_000 }));
    await store.mint(again(first, { markFor: 50_000 }));
    expect(await ttl(`once:${first.identity}`)).toBeGreaterThan(199_000);
  });

  it('writes all keys under the one hash tag, with hashes of tokens and nothing that could be used as one (TOK-04, SEC-02)', async () => {
    await redis.cli('flushall');
    await store.mint(mintOf(clock.ms + 60_000));
    await store.remember('refused\n192.0.2.7\n@acme/ui', 'why', 60_000);
    const keys = (await redis.cli('keys', '*')).split('\n');
    expect(keys.map((key) => key.replace(/[0-9a-f]{64}$|[0-9a-f]{4}$/, 'HASH')).toSorted()).toEqual([
      '{countersign}:epoch',
      '{countersign}:note:HASH',
      '{countersign}:once:HASH',
      '{countersign}:token:HASH',
    ]);
    for (const key of keys) {
      const value = await redis.cli(...(key.includes('once') ? ['hgetall', key] : ['get', key]));
      expect(value).not.toMatch(/csgn_|eyJ|192\.0\.2\.7/);
    }
  });

  it('bounds the notes that strangers cause to 65,536 places', async () => {
    await Promise.all(Array.from({ length: 500 }, (_, i) => store.remember(`refused\n198.51.100.${i}\nx`, 'n', 60_000)));
    const places = (await redis.cli('keys', '{countersign}:note:*')).split('\n');
    expect(places.every((place) => /^\{countersign\}:note:[0-9a-f]{4}$/.test(place))).toBe(true);
  });

  it('does not know a token whose record was tampered with, and says so in the log (RED-14)', async () => {
    const hash = freshHash();
    const key = `{countersign}:token:${hash}`;
    const good = recordFor(hash, clock.ms);
    const { run: _run, ...withoutRun } = good;
    const tampered = [
      'not json',
      '{"version":1',
      'null',
      '[]',
      '"text"',
      JSON.stringify(withoutRun),
      JSON.stringify({ ...good, version: 2 }),
      JSON.stringify({ ...good, version: '1' }),
      JSON.stringify({ ...good, extra: true }),
      JSON.stringify({ ...good, expires: '9999999999' }),
      JSON.stringify({ ...good, expires: 1e300 }),
      JSON.stringify({ ...good, grants: [] }),
      JSON.stringify({ ...good, grants: [{ ...good.grants[0], allow: ['everything'] }] }),
      JSON.stringify({ ...good, grants: [{ ...good.grants[0], packages: [7] }] }),
      JSON.stringify({ ...good, claims: [] }),
      JSON.stringify({ ...good, run: { anchor: 'acme/ui', commit: 1 } }),
      JSON.stringify(recordFor(freshHash(), clock.ms)),
      `{"__proto__":${JSON.stringify(good)}}`,
    ];
    const known: string[] = [];
    for (const value of tampered) {
      log.lines.length = 0;
      await redis.cli('set', key, value);
      if ((await store.find(hash)) !== undefined || !log.lines.join().includes('not of the form')) known.push(value);
    }
    expect(known).toEqual([]);
    await redis.cli('set', key, JSON.stringify(good));
    expect(await store.find(hash)).toEqual(good);
  });

  it('beside RED-14: nor one whose record is otherwise not of the form, whatever JSON readers make of it', async () => {
    const hash = freshHash();
    const good = recordFor(hash, clock.ms);
    const [grant] = good.grants;
    const text = JSON.stringify(good);
    const odd = [
      { ...good, minted: -1 },
      { ...good, minted: 1.5 },
      { ...good, expires: 0 },
      { ...good, expires: null },
      { ...good, id: good.id.toUpperCase() },
      { ...good, id: hash },
      { ...good, issuer: '' },
      { ...good, issuer: ['github'] },
      { ...good, claims: null },
      { ...good, claims: 'repository' },
      { ...good, grants: { 0: grant } },
      { ...good, grants: [null] },
      { ...good, grants: [[grant]] },
      { ...good, grants: [{ ...grant, registry: '' }] },
      { ...good, grants: [{ ...grant, publisher: 5 }] },
      { ...good, grants: [{ ...grant, packages: '@acme/ui' }] },
      { ...good, grants: [{ ...grant, packages: [''] }] },
      { ...good, grants: [{ ...grant, packages: [['@acme/ui']] }] },
      { ...good, grants: [{ ...grant, allow: 'publish' }] },
      { ...good, grants: [{ ...grant, allow: [['publish']] }] },
      { ...good, grants: [{ ...grant, allow: ['Publish'] }] },
      { ...good, grants: [{ ...grant, more: 1 }] },
      { ...good, run: null },
      { ...good, run: { anchor: '' } },
      { ...good, run: { ...good.run, token: 'x' } },
      { ...good, run: { ...good.run, ref: ['refs/tags/v1'] } },
      { ...good, version: [1] },
      { ...good, version: true },
    ].map((value) => JSON.stringify(value));
    const raw = [
      `\ufeff${text}`,
      `${text}x`,
      `${text}${text}`,
      `[${text}]`,
      JSON.stringify(text),
      text.replace('"version":1', '"version":1,"version":2'),
      text.replace('"version":1', '"Version":1'),
      text.replace('"version":1', '"version":1.5'),
      text.replace('"version":1', '"version":"1"'),
      text.slice(0, -1),
      text.replaceAll('"', "'"),
      `${text.slice(0, -1)},"constructor":1}`,
      '{}',
      '0',
      'true',
      ' ',
    ];
    const known: string[] = [];
    for (const value of [...odd, ...raw]) {
      await redis.cli('set', `{countersign}:token:${hash}`, value);
      if ((await store.find(hash)) !== undefined) known.push(value);
    }
    expect(known).toEqual([]);
  });

  it('does not know a token under a key of another type or with 10 MB in it, and still revokes it (RED-14)', async () => {
    const hash = freshHash();
    const key = `{countersign}:token:${hash}`;
    await redis.cli('rpush', key, 'a');
    expect(await store.find(hash)).toBeUndefined();
    expect(await store.revoke(hash)).toBe(true);
    await redis.cli('eval', "return redis.call('SET', KEYS[1], '{' .. string.rep(' ', 10000000) .. '}')", '1', key);
    expect(await store.find(hash)).toBeUndefined();
    expect(await store.revoke(hash)).toBe(true);
  });

  it('refuses to mint over a mark of another type, and stores no token (RED-14, P4)', async () => {
    const request = mintOf(clock.ms + 60_000);
    await redis.cli('set', `{countersign}:once:${request.identity}`, 'x');
    await expect(store.mint(request)).rejects.toThrow(StoreUnavailable);
    expect(await store.find(request.tokenHash)).toBeUndefined();
  });

  it('does not recall a note of another type or of another key', async () => {
    await redis.cli('flushall');
    await store.remember('k', 'text', 60_000);
    const place = await redis.cli('keys', '{countersign}:note:*');
    await redis.cli('set', place, `${'0'.repeat(64)} other`);
    expect(await store.recall('k')).toBeUndefined();
    await redis.cli('del', place);
    await redis.cli('rpush', place, 'x');
    expect(await store.recall('k')).toBeUndefined();
  });

  it('decides expiry by the record when Redis lost the TTL (TOK-10)', async () => {
    const request = mintOf(clock.ms + 60_000);
    await store.mint(request);
    await redis.cli('persist', `{countersign}:token:${request.tokenHash}`);
    const late = await createRedisStore(redisAt(redis.port), { log, now: () => request.record.expires * 1000 + 1 });
    expect(await late.find(request.tokenHash)).toBeUndefined();
    expect(await store.find(request.tokenHash)).toEqual(request.record);
    await late.close();
  });

  it('loads its scripts again when Redis dropped them (RED-09 NOSCRIPT)', async () => {
    const first = mintOf(clock.ms + 60_000);
    await redis.cli('script', 'flush');
    expect(await store.mint(first)).toBe('minted');
    await redis.cli('script', 'flush');
    expect(await Promise.all([store.mint(again(first)), store.mint(again(first)), store.problem()])).toEqual(['used', 'used', undefined]);
  });

  it('does not mix databases and prefixes (RED-16)', async () => {
    const request = mintOf(clock.ms + 60_000);
    await store.mint(request);
    const other = await createRedisStore(redisAt(redis.port, { keyPrefix: '{staging}:' }), { log, now: () => clock.ms });
    const database = await createRedisStore(redisAt(redis.port, { database: 3 }), { log, now: () => clock.ms });
    expect(await other.find(request.tokenHash)).toBeUndefined();
    expect(await database.find(request.tokenHash)).toBeUndefined();
    await other.close();
    await database.close();
  });

  it('refuses everything after it was closed', async () => {
    const closed = await createRedisStore(redisAt(redis.port), { log, now: () => clock.ms });
    await closed.close();
    await expect(closed.find(freshHash())).rejects.toThrow('The token store is closed.');
    expect(await closed.problem()).toBe('The token store is closed.');
  });
});

onRedis('a Redis that may evict replay marks', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ args: ['--maxmemory-policy', 'volatile-ttl'] });
  });
  afterAll(() => redis.close());

  it('stops the start, unless eviction was allowed', async () => {
    const room = { log: keptLog(), now: Date.now };
    await expect(createStore(redisAt(redis.port), room)).rejects.toThrow(StoreMisconfigured);
    await expect(createStore(redisAt(redis.port), room)).rejects.toThrow(/maxmemory-policy volatile-ttl/);
    const store = await createStore(redisAt(redis.port, { allowEviction: true }), room);
    expect(await store.problem()).toBeUndefined();
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
    await store.close();
  });

  it('stops minting when it was set up so later, and mints again when it was corrected (P4)', async () => {
    await redis.cli('config', 'set', 'maxmemory-policy', 'noeviction');
    const store = await createStore(redisAt(redis.port), { log: keptLog(), now: Date.now });
    await redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
    expect(await store.problem()).toMatch(/allkeys-lru/);
    await expect(store.mint(mintOf(Date.now()))).rejects.toThrow(/allkeys-lru/);
    await redis.cli('config', 'set', 'maxmemory-policy', 'noeviction');
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
    await store.close();
  });
});
