// Warnings about publishers and registries that reach the same packages.
import type { PackagePattern } from '../../core/package-name.ts';
import { isWild } from '../../core/pattern.ts';
import { entriesFor, type TrustedPublisher } from '../../core/publisher.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';

/** More pairs with a pattern than this are not compared: the warning is a courtesy, the time of a reload is not. */
const mostPairs = 500_000;

interface Listed {
  readonly publisher: TrustedPublisher;
  readonly entry: PackagePattern;
}

/** Warns where publishers of different issuers may publish the same package (POL-19). `cursors` by publisher's name. */
export function warnOfSharedPackages(
  publishers: readonly TrustedPublisher[],
  registries: Iterable<string>,
  cursors: ReadonlyMap<string, Cursor>,
): void {
  for (const registry of registries) {
    const listed = publishers.flatMap((publisher) => entriesFor(publisher, registry).map((entry) => ({ publisher, entry })));
    const told = new Set<string>();
    for (const [a, b] of candidates(listed)) {
      const names = JSON.stringify([a.publisher.name, b.publisher.name]);
      if (a.publisher.issuer === b.publisher.issuer || told.has(names) || !overlap(a.entry, b.entry)) continue;
      told.add(names);
      const at = cursors.get(b.publisher.name)?.at('publish').at(registry);
      at?.warn(
        `${quote(b.entry)} overlaps ${quote(a.entry)} of publisher ${quote(a.publisher.name)}, whose issuer is another (${a.publisher.issuer})`,
      );
    }
  }
}

/** Pairs that may overlap, in the order of the file: equal names, and patterns with everything. */
function* candidates(listed: readonly Listed[]): Generator<readonly [Listed, Listed]> {
  if (new Set(listed.map(({ publisher }) => publisher.issuer)).size < 2) return;
  const exact = new Map<PackagePattern, Listed>();
  const wild: Listed[] = [];
  const names: Listed[] = [];
  let count = 0;
  for (const one of listed) {
    const same = exact.get(one.entry);
    if (same !== undefined) yield [same, one];
    else if (!isWild(one.entry)) exact.set(one.entry, one);
    const others = isWild(one.entry) ? [...names, ...wild] : wild;
    count += others.length;
    if (count > mostPairs) return;
    for (const other of others) yield [other, one];
    (isWild(one.entry) ? wild : names).push(one);
  }
}

/**
 * Warns where two npm registries share a host and a package: clients exchange at the host's root, so one upload token
 * speaks for both, and the path of the upload alone decides between them.
 */
export function warnOfSharedHost(publishers: readonly TrustedPublisher[], registries: readonly RegistrySettings[], section: Cursor): void {
  const npm = registries.filter(({ protocol }) => protocol.id === 'npm');
  for (const [a, b] of pairs(npm)) {
    if (a.url.host !== b.url.host) continue;
    const inA = publishers.flatMap((publisher) => entriesFor(publisher, a.name));
    const inB = publishers.flatMap((publisher) => entriesFor(publisher, b.name));
    const shared = inA.find((entry) => inB.some((other) => overlap(entry, other)));
    if (shared === undefined) continue;
    section
      .at(b.name)
      .at('url')
      .warn(
        `registries ${quote(a.name)} and ${quote(b.name)} share the host ${b.url.host} and packages (${quote(shared)})`,
        'give each npm registry a host name of its own',
      );
  }
}

function* pairs<T>(list: readonly T[]): Generator<readonly [T, T]> {
  for (const [index, a] of list.entries()) {
    for (const b of list.slice(index + 1)) yield [a, b];
  }
}

/** Whether some name is covered by both entries. Walks both patterns at once; a star may stand for nothing or go on. */
export function overlap(a: PackagePattern, b: PackagePattern): boolean {
  if (!isWild(a) && !isWild(b)) return a === b;
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

function isStar(token: string | undefined): boolean {
  return token === '*' || token === '**';
}
