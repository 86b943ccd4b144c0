// Finds the publishers that a token may match without asking each of thousands.
import type { VerifiedClaims } from '../core/claims.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import { tokenKeys } from '../providers/index.ts';
import type { Issuer } from './configuration.ts';

/** Up to so many publishers of an issuer are all checked: then the audit record says of each what differed. */
const fewEnough = 100;

interface Group {
  readonly all: readonly TrustedPublisher[];
  /** Positions in `all`. */
  readonly byKey: ReadonlyMap<string, readonly number[]>;
  readonly always: readonly number[];
}

/**
 * Indexes publishers by issuer and key, once per configuration. The result gives the publishers that `match` has to see,
 * in the order of the policy: all that could match a token or lend a refusal its words.
 */
export function indexPublishers(
  publishers: readonly TrustedPublisher[],
  issuers: ReadonlyMap<string, Issuer>,
): (claims: VerifiedClaims) => readonly TrustedPublisher[] {
  const groups = new Map([...Map.groupBy(publishers, ({ issuer }) => issuer)].map(([issuer, all]) => [issuer, group(all)]));
  return (claims) => {
    const found = groups.get(claims.issuer);
    const provider = issuers.get(claims.issuer)?.provider;
    if (found === undefined || provider === undefined) return [];
    if (found.all.length <= fewEnough) return found.all;
    const keyed = tokenKeys(provider, claims).flatMap((key) => found.byKey.get(key) ?? []);
    const all = [...found.always, ...keyed];
    const positions = all.length < 2 ? all : [...new Set(all)].toSorted((a, b) => a - b);
    return positions.flatMap((position) => found.all[position] ?? []);
  };
}

function group(all: readonly TrustedPublisher[]): Group {
  const byKey = new Map<string, number[]>();
  const always: number[] = [];
  for (const [position, { keys }] of all.entries()) {
    if (keys === undefined) always.push(position);
    for (const key of keys ?? []) {
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [position]);
      else same.push(position);
    }
  }
  return { all, byKey, always };
}
