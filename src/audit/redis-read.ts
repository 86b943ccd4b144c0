// Asks the audit store in Redis.
import { isJsonObject } from '../core/json.ts';
import type { AuditKeys } from './redis-keys.ts';
import { list, text, type AuditLink } from './redis-link.ts';
import { walkStreams } from './redis-walk.ts';
import { AuditUnavailable, type AuditStore } from './store.ts';
import type { Last, Tally } from './tally.ts';

/**
 * The questions of an audit store.
 * @param oldest milliseconds since 1970 before which nothing is shown any more
 */
export function redisReader(link: AuditLink, keys: AuditKeys, oldest: () => number): Pick<AuditStore, 'walk' | 'read' | 'find' | 'facts'> {
  const meta = async (...fields: readonly string[]): Promise<number[]> =>
    list(await asked(link.call('hmget', keys.meta, ...fields))).map((value) => Number(text(value)) || 0);
  return {
    async *walk(query) {
      const [lag = 0, lead = 0] = await meta('lag', 'lead');
      try {
        yield* walkStreams(link, keys.streams, query, { lag, lead, oldest: oldest() });
      } catch (error) {
        throw unavailable(error);
      }
    },
    read: async (name, limit) => {
      const [total, rows] = list(await asked(link.run('latestAudit', keys.shelf(name), [String(limit)])));
      const read = list(rows).flatMap((row) => {
        const [key, value] = list(row).map(text);
        const tally = readTally(value ?? '');
        return key === undefined || tally === undefined ? [] : [{ key, ...tally }];
      });
      return { total: Number(total) || 0, rows: read };
    },
    find: async (name, key) => readTally(text(await asked(link.call('hget', keys.shelf(name)[0], key)))),
    facts: async () => {
      const [since = 0, lost = 0] = await meta('since', 'lost');
      return { lost, ...(since === 0 ? {} : { since }) };
    },
  };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(error: unknown): AuditUnavailable {
  return new AuditUnavailable(error instanceof Error ? error.message : 'The audit store cannot be asked.');
}

/** A tally, or undefined for what is none: whoever can write to Redis can write anything there (RED-14). */
function readTally(value: string): Tally | undefined {
  const tally = parsed(value);
  if (!isJsonObject(tally) || !isJsonObject(tally['counts']) || !isJsonObject(tally['last'])) return undefined;
  const { seen, counts, last } = tally;
  return {
    seen: isTime(seen) ? seen : 0,
    counts: new Map(Object.entries(counts).flatMap(([slot, n]) => (typeof n === 'number' ? [[slot, n]] : []))),
    last: new Map(Object.entries(last).flatMap(([slot, entry]): [string, Last][] => lastOf(slot, entry))),
  };
}

function lastOf(slot: string, entry: unknown): [string, Last][] {
  const [ms, shown] = list(entry);
  const kept = typeof shown === 'string' ? parsed(shown) : undefined;
  return isTime(ms) && isJsonObject(kept) ? [[slot, [ms, kept]]] : [];
}

/** Milliseconds since 1970 that a `Date` can hold. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 8.64e15;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
