// Makes an upload token: random text for the client, a hash and a record for the store.
import { hash } from 'node:crypto';
import type { Issuer } from '../config/configuration.ts';
import type { VerifiedClaims } from '../core/claims.ts';
import type { Grant, TokenRecord } from '../core/grant.ts';
import { own, type Json, type JsonObject } from '../core/json.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import { formatToken } from '../core/upload-token.ts';
import type { MintRequest } from '../store/store.ts';
import { randomBytesOf } from './random.ts';

/** SHA-256 (hex) of a canonical upload token: all that is stored of it (SEC-02). */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

export interface Draft extends Pick<MintRequest, 'tokenHash' | 'record' | 'keepFor' | 'nonce'> {
  readonly token: string;
}

/**
 * Drafts an upload token that the store has not heard of yet.
 * @param now milliseconds
 */
export function draft(
  issuer: Issuer,
  claims: VerifiedClaims,
  publishers: readonly TrustedPublisher[],
  grants: readonly Grant[],
  now: number,
): Draft {
  const random = randomBytesOf(48);
  const token = formatToken(random.subarray(0, 32));
  const tokenHash = hashToken(token);
  const ttl = Math.min(...publishers.map((publisher) => publisher.ttl));
  const minted = Math.floor(now / 1000);
  const uploads = publishers.flatMap(({ maxUploads }) => maxUploads ?? []);
  const record: TokenRecord = {
    version: 1,
    id: tokenHash.slice(0, 12),
    issuer: issuer.name,
    claims: claimsToKeep(issuer, claims),
    grants,
    run: issuer.provider.run(claims),
    minted,
    expires: minted + ttl,
    ...(uploads.length === 0 ? {} : { maxUploads: Math.min(...uploads) }),
  };
  return { token, tokenHash, record, keepFor: ttl * 1000, nonce: random.toString('base64url', 32) };
}

/** What publishers' conditions may read later (P6): the provider's table, or everything where claims are named freely. */
function claimsToKeep(issuer: Issuer, claims: VerifiedClaims): JsonObject {
  const { provider } = issuer;
  const names = provider.freeClaims ? Object.keys(claims.set) : conditional(provider);
  const kept: [string, Json][] = [];
  for (const name of names) {
    const value = own(claims.set, name);
    if (value !== undefined) kept.push([name, value]);
  }
  return Object.fromEntries(kept);
}

/** What tells one identity token from another was looked at before the mint, and no condition can read it. */
const ofOneToken = ['exp', 'iat', 'nbf', 'jti'];

function conditional({ claims }: Issuer['provider']): string[] {
  return [...claims.required, ...claims.checked].filter((name) => !ofOneToken.includes(name));
}
