// The record: each decision becomes one entry, which goes to every sink (P7).
import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { refuse } from '../core/refusal.ts';
import { toEntry, type AuditEntry } from './entry.ts';
import type { Audit, Recorded } from './event.ts';

/** Takes an entry. Must not throw, and must not wait. */
export type Sink = (entry: AuditEntry) => void;

/**
 * An `Audit` that hands every event to the sinks, in their order: the log first, so that it has what anything else has.
 * Values are printable ASCII of bounded length, so that no claim and no header can forge a second line or a terminal
 * sequence (JWT-48, HDR-13).
 * @param now milliseconds since 1970
 */
export function createAudit(sinks: readonly Sink[], now: () => number = Date.now): Audit {
  return (event) => {
    const entry = toEntry(event, newId(), now());
    for (const sink of sinks) sink(entry);
  };
}

/** One draw of randomness is for many ids: each draw costs as much as the rest of the entry. */
const pool = Buffer.alloc(8 * 256);
let used = pool.length;

function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 8;
  return pool.toString('hex', used - 8, used);
}

/** Milliseconds that a request waits for its record to be written. */
const patience = 2_000;

/**
 * `audit.required` (FLT-20).
 * @param written resolves to whether everything audited so far was written
 */
export function requireWritten(written: () => Promise<boolean>): Recorded {
  return async () => {
    const late = new AbortController();
    const well = await Promise.race([written(), sleep(patience, false, { signal: late.signal }).catch(() => false)]);
    late.abort();
    return well ? undefined : refuse('audit-unavailable');
  };
}

/** Without `audit.required`. */
export const nothingRequired: Recorded = () => Promise.resolve(undefined);
