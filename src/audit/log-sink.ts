// Writes audit entries as one JSON line each into the log (P7, SEC-13).
import type { AuditEntry } from './entry.ts';
import { auditVersion } from './fields.ts';
import type { Sink } from './record.ts';

/** What the sink needs of a pino logger. */
export interface AuditLogger {
  readonly child: (bindings: object, options: { level: string }) => { readonly info: (fields: object) => void };
}

/** Where entries go that could not be written: they are counted, since a lost audit line must not go unnoticed. */
export interface SinkOptions {
  readonly lost?: () => void;
}

/**
 * A sink that writes to the logger, whatever level the logger has: `COUNTERSIGN_LOG_LEVEL=error` silences the program,
 * never the record. Never throws. The line's time is the log's own.
 */
export function logSink(logger: AuditLogger, options: SinkOptions = {}): Sink {
  const lines = logger.child({ audit: true, v: auditVersion }, { level: 'info' });
  return ({ time: _time, ...fields }: AuditEntry) => {
    try {
      lines.info(fields);
    } catch {
      options.lost?.();
    }
  };
}
