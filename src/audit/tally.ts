// Counts that go along with the entries, so that a summary costs the same with ten records and with a million.
import type { JsonObject } from '../core/json.ts';

/** The last of its kind: milliseconds since 1970, and what is shown of the entry. */
export type Last = readonly [ms: number, shown: JsonObject];

/** What is known under one key of a shelf: how often, and the last, by slot (an outcome, or a file). */
export interface Tally {
  /** Milliseconds since 1970 of the latest entry. */
  readonly seen: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly last: ReadonlyMap<string, Last>;
}

/** Slots of one tally. Beyond, new ones are not kept: a version of a project has so many files at most that anybody looks at. */
export const maxSlots = 250;

/** Both together. The script in redis-scripts.ts does the same to what Redis keeps; one property test holds them together. */
export function addTallies(a: Tally, b: Tally): Tally {
  const counts = new Map(a.counts);
  const last = new Map(a.last);
  for (const [slot, count] of b.counts) {
    if (counts.has(slot) || counts.size < maxSlots) counts.set(slot, (counts.get(slot) ?? 0) + count);
  }
  for (const [slot, entry] of b.last) {
    const before = last.get(slot);
    if (before === undefined ? last.size < maxSlots : before[0] <= entry[0]) last.set(slot, entry);
  }
  return { seen: Math.max(a.seen, b.seen), counts, last };
}
