// Goes through the two streams of the audit store in Redis, newest first, a piece at a time.
import { readEntry, type AuditEntry } from './entry.ts';
import { auditFilters, type AuditFilter } from './filters.ts';
import { comparePositions, readPosition, writePosition, type Position } from './position.ts';
import { matches, type AuditQuery } from './query.ts';
import { list, text, type AuditLink } from './redis-link.ts';
import type { Step } from './store.ts';

/** Records of each stream in one piece: about a millisecond of Redis. */
const largestPiece = 500;

export interface WalkRange {
  /** How far a record's time was ever behind its position, and before it, in milliseconds. */
  readonly lag: number;
  readonly lead: number;
  /** Milliseconds since 1970: older records are no longer to be seen. */
  readonly oldest: number;
}

interface Found {
  readonly position: Position;
  readonly entry: AuditEntry;
}

/** @param streams both keys */
export async function* walkStreams(link: AuditLink, streams: readonly string[], query: AuditQuery, range: WalkRange): AsyncGenerator<Step> {
  const lowest = String(Math.max(0, Math.floor(Math.max(range.oldest, (query.from ?? 0) - range.lead))));
  let upper = firstBound(query, range);
  const times = [query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER].map(String);
  const needles = needlesOf(query);
  const size = String(needles.length === 0 && query.to === undefined ? Math.min(query.limit + 1, largestPiece) : largestPiece);
  for (;;) {
    const answer = list(await link.run('scanAudit', streams, [upper, lowest, size, ...times, ...needles]));
    const ends = answer.map((piece) => readPosition(text(list(piece)[1])));
    // Below the highest of the pieces' ends the other stream has been seen, and this one has not.
    const seenTo = ends.reduce<Position | undefined>(higher, undefined);
    const found = answer.flatMap((piece) => list(list(piece)[0]).flatMap(foundOf));
    const sorted = found
      .filter(({ position, entry }) => (seenTo === undefined || comparePositions(position, seenTo) >= 0) && matches(entry, query))
      .toSorted((a, b) => comparePositions(b.position, a.position));
    for (const { position, entry } of sorted) yield { position: writePosition(position), entry };
    if (seenTo === undefined) return;
    upper = `(${writePosition(seenTo)}`;
    yield { position: writePosition(seenTo) };
  }
}

function firstBound({ before, to }: AuditQuery, { lag }: WalkRange): string {
  const late = to === undefined ? undefined : { ms: Math.ceil(to + lag), seq: 999_999_999 };
  if (before !== undefined && (late === undefined || comparePositions(before, late) <= 0)) return `(${writePosition(before)}`;
  return late === undefined ? '+' : writePosition(late);
}

function higher(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePositions(a, b) >= 0 ? a : b;
}

function foundOf(one: unknown): Found[] {
  const [where, what] = list(one);
  const position = readPosition(text(where));
  const entry = readEntry(text(what));
  return position === undefined || entry === undefined ? [] : [{ position, entry }];
}

/** Only for filters with one value: of several, an entry needs no more than one. */
function needlesOf({ where }: AuditQuery): string[] {
  return [...where].flatMap(([name, [value, ...others]]) => {
    const filter: AuditFilter = auditFilters[name];
    return value === undefined || others.length > 0 ? [] : [filter.needle(value)];
  });
}
