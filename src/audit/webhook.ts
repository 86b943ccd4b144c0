// Tells a webhook of audit entries, one after the other, signed; tries again while it does not take them.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import type { SecretSource } from '../core/secret.ts';
import type { WebhookSettings } from '../core/settings.ts';
import { Batches } from './batches.ts';
import { sizeOf, type AuditEntry } from './entry.ts';
import type { Sink } from './record.ts';
import { signed } from './signature.ts';

export interface Webhook {
  readonly sink: Sink;
  readonly settle: () => Promise<void>;
  /** Closes it. Gives the number of entries that still waited. */
  readonly close: () => Promise<number>;
}

export interface WebhookRoom {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For User-Agent. */
  readonly version: string;
  /** Takes secrets out of a finished text (SEC-05). */
  readonly scrub: (text: string) => string;
  readonly told: (problem: string | undefined, lost: number) => void;
  /** An entry that will never be delivered, and why. */
  readonly gaveUp: (id: string, reason: string) => void;
  /** Milliseconds before the attempt after this one, unless the receiver says. */
  readonly pause?: (attempt: number) => number;
}

/** Entries that wait while the receiver is away: the latest day of them at most. */
const bounds = { items: 5_000, bytes: 16 * 1024 * 1024, batch: 1 };
const oldest = 24 * 3_600_000;
/** Milliseconds for one delivery, and between two attempts at most. */
const timeout = 10_000;
const longestPause = 300_000;
/** An entry that is refused so will not be taken the next time either; the next one may be. */
const refusedForGood: readonly number[] = [400, 410, 413, 415, 422];

class NotTaken extends Error {
  /** Milliseconds that the receiver asks for. */
  readonly wait: number | undefined;
  constructor(message: string, wait?: number) {
    super(message);
    this.wait = wait;
  }
}

export function createWebhook(settings: WebhookSettings, room: WebhookRoom): Webhook {
  const dispatcher = new Agent({ connections: 1, connect: { timeout: 5_000, ...trusted(settings.caFile) } });
  const batches = new Batches<AuditEntry>({
    bounds,
    delay: 0,
    told: room.told,
    pause: (attempt, error) =>
      Math.min(longestPause, (error instanceof NotTaken ? error.wait : undefined) ?? (room.pause ?? doubling)(attempt)),
    send: async ([entry]) => {
      if (entry === undefined) return;
      const tooOld = room.now() - Date.parse(entry.time) > oldest;
      const reason = tooOld ? 'it was not taken for a day' : await deliver(settings, room, dispatcher, entry);
      if (reason !== undefined) room.gaveUp(entry.id, reason);
    },
  });
  return {
    sink: (entry) => {
      if (settings.outcomes.includes(entry.outcome)) batches.add(entry, sizeOf(entry));
    },
    settle: () => batches.settle(),
    close: async () => {
      batches.close();
      await dispatcher.destroy();
      return batches.status().waiting;
    },
  };
}

/** Undefined when it was taken, else why it will never be. @throws NotTaken when it may be later */
async function deliver(settings: WebhookSettings, room: WebhookRoom, dispatcher: Agent, entry: AuditEntry): Promise<string | undefined> {
  const body = room.scrub(JSON.stringify({ type: `${entry.event}.${entry.outcome}`, timestamp: entry.time, data: entry }));
  const secret = await secretOf(settings.secret);
  try {
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(settings.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `countersign/${room.version}`,
        ...signed(entry.id, Math.floor(room.now() / 1000), body, secret),
      },
      body,
      dispatcher,
      signal: AbortSignal.timeout(timeout),
    });
    await answer.dump({ limit: 16 * 1024 }).catch(() => undefined);
    if (statusCode >= 200 && statusCode < 300) return undefined;
    if (refusedForGood.includes(statusCode)) return `it was answered ${statusCode}`;
    // A redirect, too: whoever is named in it has no business with the record (SEC-09).
    throw new NotTaken(`it answered ${statusCode}`, secondsOf(headers['retry-after']));
  } catch (error) {
    throw error instanceof NotTaken ? error : new NotTaken(reasonOf(error));
  }
}

/** A file is read each time, so that a new secret counts at once. */
async function secretOf(source: SecretSource): Promise<string> {
  if (source.kind === 'value') return source.value.reveal();
  const text = await readFile(source.path, 'utf8').catch(() => '');
  if (text.trim() === '') throw new NotTaken('the file with its secret cannot be read');
  return text.replace(/\r?\n$/, '');
}

function trusted(caFile: string | undefined): { readonly ca?: string[] } {
  return caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] };
}

function secondsOf(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^[0-9]{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

/** No text of the error: it may have the address, which is a secret at many receivers (SEC-06). */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `it cannot be reached (${code})` : 'it cannot be reached';
}

/** From one second on, doubling, and never all processes at the same moment. */
function doubling(attempt: number): number {
  return 1_000 * 2 ** Math.min(attempt, 12) * (0.5 + Math.random() / 2);
}
