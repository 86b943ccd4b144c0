// What a client of npm shows to prove who it is: a bearer, or user and password (`_auth`).
import { parseToken } from '../../core/upload-token.ts';
import { refuse } from '../../core/refusal.ts';
import { mentionsToken } from '../mentions-token.ts';
import type { Head, Presented } from '../registry.ts';

/** The one user name that an upload token may be the password of. */
const tokenUser = '__token__';

/** Reads `Authorization`. Whatever holds an upload token is read exactly or refused: as foreign it would be passed on (TOK-06, TOK-07). */
export function presented(head: Head): Presented {
  const header = head.headers.get('authorization');
  if (header === undefined) return { kind: 'none' };
  const bearer = bearerOf(head);
  if (bearer !== undefined && (parseToken(bearer).kind !== 'foreign' || !mentionsToken(bearer))) return { kind: 'text', text: bearer };
  const basic = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  const text = basic === undefined ? undefined : decoded(basic);
  const colon = text?.indexOf(':') ?? -1;
  if (text !== undefined && colon !== -1) {
    const password = text.slice(colon + 1);
    if (text.slice(0, colon) === tokenUser && parseToken(password).kind !== 'foreign') return { kind: 'text', text: password };
  }
  if (!mentionsToken(header)) return { kind: 'foreign' };
  const problem = `an upload token comes as \`Bearer <token>\`, or as the password of user ${tokenUser}, and in no other form`;
  return { kind: 'refused', refusal: refuse('request-invalid', { problem }) };
}

/** The token of `Bearer <token>` (RFC 6750 2.1): one space, one token, scheme in any case; undefined for all else. */
export function bearerOf(head: Head): string | undefined {
  return /^bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(head.headers.get('authorization') ?? '')?.[1];
}

/** Strict base64 (RFC 4648 4) of UTF-8; Node's decoder alone would skip over garbage. */
function decoded(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}
