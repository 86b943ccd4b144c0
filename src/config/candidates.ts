// Finds the publishers that a token may match without asking each of thousands.
import type { VerifiedClaims } from '../core/claims.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import { tokenKeys } from '../providers/index.ts';
import type { Issuer } from './configuration.ts';

/** Up to so many publishers of an issuer are all checked: then the audit record says of each what differed. */
const fewEnough = 100;

interface Group {
  readonly all: TrustedPublisher[];
  /** Positions in `all`: one, or several. */
  readonly byKey: Map<string, number | number[]>;
  readonly always: number[];
}

/**
 * Publishers by issuer and key, added in the order of the policy. What it gives, `match` has to see: all that could match a
 * token or lend a refusal its words, in the same order.
 */
export class PublisherIndex {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #groups = new Map<string, Group>();

  constructor(issuers: ReadonlyMap<string, Issuer>) {
    this.#issuers = issuers;
  }

  add(publisher: TrustedPublisher): void {
    const { issuer, keys } = publisher;
    const group: Group = this.#groups.get(issuer) ?? { all: [], byKey: new Map(), always: [] };
    this.#groups.set(issuer, group);
    const position = group.all.push(publisher) - 1;
    if (keys === undefined) group.always.push(position);
    for (const key of keys ?? []) {
      const same = group.byKey.get(key);
      if (same === undefined) group.byKey.set(key, position);
      else if (typeof same === 'number') group.byKey.set(key, [same, position]);
      else same.push(position);
    }
  }

  candidates(claims: VerifiedClaims): readonly TrustedPublisher[] {
    const group = this.#groups.get(claims.issuer);
    const provider = this.#issuers.get(claims.issuer)?.provider;
    if (group === undefined || provider === undefined) return [];
    if (group.all.length <= fewEnough) return group.all;
    const keyed = tokenKeys(provider, claims).flatMap((key) => group.byKey.get(key) ?? []);
    const all = [...group.always, ...keyed];
    const positions = all.length < 2 ? all : [...new Set(all)].toSorted((a, b) => a - b);
    return positions.flatMap((position) => group.all[position] ?? []);
  }
}
