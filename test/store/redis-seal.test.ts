// `record_mac`: what somebody can do who may write to Redis and knows everything but the key.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Secret, type SecretSource } from '../../src/core/secret.ts';
import { createRedisStore, StoreMisconfigured, type Store } from '../../src/store/index.ts';
import { createSeal } from '../../src/store/seal.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { storeContract, type UnderTest } from './contract.ts';
import { again, freshHash, keptLog, mintOf, recordFor, redisAt, type RedisSettings } from './requests.ts';

const keyOf = (name: string): SecretSource => ({ kind: 'value', value: new Secret(`${name} ${'k'.repeat(32)}`) });
const [one, two] = [keyOf('one'), keyOf('two')];

describeWith('redis-server', 'redis-cli')('a Redis that is not trusted', () => {
  const clock = { ms: Date.now() };
  const log = keptLog();
  const opened: Store[] = [];
  let redis: RedisServer;
  let store: Store;
  const open = async (change: Partial<RedisSettings>): Promise<Store> => {
    const made = await createRedisStore(redisAt(redis.port, change), { log, now: () => clock.ms });
    opened.push(made);
    return made;
  };
  beforeAll(async () => {
    redis = await startRedis();
    store = await open({ recordMac: one });
  });
  afterAll(async () => {
    for (const each of opened) await each.close();
    await redis.close();
  });

  storeContract((): UnderTest => ({ store, clock }));

  const tokenKey = (hash: string, prefix = '{countersign}:'): string => `${prefix}token:${hash}`;
  const put = async (hash: string, value: string): Promise<unknown> => {
    await redis.cli('set', tokenKey(hash), value);
    return store.find(hash);
  };

  it('RED-15 mints nothing: a record without the seal, or with one of another key, is unknown, and the log says so', async () => {
    const hash = freshHash();
    const text = JSON.stringify(recordFor(hash, clock.ms));
    const forged = createSeal([new Secret(`guess ${'k'.repeat(32)}`)], '{countersign}:').close(['token', hash], text);
    log.lines.length = 0;
    for (const value of [text, forged, `${'0'.repeat(64)} ${text}`, `${'0'.repeat(63)} ${text}`, ` ${text}`, `${'f'.repeat(64)} `])
      expect(await put(hash, value), value.slice(0, 80)).toBeUndefined();
    expect(log.lines.filter((line) => line.includes('not sealed with its key'))).toHaveLength(6);
    expect(await store.use(hash, 'a')).toBeUndefined();
    const own = createSeal([(one as { value: Secret }).value], '{countersign}:').close(['token', hash], text);
    expect(await put(hash, own)).toEqual(recordFor(hash, clock.ms));
  });

  it('RED-15 changes nothing: neither what a record says nor where it lies', async () => {
    const request = mintOf(clock.ms);
    await store.mint(request);
    const sealed = await redis.cli('get', tokenKey(request.tokenHash));
    expect(sealed).toMatch(/^[0-9a-f]{64} 2[0-9a-f]{12}\p{Cc}/u);
    for (const [said, instead] of [
      ['acme/ui', 'acme/ux'],
      ['\u001f600\u001f', '\u001f609\u001f'],
      [`2${request.tokenHash.slice(0, 12)}`, `2${freshHash().slice(0, 12)}`],
    ] as const) {
      const changed = sealed.replace(said, instead);
      expect(changed).not.toBe(sealed);
      expect(await put(request.tokenHash, changed)).toBeUndefined();
    }
    expect(await put(freshHash(), sealed)).toBeUndefined();
    expect(await put(request.tokenHash, sealed)).toEqual(request.record);
  });

  it('RED-16 a record of another product in the same Redis is none here, even with the same key', async () => {
    const other = await open({ recordMac: one, keyPrefix: '{other}:' });
    const request = mintOf(clock.ms);
    await other.mint(request);
    expect(await other.find(request.tokenHash)).toEqual(request.record);
    expect(await put(request.tokenHash, await redis.cli('get', tokenKey(request.tokenHash, '{other}:')))).toBeUndefined();
  });

  it('RED-15 a limit of uploads is in the sealed record: to raise it, or to take the count away, leaves a token without any', async () => {
    const request = mintOf(clock.ms);
    await store.mint({ ...request, record: { ...request.record, maxUploads: 1 } });
    const uses = `{countersign}:uses:${request.tokenHash}`;
    await redis.cli('hset', uses, 'most', '1000');
    expect(await store.use(request.tokenHash, 'a')).toMatchObject({ slot: 'spent' });
    await redis.cli('del', uses);
    expect(await store.use(request.tokenHash, 'b')).toMatchObject({ slot: 'spent' });
  });

  it('RED-15 P5 a mark whose mints were changed, or whose counts were lowered, lets no identity token through again', async () => {
    const mark = async (): Promise<{ first: ReturnType<typeof mintOf>; key: string; field: string }> => {
      const first = mintOf(clock.ms, { limit: 2 });
      await store.mint(first);
      await store.mint(again(first));
      return { first, key: `{countersign}:once:${first.identity}`, field: `nonce ${first.nonce}` };
    };
    const lowered = await mark();
    await redis.cli('hset', lowered.key, 'npm\n@acme/ui', '0', 'npm\n', '0');
    const changed = await mark();
    const kept = await redis.cli('hget', changed.key, changed.field);
    await redis.cli('hset', changed.key, changed.field, kept.replace('@acme/ui', '@acme/ux'), 'npm\n@acme/ui', '0');
    const foreign = await mark();
    await redis.cli('hset', foreign.key, 'nonce abc', foreign.first.tokenHash, 'npm\n@acme/ui', '0');
    for (const { first } of [lowered, changed, foreign]) {
      const third = again(first);
      log.lines.length = 0;
      expect(await store.ask(third)).toBe('used');
      expect(await store.mint(third)).toBe('used');
      expect(await store.find(third.tokenHash)).toBeUndefined();
      expect(log.lines.join()).toContain('a mark in Redis was not made by this proxy');
    }
  });

  it('SEC-16 keys change in three steps, one replica after the other, without a token that is refused', async () => {
    const steps: readonly Partial<RedisSettings>[] = [
      { recordMac: one },
      { recordMac: one, recordMacAlso: two },
      { recordMac: two, recordMacAlso: one },
      { recordMac: two },
    ];
    const stores = await Promise.all(steps.map(open));
    for (let step = 1; step < steps.length; step += 1) {
      const [before, after] = [stores[step - 1]!, stores[step]!];
      for (const [minting, other] of [
        [before, after],
        [after, before],
      ] as const) {
        const request = mintOf(clock.ms, { limit: 3 });
        expect(await minting.mint(request)).toBe('minted');
        expect(await other.find(request.tokenHash), `step ${step}`).toEqual(request.record);
        expect(await other.mint(again(request)), `step ${step}`).toBe('minted');
      }
    }
    const old = mintOf(clock.ms);
    await stores[0]!.mint(old);
    expect(await stores[3]!.find(old.tokenHash)).toBeUndefined();
  });

  it('a replica without the key reads what one with it wrote, so that it can be switched on replica by replica', async () => {
    const plain = await open({});
    const request = mintOf(clock.ms);
    await store.mint(request);
    expect(await plain.find(request.tokenHash)).toEqual(request.record);
    const unsealed = mintOf(clock.ms);
    await plain.mint(unsealed);
    expect(await store.find(unsealed.tokenHash)).toBeUndefined();
  });

  it('does not start with a key that is short, or a file that is not there', async () => {
    const short: SecretSource = { kind: 'value', value: new Secret('short') };
    await expect(open({ recordMac: short })).rejects.toThrow(StoreMisconfigured);
    await expect(open({ recordMac: { kind: 'file', path: '/nowhere/key' } })).rejects.toThrow(/cannot be read/);
  });
});
