// The store in a real Redis Cluster of three masters.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisStore, StoreUnavailable, type Store } from '../../src/store/index.ts';
import { startRedisCluster, type RedisCluster, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { storeContract, type UnderTest } from './contract.ts';
import { again, keptLog, mintOf, redisAt } from './requests.ts';

describeWith('redis-server', 'redis-cli')('a Redis Cluster', () => {
  const clock = { ms: Date.now() };
  let cluster: RedisCluster;
  let store: Store;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    const settings = redisAt(0, { mode: 'cluster', nodes: cluster.addresses });
    store = await createRedisStore(settings, { log: keptLog(), now: () => clock.ms });
  });
  afterAll(async () => {
    await store.close();
    await cluster.close();
  });

  /** The node that has the slot of the one hash tag. */
  async function owner(): Promise<RedisServer> {
    for (const node of cluster.nodes) if ((await node.cli('dbsize')) !== '0') return node;
    throw new Error('no node has a key');
  }

  describe('the contract', () => {
    storeContract((): UnderTest => ({ store, clock }));
  });

  it('keeps every key on one node, because all have one hash tag (RED-20)', async () => {
    await store.mint(mintOf(clock.ms));
    const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('dbsize')));
    expect(sizes.filter((size) => size !== '0')).toHaveLength(1);
  });

  it('loads its scripts again when the node dropped them (RED-09 NOSCRIPT)', async () => {
    await (await owner()).cli('script', 'flush');
    expect(await store.mint(mintOf(clock.ms))).toBe('minted');
  });

  it('follows its slot to another node, and asks for no more than one fresh identity token (RED-09 MOVED, RED-12)', async () => {
    const from = await owner();
    const to = cluster.nodes.find((node) => node !== from) ?? from;
    const first = mintOf(clock.ms);
    expect(await store.mint(first)).toBe('minted');
    clock.ms += 120_000;
    await from.cli('flushall');
    const slot = await from.cli('cluster', 'keyslot', '{countersign}:epoch');
    const id = await to.cli('cluster', 'myid');
    for (const node of [to, from, ...cluster.nodes]) await node.cli('cluster', 'setslot', slot, 'node', id);
    expect(await store.mint(again(first))).toBe('before-epoch');
    clock.ms += 2_000;
    expect(await store.mint(again(first, { issuedAt: Math.floor(clock.ms / 1000) - 1 }))).toBe('minted');
    expect(await owner()).toBe(to);
  });

  it('refuses within a second when the node is paused, and goes on when it is back (RED-03, P4)', async () => {
    const node = await owner();
    node.pause();
    for (let i = 0; i < 3; i += 1) {
      const started = performance.now();
      await expect(store.mint(mintOf(clock.ms))).rejects.toBeInstanceOf(StoreUnavailable);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
    node.resume();
    await expect.poll(() => store.problem(), { timeout: 10_000, interval: 50 }).toBeUndefined();
    expect(await store.mint(mintOf(clock.ms))).toBe('minted');
  });

  it('refuses tokens from before the node lost its memory, also when nobody else noticed (RED-12, P5)', async () => {
    const node = await owner();
    const first = mintOf(clock.ms);
    expect(await store.mint(first)).toBe('minted');
    clock.ms += 120_000;
    await node.restart();
    const started = performance.now();
    await expect.poll(() => store.mint(again(first)).catch(() => 'unavailable'), { timeout: 15_000, interval: 20 }).not.toBe('unavailable');
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(await store.mint(again(first))).toBe('before-epoch');
    expect(await store.mint(mintOf(clock.ms))).toBe('minted');
  });
});
