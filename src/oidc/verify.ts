// Verifies identity tokens, in the order of the policy document's "The identity token, in order".
import { assumeVerified, type VerifiedClaims } from '../core/claims.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { IssuerSettings } from '../core/settings.ts';
import { checkHeader } from './header.ts';
import { identityOf } from './identity.ts';
import { findIssuer } from './issuer.ts';
import type { KeyStatus } from './keys.ts';
import { createKeyStores } from './key-stores.ts';
import { checkAudience, readRegistered } from './registered-claims.ts';
import { isSigned } from './signature.ts';
import { checkTimes } from './times.ts';
import { readUnverified } from './unverified.ts';

export type { KeyStatus } from './keys.ts';
export { leeway } from './times.ts';

/** A token that passed. */
export interface VerifiedToken {
  readonly claims: VerifiedClaims;
  /** SHA-256 (hex) that names this token in the store. */
  readonly identity: string;
  /** `iat`, whole Unix seconds. */
  readonly issuedAt: number;
  /** `exp`, whole Unix seconds; the token is accepted until `leeway` seconds later. */
  readonly expires: number;
}

export interface Verifier {
  /**
   * Verifies a token for one of `audiences`. `how` gives, for an issuer's name, the hint that a refused audience is
   * shown with. Expected failures are refusals; the token is in none of them.
   */
  readonly verify: (
    token: string,
    audiences: readonly string[],
    how?: (issuer: string) => string | undefined,
  ) => Promise<VerifiedToken | Refusal>;
  /** Fetches the keys of all issuers that are due, so that the first exchange need not wait. Never throws. */
  readonly refresh: () => Promise<void>;
  /** One entry per configured issuer. */
  readonly status: () => readonly KeyStatus[];
  /** Stops fetches under way. */
  readonly close: () => void;
}

export interface VerifierOptions {
  /** The issuers of the live configuration, by name. */
  readonly issuers: () => ReadonlyMap<string, IssuerSettings>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told about every attempt to get keys. */
  readonly log?: (status: KeyStatus) => void;
}

/** A verifier with its own key stores; see `Verifier`. */
export function createVerifier({ issuers, now = Date.now, log = () => {} }: VerifierOptions): Verifier {
  const stores = createKeyStores(issuers, now, log);

  const verify: Verifier['verify'] = async (token, audiences, how) => {
    const read = readUnverified(token);
    if (isRefusal(read)) return read;
    const issuer = findIssuer(read.claims, issuers());
    if (isRefusal(issuer)) return issuer;
    const header = checkHeader(read.header, issuer.algorithms);
    if (isRefusal(header)) return header;
    const key = await stores.of(issuer).find(header);
    if (isRefusal(key)) return key;
    if (!(await isSigned(token, read, key, header.alg))) {
      return refuse('token-invalid', { problem: 'its signature is not that of its issuer' });
    }
    const set = read.claims.unverified;
    const registered = readRegistered(set, issuer);
    if (isRefusal(registered)) return registered;
    const refusal =
      checkAudience(registered.audience, issuer, audiences, how?.(issuer.name)) ??
      checkTimes(registered, issuer.maxAge, Math.floor(now() / 1000));
    if (refusal !== undefined) return refusal;
    const { issuedAt, expires, jti } = registered;
    return { claims: assumeVerified(issuer.name, set), identity: identityOf(issuer.url, jti, set), issuedAt, expires };
  };

  return {
    verify,
    refresh: async () => {
      await Promise.all(stores.all().map((store) => store.refresh()));
    },
    status: () => stores.all().map((store) => store.status()),
    close: stores.close,
  };
}
