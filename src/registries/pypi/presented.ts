// What a client of a Python index shows to prove who it is: user `__token__` and a token, or (uv) a bearer.
import { refuse } from '../../core/refusal.ts';
import { parseToken } from '../../core/upload-token.ts';
import { mentionsToken } from '../mentions-token.ts';
import type { Head, Presented } from '../registry.ts';

/** The one user name that an upload token is the password of. */
const tokenUser = '__token__';

/**
 * Reads `Authorization` (RFC 7617, RFC 6750). What holds an upload token is read exactly or refused, for as foreign it
 * would be passed on (TOK-06, TOK-07).
 */
export function presented(head: Head): Presented {
  const header = head.headers.get('authorization');
  if (header === undefined) return { kind: 'none' };
  const bearer = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
  if (bearer !== undefined && (isOurs(bearer) || !mentionsToken(bearer))) return { kind: 'text', text: bearer };
  const basic = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  const pair = basic === undefined ? undefined : pairOf(basic);
  if (pair?.user === tokenUser && (isOurs(pair.password) || !mentionsToken(pair.password))) {
    return pair.password === '' ? { kind: 'none' } : { kind: 'text', text: pair.password };
  }
  if (!mentionsToken(header)) return { kind: 'foreign' };
  const problem =
    pair !== undefined && isOurs(pair.password)
      ? `an upload token is the password of user ${tokenUser}, and this request has another user name`
      : `an upload token comes as the password of user ${tokenUser}, or as \`Bearer <token>\`, and in no other form`;
  return { kind: 'refused', refusal: refuse('request-invalid', { problem }) };
}

function pairOf(base64: string): { readonly user: string; readonly password: string } | undefined {
  const bytes = Buffer.from(base64, 'base64');
  // Node's decoder skips garbage and takes loose bits; only the one canonical spelling is read (RFC 4648 3.5).
  if (bytes.toString('base64') !== base64) return undefined;
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0 || !Buffer.from(text, 'utf8').equals(bytes)) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A token, or one with a damaged end: the checksum says which, and `gateway/caller.ts` tells the client. */
function isOurs(text: string): boolean {
  return parseToken(text).kind !== 'foreign' && !/[:\s]/.test(text);
}
