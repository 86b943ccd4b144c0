// Audit records as CSV (RFC 4180), for a spreadsheet.
import type { AuditEntry } from '../audit/entry.ts';
import { auditFields } from '../audit/fields.ts';

/** The columns, in their order. */
export const csvColumns = ['id', 'time', ...Object.keys(auditFields)] as readonly (keyof AuditEntry)[];

/** The records with a head line. Lists are joined by `; `. */
export function toCsv(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => csvColumns.map((name) => entry[name]).map(cell));
  return [csvColumns, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/**
 * One cell. What a spreadsheet would take for a formula gets an apostrophe in front: the texts are chosen by whoever was
 * refused, and the reader is an administrator (OWASP, "CSV Injection").
 */
function cell(value: AuditEntry[keyof AuditEntry]): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : value.join('; ');
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
