// Answers in the dialect of Python indexes, put where their clients show them.
import { toPrintable, type Refusal } from '../../core/refusal.ts';
import type { Reply } from '../registry.ts';

/** A JSON answer that nobody may keep. */
export function json(status: number, value: unknown, type = 'application/json'): Reply {
  return { status, headers: { 'content-type': type, 'cache-control': 'no-store' }, body: JSON.stringify(value) };
}

/**
 * A refusal as Python's clients show it. twine prints the reason phrase, uv the JSON `code`, others `message`; twine and
 * gh-action-pypi-publish crash on an exchange refusal without `message` and `errors`. The members of RFC 9457 stand
 * beside them (PEP 807 asks for them), so that one body serves all.
 */
export function reply(refusal: Refusal, where: 'exchange' | 'upload' | 'other', requestId: string): Reply {
  const status = where === 'exchange' ? exchangeStatus(refusal) : refusal.status;
  const text = `${refusal.message} (request ${toPrintable(requestId)})`;
  const members = { title: refusal.title, detail: text, type: `urn:countersign:refusal:${refusal.code}`, status };
  const body =
    where === 'exchange'
      ? { message: 'Token request failed', errors: [{ code: refusal.pypi, description: text }], ...members }
      : { message: text, code: `${status} ${text}`, errors: [{ code: refusal.code, description: text }], ...members };
  const answer = json(status, body);
  return {
    ...answer,
    reason: reasonPhrase(refusal.message),
    headers: {
      ...answer.headers,
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="Countersign", charset="UTF-8"' } : {}),
      ...(refusal.retryAfter === undefined ? {} : { 'retry-after': String(refusal.retryAfter) }),
    },
  };
}

/** Warehouse answers every refused exchange with 422; what a client or an administrator can act on keeps its status. */
function exchangeStatus({ status }: Refusal): number {
  return status >= 500 || [404, 405, 406, 408, 413, 429].includes(status) ? status : 422;
}

/** One line of printable ASCII (RFC 9112 4), whole where it can be, and short enough for the 4 KiB that nginx has for a head. */
function reasonPhrase(message: string): string {
  const text = toPrintable(message, 600);
  return text.length > 400 ? `${text.slice(0, 397)}...` : text;
}
