// The record: each decision becomes one entry, which goes to every sink (P7).
import { randomBytes } from 'node:crypto';
import { toEntry, type AuditEntry } from './entry.ts';
import type { Audit } from './event.ts';

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
    const entry = toEntry(event, randomBytes(8).toString('hex'), now());
    for (const sink of sinks) sink(entry);
  };
}
