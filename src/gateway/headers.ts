// Reads the head of a request from its raw header lines, and says what of it may go on to an upstream.
import type { IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../core/refusal.ts';

export interface RequestHead {
  readonly method: string;
  /** Host and port as sent, in lower case. */
  readonly host: string;
  /** By lower-case name. Names with anything but letters, digits and hyphens are left out (HDR-09). */
  readonly headers: ReadonlyMap<string, string>;
  /** How the body is framed; 'none' where there is none. */
  readonly body: { readonly kind: 'none' } | { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' };
}

const maxHeaders = 100;
const maxHeaderBytes = 16_384;

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const withoutBody = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Two of these and two readers may each take another one (HDR-10, SMG-07, SMG-10, TOK-08). */
const once = new Set([
  'host',
  'authorization',
  'content-length',
  'content-type',
  'transfer-encoding',
  'content-encoding',
  'content-disposition',
  'content-range',
  'range',
  'origin',
  'user-agent',
  'npm-otp',
  'x-forwarded-proto',
]);

/**
 * Reads the head. Refuses what two parsers could frame or read differently: duplicates of headers that matter, a Host that
 * is none, a transfer coding other than chunked, a body where none belongs (SMG-01 to SMG-30, HDR-10).
 */
export function readHead(req: IncomingMessage): RequestHead | Refusal {
  const method = req.method ?? '';
  // Node's parser lets 0.9 and 2.0 through, whose requests have another form (SMG-23).
  if (!/^1\.[01]$/.test(req.httpVersion)) return { ...invalid('its version is neither HTTP/1.1 nor HTTP/1.0'), status: 505 };
  if (!methods.has(method)) return refuse('request-method', { method, allow: [...methods].join(', ') });
  const headers = collect(req.rawHeaders);
  if (!(headers instanceof Map)) return headers;
  const host = headers.get('host')?.toLowerCase();
  if (host === undefined || !isHost(host)) return invalid('its Host header is missing or not a host name');
  const expect = headers.get('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return refuse('request-expectation');
  // RFC 9112 6.1: whoever speaks HTTP/1.0 knows no chunks, and what comes behind his request is anybody's guess.
  if (req.httpVersion === '1.0' && headers.has('transfer-encoding')) return invalid('it has a Transfer-Encoding in HTTP/1.0');
  const body = framing(method, headers);
  return 'kind' in body ? { method, host, headers, body } : body;
}

function collect(raw: readonly string[]): Map<string, string> | Refusal {
  if (raw.length > 2 * maxHeaders) return tooMuch(`it has more than ${maxHeaders} headers`);
  const headers = new Map<string, string>();
  let bytes = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    bytes += name.length + value.length + 4;
    if (bytes > maxHeaderBytes) return tooMuch(`its headers are longer than ${maxHeaderBytes} bytes`);
    if (!/^[a-z0-9-]+$/.test(name)) continue;
    const before = headers.get(name);
    if (once.has(name)) {
      if (before !== undefined) return invalid(`it has more than one ${name} header`);
      if (!/^[\x20-\x7e]*$/.test(value)) return invalid(`its ${name} header is not printable ASCII`);
    }
    headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return headers;
}

function framing(method: string, headers: ReadonlyMap<string, string>): RequestHead['body'] | Refusal {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (length !== undefined && coding !== undefined) return invalid('it has both Content-Length and Transfer-Encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return invalid('its Transfer-Encoding is not chunked');
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return invalid('its Content-Length is not a number');
  const bytes = Number(length ?? 0);
  // http-proxy-3 drops the framing of a chunked DELETE or OPTIONS and pipes its body on: the next request of somebody else
  // on that connection (SMG-11, SMG-12). GET and HEAD bodies are read by some upstreams only (SMG-13).
  if (withoutBody.has(method) && (coding !== undefined || bytes > 0)) return invalid(`a ${method} must not have a body`);
  if (coding !== undefined) return { kind: 'chunked' };
  return bytes > 0 || length !== undefined ? { kind: 'length', bytes } : { kind: 'none' };
}

function invalid(problem: string): Refusal {
  return refuse('request-invalid', { problem });
}

function tooMuch(problem: string): Refusal {
  return { ...invalid(problem), status: 431 };
}

/**
 * True for `name`, `name:port`, `[v6]` and `[v6]:port` in lower case. Strict on purpose: Verdaccio exits on a Host that its
 * validator dislikes, an underscore is enough.
 */
export function isHost(text: string): boolean {
  const found = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/.exec(text);
  return found !== null && !text.includes('..') && Number(found[1] ?? 1) >= 1 && Number(found[1] ?? 1) <= 65_535;
}
