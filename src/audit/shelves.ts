// What is counted of the entries beside the entries themselves: one shelf per question of the dashboard, and the versions published.
import type { Json, JsonObject } from '../core/json.ts';
import type { AuditEntry } from './entry.ts';
import { addTallies, type Tally } from './tally.ts';

export interface Shelf {
  /** The keys that an entry counts under; none: not here. */
  readonly keys: (entry: AuditEntry) => readonly string[];
  /** What is counted apart under a key. */
  readonly slot: (entry: AuditEntry) => string;
  /** What is kept of the last entry of a slot. */
  readonly keep: readonly (keyof AuditEntry)[];
}

/**
 * Whether the entry needed no proof: anybody who reaches the listener can cause as many as he likes, so they are kept apart
 * and can push out each other but nothing else.
 */
export function isUnproved(entry: AuditEntry): boolean {
  return entry.event === 'pass-through' || (entry.anchor === undefined && (entry.outcome === 'refused' || entry.outcome === 'dry-run'));
}

/** Parts of a key. Values are printable, so that none has a line break. */
export const keyOf = (...parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? '').join('\n');

const run = ['publishers', 'issuer', 'provider', 'anchor', 'ids', 'commit', 'ref', 'workflow', 'environment', 'run', 'runUrl'] as const;
const refusedRun = ['issuer', 'provider', 'ids', 'runUrl', 'ref', 'workflow', 'environment'] as const;
const what = ['id', 'time', 'request', 'registry', 'package', 'version', 'sample'] as const;
const settled: readonly AuditEntry['outcome'][] = ['uploaded', 'changed', 'upstream-refused', 'upstream-unknown'];

const refusal: Omit<Shelf, 'keys'> = {
  slot: (entry) => entry.outcome,
  keep: [...what, ...refusedRun, 'event', 'code', 'message', 'client', 'address', 'considered'],
};
const refusalKey = (entry: AuditEntry): string => keyOf(entry.anchor, entry.package, entry.code);
const whenever = (condition: boolean, ...keys: readonly string[]): readonly string[] => (condition ? keys : []);

export const shelves = {
  days: { keys: (entry) => whenever(entry.outcome !== 'forwarding', entry.time.slice(0, 10)), slot: (entry) => entry.outcome, keep: [] },
  publishers: {
    keys: (entry) => (entry.outcome === 'forwarding' ? [] : (entry.publishers ?? [])),
    slot: (entry) => entry.outcome,
    keep: [...what, 'anchor', 'commit', 'ref', 'runUrl'],
  },
  packages: {
    keys: (entry) => whenever(settled.includes(entry.outcome) && !isUnproved(entry), keyOf(entry.registry, entry.package)),
    slot: (entry) => entry.outcome,
    keep: [...what, ...run, 'actor', 'client', 'sha256'],
  },
  longLived: {
    keys: (entry) => whenever(entry.outcome === 'long-lived', keyOf(entry.registry, entry.package)),
    slot: (entry) => entry.outcome,
    keep: [...what, 'client', 'address', 'detail'],
  },
  refusals: { ...refusal, keys: (entry) => whenever(entry.outcome === 'refused' && !isUnproved(entry), refusalKey(entry)) },
  strangers: { ...refusal, keys: (entry) => whenever(entry.outcome === 'refused' && isUnproved(entry), refusalKey(entry)) },
  /** Slots are the files; what `GET /-/provenance/…` answers from. */
  versions: {
    keys: (entry) =>
      whenever(
        entry.outcome === 'uploaded' && entry.package !== undefined && entry.version !== undefined,
        keyOf(entry.registry, entry.package, entry.version),
      ),
    slot: (entry) => entry.file ?? '',
    keep: ['time', ...run, 'file', 'sha256', 'bytes'],
  },
  /** Made-up records, so that whoever looks is told on every page. */
  samples: { keys: (entry) => whenever(entry.sample !== undefined, 'all'), slot: () => 'all', keep: [] },
} as const satisfies Record<string, Shelf>;

export type ShelfName = keyof typeof shelves;
export const shelfNames = Object.keys(shelves) as readonly ShelfName[];

/** What entries change on the shelves, each key once. */
export function tallyEntries(entries: readonly AuditEntry[]): Map<ShelfName, Map<string, Tally>> {
  const changes = new Map<ShelfName, Map<string, Tally>>();
  for (const entry of entries) {
    for (const name of shelfNames) {
      const shelf: Shelf = shelves[name];
      for (const key of shelf.keys(entry)) {
        const changed = changes.get(name) ?? new Map<string, Tally>();
        const one = tallyOf(shelf, entry);
        const before = changed.get(key);
        changes.set(name, changed.set(key, before === undefined ? one : addTallies(before, one)));
      }
    }
  }
  return changes;
}

function tallyOf(shelf: Shelf, entry: AuditEntry): Tally {
  const slot = shelf.slot(entry);
  const seen = Date.parse(entry.time);
  return {
    seen,
    counts: new Map([[slot, 1]]),
    last: new Map(shelf.keep.length === 0 ? [] : [[slot, [seen, shownOf(shelf.keep, entry)]]]),
  };
}

function shownOf(names: Shelf['keep'], entry: AuditEntry): JsonObject {
  const shown: Record<string, Json> = {};
  for (const name of names) if (entry[name] !== undefined) shown[name] = entry[name];
  return shown;
}
