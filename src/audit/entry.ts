// An audit record as it is written, kept and asked for: the event with its id and time, bounded and printable (P7, SEC-13).
import { isJsonObject } from '../core/json.ts';
import { toPrintable } from '../core/refusal.ts';
import type { AuditEvent } from './event.ts';
import { auditFields, type AuditField } from './fields.ts';

export interface AuditEntry extends AuditEvent {
  /** Unique; the same in the log, the store and every webhook. */
  readonly id: string;
  /** ISO 8601 in UTC, to the millisecond. */
  readonly time: string;
}

const table = Object.entries(auditFields) as [keyof AuditEvent, AuditField][];

/** The event as it is written: known fields only, in the order of the table, each bounded and printable. */
export function auditLine(event: AuditEvent): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [name, field] of table) {
    const value = bounded(event[name], field);
    if (value !== undefined) line[name] = value;
  }
  return line;
}

function bounded(value: unknown, field: AuditField): unknown {
  if (value === undefined) return undefined;
  const { type, limit = 256, entries = 50 } = field;
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  if (type === 'text') return typeof value === 'string' ? toPrintable(value, limit) : undefined;
  return Array.isArray(value) ? value.slice(0, entries).map((entry) => toPrintable(String(entry), limit)) : undefined;
}

/**
 * The entry of an event.
 * @param time milliseconds since 1970
 */
export function toEntry(event: AuditEvent, id: string, time: number): AuditEntry {
  return { id, time: new Date(time).toISOString(), ...(auditLine(event) as unknown as AuditEvent) };
}

/** Bytes of the longest entry that a store keeps. Whoever is refused chooses much of what a record says. */
export const maxEntryBytes = 8192;

/**
 * The entry as one line of JSON in ASCII that a store may keep: of one that is too long the lists go first, then the ends of
 * its texts. The log has it whole.
 */
export function entryText(entry: AuditEntry): string {
  const whole = JSON.stringify(entry);
  if (whole.length <= maxEntryBytes) return whole;
  const { considered: _considered, publishers, ...rest } = entry;
  const shorter = [
    { ...rest, ...(publishers === undefined ? {} : { publishers }) },
    rest,
    ...[200, 60, 20].map((limit) =>
      Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, limit) : value])),
    ),
  ].map((candidate) => JSON.stringify(candidate));
  return shorter.find((text) => text.length <= maxEntryBytes) ?? shorter.at(-1) ?? '{}';
}

/** Reads an entry, or gives undefined: whoever can write to Redis or to a file can write anything there (RED-14). */
export function readEntry(text: string): AuditEntry | undefined {
  const value = parsed(text);
  if (!isJsonObject(value) || typeof value['id'] !== 'string' || typeof value['time'] !== 'string') return undefined;
  const time = Date.parse(value['time']);
  const line = auditLine(value as unknown as AuditEvent);
  if (Number.isNaN(time) || typeof line['event'] !== 'string' || typeof line['outcome'] !== 'string') return undefined;
  return { id: toPrintable(value['id'], 64), time: new Date(time).toISOString(), ...(line as unknown as AuditEvent) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
