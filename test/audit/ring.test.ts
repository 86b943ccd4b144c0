// The embedded audit store: the contract, and what only memory can show.
import { describe, expect, test } from 'vitest';
import { createRing } from '../../src/audit/ring.ts';
import { auditStoreContract, keeping } from './contract.ts';
import { entryOf, pagesOf } from './entries.ts';

describe('the ring', () => {
  auditStoreContract((change) => createRing({ ...keeping, ...change }, Date.now), 300);

  test('forgets entries by their age, and what was counted of refusals with them', async () => {
    const clock = { ms: Date.now() };
    const ring = createRing({ ...keeping, maxAge: 3600 }, () => clock.ms);
    ring.add(entryOf({ outcome: 'refused', code: 'publisher-none', anchor: 'acme/ui' }, clock.ms));
    clock.ms += 3_000_000;
    const later = entryOf({ package: 'ui', registry: 'npm' }, clock.ms);
    ring.add(later);
    clock.ms += 1_000_000;
    expect((await pagesOf(ring, {}, 10)).flat()).toEqual([later.id]);
    expect((await ring.read('refusals', 10)).total).toBe(0);
    expect((await ring.read('packages', 10)).total).toBe(1);
  });

  test('gives every entry a place of its own, also when the clock is set back (FLT-03)', async () => {
    const clock = { ms: Date.now() };
    const ring = createRing(keeping, () => clock.ms);
    const entries = [0, -60_000, -60_000, 5].map((off) => {
      clock.ms += off;
      const entry = entryOf({}, clock.ms);
      ring.add(entry);
      return entry.id;
    });
    expect((await pagesOf(ring, {}, 1)).flat()).toEqual(entries.toReversed());
  });
});
