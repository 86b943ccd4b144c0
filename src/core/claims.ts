// Claims of an identity token, before and after verification: two types that cannot be mixed up.
import { own, type Json, type JsonObject } from './json.ts';

declare const verified: unique symbol;

/** Claims as read from a token that nobody has verified yet. Good for choosing the issuer, for nothing else. */
export interface UnverifiedClaims {
  readonly unverified: JsonObject;
}

/**
 * Claims of a token whose signature, issuer, audience and times were checked in the order of design/3.
 * `issuer` is the issuer's name in the configuration, never its URL: publishers are keyed by it, so that a token of one
 * issuer can never match another's publisher (TOB-PYPI26-12, JWT-47, CLM-49).
 */
export interface VerifiedClaims {
  readonly [verified]: true;
  readonly issuer: string;
  readonly set: JsonObject;
}

/**
 * Marks claims as verified. Only `oidc/verify.ts` (a token that passed), `gateway/authorise.ts` (claims stored with an
 * upload token that once passed), `explain` and `pin` (which grant nothing and say that they check no signature) may call it;
 * `test/architecture.test.ts` holds the list.
 */
export function assumeVerified(issuer: string, set: JsonObject): VerifiedClaims {
  return { issuer, set } as VerifiedClaims;
}

/** The claim as written if it is a string, else undefined. No coercion: `["a"]`, 1 and true are not "a" (JWT-49). */
export function stringClaim(claims: VerifiedClaims, name: string): string | undefined {
  const value = own(claims.set, name);
  return typeof value === 'string' ? value : undefined;
}

/** Any claim, own properties only. */
export function claim(claims: VerifiedClaims, name: string): Json | undefined {
  return own(claims.set, name);
}

/**
 * The one text form in which a claim is compared and shown: strings as they are, booleans as `true`/`false`, safe
 * integers as digits. Everything else (fractions, lists, objects, null) has none and never matches (CLM-64).
 */
export function claimText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return undefined;
}
