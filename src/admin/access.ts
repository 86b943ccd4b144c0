// Who may ask the admin side: whoever shows the token; without one, this machine alone.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecretSource } from '../core/secret.ts';
import { header, problem, type AdminReply, type AdminRequest } from './reply.ts';

export interface AccessRule {
  readonly loopback: boolean;
  readonly token?: SecretSource;
}

/** Undefined when the request may go on, else the refusal. Health is answered before. */
export function refuseAccess(rule: AccessRule, request: AdminRequest): AdminReply | undefined {
  if (rule.token === undefined) return rule.loopback ? refuseForeignHost(request) : closed;
  const token = readToken(rule.token);
  if (token === undefined) return problem(503, 'Admin token unreadable', 'The file with the admin token cannot be read.');
  const shown = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(header(request, 'authorization') ?? '')?.[1];
  return shown !== undefined && same(shown, token) ? undefined : refused(shown !== undefined);
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

/** No `error` when nothing was shown (RFC 6750 3.1, SEC-10). */
function refused(shown: boolean): AdminReply {
  const challenge = `Bearer realm="countersign admin"${shown ? ', error="invalid_token"' : ''}`;
  const detail = shown ? 'This is not the admin token.' : 'Show the admin token: Authorization: Bearer …';
  return problem(401, 'Refused', detail, { 'www-authenticate': challenge });
}

/** Digests have one length, whatever was shown: `timingSafeEqual` throws for texts of two lengths, and tells them apart by time (SEC-03). */
function same(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Few requests come here, so a file is read for each of them and a rotated token counts at once. */
function readToken(source: SecretSource): string | undefined {
  if (source.kind === 'value') return source.value.reveal();
  try {
    const text = readFileSync(source.path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
