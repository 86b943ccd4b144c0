// Once (P5): what makes an identity token count as exchanged, for what, how often, and for how long that is remembered.
import type { Issuer } from '../config/configuration.ts';
import type { PackageName } from '../core/package-name.ts';
import type { MintRequest } from '../store/store.ts';

/** Milliseconds beyond `exp` and the leeway for which a mark is kept; clocks of proxy and store may differ by this much. */
const margin = 60_000;

/** A verified identity token, as the store needs it. Times are Unix seconds. */
export interface Identity {
  readonly identity: string;
  readonly issuedAt: number;
  readonly expires: number;
}

/**
 * The replay part of a mint request.
 * @param leeway seconds that verification allows past `exp`: the mark must outlive the last second in which the token is
 *   accepted, or it could be exchanged again just before (TOB-PYPI26-1)
 * @param now milliseconds
 */
export function once(
  token: Identity,
  issuer: Issuer,
  registries: readonly string[],
  name: PackageName | undefined,
  leeway: number,
  now: number,
): Pick<MintRequest, 'identity' | 'asked' | 'limit' | 'issuedAt' | 'markFor'> {
  return {
    identity: token.identity,
    asked: registries.map((registry) => `${registry}\n${name ?? '*'}`),
    limit: issuer.maxExchanges,
    issuedAt: token.issuedAt,
    markFor: Math.ceil((token.expires + leeway) * 1000 - now) + margin,
  };
}
