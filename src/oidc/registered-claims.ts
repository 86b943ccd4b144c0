// The registered claims (RFC 7519 section 4.1) of a token whose signature is good: their types, and the audience.
import { own, type JsonObject } from '../core/json.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import type { IssuerSettings } from '../core/settings.ts';

/** Times are whole Unix seconds, rounded down. */
export interface RegisteredClaims {
  readonly audience: string;
  readonly expires: number;
  readonly issuedAt: number;
  readonly notBefore?: number;
  readonly jti?: string;
}

/** The last second of the year 9999; later times break date formats and stores (JWT-32). */
const lastSecond = 253_402_300_799;
const maxLength = 1024;

/**
 * Reads `aud exp iat sub` and, where there, `nbf` and `jti`, each of exactly the type that RFC 7519 gives it; no
 * coercion. `jti` must be there when the issuer is known to send it; `sub` always (OpenID Connect Core section 2).
 */
export function readRegistered(claims: JsonObject, issuer: IssuerSettings): RegisteredClaims | Refusal {
  const audience = readAudience(claims);
  const expires = readTime(claims, 'exp');
  const issuedAt = readTime(claims, 'iat');
  const notBefore = readTime(claims, 'nbf');
  if (audience === undefined) return invalid('its `aud` is not one string; a token for several audiences is not accepted');
  if (typeof expires !== 'number') return invalid('its `exp` is not a time');
  if (typeof issuedAt !== 'number') return invalid('its `iat` is not a time');
  if (notBefore === 'malformed') return invalid('its `nbf` is not a time');
  if (!isGoodSubject(own(claims, 'sub'))) return invalid('its `sub` is not a printable string of at most 1024 characters');
  const jti = own(claims, 'jti');
  if (jti === undefined && issuer.jti) return invalid('it has no `jti`, so its reuse could not be noticed');
  if (jti !== undefined && !isName(jti)) return invalid('its `jti` is not a string of 1 to 1024 characters');
  return { audience, expires, issuedAt, ...(notBefore === undefined ? {} : { notBefore }), ...(jti === undefined ? {} : { jti }) };
}

/**
 * The one audience must be the registry's or one that the configuration adds for this issuer, compared exactly.
 * `how` tells the caller how to ask for the right one.
 */
export function checkAudience(
  actual: string,
  issuer: IssuerSettings,
  audiences: readonly string[],
  how: string | undefined,
): Refusal | undefined {
  const expected = [...new Set([...audiences, ...issuer.audiences])];
  return expected.includes(actual) ? undefined : refuse('audience', { actual, expected: expected.join(' or '), how });
}

/** RFC 7519 allows a list; with two audiences, either registry could use the token at the other (JWT-39, JWT-40). */
function readAudience(claims: JsonObject): string | undefined {
  const aud = own(claims, 'aud');
  const only: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return typeof only === 'string' && only !== '' ? only : undefined;
}

function readTime(claims: JsonObject, name: string): number | 'malformed' | undefined {
  const value = own(claims, name);
  if (value === undefined) return undefined;
  return typeof value === 'number' && value >= 0 && value <= lastSecond ? Math.floor(value) : 'malformed';
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxLength;
}

/** `sub` is for people: it must not be able to break a line or turn the direction of text (JWT-48). */
function isGoodSubject(sub: unknown): boolean {
  return isName(sub) && !/[\p{Cc}\p{Bidi_Control}]/u.test(sub);
}

function invalid(problem: string): Refusal {
  return refuse('token-invalid', { problem });
}
