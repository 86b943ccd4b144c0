// Sends answers of ours, and turns an upstream's answer to an authorised request into one.
import type { ServerResponse } from 'node:http';
import { refuse, toPrintable, type Refusal } from '../core/refusal.ts';
import type { RegistrySettings, Reply } from '../registries/registry.ts';
import { drain, endAnswer } from './drain.ts';
import type { UpstreamAnswer } from './forward.ts';

/** What we say ourselves is kept by nobody and leads nowhere (SEC-12); a reply may say otherwise of itself. */
const unkept = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } as const;

/** Sends a reply whole, and takes what the client still has to say. Nothing happens when it is gone or an answer was begun. */
export function send(res: ServerResponse, reply: Reply): void {
  if (res.headersSent || res.destroyed) return;
  if (reply.reason !== undefined && /^[\x20-\x7e]+$/.test(reply.reason)) res.statusMessage = reply.reason;
  res.writeHead(reply.status, { ...unkept, ...reply.headers, 'content-length': String(Buffer.byteLength(reply.body)) });
  endAnswer(res, reply.body);
  drain(res.req);
}

/**
 * What the client hears of the upstream's answer to an upload. Success goes through with its body; refusals keep status
 * and text, because clients recognise "already exists" by them; trouble with our own credential is never the client's
 * 401 (TOK-23): it would make the CI rotate the wrong thing. A change that is forbidden (403) to an account which may upload
 * is a setting of the registry, whose words say which.
 */
export function relay(registry: RegistrySettings, answer: UpstreamAnswer, what: 'upload' | 'change' = 'upload'): Reply | Refusal {
  if (answer.status >= 200 && answer.status < 300) return success(answer);
  if (answer.status === 401 || (answer.status === 403 && what === 'upload'))
    return refuse('upstream-credential', {}, { detail: said(answer) });
  if (answer.status >= 400 && answer.status < 500) {
    return { ...refuse('upstream-refused', { status: answer.status, text: said(answer) }), status: answer.status };
  }
  if (answer.status >= 500) return { ...refuse('upstream-refused', { status: answer.status, text: said(answer) }), status: 502 };
  return refuse('upstream-broken', {}, { detail: `status ${answer.status} from ${registry.name}` });
}

/** The upstream's answer to a client's own credential: status, reason and body as they are. */
export function relayOwn(answer: UpstreamAnswer, notice?: string): Reply {
  const challenge = answer.headers['www-authenticate'];
  const reply = success(answer);
  return {
    ...reply,
    reason: toPrintable(answer.reason),
    headers: {
      ...reply.headers,
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      ...(notice === undefined ? {} : { 'npm-notice': notice }),
    },
  };
}

function success(answer: UpstreamAnswer): Reply {
  const type = answer.headers['content-type'] ?? 'text/plain; charset=utf-8';
  return {
    status: answer.status,
    headers: { 'content-type': /^[\x20-\x7e]{1,200}$/.test(type) ? type : 'text/plain', 'cache-control': 'no-store' },
    body: answer.body.toString('utf8'),
  };
}

/** The upstream's own words: the JSON error of npm registries, else the reason phrase, else nothing. HTML never. */
function said(answer: UpstreamAnswer): string {
  if (/json/.test(answer.headers['content-type'] ?? '')) {
    try {
      const body: unknown = JSON.parse(answer.body.toString('utf8'));
      const error =
        typeof body === 'object' && body !== null
          ? ((body as Record<string, unknown>)['error'] ?? (body as Record<string, unknown>)['message'])
          : undefined;
      if (typeof error === 'string') return toPrintable(error, 300);
    } catch {
      // Not JSON after all: the reason phrase has to do.
    }
  }
  return toPrintable(answer.reason, 300);
}
