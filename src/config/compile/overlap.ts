// Warnings about publishers and registries that reach the same packages.
import type { PackagePattern } from '../../core/package-name.ts';
import { isWild } from '../../core/pattern.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';
import type { PlainPublisher } from '../kept-publisher.ts';

/** More pairs with a pattern than this are not compared: the warning is a courtesy, the time of a reload is not. */
export const mostPairs = 500_000;

type Named = Pick<PlainPublisher, 'name' | 'issuer'>;

/** What the publishers so far list for one registry: each entry with the first that lists it. */
interface Listing {
  readonly exact: Map<PackagePattern, Named>;
  readonly wild: (readonly [PackagePattern, Named])[];
  /** Pairs that were compared because one of them is a pattern. */
  compared: number;
}

/** Looks at publishers one after the other, in the order of the files; of each only what it lists is kept. */
export class Overlaps {
  readonly #listings = new Map<string, Listing>();
  readonly #told = new Set<string>();

  /** Whether publishers of these issuers and registries need a look. */
  static arePossible(issuers: number, registries: Iterable<RegistrySettings>): boolean {
    return issuers > 1 || sharedHosts([...registries]).length > 0;
  }

  /** Warns where a publisher of another issuer before it may publish the same package (POL-19). */
  add({ name, issuer, publish }: PlainPublisher, cursor: Cursor): void {
    const publisher: Named = { name, issuer };
    for (const [registry, entries] of publish) {
      const listing = this.#listing(registry);
      const tell = (before: PackagePattern, other: Named, entry: PackagePattern): void => {
        const names = JSON.stringify([registry, other.name, name]);
        if (other.issuer === issuer || this.#told.has(names)) return;
        this.#told.add(names);
        const message = `${quote(entry)} overlaps ${quote(before)} of publisher ${quote(other.name)}, whose issuer is another (${other.issuer})`;
        cursor.at('publish').at(registry).warn('overlap', message);
      };
      for (const entry of entries) {
        const same = listing.exact.get(entry);
        if (same !== undefined) tell(entry, same, entry);
        const isPattern = isWild(entry);
        if (isPattern || listing.wild.length > 0) {
          for (const [before, other] of rivals(listing, isPattern)) if (overlap(before, entry)) tell(before, other, entry);
        }
        if (isPattern) listing.wild.push([entry, publisher]);
        else if (same === undefined) listing.exact.set(entry, publisher);
      }
    }
  }

  /**
   * Warns where two npm registries share a host and a package: clients exchange at the host's root, so one upload token
   * speaks for both, and the path of the upload alone decides between them.
   */
  warnOfSharedHosts(registries: readonly RegistrySettings[], section: Cursor): void {
    for (const [a, b] of sharedHosts(registries)) {
      const shared = firstShared(entriesOf(this.#listing(a.name)), entriesOf(this.#listing(b.name)));
      if (shared === undefined) continue;
      section
        .at(b.name)
        .at('url')
        .warn(
          'shared-host',
          `registries ${quote(a.name)} and ${quote(b.name)} share the host ${b.url.host} and packages (${quote(shared)})`,
          'give each npm registry a host name of its own',
        );
    }
  }

  #listing(registry: string): Listing {
    const found = this.#listings.get(registry) ?? { exact: new Map(), wild: [], compared: 0 };
    this.#listings.set(registry, found);
    return found;
  }
}

/** What may overlap a pattern, or a name, without being the same; nothing any more when too much was compared. */
function rivals(listing: Listing, isPattern: boolean): Iterable<readonly [PackagePattern, Named]> {
  const { exact, wild } = listing;
  listing.compared += wild.length + (isPattern ? exact.size : 0);
  if (listing.compared > mostPairs) return [];
  return isPattern ? [...exact, ...wild] : wild;
}

function entriesOf({ exact, wild }: Listing): readonly PackagePattern[] {
  return [...exact.keys(), ...wild.map(([entry]) => entry)];
}

function sharedHosts(registries: readonly RegistrySettings[]): (readonly [RegistrySettings, RegistrySettings])[] {
  const npm = registries.filter(({ protocol }) => protocol.id === 'npm');
  return [...pairs(npm)].filter(([a, b]) => a.url.host === b.url.host);
}

/** The first entry that overlaps one of the others, as far as they can be compared in a short time. */
function firstShared(entries: readonly PackagePattern[], others: readonly PackagePattern[]): PackagePattern | undefined {
  const exact = new Set(others);
  const wild = others.filter(isWild);
  let count = 0;
  for (const entry of entries) {
    if (exact.has(entry)) return entry;
    const some = isWild(entry) ? others : wild;
    count += some.length;
    if (count > mostPairs) return undefined;
    if (some.some((other) => overlap(entry, other))) return entry;
  }
  return undefined;
}

function* pairs<T>(list: readonly T[]): Generator<readonly [T, T]> {
  for (const [index, a] of list.entries()) {
    for (const b of list.slice(index + 1)) yield [a, b];
  }
}

/** Whether some name is covered by both entries. Walks both patterns at once; a star may stand for nothing or go on. */
export function overlap(a: PackagePattern, b: PackagePattern): boolean {
  if (!isWild(a) && !isWild(b)) return a === b;
  const [headA, headB] = [literalHead(a), literalHead(b)];
  if (!headA.startsWith(headB) && !headB.startsWith(headA)) return false;
  const left = a.match(/\*\*|[^]/g) ?? [];
  const right = b.match(/\*\*|[^]/g) ?? [];
  const seen = new Set<number>();
  const open = [[0, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [i = 0, j = 0] = next;
    const key = i * (right.length + 1) + j;
    if (seen.has(key)) continue;
    seen.add(key);
    if (i === left.length && j === right.length) return true;
    const l = left[i];
    const r = right[j];
    if (isStar(l)) open.push([i + 1, j]);
    if (isStar(r)) open.push([i, j + 1]);
    if (isStar(l) && r !== undefined && !isStar(r) && (l === '**' || r !== '/')) open.push([i, j + 1]);
    if (isStar(r) && l !== undefined && !isStar(l) && (r === '**' || l !== '/')) open.push([i + 1, j]);
    if (l !== undefined && l === r && !isStar(l)) open.push([i + 1, j + 1]);
  }
  return false;
}

/** What comes before the first star. */
function literalHead(entry: string): string {
  return isWild(entry) ? entry.slice(0, entry.indexOf('*')) : entry;
}

function isStar(token: string | undefined): boolean {
  return token === '*' || token === '**';
}
