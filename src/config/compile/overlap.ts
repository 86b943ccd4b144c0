// Warnings about publishers and registries that reach the same packages.
import type { PackagePattern } from '../../core/package-name.ts';
import { isWild } from '../../core/pattern.ts';
import { entriesFor, type TrustedPublisher } from '../../core/publisher.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';
import type { Compiled } from './shadow.ts';

/** More pairs with a pattern than this are not compared: the warning is a courtesy, the time of a reload is not. */
const mostPairs = 500_000;

interface Listed extends Compiled {
  readonly entry: PackagePattern;
}

/** Warns where publishers of different issuers may publish the same package (POL-19). */
export function warnOfSharedPackages(compiled: readonly Compiled[], registries: Iterable<string>): void {
  for (const registry of registries) {
    const told = new Set<string>();
    for (const [a, b] of candidates(listedFor(compiled, registry))) {
      const names = JSON.stringify([a.publisher.name, b.publisher.name]);
      if (a.publisher.issuer === b.publisher.issuer || told.has(names) || !overlap(a.entry, b.entry)) continue;
      told.add(names);
      b.cursor
        .at('publish')
        .at(registry)
        .warn(
          'overlap',
          `${quote(b.entry)} overlaps ${quote(a.entry)} of publisher ${quote(a.publisher.name)}, whose issuer is another (${a.publisher.issuer})`,
        );
    }
  }
}

/**
 * Warns where a pattern covers packages of publishers of other workloads of the issuer. A name that two of them list is
 * meant for both; a pattern may take in what nobody thought of.
 */
export function warnOfWidePatterns(compiled: readonly Compiled[], registries: Iterable<string>): void {
  for (const registry of registries) {
    const listed = listedFor(compiled, registry);
    const wild = listed.filter(({ entry }) => isWild(entry));
    if (wild.length * listed.length > mostPairs) continue;
    for (const one of wild) {
      const others = listed.filter((other) => otherWorkload(one, other) && overlap(one.entry, other.entry));
      // Of two patterns, the one that comes later is told of.
      const counted = others.filter((other) => !isWild(other.entry) || listed.indexOf(other) < listed.indexOf(one));
      const names = [...new Set(counted.map(({ publisher }) => publisher.name))];
      if (names.length === 0) continue;
      const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
      const at = one.cursor.at('publish').at(registry);
      at.warn('overlap', `${quote(one.entry)} also covers packages of ${names.length === 1 ? 'publisher' : 'publishers'} ${shown}`);
    }
  }
}

/** Of the same issuer, with anchors of which no token has both. */
function otherWorkload({ publisher: a }: Compiled, { publisher: b }: Compiled): boolean {
  if (a.issuer !== b.issuer || a.keys === undefined || b.keys === undefined) return false;
  const keys = new Set(a.keys);
  return !b.keys.some((key) => keys.has(key));
}

function listedFor(compiled: readonly Compiled[], registry: string): Listed[] {
  return compiled.flatMap((one) => entriesFor(one.publisher, registry).map((entry) => ({ ...one, entry })));
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
        'shared-host',
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
