// What a browser keeps of a sign-in: a signed text that says who it was and until when. There is nothing to look up, so that
// every worker and replica knows it, and a new token or client secret ends all of them.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { isJsonObject, own, type JsonObject } from '../core/json.ts';
import type { AccessRule } from './access.ts';
import { cookie, type AdminRequest } from './reply.ts';

/** What a signed text is good for; one of a kind is none of another. */
export type Purpose = 'session by token' | 'session by login' | 'sign-in';

/**
 * Signs a value that ends at a time. It can be read by whoever has it, and changed by nobody.
 * @param until Unix seconds
 */
export function seal(purpose: Purpose, secret: string, value: JsonObject, until: number): string {
  const text = Buffer.from(JSON.stringify({ ...value, until })).toString('base64url');
  return `${text}.${mac(purpose, secret, text).toString('base64url')}`;
}

/** The value, unless it is another's, of another purpose, or over. Never throws. @param now milliseconds since 1970 */
export function open(purpose: Purpose, secret: string, sealed: string | undefined, now: number): JsonObject | undefined {
  const [text = '', shown = '', ...more] = sealed === undefined || sealed.length > 4096 ? [] : sealed.split('.');
  const [expected, actual] = [mac(purpose, secret, text), Buffer.from(shown, 'base64url')];
  if (more.length > 0 || actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
  const value = parsed(text);
  const until = value === undefined ? undefined : own(value, 'until');
  return typeof until === 'number' && now < until * 1000 ? value : undefined;
}

function mac(purpose: Purpose, secret: string, text: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `countersign admin: ${purpose}`, 32));
  return createHmac('sha256', key).update(text).digest();
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Where = Pick<AccessRule, 'url'>;
type From = Pick<AdminRequest, 'peer'>;

/** Whether the browser talks https to the dashboard. */
function isSecure({ url }: Where, { peer }: From): boolean {
  return url?.protocol === 'https:' || peer.secure;
}

/** The prefix keeps other hosts of the domain, and http, from setting it (RFC 6265bis 4.1.3). */
function cookieName(kind: 'session' | 'sign-in', secure: boolean): string {
  return `${secure ? '__Host-' : ''}countersign-${kind}`;
}

/**
 * A `Set-Cookie` that no script can read. A session never comes along from another site; a sign-in does, since the
 * browser comes back with it from the provider.
 * @param age seconds; 0 takes it away
 */
export function setCookie(kind: 'session' | 'sign-in', value: string, age: number, rule: Where, request: From): string {
  const secure = isSecure(rule, request);
  const sameSite = kind === 'session' ? 'Strict' : 'Lax';
  return `${cookieName(kind, secure)}=${value}; Path=/; HttpOnly; SameSite=${sameSite}; Max-Age=${age}${secure ? '; Secure' : ''}`;
}

/** A session that this secret made, or the sign-in that this browser began. @param now milliseconds since 1970 */
export function readSession(purpose: Purpose, secret: string, rule: Where, request: AdminRequest, now: number): JsonObject | undefined {
  const name = cookieName(purpose === 'sign-in' ? 'sign-in' : 'session', isSecure(rule, request));
  return open(purpose, secret, cookie(request, name), now);
}

/** The cookie of a new session. @param now milliseconds since 1970 */
export function newSession(
  purpose: Exclude<Purpose, 'sign-in'>,
  secret: string,
  about: JsonObject,
  rule: Pick<AccessRule, 'url' | 'session'>,
  request: From,
  now: number,
): string {
  return setCookie('session', seal(purpose, secret, about, Math.floor(now / 1000) + rule.session), rule.session, rule, request);
}
