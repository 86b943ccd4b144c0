// Writes audit events as one JSON line each into the log (P7, SEC-13).
import { toPrintable } from '../core/refusal.ts';
import type { Audit, AuditEvent } from './event.ts';
import { auditFields, auditVersion, type AuditField } from './fields.ts';

/** What the sink needs of a pino logger. */
export interface AuditLogger {
  readonly child: (bindings: object, options: { level: string }) => { readonly info: (fields: object) => void };
}

/** Where events go that could not be written: they are counted, since a lost audit line must not go unnoticed. */
export interface SinkOptions {
  readonly lost?: () => void;
}

/**
 * An `Audit` that writes to the logger, whatever level the logger has: `COUNTERSIGN_LOG_LEVEL=error` silences the
 * program, never the record. Never throws. Values are printable ASCII of bounded length, so that no claim and no header
 * can forge a second line or a terminal sequence (JWT-48, HDR-13).
 */
export function createAudit(logger: AuditLogger, options: SinkOptions = {}): Audit {
  const lines = logger.child({ audit: true, v: auditVersion }, { level: 'info' });
  return (event) => {
    try {
      lines.info(auditLine(event));
    } catch {
      options.lost?.();
    }
  };
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
