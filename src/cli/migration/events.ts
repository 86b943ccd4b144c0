// The audit records that a migration is judged by: from a log of JSON lines, or from the admin listener.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import { CommandFailed, exitCode } from '../exit.ts';
import { address, ask } from '../http.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import type { Terminal } from '../terminal.ts';

/** One upload, or one attempt with a credential that is not ours. */
export interface Use {
  /** Milliseconds. */
  readonly at: number;
  readonly kind: 'long-lived' | 'refused' | 'trusted';
  readonly registry: string;
  /** Undefined where the request did not say it. */
  readonly package: string | undefined;
  readonly client: string | undefined;
  readonly address: string | undefined;
}

export interface Sources {
  /** Files of JSON lines, as `serve` logs them; `-` is stdin. */
  readonly audit?: readonly string[];
  /** The admin listener. */
  readonly admin?: string;
}

/** @throws CommandFailed when there is nothing to read, or no record in it */
export async function readUses(sources: Sources, terminal: Terminal): Promise<readonly Use[]> {
  if ((sources.audit === undefined) === (sources.admin === undefined))
    throw new CommandFailed(exitCode.usage, 'Say where the audit record is: --audit with a log file, or --admin with the admin listener.');
  if (sources.admin !== undefined) return fromAdmin(sources.admin, terminal);
  const uses: Use[] = [];
  let records = 0;
  for (const path of sources.audit ?? []) {
    for await (const line of linesOf(path, terminal)) {
      const event = parsedJson(line);
      if (!isJsonObject(event) || own(event, 'audit') !== true) continue;
      records += 1;
      const use = useOf(event);
      if (use !== undefined) uses.push(use);
    }
  }
  if (records === 0)
    throw new CommandFailed(exitCode.usage, 'There is no audit record in it: what `countersign serve` prints is expected.');
  return uses;
}

async function* linesOf(path: string, terminal: Terminal): AsyncGenerator<string> {
  if (path === '-') return yield* ((await terminal.stdin()) ?? '').split('\n');
  try {
    yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  } catch (error) {
    throw new CommandFailed(exitCode.usage, `${path} cannot be read.`, { cause: error });
  }
}

/** What is asked for: uploads of either kind, and the attempts that were refused for their credential. */
const questions = ['outcome=long-lived&outcome=uploaded', 'code=long-lived-refused'];
/** Pages of one question; a record has an end. */
const mostPages = 10_000;

async function fromAdmin(base: string, { env }: Terminal): Promise<readonly Use[]> {
  if (!URL.canParse(base)) throw new CommandFailed(exitCode.usage, '--admin is not a URL, for example http://127.0.0.1:9090/.');
  const token = env['COUNTERSIGN_ADMIN_TOKEN'];
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const uses: Use[] = [];
  for (const question of questions) {
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page += 1) {
      const url = new URL(`/api/v1/events?${question}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, base);
      const answer = await ask(url, { headers });
      const body = parsedJson(answer.text);
      const events = isJsonObject(body) ? own(body, 'events') : undefined;
      if (answer.status !== 200 || !Array.isArray(events)) throw noRecord(url, answer.status);
      uses.push(...events.filter(isJsonObject).flatMap((event) => useOf(event) ?? []));
      const next = isJsonObject(body) ? own(body, 'next') : undefined;
      if (typeof next !== 'string') break;
      cursor = next;
    }
  }
  return uses;
}

function noRecord(url: URL, status: number): CommandFailed {
  const why =
    status === 401 || status === 403 ? ' It wants a token: set COUNTERSIGN_ADMIN_TOKEN.' : ' Is that the admin listener of Countersign?';
  return new CommandFailed(exitCode.outage, `${address(url)} answered ${status}, without audit records.${why}`);
}

/** Undefined for records of anything else. */
function useOf(event: JsonObject): Use | undefined {
  const text = (name: string): string | undefined => {
    const value = own(event, name);
    return typeof value === 'string' && value !== '' ? shown(value, 256) : undefined;
  };
  const kind = kindOf(text('event'), text('outcome'), text('code'));
  const registry = text('registry');
  const at = Date.parse(text('time') ?? '');
  if (kind === undefined || registry === undefined || Number.isNaN(at)) return undefined;
  return { at, kind, registry, package: text('package'), client: text('client'), address: text('address') };
}

function kindOf(event: string | undefined, outcome: string | undefined, code: string | undefined): Use['kind'] | undefined {
  if (event === 'pass-through' && outcome === 'long-lived') return 'long-lived';
  if (outcome === 'refused' && code === 'long-lived-refused') return 'refused';
  return event === 'upload' && outcome === 'uploaded' ? 'trusted' : undefined;
}
