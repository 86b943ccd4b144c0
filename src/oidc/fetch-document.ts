// Fetches an issuer's JSON documents over the network: few, small, soon, and from nowhere else.
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { Agent, request, type Dispatcher } from 'undici';
import type { Json } from '../core/json.ts';
import type { IssuerSettings } from '../core/settings.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import { isPublicAddress, isPublicOrPrivateAddress, literalAddress, lookupIf } from './address.ts';

/** The keys cannot be had; the message is for the administrator. */
export class KeysUnavailable extends Error {
  /** Seconds that the issuer asked us to wait. */
  readonly retryAfter: number | undefined;
  constructor(problem: string, retryAfter?: number) {
    super(problem);
    this.retryAfter = retryAfter;
  }
}

/** What one visit to an issuer is given: the time that it has, and whom to tell what time it is at the issuer's. */
export interface Visit {
  readonly signal: AbortSignal;
  /** Milliseconds since 1970, in whole seconds. */
  readonly dated: (at: number) => void;
}

/** Bytes of one document. */
export const maxDocumentBytes = 262_144;
const maxRedirects = 2;
const limits = { maxDepth: 16, maxKeys: 20_000 };

/**
 * A client for one visit to this issuer; destroy it afterwards. Certificates are verified whatever
 * NODE_TLS_REJECT_UNAUTHORIZED says (JWK-22), and `insecure` does not change that.
 */
export async function openAgent(settings: IssuerSettings): Promise<Agent> {
  const ca = settings.caFile === undefined ? {} : { ca: [...getCACertificates('default'), await readFile(settings.caFile, 'utf8')] };
  const lookup = settings.insecure ? {} : { lookup: lookupIf(addressesFor(settings)) };
  return new Agent({ allowH2: false, connect: { rejectUnauthorized: true, minVersion: 'TLSv1.2', timeout: 5000, ...ca, ...lookup } });
}

/**
 * Gets one document of at most 256 KiB. Redirects are followed twice at most and only within the origin (JWK-01).
 * Throws `KeysUnavailable`, or the network's own error; the visit's signal bounds the whole time.
 */
export async function fetchDocument(start: URL, agent: Agent, settings: IssuerSettings, { signal, dated }: Visit): Promise<Json> {
  let url = start;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    checkUrl(url, settings);
    const response = await request(url, {
      dispatcher: agent,
      signal,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'countersign' },
    });
    const at = dateOf(response);
    if (at !== undefined) dated(at);
    if (response.statusCode < 300 || response.statusCode === 304 || response.statusCode > 308) return readJson(url, response);
    await response.body.dump({ limit: 16_384, signal });
    const next = URL.parse(header(response, 'location'), url.href);
    if (next === null || next.origin !== start.origin) throw new KeysUnavailable(`${url.href} redirects to another origin`);
    url = next;
  }
  throw new KeysUnavailable(`${start.href} redirects more than ${maxRedirects} times`);
}

function addressesFor({ privateNetwork }: IssuerSettings): (address: string) => boolean {
  return privateNetwork ? isPublicOrPrivateAddress : isPublicAddress;
}

export function checkUrl(url: URL, settings: IssuerSettings): void {
  if (url.username !== '' || url.password !== '') throw new KeysUnavailable('the address holds a user name or a password');
  if (url.protocol !== 'https:' && !(settings.insecure && url.protocol === 'http:')) throw new KeysUnavailable(`${url.href} is not https`);
  const address = literalAddress(url);
  if (address !== undefined && !settings.insecure && !addressesFor(settings)(address))
    throw new KeysUnavailable(`${address} is not a public address`);
}

export async function readJson(url: URL, response: Dispatcher.ResponseData): Promise<Json> {
  const problem = answerProblem(response);
  if (problem !== undefined) {
    await response.body.dump({ limit: 16_384 });
    throw new KeysUnavailable(`${url.href} answered ${problem}`, retryAfter(response));
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxDocumentBytes) throw new KeysUnavailable(`${url.href} is longer than ${maxDocumentBytes} bytes`);
    chunks.push(chunk);
  }
  const parsed = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)), limits);
  if (!parsed.ok) throw new KeysUnavailable(`${url.href} is not strict JSON: ${parsed.problem}`);
  return parsed.value;
}

function answerProblem(response: Dispatcher.ResponseData): string | undefined {
  if (response.statusCode !== 200) return `status ${response.statusCode}`;
  if (/^text\/html\b/i.test(header(response, 'content-type'))) return 'with HTML';
  const encoding = header(response, 'content-encoding');
  // Nothing is ever decompressed, so there is no bomb to defuse (JWK-04).
  return encoding === '' || encoding === 'identity' ? undefined : 'with a compressed body that was not asked for';
}

function retryAfter(response: Dispatcher.ResponseData): number | undefined {
  const value = header(response, 'retry-after');
  return /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}

/** What time it was where the answer was made, with what it spent in caches (RFC 9110 6.6.1, RFC 9111 5.1). */
function dateOf(response: Dispatcher.ResponseData): number | undefined {
  const made = Date.parse(header(response, 'date'));
  const age = header(response, 'age');
  if (Number.isNaN(made)) return undefined;
  return made + (/^[0-9]{1,9}$/.test(age) ? Number(age) * 1000 : 0);
}

function header(response: Dispatcher.ResponseData, name: string): string {
  const value = response.headers[name];
  return typeof value === 'string' ? value : '';
}
