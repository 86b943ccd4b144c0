// What the dashboard shows at a glance, put together from the shelves and never from the records themselves.
import type { JsonObject } from '../core/json.ts';
import type { AuditStore, ShelfRead } from './store.ts';
import type { Tally } from './tally.ts';

export interface SummaryQuery {
  /** Days up to today, in UTC. */
  readonly days: number;
  /** Rows of each list. */
  readonly limit: number;
}

type Counts = Readonly<Record<string, number>>;

/** The latest record of its kind: `time`, `id`, and what helps to show it. */
type Latest = JsonObject;

export interface Summary {
  readonly store: AuditStore['kind'];
  /** When counting began; null: nothing was counted yet. Whoever is not on a list was not seen since then. */
  readonly since: string | null;
  /** Records that the log has and the store has not. */
  readonly lost: number;
  /** One per day, also where nothing happened, oldest first. */
  readonly days: readonly { readonly day: string; readonly outcomes: Counts }[];
  readonly publishers: readonly {
    readonly publisher: string;
    readonly lastUse: string;
    readonly outcomes: Counts;
    readonly latest: Readonly<Record<string, Latest>>;
  }[];
  readonly packages: readonly {
    readonly registry: string;
    /** Empty: a request of which the package is not known, such as a PyPI upload that was passed through unread. */
    readonly package: string;
    readonly lastSeen: string;
    readonly outcomes: Counts;
    readonly lastPublish: Latest | null;
    readonly lastLongLived: Latest | null;
  }[];
  readonly refusals: readonly {
    /** Null: nothing was proved. */
    readonly anchor: string | null;
    readonly package: string | null;
    readonly code: string;
    readonly count: number;
    readonly lastSeen: string;
    readonly latest: Latest | null;
  }[];
  /** How many there are beyond those listed. */
  readonly totals: { readonly publishers: number; readonly packages: number; readonly longLived: number; readonly refusals: number };
}

const day = 86_400_000;

/**
 * Puts the summary together.
 * @param now milliseconds since 1970
 * @throws AuditUnavailable
 */
export async function summarise(store: AuditStore, { days, limit }: SummaryQuery, now: number): Promise<Summary> {
  const [counted, publishers, packages, longLived, refusals, strangers, facts] = await Promise.all([
    store.read('days', days + 1),
    store.read('publishers', limit),
    store.read('packages', limit),
    store.read('longLived', limit),
    store.read('refusals', limit),
    store.read('strangers', limit),
    store.facts(),
  ]);
  return {
    store: store.kind,
    since: facts.since === undefined ? null : iso(facts.since),
    lost: facts.lost,
    days: perDay(counted, days, now),
    publishers: publishers.rows.map((row) => ({
      publisher: row.key,
      lastUse: iso(row.seen),
      outcomes: Object.fromEntries(row.counts),
      latest: Object.fromEntries([...row.last].map(([outcome, [, shown]]) => [outcome, shown])),
    })),
    packages: perPackage(packages, longLived, limit),
    refusals: [...refusals.rows, ...strangers.rows]
      .toSorted((a, b) => b.seen - a.seen)
      .slice(0, limit)
      .map(refusalRow),
    totals: {
      publishers: publishers.total,
      packages: packages.total,
      longLived: longLived.total,
      refusals: refusals.total + strangers.total,
    },
  };
}

function perDay({ rows }: ShelfRead, days: number, now: number): Summary['days'] {
  const known = new Map(rows.map((row) => [row.key, row.counts]));
  return Array.from({ length: days }, (_, i) => {
    const key = iso(now - (days - 1 - i) * day).slice(0, 10);
    return { day: key, outcomes: Object.fromEntries(known.get(key) ?? []) };
  });
}

function perPackage(published: ShelfRead, longLived: ShelfRead, limit: number): Summary['packages'] {
  const by = new Map(longLived.rows.map((row) => [row.key, row]));
  const rows = new Map(published.rows.map((row) => [row.key, row]));
  const keys = [...new Set([...rows.keys(), ...by.keys()])];
  return keys
    .map((key) => ({ key, own: rows.get(key), other: by.get(key), seen: Math.max(rows.get(key)?.seen ?? 0, by.get(key)?.seen ?? 0) }))
    .toSorted((a, b) => b.seen - a.seen)
    .slice(0, limit)
    .map(({ key, own, other, seen }) => {
      const [registry = '', name = ''] = key.split('\n');
      return {
        registry,
        package: name,
        lastSeen: iso(seen),
        outcomes: { ...Object.fromEntries(own?.counts ?? []), ...Object.fromEntries(other?.counts ?? []) },
        lastPublish: latest(own, 'uploaded'),
        lastLongLived: latest(other, 'long-lived'),
      };
    });
}

function refusalRow(row: Tally & { readonly key: string }): Summary['refusals'][number] {
  const [anchor = '', name = '', code = ''] = row.key.split('\n');
  return {
    anchor: anchor === '' ? null : anchor,
    package: name === '' ? null : name,
    code,
    count: row.counts.get('refused') ?? 0,
    lastSeen: iso(row.seen),
    latest: latest(row, 'refused'),
  };
}

function latest(tally: Tally | undefined, slot: string): Latest | null {
  return tally?.last.get(slot)?.[1] ?? null;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
