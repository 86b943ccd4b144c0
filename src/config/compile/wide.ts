// Warnings where a pattern covers packages of publishers of other workloads of the issuer.
import type { PackagePattern } from '../../core/package-name.ts';
import { isWild } from '../../core/pattern.ts';
import { quote } from '../did-you-mean.ts';
import type { PublisherHead } from '../kept-publisher.ts';
import type { Crowd } from './crowd.ts';
import { mostPairs, overlap } from './overlap.ts';

interface Listed {
  readonly at: number;
  readonly entry: PackagePattern;
}

/** Counts what is listed, publisher by publisher; then the patterns are held against the rest, where there are not too many. */
export class WidePatterns {
  /** By registry. */
  readonly #patterns = new Map<string, Listed[]>();
  readonly #counts = new Map<string, number>();

  add(at: number, publish: ReadonlyMap<string, readonly PackagePattern[]>): void {
    for (const [registry, entries] of publish) {
      this.#counts.set(registry, (this.#counts.get(registry) ?? 0) + entries.length);
      for (const entry of entries) {
        if (!isWild(entry)) continue;
        const patterns = this.#patterns.get(registry) ?? [];
        patterns.push({ at, entry });
        this.#patterns.set(registry, patterns);
      }
    }
  }

  /** A name that two of them list is meant for both; a pattern may take in what nobody thought of. */
  warn(crowd: Crowd): void {
    for (const [registry, patterns] of this.#patterns) {
      if (patterns.length * (this.#counts.get(registry) ?? 0) > mostPairs) continue;
      const listed = listedFor(crowd, registry);
      for (const one of patterns) {
        const names = new Set<string>();
        for (const other of listed) {
          // Of two patterns, the one that comes later is told of.
          if (isWild(other.entry) && other.at >= one.at) continue;
          const [a, b] = [crowd.heads[one.at], crowd.heads[other.at]];
          if (a !== undefined && b !== undefined && otherWorkload(a, b) && overlap(one.entry, other.entry)) names.add(b.name);
        }
        if (names.size === 0) continue;
        const [who, shown] = [names.size === 1 ? 'publisher' : 'publishers', [...names].slice(0, 3).join(', ')];
        const rest = names.size > 3 ? ` and ${names.size - 3} more` : '';
        crowd.warn(one.at, ['publish', registry], 'overlap', `${quote(one.entry)} also covers packages of ${who} ${shown}${rest}`);
      }
    }
  }
}

/** Of the same issuer, with anchors of which no token has both. */
function otherWorkload(a: PublisherHead, b: PublisherHead): boolean {
  if (a.issuer !== b.issuer || a.keys === undefined || b.keys === undefined) return false;
  const keys = new Set(a.keys);
  return !b.keys.some((key) => keys.has(key));
}

function listedFor(crowd: Crowd, registry: string): Listed[] {
  return crowd.heads.flatMap((_, at) => (crowd.member(at)?.publisher.publish.get(registry) ?? []).map((entry) => ({ at, entry })));
}
