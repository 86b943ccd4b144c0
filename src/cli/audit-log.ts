// Where audit records are read: lines of a log as `serve` writes it, or the admin listener, page by page.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isJsonObject, own, type JsonObject } from '../core/json.ts';
import type { AdminAccess } from './admin-listener.ts';
import { CommandFailed, exitCode } from './exit.ts';
import { address, ask } from './http.ts';
import { parsedJson } from './json-answer.ts';
import { shown } from './output.ts';
import type { Terminal } from './terminal.ts';

/**
 * The audit lines of a log, oldest first; `-` is stdin.
 * @throws CommandFailed (`usage`) when it cannot be read
 */
export async function* recordsIn(path: string, terminal: Terminal): AsyncGenerator<JsonObject> {
  for await (const line of linesOf(path, terminal)) {
    // Most lines of a log are something else, and parsing costs.
    const record = line.includes('"audit"') ? parsedJson(line) : undefined;
    if (isJsonObject(record) && own(record, 'audit') === true) yield record;
  }
}

async function* linesOf(path: string, terminal: Terminal): AsyncGenerator<string> {
  if (path === '-') return yield* ((await terminal.stdin()) ?? '').split('\n');
  try {
    yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  } catch (error) {
    throw new CommandFailed(exitCode.usage, `${path} cannot be read.`, { cause: error });
  }
}

/** Pages of one question; a record has an end. */
const mostPages = 10_000;

/**
 * What the admin listener answers to the query, newest first.
 * @throws CommandFailed (`outage`) when it does not answer, or with anything else
 */
export async function* recordsAt(access: AdminAccess, query: string): AsyncGenerator<JsonObject> {
  const parameters = new URLSearchParams(query);
  for (let page = 0; page < mostPages; page += 1) {
    const { events, next } = await pageAt(access, parameters);
    yield* events;
    if (next === undefined) return;
    parameters.set('cursor', next);
  }
}

/** One page of records, newest first. @throws CommandFailed */
export async function pageAt(
  { base, token }: AdminAccess,
  parameters: URLSearchParams,
): Promise<{ readonly events: readonly JsonObject[]; readonly next: string | undefined }> {
  const url = new URL(`/api/v1/events?${parameters.toString()}`, base);
  const answer = await ask(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const said = parsedJson(answer.text);
  const body = isJsonObject(said) ? said : {};
  const events = own(body, 'events');
  if (answer.status !== 200 || !Array.isArray(events)) throw noRecords(url, answer.status, own(body, 'detail'));
  const next = own(body, 'next');
  return { events: events.filter(isJsonObject), next: typeof next === 'string' ? next : undefined };
}

function noRecords(url: URL, status: number, detail: unknown): CommandFailed {
  const said = typeof detail === 'string' ? ` ${shown(detail, 300)}` : status === 401 ? '' : ' Is that the admin listener of Countersign?';
  const token = status === 401 ? ' Set COUNTERSIGN_ADMIN_TOKEN.' : '';
  return new CommandFailed(status === 400 ? exitCode.usage : exitCode.outage, `${address(url)} answered ${status}.${said}${token}`);
}
