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
const maxEntryBytes = 8192;

/** Characters of the entry's texts: about the bytes that it takes, unless much of it has to be escaped in JSON. */
export function sizeOf(entry: AuditEntry): number {
  let size = 0;
  for (const value of Object.values(entry)) {
    if (typeof value === 'string') size += value.length + 20;
    else if (Array.isArray(value)) for (const text of value) size += String(text).length + 20;
    else size += 30;
  }
  return size;
}

/**
 * The entry as a store may keep it: of one that is too long the lists go first, then the ends of its texts. The log has it
 * whole.
 */
export function shortened(entry: AuditEntry): AuditEntry {
  // Escaping at most doubles a text of printable ASCII.
  if (2 * sizeOf(entry) <= maxEntryBytes || fits(entry)) return entry;
  const { considered: _considered, publishers, ...rest } = entry;
  const withPublishers = publishers === undefined ? rest : { ...rest, publishers };
  const candidates = [withPublishers, rest, ...[200, 60].map((limit) => cut(rest, limit))];
  return candidates.find(fits) ?? cut(rest, 20);
}

function fits(entry: AuditEntry): boolean {
  return JSON.stringify(entry).length <= maxEntryBytes;
}

function cut(entry: AuditEntry, limit: number): AuditEntry {
  const shorter = Object.entries(entry).map(([name, value]) => [
    name,
    typeof value === 'string' && name !== 'time' ? value.slice(0, limit) : value,
  ]);
  return Object.fromEntries(shorter) as AuditEntry;
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
