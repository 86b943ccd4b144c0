// Warnings about publishers that add nothing: whatever they let in and let publish, another one does, too.
import type { PackagePattern } from '../../core/package-name.ts';
import { isWild, matches, toPattern } from '../../core/pattern.ts';
import type { From } from '../../core/publisher.ts';
import { foldAscii, type Field, type FreeClaim } from '../../providers/index.ts';
import { quote } from '../did-you-mean.ts';
import type { PlainPublisher } from '../kept-publisher.ts';
import type { Crowd, Member } from './crowd.ts';
import { mostPairs } from './overlap.ts';

/** More publishers of one workload than this are not compared with each other, and no more pairs in all. */
const mostOfOne = 200;

/** Warns at the name of each publisher that adds nothing. */
export function warnOfShadowed(crowd: Crowd): void {
  const groups = Map.groupBy(crowd.heads.keys(), (at) => `${crowd.heads[at]?.issuer}\n${crowd.heads[at]?.keys?.[0] ?? ''}`);
  let pairs = 0;
  for (const positions of groups.values()) {
    pairs += positions.length * (positions.length - 1);
    if (positions.length === 1 || positions.length > mostOfOne || pairs > mostPairs) continue;
    const group = positions.map((at) => crowd.member(at)).filter((member) => member !== undefined);
    for (const [i, narrow] of group.entries()) {
      // Of two that are the same, the second adds nothing.
      const wide = group.find(
        (other, k) => other.publisher.name !== narrow.publisher.name && covers(other, narrow) && (k < i || !covers(narrow, other)),
      );
      if (wide !== undefined) crowd.warn(narrow.at, ['name'], 'shadowed', addsNothing(narrow.publisher, wide.publisher));
    }
  }
}

function addsNothing(narrow: PlainPublisher, wide: PlainPublisher): string {
  const { file, line } = wide.place;
  const without = narrow.tag !== undefined && wide.tag === undefined ? ', and does not ask for its tag rule' : '';
  return `adds nothing: publisher ${quote(wide.name)} (${file}:${line}) lets in everything that it lets in${without}`;
}

/** Whether whatever `narrow` grants, `wide` grants as well. When in doubt, no. */
function covers({ publisher: wide, provider }: Member, { publisher: narrow, provider: same }: Member): boolean {
  const events = ({ from }: PlainPublisher): readonly string[] => from.events ?? provider?.events?.byDefault ?? [];
  return (
    provider !== undefined &&
    provider === same &&
    provider.fields.every((field) => fieldCovers(field, wide.from, narrow.from)) &&
    events(narrow).every((event) => events(wide).includes(event)) &&
    (wide.claims ?? []).every((claim) => narrow.claims?.some((other) => claimCovers(claim, other)) === true) &&
    grantCovers(wide, narrow)
  );
}

function fieldCovers(field: Field, wide: From, narrow: From): boolean {
  const [outer, inner] = [wide.fields.get(field.key), narrow.fields.get(field.key)];
  if (outer === 'any') return true;
  // What is expected of a publisher that does not state the field depends on the token.
  if (outer === undefined) return field.absent === undefined || inner === undefined;
  if (inner === undefined || inner === 'any') return false;
  const form = (value: string): string => (field.compare === 'fold' ? foldAscii(value) : value);
  return inner.every((value) =>
    outer.some((other) => (field.compare === 'pattern' ? patternCovers(other, value) : form(other) === form(value))),
  );
}

function claimCovers(wide: FreeClaim, narrow: FreeClaim): boolean {
  if (wide.name !== narrow.name) return false;
  if (wide.kind === narrow.kind && wide.value === narrow.value) return true;
  return wide.kind === 'glob' && narrow.kind !== 'contains' && patternCovers(wide.value, narrow.value);
}

function grantCovers(wide: PlainPublisher, narrow: PlainPublisher): boolean {
  const packages = [...narrow.publish].every(([registry, entries]) =>
    entries.every((entry) => wide.publish.get(registry)?.some((other) => patternCovers(other, entry)) === true),
  );
  const distTags = wide.distTags === undefined || wide.distTags.join('\n') === narrow.distTags?.join('\n');
  return (
    packages &&
    narrow.allow.every((action) => wide.allow.includes(action)) &&
    (wide.tag === undefined || wide.tag === narrow.tag) &&
    distTags &&
    (wide.create || !mayCreateMore(wide, narrow))
  );
}

/** Whether `narrow` may create packages that `wide`, by a pattern and without `create`, may not. */
function mayCreateMore(wide: PlainPublisher, narrow: PlainPublisher): boolean {
  const creates = (entry: PackagePattern): boolean => narrow.create || !isWild(entry);
  return [...narrow.publish].some(([registry, entries]) =>
    entries.some((entry) => creates(entry) && (isWild(entry) || wide.publish.get(registry)?.includes(entry) !== true)),
  );
}

/** Whether every text that `narrow` matches is matched by `wide`; a narrow `**` only by the same pattern. When in doubt, no. */
export function patternCovers(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const pattern = toPattern(wide);
  // A `*` of the narrow one stands for any text without `/`, so only a star of the wide one may take it in: as a letter of its own.
  return pattern !== undefined && !narrow.includes('**') && matches(pattern, narrow.replaceAll('*', '\u0000'));
}
