// Requests and answers of the admin side, as plain values.
import { toPrintable } from '../core/refusal.ts';
import type { Href } from './href.ts';
import type { Html } from './html.ts';

export interface AdminRequest {
  readonly method: string;
  /** As the request has it, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly peer: Peer;
  /** The fields of a form; undefined when it is too long, or none. Read once. */
  readonly form: () => Promise<URLSearchParams | undefined>;
}

/** Who is at the other end. */
export interface Peer {
  /** Of the client, after `trusted_proxies`: an IPv4 address, or the /64 of an IPv6 address. */
  readonly network: string;
  /** The connection is from one of `trusted_proxies`. */
  readonly trusted: boolean;
  /** A trusted proxy says that the client came by https. */
  readonly secure: boolean;
}

/** A complete answer. */
export interface AdminReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Each is a `Set-Cookie`. */
  readonly cookies?: readonly string[];
  readonly body: string;
}

/** One header of a request; the first where there are several. */
export function header({ headers }: Pick<AdminRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** One parameter of a request in the form that records have it; undefined when it is empty. */
export function parameter({ query }: Pick<AdminRequest, 'query'>, name: string): string | undefined {
  const text = query.get(name)?.trim() ?? '';
  return text === '' ? undefined : toPrintable(text, 256);
}

/** One cookie of a request; undefined when it is not there, or twice: then one of them is of somebody else. */
export function cookie(request: Pick<AdminRequest, 'headers'>, name: string): string | undefined {
  const pairs = (header(request, 'cookie') ?? '').split(';').map((pair) => pair.trim());
  const found = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
  return found.length === 1 ? found[0] : undefined;
}

/** Nothing from elsewhere, nothing inline, in no other page (CSP Level 3); `connect-src` is for the live refresh. */
const pagePolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page. Within the dashboard the browser may say where it comes from: that is how its forms are told from others'. */
export function page(status: number, body: Html, cookies: readonly string[] = []): AdminReply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy, 'referrer-policy': 'same-origin' },
    cookies,
    body: `${body.toString()}\n`,
  };
}

/** Sends the browser on, to be asked with GET. */
export function seeOther(target: Href | URL, cookies: readonly string[] = []): AdminReply {
  return { status: 303, headers: { location: String(target), 'referrer-policy': 'same-origin' }, cookies, body: '' };
}

/** A JSON document. What the admin side says is kept by nobody (SEC-12). */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): AdminReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: `${JSON.stringify(body)}\n` };
}

/** A problem as RFC 9457 has it. */
export function problem(status: number, title: string, detail: string, headers: Readonly<Record<string, string>> = {}): AdminReply {
  return json(status, { title, status, detail }, { 'content-type': 'application/problem+json', ...headers });
}

/** The sentence of a `problem`, for another form of the same answer. */
export function detailOf({ body }: AdminReply): string {
  const { detail } = JSON.parse(body) as { readonly detail?: string };
  return detail ?? '';
}
