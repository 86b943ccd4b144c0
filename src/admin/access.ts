// Who may ask the admin side: whoever shows the token, signed in, or was let in by a proxy in front; where nothing of that is
// configured, this machine alone.
import type { AdminSettings } from '../config/configuration.ts';
import { own } from '../core/json.ts';
import { toPrintable } from '../core/refusal.ts';
import { isAllowed } from './account.ts';
import { header, problem, type AdminReply, type AdminRequest } from './reply.ts';
import { readSecret, same } from './secret.ts';
import { readSession } from './session.ts';

export type AccessRule = Pick<AdminSettings, 'loopback' | 'url' | 'token' | 'trustedHeader' | 'login' | 'session'>;

/** Whoever was let in. */
export interface Visitor {
  readonly by: 'machine' | 'token' | 'proxy' | 'login';
  /** As a proxy or a provider names him; for people. */
  readonly name?: string;
  /** By a session, which can be ended. */
  readonly session?: true;
}

/** The visitor, else the refusal. @param now milliseconds since 1970 */
export function admit(rule: AccessRule, request: AdminRequest, now: number): Visitor | AdminReply {
  if (rule.token === undefined && rule.trustedHeader === undefined && rule.login === undefined)
    return rule.loopback ? (refuseForeignHost(request) ?? { by: 'machine' }) : closed;
  const known = byProxy(rule, request) ?? byLogin(rule, request, now);
  if (known !== undefined) return known;
  if (rule.token === undefined) return rule.login === undefined ? proxyOnly : refused(rule, false);
  const token = readSecret(rule.token);
  if (token === undefined) return problem(503, 'Admin token unreadable', 'The file with the admin token cannot be read.');
  const shown = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(header(request, 'authorization') ?? '')?.[1];
  if (shown !== undefined) return same(shown, token) ? { by: 'token' } : refused(rule, true);
  return readSession('session by token', token, rule, request, now) === undefined ? refused(rule, false) : { by: 'token', session: true };
}

/** Undefined when the request may go on, else the refusal. Health is answered before. */
export function refuseAccess(rule: AccessRule, request: AdminRequest, now: number): AdminReply | undefined {
  const answer = admit(rule, request, now);
  return isVisitor(answer) ? undefined : answer;
}

export function isVisitor(answer: Visitor | AdminReply): answer is Visitor {
  return 'by' in answer;
}

/**
 * Whoever a proxy of `trusted_proxies` names. Of two names one may be the client's own invention, which a proxy left
 * where it was (HDR-08): then nobody is named.
 */
function byProxy({ trustedHeader }: AccessRule, request: AdminRequest): Visitor | undefined {
  const value = trustedHeader === undefined || !request.peer.trusted ? undefined : request.headers[trustedHeader];
  if (typeof value !== 'string' || value === '' || value.length > 256 || value.includes(',')) return undefined;
  return { by: 'proxy', name: toPrintable(value, 100) };
}

/** The session's account is held against the configuration each time: whoever is taken out of it is out at once (P6). */
function byLogin(rule: AccessRule, request: AdminRequest, now: number): Visitor | undefined {
  const secret = rule.login === undefined ? undefined : readSecret(rule.login.clientSecret);
  if (rule.login === undefined || secret === undefined) return undefined;
  const session = readSession('session by login', secret, rule, request, now);
  if (session === undefined || !isAllowed(rule.login, session)) return undefined;
  const name = own(session, 'name');
  return { by: 'login', session: true, ...(typeof name === 'string' ? { name } : {}) };
}

/**
 * A page of another site that has its name point to this machine gets past the browser's rules, and not past this: its
 * requests name its own host (DNS rebinding).
 */
function refuseForeignHost(request: AdminRequest): AdminReply | undefined {
  const host = (header(request, 'host') ?? '').toLowerCase().replace(/:\d+$/, '');
  const local = host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
  return local ? undefined : problem(403, 'Refused', 'Without server.admin.token this listener answers to names of this machine only.');
}

const closed = problem(403, 'Refused', 'Other machines reach this listener: it answers nothing but health until server.admin has a token.');
const proxyOnly = problem(403, 'Refused', 'This listener answers to whoever was let in by the proxy in front, and nobody is named.');

/** No `error` when nothing was shown (RFC 6750 3.1, SEC-10). */
function refused({ token }: AccessRule, shown: boolean): AdminReply {
  if (token === undefined) return problem(401, 'Refused', 'Sign in at the dashboard.');
  const challenge = `Bearer realm="countersign admin"${shown ? ', error="invalid_token"' : ''}`;
  const detail = shown ? 'This is not the admin token.' : 'Show the admin token: Authorization: Bearer …';
  return problem(401, 'Refused', detail, { 'www-authenticate': challenge });
}
