// The name under which the store remembers that an identity token was exchanged.
import { hash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/**
 * SHA-256 (hex) of what the signature vouches for: issuer and `jti`, or issuer and all claims where there is no `jti`.
 * Never of the token's text, because one token can be written in many ways (`s → n−s`, JWT-21). Each part goes in with
 * its length, so that (`…/a`, `b/c`) and (`…/a/b`, `c`) differ (JWT-64).
 */
export function identityOf(issuerUrl: string, jti: string | undefined, claims: JsonObject): string {
  const parts = jti === undefined ? [issuerUrl, 'claims', canonicalJson(claims)] : [issuerUrl, 'jti', jti];
  return hash('sha256', parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''), 'hex');
}

/** JSON with sorted keys and no space: equal for equal values. The depth was bounded when the claims were read. */
function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}
