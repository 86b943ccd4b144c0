// Puts the audit record together: the log, and the store that can be asked.
import type { Audit } from '../audit/event.ts';
import { logSink } from '../audit/log-sink.ts';
import { createAudit } from '../audit/record.ts';
import { auditScripts } from '../audit/redis-scripts.ts';
import { createRedisAudit } from '../audit/redis-store.ts';
import { createRing } from '../audit/ring.ts';
import type { AuditStore } from '../audit/store.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Logging } from '../log.ts';
import { openRedisLink } from '../store/redis-link.ts';

export interface Recording {
  readonly audit: Audit;
  readonly store: AuditStore;
  /** Writes what still waits, for two seconds at most. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the record of one process. What it writes to is fixed until a restart.
 * @throws StoreMisconfigured when Redis cannot be connected to as it is set up
 */
export function openRecording(
  { audit, store }: Pick<Configuration, 'audit' | 'store'>,
  { logger, scrub }: Pick<Logging, 'logger' | 'scrub'>,
  now: () => number = Date.now,
): Recording {
  const kept =
    store.kind === 'memory'
      ? createRing(audit, now)
      : createRedisAudit({
          link: openRedisLink(store, { subject: 'audit store', scripts: auditScripts }, logger),
          keyPrefix: store.keyPrefix,
          keeping: audit,
          now,
          scrub,
          told: tellOf(logger),
        });
  return {
    audit: createAudit([logSink(logger), kept.add], now),
    store: kept,
    close: async () => {
      await kept.settle();
      kept.close();
    },
  };
}

/** A loss is told when it begins and when it ends, with its number: once each, however long it lasts. */
function tellOf(logger: Pick<Logging['logger'], 'info' | 'warn'>): (problem: string | undefined, lost: number) => void {
  let before = 0;
  return (problem, lost) => {
    if (problem !== undefined) return logger.warn({ audit_store: problem }, 'audit records wait for the audit store; the log has them');
    if (lost > before) logger.warn({ lost: lost - before }, 'audit records were lost to the audit store; the log has them');
    else logger.info({}, 'the audit store takes records again');
    before = lost;
  };
}
