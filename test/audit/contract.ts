// What every audit store must do, wherever it keeps its entries. Run against the ring and against real Redis.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { collectPage } from '../../src/audit/page.ts';
import { readQuery } from '../../src/audit/query.ts';
import { shelfNames, type ShelfName } from '../../src/audit/shelves.ts';
import type { AuditStore } from '../../src/audit/store.ts';
import { summarise } from '../../src/audit/summary.ts';
import { entryOf, isAsked, pagesOf, someEvent, someQuestion } from './entries.ts';

/** What is kept at most in stores under test. */
export const keeping = { maxEvents: 10_000, maxAge: 90 * 86_400, maxVersions: 1_000 };

/** Registers the suite in the surrounding `describe`. `open` makes an empty store. */
export function auditStoreContract(open: (change?: Partial<typeof keeping>) => AuditStore, runs: number): void {
  const added = async (store: AuditStore, entries: readonly AuditEntry[]): Promise<void> => {
    for (const entry of entries) store.add(entry);
    await store.settle();
  };

  test('gives back what it got, whole and newest first', async () => {
    const store = open();
    const entries = Array.from({ length: 25 }, (_, i) =>
      entryOf({ package: '@acme/ui', version: `1.0.${i}`, bytes: i, publishers: ['a', 'b'] }),
    );
    await added(store, entries);
    const query = readQuery(new URLSearchParams('limit=10'));
    const page = 'problem' in query ? undefined : await collectPage(store, query);
    expect(page?.events).toEqual(entries.toReversed().slice(0, 10));
    expect(page?.next).toMatch(/^\d+-\d+$/);
  });

  test('has one empty page without a next one while it is empty', async () => {
    expect(await pagesOf(open(), {}, 10)).toEqual([[]]);
  });

  test('ends with a full page when there is no more', async () => {
    const store = open();
    await added(store, [entryOf(), entryOf(), entryOf(), entryOf()]);
    expect((await pagesOf(store, {}, 2)).map((page) => page.length)).toEqual([2, 2]);
  });

  test('pages through any question without losing or doubling an entry, while new ones come', async () => {
    const base = Date.now();
    const store = open({ maxEvents: 100_000 });
    const all: AuditEntry[] = [];
    const come = async (events: readonly Parameters<typeof entryOf>[0][], offsets: readonly number[]): Promise<void> => {
      const entries = events.map((event, i) => entryOf(event, base + (offsets[i % offsets.length] ?? 0) * 3_600_000));
      all.push(...entries);
      await added(store, entries);
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(someEvent, { maxLength: 30 }),
        fc.array(someEvent, { maxLength: 5 }),
        // Hours by which an entry's own time is off: it waited while the store was away, or its clock is wrong.
        fc.array(fc.integer({ min: -30, max: 2 }), { minLength: 1, maxLength: 5 }),
        someQuestion(base),
        fc.integer({ min: 1, max: 40 }),
        async (before, between, offsets, asked, limit) => {
          await come(before, offsets);
          const expected = all.filter((entry) => isAsked(entry, asked)).map(({ id }) => id);
          const pages = await pagesOf(store, asked, limit, (page) => (page > 3 ? Promise.resolve() : come(between, offsets)));
          expect(pages.flat()).toEqual(expected.toReversed());
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
        },
      ),
      { numRuns: runs },
    );
  });

  test('keeps so many of each kind, and refusals without proof push out nothing but each other', async () => {
    const store = open({ maxEvents: 1_000 });
    const published = Array.from({ length: 20 }, () =>
      entryOf({ anchor: 'acme/ui', package: '@acme/ui', version: '1.0.0', registry: 'npm' }),
    );
    await added(store, published);
    for (let i = 0; i < 5; i += 1) {
      await added(
        store,
        Array.from({ length: 1_000 }, (_, n) => entryOf({ outcome: 'refused', code: 'upload-unauthenticated', package: `x${i}-${n}` })),
      );
    }
    const kept = (await pagesOf(store, {}, 1000)).flat();
    for (const { id } of published) expect(kept).toContain(id);
    expect(kept.length).toBeLessThan(1_000);
    const summary = await summarise(store, { days: 1, limit: 5000 }, Date.now());
    expect(summary.packages).toMatchObject([{ registry: 'npm', package: '@acme/ui', outcomes: { uploaded: 20 } }]);
    expect(summary.totals.refusals).toBe(300);
    expect(summary.days[0]?.outcomes).toEqual({ uploaded: 20, refused: 5_000 });
  });

  test('forgets the version that was published longest ago, when there are too many', async () => {
    const store = open({ maxVersions: 100 });
    const now = Date.now();
    const version = (i: number) => entryOf({ registry: 'npm', package: 'ui', version: `1.0.${i}`, file: 'f', anchor: 'acme/ui' }, now + i);
    await added(
      store,
      Array.from({ length: 130 }, (_, i) => version(i)),
    );
    expect(await store.find('versions', 'npm\nui\n1.0.29')).toBeUndefined();
    expect([...((await store.find('versions', 'npm\nui\n1.0.30'))?.last.keys() ?? [])]).toEqual(['f']);
  });

  test('says since when it counts', async () => {
    const store = open();
    expect(await store.facts()).toEqual({ lost: 0 });
    const before = Date.now();
    await added(store, [entryOf()]);
    const { since = 0 } = await store.facts();
    expect(Math.abs(since - before)).toBeLessThan(60_000);
  });

  test('keeps an entry that says too much in a shorter form', async () => {
    const store = open();
    const long = '\u0007'.repeat(2_000);
    const texts = { message: long, detail: long, package: long, version: long, client: long, runUrl: long, anchor: long };
    await added(store, [entryOf({ ...texts, considered: Array.from({ length: 50 }, () => long) }), entryOf()]);
    const query = readQuery(new URLSearchParams());
    const events = 'problem' in query ? [] : (await collectPage(store, query)).events;
    expect(events.map(({ outcome }) => outcome)).toEqual(['uploaded', 'uploaded']);
    expect(JSON.stringify(events).length).toBeLessThan(8_500);
    expect(events[1]?.package).toMatch(/^\\u\{7\}/);
  });
}

/** Everything on the shelves of a store. */
export async function shelvesOf(store: AuditStore): Promise<Record<ShelfName, unknown>> {
  const read = await Promise.all(
    shelfNames.map(async (name) => {
      const { total, rows } = await store.read(name, 5000);
      const plain = rows.map(({ key, seen, counts, last }) => ({ key, seen, counts: sorted(counts), last: sorted(last) }));
      return [name, { total, rows: plain.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }] as const;
    }),
  );
  return Object.fromEntries(read) as Record<ShelfName, unknown>;
}

function sorted(map: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
