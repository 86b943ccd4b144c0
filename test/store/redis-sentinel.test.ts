// The store in a primary with a replica, watched by a real Sentinel that fails over.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisStore, type Store } from '../../src/store/index.ts';
import { startSentinel, type RedisSentinel } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { storeContract, type UnderTest } from './contract.ts';
import { again, keptLog, mintOf, redisAt } from './requests.ts';

describeWith('redis-server', 'redis-cli')('a Redis behind Sentinel', () => {
  const clock = { ms: Date.now() };
  let sentinel: RedisSentinel;
  let store: Store;
  beforeAll(async () => {
    sentinel = await startSentinel();
    const settings = redisAt(0, { mode: 'sentinel', nodes: [sentinel.address], master: sentinel.name });
    store = await createRedisStore(settings, { log: keptLog(), now: () => clock.ms });
  });
  afterAll(async () => {
    await store.close();
    await sentinel.close();
  });

  describe('the contract', () => {
    storeContract((): UnderTest => ({ store, clock }));
  });

  it('is followed to the new primary, which knows the upload tokens, and on which used identity tokens stay used (RED-08, RED-12, P5)', async () => {
    const first = mintOf(clock.ms);
    expect(await store.mint(first)).toBe('minted');
    await expect.poll(() => sentinel.replica.cli('exists', `{countersign}:once:${first.identity}`)).toBe('1');
    clock.ms += 120_000;
    await sentinel.primary.kill();
    await expect.poll(() => sentinel.primaryPort(), { timeout: 20_000, interval: 100 }).toBe(sentinel.replica.port);
    await expect.poll(() => store.problem(), { timeout: 8_000, interval: 50 }).toBeUndefined();
    expect(await store.find(first.tokenHash)).toEqual(first.record);
    // The replica may have lost marks; which ones, nobody knows, so every older identity token is refused as retryable.
    expect(await store.mint(again(first))).toBe('before-epoch');
    expect(await store.mint(mintOf(clock.ms))).toBe('minted');
  });
});
