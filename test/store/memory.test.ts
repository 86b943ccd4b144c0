// The embedded store.
import { describe, expect, it } from 'vitest';
import { createMemoryStore, createStore, StoreUnavailable } from '../../src/store/index.ts';
import { storeContract, type UnderTest } from './contract.ts';
import { again, keptLog, mintOf } from './requests.ts';

describe('the embedded store', () => {
  const clock = { ms: Date.now() };
  const under: UnderTest = { clock, store: createMemoryStore({ now: () => clock.ms }) };
  storeContract(() => under);

  it('is what the configuration opens for `memory`', async () => {
    expect((await createStore({ kind: 'memory' }, { log: keptLog(), now: Date.now })).kind).toBe('memory');
  });
});

describe('what the embedded store forgets', () => {
  it('nothing that another process saw: tokens issued before it was made are refused (P5, RED-12)', async () => {
    const restarted = createMemoryStore({ now: () => 1_800_000_000_500 });
    const seen = mintOf(1_800_000_000_000, { issuedAt: 1_800_000_000 });
    expect(await restarted.mint(seen)).toBe('before-epoch');
    expect(await restarted.mint(again(seen, { issuedAt: 1_800_000_001 }))).toBe('minted');
  });

  it('a mark when its time is over, not before', async () => {
    const time = { ms: 5 };
    const store = createMemoryStore({ now: () => 1e12, elapsed: () => time.ms });
    const first = mintOf(1e12, { markFor: 1_000 });
    await store.mint(first);
    time.ms += 999;
    expect(await store.mint(again(first))).toBe('used');
    time.ms += 1;
    expect(await store.mint(again(first))).toBe('minted');
  });

  it('no mark because the wall clock jumped forward and back (FLT-03)', async () => {
    const clock = { ms: 1e12 };
    const store = createMemoryStore({ now: () => clock.ms });
    const first = mintOf(1e12);
    await store.mint(first);
    clock.ms += 3_600_000;
    await store.mint(mintOf(clock.ms));
    clock.ms = 1e12;
    expect(await store.mint(again(first))).toBe('used');
  });

  it('never a live mark when it is full: then it refuses, and takes new ones when old ones run out (P4, P5)', async () => {
    const time = { ms: 0 };
    const store = createMemoryStore({ now: () => 1e12, elapsed: () => time.ms, capacity: 50 });
    const first = mintOf(1e12, { markFor: 10_000, keepFor: 10_000 });
    await store.mint(first);
    for (let i = 1; i < 50; i += 1) await store.mint(mintOf(1e12, { markFor: 10_000, keepFor: 10_000 }));
    time.ms += 5_000;
    await expect(store.mint(mintOf(1e12))).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await store.mint(again(first))).toBe('used');
    time.ms += 5_000;
    expect(await store.mint(mintOf(1e12))).toBe('minted');
  });

  it('the oldest note when there are too many', async () => {
    const store = createMemoryStore({ now: () => 1e12 });
    for (let i = 0; i < 10_001; i += 1) await store.remember(`key ${i}`, 'note', 60_000);
    expect(await store.recall('key 0')).toBeUndefined();
    expect(await store.recall('key 1')).toBe('note');
    expect(await store.recall('key 10000')).toBe('note');
  });
});
