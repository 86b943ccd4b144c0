// The audit store of the embedded kind: the last entries of one process, in its memory.
import { shortened, type AuditEntry } from './entry.ts';
import { boundsOf, shares, type Bounds, type Keeping } from './keeping.ts';
import { comparePositions, positionAfter, writePosition, type Position } from './position.ts';
import { matches, type AuditQuery } from './query.ts';
import { isUnproved, shelfNames, tallyEntries, type ShelfName } from './shelves.ts';
import type { AuditStore, ShelfRead, Step } from './store.ts';
import { addTallies, type Tally } from './tally.ts';

interface Kept {
  readonly position: Position;
  readonly entry: AuditEntry;
}

/** Makes the ring. @param now milliseconds since 1970 */
export function createRing(keeping: Keeping, now: () => number): AuditStore {
  const { proved, unproved } = shares(keeping);
  const rings = { proved: new Ring(proved, keeping.maxAge * 1000), unproved: new Ring(unproved, keeping.maxAge * 1000) };
  const bounds = boundsOf(keeping);
  const shelved = new Map(shelfNames.map((name) => [name, new Shelved(bounds[name])]));
  let last: Position = { ms: 0, seq: 0 };
  let since: number | undefined;
  return {
    kind: 'memory',
    add: (entry) => {
      // What is kept is as long at most as in Redis: strangers choose how much a record says.
      const kept = shortened(entry);
      last = positionAfter(last, now());
      since ??= last.ms;
      rings[isUnproved(kept) ? 'unproved' : 'proved'].push({ position: last, entry: kept });
      for (const [name, changes] of tallyEntries([kept])) {
        for (const [key, tally] of changes) shelved.get(name)?.add(key, tally, now());
      }
    },
    walk: (query) => walk([rings.proved, rings.unproved], query, now()),
    read: async (shelf, limit) => shelved.get(shelf)?.read(limit, now()) ?? { total: 0, rows: [] },
    find: async (shelf: ShelfName, key) => shelved.get(shelf)?.find(key, now()),
    facts: async () => ({ lost: 0, ...(since === undefined ? {} : { since }) }),
    status: () => ({ waiting: 0, lost: 0 }),
    settle: async () => undefined,
    close: () => undefined,
  };
}

/** Both rings as one, newest first. */
async function* walk(rings: readonly Ring[], query: AuditQuery, at: number): AsyncGenerator<Step> {
  const cursors = rings.map((ring) => ring.newestFirst(query.before, at));
  const heads = cursors.map((cursor) => cursor.next());
  for (;;) {
    let newest: number | undefined;
    for (const [i, head] of heads.entries()) {
      if (head.done === true) continue;
      const best = newest === undefined ? undefined : heads[newest];
      if (best === undefined || best.done === true || comparePositions(head.value.position, best.value.position) > 0) newest = i;
    }
    const head = newest === undefined ? undefined : heads[newest];
    if (newest === undefined || head === undefined || head.done === true) return;
    const { position, entry } = head.value;
    if (matches(entry, query)) yield { position: writePosition(position), entry };
    heads[newest] = cursors[newest]?.next() ?? head;
  }
}

class Ring {
  readonly #capacity: number;
  readonly #age: number;
  readonly #kept: Kept[] = [];
  /** Where the oldest is, once the ring is full. */
  #first = 0;

  /** @param age milliseconds */
  constructor(capacity: number, age: number) {
    this.#capacity = capacity;
    this.#age = age;
  }

  push(kept: Kept): void {
    if (this.#kept.length < this.#capacity) this.#kept.push(kept);
    else {
      this.#kept[this.#first] = kept;
      this.#first = (this.#first + 1) % this.#capacity;
    }
  }

  *newestFirst(before: Position | undefined, at: number): Generator<Kept, undefined> {
    // A copy: entries that come while somebody goes through would otherwise take the place of older ones.
    const kept = [...this.#kept.slice(this.#first), ...this.#kept.slice(0, this.#first)];
    for (const one of kept.toReversed()) {
      if (one.position.ms < at - this.#age) return undefined;
      if (before === undefined || comparePositions(one.position, before) < 0) yield one;
    }
    return undefined;
  }
}

/** One shelf; its keys are in the order in which they were last seen. */
class Shelved {
  readonly #bounds: Bounds;
  readonly #tallies = new Map<string, Tally>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  add(key: string, tally: Tally, now: number): void {
    const before = this.#tallies.get(key);
    this.#tallies.delete(key);
    this.#tallies.set(key, before === undefined ? tally : addTallies(before, tally));
    for (const [oldest, { seen }] of this.#tallies) {
      if (this.#tallies.size <= this.#bounds.capacity && !this.#isOver(seen, now)) break;
      this.#tallies.delete(oldest);
    }
  }

  read(limit: number, now: number): ShelfRead {
    const alive = [...this.#tallies].filter(([, { seen }]) => !this.#isOver(seen, now));
    // Redis' order of a sorted set, backwards.
    const rows = alive.map(([key, tally]) => ({ key, ...tally })).toSorted((a, b) => b.seen - a.seen || (a.key < b.key ? 1 : -1));
    return { total: alive.length, rows: rows.slice(0, limit) };
  }

  find(key: string, now: number): Tally | undefined {
    const tally = this.#tallies.get(key);
    return tally === undefined || this.#isOver(tally.seen, now) ? undefined : tally;
  }

  #isOver(seen: number, now: number): boolean {
    return this.#bounds.age > 0 && seen < now - this.#bounds.age;
  }
}
