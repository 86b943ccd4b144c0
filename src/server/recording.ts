// Puts the audit record together: the log or a file, and the store that can be asked.
import type { Audit, Recorded } from '../audit/event.ts';
import { fileSink } from '../audit/file-sink.ts';
import { logSink } from '../audit/log-sink.ts';
import { createAudit, nothingRequired, requireWritten, type Sink } from '../audit/record.ts';
import { auditScripts } from '../audit/redis-scripts.ts';
import { createRedisAudit } from '../audit/redis-store.ts';
import { createRing } from '../audit/ring.ts';
import type { AuditStore } from '../audit/store.ts';
import { createWebhook, type Webhook } from '../audit/webhook.ts';
import type { WebhookSettings } from '../core/settings.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Logging } from '../log.ts';
import { appendedFile } from '../log/file.ts';
import { createLines, type Lines } from '../log/lines.ts';
import { openRedisLink } from '../store/redis-link.ts';

export interface Recording {
  readonly audit: Audit;
  readonly recorded: Recorded;
  readonly store: AuditStore;
  /** Why records are not written where they belong; undefined: they are, as far as is known. */
  readonly problem: () => string | undefined;
  /** Writes what still waits, for two seconds at most. */
  readonly close: () => Promise<void>;
}

interface Log extends Pick<Logging, 'logger' | 'scrub' | 'line' | 'written' | 'failing'> {
  /** Of this program. */
  readonly version: string;
  /** Is told of records that did not get where they belong. */
  readonly missed: (sink: 'log' | 'file' | 'store' | 'webhook', records: number) => void;
}

/**
 * Opens the record of one process. What it writes to is fixed until a restart.
 * @throws StoreMisconfigured when Redis cannot be connected to as it is set up
 */
export function openRecording(
  { audit, store }: Pick<Configuration, 'audit' | 'store'>,
  logging: Log,
  now: () => number = Date.now,
): Recording {
  const kept = store.kind === 'memory' ? createRing(audit, now) : openRedis(audit, store, logging, now);
  let problem: string | undefined;
  const file = audit.file === undefined ? undefined : openFile(audit.file, logging, (reason) => (problem = reason));
  const hooks = audit.webhooks.map((settings) => openWebhook(settings, logging, now));
  const first: Sink =
    file === undefined
      ? logSink(logging.logger, { lost: () => logging.missed('log', 1) })
      : fileSink({ write: file.write, scrub: logging.scrub });
  return {
    audit: createAudit([first, kept.add, ...hooks.map(({ sink }) => sink)], now),
    recorded: audit.required ? requireWritten(file?.written ?? logging.written) : nothingRequired,
    store: kept,
    problem: () => (file !== undefined ? problem : logging.failing() ? 'The log cannot be written.' : undefined),
    close: async () => {
      await Promise.all([kept.settle(), file?.settle(), ...hooks.map((hook) => hook.settle())]);
      kept.close();
      await Promise.all(hooks.map((hook) => hook.close()));
    },
  };
}

/** Records that the file does not take go to the log: so that they are somewhere (FLT-20). */
function openFile(path: string, { logger, line, missed }: Log, tell: (problem: string | undefined) => void): Lines {
  let known: string | undefined;
  const lines = createLines(appendedFile(path), {
    refused: (refused, code) => {
      missed('file', refused.length);
      for (const one of refused) line(one);
      if (code !== known) logger.error({ file: path, code }, 'audit records cannot be written to their file and go to the log');
      known = code;
      tell(`The audit file cannot be written (${code}).`);
    },
    resumed: () => {
      logger.info({ file: path }, 'audit records are written to their file again');
      known = undefined;
      tell(undefined);
    },
  });
  process.once('exit', lines.flush);
  return lines;
}

/** Of its address only scheme and host are told: many receivers have their secret in the path. */
function openWebhook(settings: WebhookSettings, { logger, scrub, version, missed }: Log, now: () => number): Webhook {
  const { origin } = new URL(settings.url);
  const tell = tellOf(logger, { webhook: origin }, 'the webhook', (records) => missed('webhook', records));
  const gaveUp = (id: string, reason: string): void => {
    missed('webhook', 1);
    logger.warn({ webhook: origin, id, reason }, 'an audit record will not be delivered to the webhook; the log has it');
  };
  const webhook = createWebhook(settings, { now, version, scrub, told: tell, gaveUp });
  const close = async (): Promise<number> => {
    const missing = await webhook.close();
    if (missing > 0) logger.warn({ webhook: origin, lost: missing }, 'audit records still waited for the webhook; the log has them');
    return missing;
  };
  return { ...webhook, close };
}

function openRedis(
  keeping: Configuration['audit'],
  settings: Extract<Configuration['store'], { kind: 'redis' }>,
  { logger, scrub, missed }: Log,
  now: () => number,
): AuditStore {
  const link = openRedisLink(settings, { subject: 'audit store', scripts: auditScripts }, logger);
  const told = tellOf(logger, {}, 'the audit store', (records) => missed('store', records));
  return createRedisAudit({ link, keyPrefix: settings.keyPrefix, keeping, now, scrub, told });
}

/** A loss is told when it begins and when it ends, with its number: once each, however long it lasts. */
function tellOf(
  logger: Log['logger'],
  fields: object,
  who: string,
  missed: (records: number) => void,
): (problem: string | undefined, lost: number) => void {
  let before = 0;
  return (problem, lost) => {
    if (problem !== undefined) return logger.warn({ ...fields, problem }, `audit records wait for ${who}; the log has them`);
    if (lost > before) missed(lost - before);
    if (lost > before) logger.warn({ ...fields, lost: lost - before }, `audit records were lost to ${who}; the log has them`);
    else logger.info(fields, `${who} takes audit records again`);
    before = lost;
  };
}
