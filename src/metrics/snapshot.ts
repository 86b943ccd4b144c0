// The numbers of one process at one moment, as plain JSON that workers can hand to each other; and several of them as one.
import { mostSeries } from './series.ts';

/** A number; for a histogram the count of each bucket (not cumulative), of what lies above all, and the sum. */
export type Reading = number | readonly number[];

/** Readings by the values of their labels. */
export type Readings = readonly (readonly [values: readonly string[], reading: Reading])[];

/** By the metric's name. */
export type Snapshot = Readonly<Record<string, Readings>>;

/** What becomes of one series that several processes have. Counters and histograms are added. */
export type Across = 'sum' | 'min' | 'max';

/** One snapshot of several. */
export function merge(snapshots: readonly Snapshot[], across: (name: string) => Across): Snapshot {
  const names = new Set(snapshots.flatMap((snapshot) => Object.keys(snapshot)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      mergeReadings(
        snapshots.map((snapshot) => snapshot[name] ?? []),
        across(name),
      ),
    ]),
  );
}

function mergeReadings(all: readonly Readings[], across: Across): Readings {
  const merged = new Map<string, [readonly string[], Reading]>();
  for (const [values, reading] of all.flat()) {
    const key = values.join('\n');
    const before = merged.get(key);
    if (before !== undefined) before[1] = mergeReading(before[1], reading, across);
    // Dead workers and living ones together keep to the bound that each of them keeps to.
    else if (merged.size <= mostSeries) merged.set(key, [values, reading]);
  }
  return [...merged.values()];
}

function mergeReading(a: Reading, b: Reading, across: Across): Reading {
  if (typeof a === 'number' && typeof b === 'number') return across === 'sum' ? a + b : Math[across](a, b);
  const [left, right] = [[a].flat(), [b].flat()];
  return left.map((count, at) => count + (right[at] ?? 0));
}
