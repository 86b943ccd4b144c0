// Reads audit records: from a log as `serve` writes it, or from the admin listener of the running proxy.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { AuditEvent } from '../audit/event.ts';
import { auditFields } from '../audit/fields.ts';
import { isJsonObject, own, type JsonObject } from '../core/json.ts';
import { toPrintable } from '../core/refusal.ts';
import { CommandFailed, exitCode } from './exit.ts';
import { adminUrl } from './admin-listener.ts';
import { address, ask } from './http.ts';
import { parsedJson } from './json-answer.ts';
import { shown } from './output.ts';
import type { Terminal } from './terminal.ts';

/** A record as found; whatever a log can hold, its fields are of their kinds and printable. */
export type AuditRecord = Pick<AuditEvent, 'event' | 'outcome'> & Partial<AuditEvent> & { readonly time?: string };

export interface AuditSource {
  readonly config: string;
  /** A log; `-` is stdin. */
  readonly audit?: string;
  /** `host:port` of an admin listener. */
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
  if (source.audit === undefined) return fromProxy(source, where, terminal);
  const found: AuditRecord[] = [];
  for await (const line of linesOf(source.audit, terminal)) {
    // Most lines of a log are something else, and parsing costs.
    if (!line.includes('"audit":true')) continue;
    const record = readRecord(parsedJson(line));
    if (record !== undefined && Object.entries(where).every(([field, value]) => record[field as keyof typeof where] === value))
      found.push(record);
  }
  return found;
}

async function* linesOf(path: string, terminal: Terminal): AsyncGenerator<string> {
  try {
    const input = path === '-' ? Readable.from([(await terminal.stdin()) ?? '']) : createReadStream(path);
    yield* createInterface({ input, crlfDelay: Infinity });
  } catch {
    throw new CommandFailed(exitCode.usage, `${path} cannot be read.`);
  }
}

/** Pages that are asked for at most. */
const mostPages = 100;

async function fromProxy(source: AuditSource, where: Readonly<Record<string, string>>, terminal: Terminal): Promise<AuditRecord[]> {
  const options = { config: source.config, ...(source.admin === undefined ? {} : { address: source.admin }) };
  const url = new URL('/api/v1/events', adminUrl(options, terminal));
  for (const [field, value] of Object.entries(where)) url.searchParams.set(field, value);
  const found: AuditRecord[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const answer = await pageAt(url, terminal.env['COUNTERSIGN_ADMIN_TOKEN']);
    const events = own(answer, 'events');
    if (Array.isArray(events)) found.push(...events.flatMap((event) => readRecord(event) ?? []));
    const next = own(answer, 'next');
    if (typeof next !== 'string') break;
    url.searchParams.set('cursor', next);
  }
  return found.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? ''));
}

async function pageAt(url: URL, token: string | undefined): Promise<JsonObject> {
  const answer = await ask(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  const said = parsedJson(answer.text);
  if (answer.status === 200 && isJsonObject(said)) return said;
  const detail = isJsonObject(said) ? own(said, 'detail') : undefined;
  const why = typeof detail === 'string' ? `: ${shown(detail)}` : '';
  const hint = answer.status === 401 ? ' Set COUNTERSIGN_ADMIN_TOKEN.' : answer.status === 404 ? ' Use --audit with its log.' : '';
  throw new CommandFailed(exitCode.outage, `${address(url)} answered ${answer.status}${why}.${hint}`.replace('..', '.'));
}

/** Known fields alone, each of its kind; undefined when it is no audit record. */
function readRecord(value: unknown): AuditRecord | undefined {
  if (!isJsonObject(value) || typeof own(value, 'event') !== 'string' || typeof own(value, 'outcome') !== 'string') return undefined;
  const fields = Object.entries(auditFields).flatMap(([name, { type }]): [string, unknown][] => {
    const field = own(value, name);
    if (type === 'number') return typeof field === 'number' ? [[name, field]] : [];
    if (type === 'text') return typeof field === 'string' ? [[name, toPrintable(field, 1000)]] : [];
    return Array.isArray(field) ? [[name, field.map((entry) => toPrintable(String(entry), 1000))]] : [];
  });
  const time = own(value, 'time');
  return { ...Object.fromEntries(fields), ...(typeof time === 'string' ? { time: toPrintable(time, 40) } : {}) } as AuditRecord;
}
