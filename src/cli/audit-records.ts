// Audit records by what they say, for commands that explain or learn from them.
import type { AuditEvent } from '../audit/event.ts';
import { auditFields } from '../audit/fields.ts';
import { own, type JsonObject } from '../core/json.ts';
import { toPrintable } from '../core/refusal.ts';
import { adminAccess } from './admin-listener.ts';
import { recordsAt, recordsIn } from './audit-log.ts';
import type { Terminal } from './terminal.ts';

/** A record as found; whatever a log can hold, its fields are of their kinds and printable. */
export type AuditRecord = Pick<AuditEvent, 'event' | 'outcome'> & Partial<AuditEvent> & { readonly time?: string };

export interface AuditSource {
  readonly config: string;
  /** A log; `-` is stdin. */
  readonly audit?: string;
  /** URL or `host:port` of an admin listener. */
  readonly admin?: string;
}

/**
 * The records for which the fields are these, oldest first.
 * @throws CommandFailed when the log cannot be read, or the proxy does not answer
 */
export async function auditRecords(
  source: AuditSource,
  where: Readonly<Partial<Record<'request' | 'event' | 'outcome', string>>>,
  terminal: Terminal,
): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = [];
  const wanted = (record: AuditRecord): boolean =>
    Object.entries(where).every(([field, value]) => record[field as keyof typeof where] === value);
  for await (const entry of entriesOf(source, where, terminal)) {
    const record = readRecord(entry);
    if (record !== undefined && wanted(record)) found.push(record);
  }
  return source.audit === undefined ? found.toReversed() : found;
}

function entriesOf(source: AuditSource, where: Readonly<Record<string, string>>, terminal: Terminal): AsyncGenerator<JsonObject> {
  if (source.audit !== undefined) return recordsIn(source.audit, terminal);
  return recordsAt(adminAccess(source, terminal), new URLSearchParams(where).toString());
}

/** Known fields alone, each of its kind; undefined when it is no audit record. */
function readRecord(value: JsonObject): AuditRecord | undefined {
  if (typeof own(value, 'event') !== 'string' || typeof own(value, 'outcome') !== 'string') return undefined;
  const fields = Object.entries(auditFields).flatMap(([name, { type }]): [string, unknown][] => {
    const field = own(value, name);
    if (type === 'number') return typeof field === 'number' ? [[name, field]] : [];
    if (type === 'text') return typeof field === 'string' ? [[name, toPrintable(field, 1000)]] : [];
    return Array.isArray(field) ? [[name, field.map((entry) => toPrintable(String(entry), 1000))]] : [];
  });
  const time = own(value, 'time');
  return { ...Object.fromEntries(fields), ...(typeof time === 'string' ? { time: toPrintable(time, 40) } : {}) } as AuditRecord;
}
