// The amnesia guard: after Redis lost marks, no identity token that it may have seen before is exchanged again (RED-12, RED-13).
import { afterEach, expect, it } from 'vitest';
import { createRedisStore, type MintRequest, type Store } from '../../src/store/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { startFaultyWire } from './faulty-wire.ts';
import { again, keptLog, mintOf, redisAt } from './requests.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).toReversed()) await close();
});

async function redisServer(...parameters: Parameters<typeof startRedis>): Promise<RedisServer> {
  const redis = await startRedis(...parameters);
  cleanup.push(() => redis.close());
  return redis;
}

async function open(port: number, clock: { ms: number }, epochMoved: () => void = () => undefined): Promise<Store> {
  const store = await createRedisStore(redisAt(port), { log: keptLog(), now: () => clock.ms, epochMoved });
  cleanup.push(() => store.close());
  return store;
}

/** An identity token issued ten seconds after the store was opened. */
function issuedLater(clock: { ms: number }): MintRequest {
  return mintOf(clock.ms, { issuedAt: Math.floor(clock.ms / 1000) + 10 });
}

async function recovered(store: Store): Promise<void> {
  await expect.poll(() => store.problem(), { timeout: 5_000, interval: 50 }).toBeUndefined();
}

describeWith('redis-server', 'redis-cli')('after Redis forgot', () => {
  it('by FLUSHALL, a used identity token is refused as retryable, a fresh one is exchanged, upload tokens are unknown (RED-12, RED-13, P5)', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const store = await open(redis.port, clock);
    const first = issuedLater(clock);
    clock.ms += 20_000;
    expect(await store.mint(first)).toBe('minted');
    await redis.cli('flushall');
    expect(await store.find(first.tokenHash)).toBeUndefined();
    expect(await store.mint(again(first))).toBe('before-epoch');
    const fresh = again(first, { issuedAt: Math.ceil(clock.ms / 1000) + 1 });
    expect(await store.mint(fresh)).toBe('minted');
    expect(await store.mint(again(fresh, { issuedAt: fresh.issuedAt }))).toBe('used');
  });

  it('is told once for each time, whether a mint or a look found out, and not by a process that came later (RED-12)', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    let moved = 0;
    const store = await open(redis.port, clock, () => (moved += 1));
    expect(moved, 'an empty Redis is one that may have forgotten').toBe(1);
    await store.mint(issuedLater(clock));
    const later = await open(redis.port, clock, () => (moved += 1));
    await later.close();
    expect(moved).toBe(1);
    await redis.cli('flushall');
    await store.mint(issuedLater(clock));
    expect(moved).toBe(2);
    await redis.restart();
    await recovered(store);
    expect(moved).toBe(3);
  });

  it('is told once of another server, by however many it was asked before it answered the first (beside RED-12)', async () => {
    const [before, after] = [await redisServer(), await redisServer()];
    const wire = await startFaultProxy(before.port);
    cleanup.push(() => wire.close());
    let moved = 0;
    const store = await open(wire.port, { ms: Date.now() }, () => (moved += 1));
    Object.assign(wire, { target: after.port, fault: { kind: 'delay', milliseconds: 60 } });
    wire.cut();
    await Promise.all(Array.from({ length: 20 }, () => recovered(store)));
    expect(moved).toBe(2);
  });

  it('by a restart without persistence (RED-12)', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const store = await open(redis.port, clock);
    const first = issuedLater(clock);
    clock.ms += 20_000;
    expect(await store.mint(first)).toBe('minted');
    await redis.restart();
    await recovered(store);
    expect(await store.mint(again(first))).toBe('before-epoch');
  });

  it('the last second, by a restart from an older dump: the epoch key is there, but it is another run of the server (RED-12)', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const store = await open(redis.port, clock);
    await redis.cli('save');
    const first = issuedLater(clock);
    clock.ms += 20_000;
    expect(await store.mint(first)).toBe('minted');
    await redis.restart();
    await recovered(store);
    expect(await redis.cli('exists', `{countersign}:once:${first.identity}`)).toBe('0');
    expect(await store.mint(again(first))).toBe('before-epoch');
  });

  it('a quiet restart moves the epoch when the connection is back, not at the next exchange', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const store = await open(redis.port, clock);
    await redis.restart();
    await recovered(store);
    clock.ms += 60_000;
    expect(await store.mint(mintOf(clock.ms, { issuedAt: Math.floor(clock.ms / 1000) - 1 }))).toBe('minted');
  });

  it('and not after a restart of the proxy: the epoch stays while Redis remembers', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const before = await open(redis.port, clock);
    const first = issuedLater(clock);
    await before.mint(first);
    clock.ms += 60_000;
    const after = await open(redis.port, clock);
    expect(await after.mint(again(first))).toBe('used');
    expect(await after.mint(again(first, { asked: ['npm\nother'] }))).toBe('minted');
  });

  it('the last second, while no proxy was there to see it (RED-12)', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const before = await open(redis.port, clock);
    await redis.cli('save');
    const first = issuedLater(clock);
    expect(await before.mint(first)).toBe('minted');
    await before.close();
    clock.ms += 20_000;
    await redis.restart();
    const after = await open(redis.port, clock);
    expect(await redis.cli('get', '{countersign}:epoch')).toMatch(/^\{"version":1,"at":\d{13},"server":"[0-9a-f]{40} [0-9a-f]{40}"\}$/);
    expect(await after.mint(again(first))).toBe('before-epoch');
  });

  it('the marks made on the losing side of a split brain, though the winner remembers its epoch well', async () => {
    const [loser, winner] = await Promise.all([redisServer(), redisServer()]);
    const clock = { ms: Date.now() };
    const wire = await startFaultyWire(loser.port);
    cleanup.push(() => wire.close());
    const store = await open(wire.port, clock);
    await open(winner.port, clock);
    const first = issuedLater(clock);
    clock.ms += 20_000;
    expect(await store.mint(first)).toBe('minted');
    wire.target = winner.port;
    wire.cut();
    await recovered(store);
    expect(await store.mint(again(first))).toBe('before-epoch');
    clock.ms += 2_000;
    expect(await store.mint(again(first, { issuedAt: Math.floor(clock.ms / 1000) - 1 }))).toBe('minted');
  });

  it('moves the epoch never back, whatever the clocks of the replicas say', async () => {
    const redis = await redisServer();
    const clock = { ms: Date.now() };
    const store = await open(redis.port, clock);
    await open(redis.port, { ms: clock.ms - 600_000 });
    await redis.cli('set', '{countersign}:epoch', `{"version":1,"at":${clock.ms},"server":"another"}`);
    const slow = await open(redis.port, { ms: clock.ms - 600_000 });
    expect(await slow.mint(mintOf(clock.ms, { issuedAt: Math.floor(clock.ms / 1000) - 300 }))).toBe('before-epoch');
    expect(await store.problem()).toBeUndefined();
  });
});
