// Answers in npm's dialect, put where its clients show them.
import { toPrintable, type Refusal } from '../../core/refusal.ts';
import type { Reply } from '../registry.ts';

/** A JSON answer that nobody may keep. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}

/**
 * A refusal as npm's clients show it: npm prints the `npm-notice` header even where it hides the body, pnpm prints
 * `body.message`, Yarn and npm print `error` of a refused publish. Never `WWW-Authenticate`: with it npm hides the
 * reason and tells its user to log in.
 */
export function reply(refusal: Refusal, where: 'exchange' | 'upload' | 'other', requestId: string): Reply {
  const text = toPrintable(`${refusal.message} (${refusal.code}, request ${requestId})`, 800);
  const headers = { 'npm-notice': text, ...(refusal.retryAfter === undefined ? {} : { 'retry-after': String(refusal.retryAfter) }) };
  const tail = { code: refusal.code, request: requestId };
  if (where === 'exchange')
    return json(exchangeStatus(refusal.status), { error: text, message: text, body: { message: text }, ...tail }, headers);
  const status = where === 'upload' ? uploadStatus(refusal.status) : refusal.status;
  return json(status, { error: text, reason: refusal.title, ...tail }, headers);
}

/** Statuses that tell a client, a proxy or an administrator more than 403 stay; all others say one thing: refused. */
function exchangeStatus(status: number): number {
  return status >= 500 || [405, 408, 413, 429].includes(status) ? status : 403;
}

/** npm words 401 and 404 itself and hides our text. */
function uploadStatus(status: number): number {
  return status === 401 || status === 404 ? 403 : status;
}
