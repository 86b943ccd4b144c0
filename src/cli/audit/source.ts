// Where `countersign audit` reads: the admin listener, page by page, or a file of JSON lines.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEntry, type AuditEntry } from '../../audit/entry.ts';
import { matches, pageLimits, type AuditQuery } from '../../audit/query.ts';
import { isJsonObject, own } from '../../core/json.ts';
import { CommandFailed, exitCode } from '../exit.ts';
import type { AdminAccess } from '../admin-listener.ts';
import { pageAt } from '../audit-log.ts';
import { parsedJson } from '../json-answer.ts';
import type { Terminal } from '../terminal.ts';

export interface AuditSource {
  /** The newest records that fit, oldest first. */
  readonly latest: (limit: number) => Promise<AuditEntry[]>;
  /** Those that come from now on, as they come; for ever. Call it after `latest`. */
  readonly follow: () => AsyncIterable<AuditEntry>;
}

/** Milliseconds between two looks for new records. */
const look = 500;

/** @param parameters filters and times, as the API takes them */
export function fromAdmin(access: AdminAccess, parameters: URLSearchParams): AuditSource {
  /** Newest first, until one is known or there are enough. */
  const newest = async (limit: number, known: string | undefined): Promise<AuditEntry[]> => {
    const found: AuditEntry[] = [];
    for (let cursor: string | undefined; found.length < limit;) {
      const query = new URLSearchParams(parameters);
      query.set('limit', String(Math.min(limit - found.length, 100)));
      if (cursor !== undefined) query.set('cursor', cursor);
      const page = await pageAt(access, query);
      const events = page.events.flatMap((event) => readEntry(JSON.stringify(event)) ?? []);
      const end = events.findIndex(({ id }) => id === known);
      found.push(...(end === -1 ? events : events.slice(0, end)));
      if (end !== -1 || page.next === undefined) break;
      cursor = page.next;
    }
    return found;
  };
  let last: string | undefined;
  return {
    latest: async (limit) => {
      const found = await newest(limit, undefined);
      last = found[0]?.id;
      return found.toReversed();
    },
    async *follow() {
      for (;;) {
        await sleep(look);
        // In the order in which the store got them: what is new is in front of what is known, whenever it happened.
        const found = await newest(pageLimits.most, last);
        last = found[0]?.id ?? last;
        yield* found.toReversed();
      }
    },
  };
}

/** @param path a file that `audit.file` names, or what `serve` printed; `-` is stdin */
export function fromFile(path: string, query: AuditQuery, terminal: Terminal): AuditSource {
  let read = 0;
  return {
    latest: async (limit) => {
      const found: AuditEntry[] = [];
      const lines = path === '-' ? ((await terminal.stdin()) ?? '').split('\n') : linesOf(path, 0, (end) => (read = end));
      for await (const line of lines) {
        const entry = entryOf(line);
        if (entry === undefined || !matches(entry, query)) continue;
        found.push(entry);
        if (found.length > limit) found.shift();
      }
      return found;
    },
    async *follow() {
      if (path === '-') return;
      for (; ; await sleep(look)) {
        const size = (await stat(path).catch(() => undefined))?.size ?? 0;
        // It was emptied, or another one is there: all of it is new.
        if (size < read) read = 0;
        if (size === read) continue;
        for await (const line of linesOf(path, read, (end) => (read = end))) {
          const entry = entryOf(line);
          if (entry !== undefined && matches(entry, query)) yield entry;
        }
      }
    },
  };
}

/** Whole lines from a byte on; a last one without its end is left for later. @param seen is told how far it was read */
async function* linesOf(path: string, start: number, seen: (end: number) => void): AsyncGenerator<string> {
  const stream = createReadStream(path, { start });
  let held: Buffer = Buffer.alloc(0);
  let end = start;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([held, chunk]);
      const whole = bytes.lastIndexOf('\n') + 1;
      held = bytes.subarray(whole);
      end += whole;
      seen(end);
      yield* bytes.toString('utf8', 0, Math.max(0, whole - 1)).split('\n');
    }
  } catch {
    throw new CommandFailed(exitCode.usage, `${path} cannot be read.`);
  }
}

/** Lines of the log that are no records are passed over; those of older versions have no id. */
function entryOf(line: string): AuditEntry | undefined {
  const value = line.includes('"audit":true') ? parsedJson(line) : undefined;
  return isJsonObject(value) && own(value, 'audit') === true ? readEntry(JSON.stringify({ id: '', ...value })) : undefined;
}
