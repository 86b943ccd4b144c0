// Reports of upload tokens that somebody found where they should not be: secret scanners, and whoever stumbles over one.
import type { AuditEvent } from '../audit/event.ts';
import { isJsonObject, own, type Json, type JsonObject } from '../core/json.ts';
import { isRefusal, refuse, toPrintable, type Refusal } from '../core/refusal.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import { parseToken } from '../core/upload-token.ts';
import type { ExchangeEndpoint, Head, LeakReport, Reply } from '../registries/registry.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { ExchangeRoom } from './exchange.ts';
import { hashToken } from './mint.ts';

const bodyLimit = 64 * 1024;
const maxReports = 100;

/**
 * `POST /-/oidc/leaked`: GitHub's secret scanning partner format, `[{ token, type, url, source }]`, or `{ token }` or
 * `{ tokens: [] }`. Nobody has to sign a report: whoever has a token may give it back (RFC 7009), and a report can do no more.
 */
export function leakedEndpoint(head: Head): ExchangeEndpoint | undefined {
  if (head.path !== '/-/oidc/leaked') return undefined;
  if (head.method !== 'POST')
    return { kind: 'refused', refusal: refuse('request-method', { method: head.method, allow: 'POST' }), allow: 'POST' };
  return { kind: 'leaked', bodyLimit, read: (body) => readReports(head, body), done };
}

/** One answer for tokens that were live, were not, or never existed (TOK-27). */
const done: Reply = { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body: '{}' };

/** Revokes what is live of the tokens that were reported, and records each. An outage of the store is a refusal: report again. */
export async function revokeReported(
  room: ExchangeRoom,
  about: Pick<AuditEvent, 'request' | 'client' | 'address'>,
  reports: readonly LeakReport[],
): Promise<Refusal | undefined> {
  const sources = new Map<string, string>();
  for (const { token, source } of reports) {
    const parsed = parseToken(token);
    if (parsed.kind === 'token') sources.set(hashToken(parsed.token), source);
  }
  try {
    // One after another: what was revoked before an outage has its line in the record.
    for (const [hash, source] of sources) {
      if (!(await room.store.revoke(hash))) continue;
      const detail = `reported leaked, source ${source}`;
      room.audit({ event: 'revoke', outcome: 'revoked', ...about, policy: room.configuration.revision, token: hash.slice(0, 12), detail });
    }
    return undefined;
  } catch (error) {
    if (error instanceof StoreUnavailable) return refuse('store-unavailable', {}, { detail: error.message });
    throw error;
  }
}

function readReports(head: Head, body: Uint8Array): LeakReport[] | Refusal {
  const type = head.headers.get('content-type');
  if (!/^application\/json(; ?charset="?utf-8"?)?$/i.test(type ?? ''))
    return refuse('body-type', { expected: 'application/json', actual: type });
  if (head.headers.has('content-encoding')) return refuse('body-encoding', { actual: head.headers.get('content-encoding') });
  const value = parsed(body);
  if (value === undefined) return refuse('request-invalid', { problem: 'the body is not JSON in UTF-8 with each key once' });
  const entries = entriesOf(value);
  if (entries === undefined || entries.length === 0)
    return refuse('request-invalid', { problem: 'it is neither [{ "token": … }], { "token": … } nor { "tokens": [ … ] }' });
  if (entries.length > maxReports) return refuse('request-invalid', { problem: `it reports more than ${maxReports} tokens` });
  const reports: LeakReport[] = [];
  for (const entry of entries) {
    const report = readReport(entry);
    if (isRefusal(report)) return report;
    reports.push(report);
  }
  return reports;
}

function parsed(body: Uint8Array): Json | undefined {
  try {
    const json = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(body), { maxDepth: 4, maxKeys: 2000 });
    return json.ok ? json.value : undefined;
  } catch {
    return undefined;
  }
}

function entriesOf(value: Json): readonly Json[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value)) return undefined;
  const tokens = own(value, 'tokens');
  if (tokens === undefined) return [value];
  return Array.isArray(tokens) && own(value, 'token') === undefined ? tokens.map((token: Json): JsonObject => ({ token })) : undefined;
}

/** `type` and whatever a scanner adds besides mean nothing here. */
function readReport(entry: Json): LeakReport | Refusal {
  const token = isJsonObject(entry) ? own(entry, 'token') : undefined;
  if (!isJsonObject(entry) || typeof token !== 'string') return refuse('request-invalid', { problem: 'a report has no token' });
  const where = [own(entry, 'source'), own(entry, 'url')].flatMap((part) => (typeof part === 'string' && part !== '' ? [part] : []));
  return { token, source: where.length === 0 ? 'not said' : toPrintable(where.join(' '), 400) };
}
