// Warnings about publishers that add nothing: whatever they let in and let publish, another one does, too.
import type { PackagePattern } from '../../core/package-name.ts';
import { isWild, matches, toPattern } from '../../core/pattern.ts';
import type { TrustedPublisher } from '../../core/publisher.ts';
import { foldAscii, type Conditions, type Field, type FreeClaim, type Provider } from '../../providers/index.ts';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';

/** A publisher as compiled, with what it was compiled from. */
export interface Compiled {
  readonly publisher: TrustedPublisher;
  readonly provider: Provider;
  readonly conditions: Conditions;
  readonly cursor: Cursor;
}

/** More publishers of one workload than this are not compared with each other. */
const mostOfOne = 200;

/** Warns at the name of each publisher that adds nothing. */
export function warnOfShadowed(compiled: readonly Compiled[]): void {
  const groups = Map.groupBy(compiled, ({ publisher }) => `${publisher.issuer}\n${publisher.keys?.[0] ?? ''}`);
  for (const group of groups.values()) {
    if (group.length > mostOfOne) continue;
    for (const [at, narrow] of group.entries()) {
      // Of two that are the same, the second adds nothing.
      const wide = group.find(
        (other, i) => other.publisher.name !== narrow.publisher.name && covers(other, narrow) && (i < at || !covers(narrow, other)),
      );
      if (wide !== undefined) warn(narrow, wide.publisher);
    }
  }
}

function warn({ publisher, cursor }: Compiled, wide: TrustedPublisher): void {
  const { file, line } = wide.place;
  const without = publisher.tag !== undefined && wide.tag === undefined ? ', and does not ask for its tag rule' : '';
  cursor
    .at('name')
    .warn('shadowed', `adds nothing: publisher ${quote(wide.name)} (${file}:${line}) lets in everything that it lets in${without}`);
}

/** Whether whatever `narrow` grants, `wide` grants as well. When in doubt, no. */
function covers(wide: Compiled, narrow: Compiled): boolean {
  const { provider } = wide;
  const events = (conditions: Conditions): readonly string[] => conditions.events ?? provider.events?.byDefault ?? [];
  return (
    provider === narrow.provider &&
    provider.fields.every((field) => fieldCovers(field, wide.conditions, narrow.conditions)) &&
    events(narrow.conditions).every((event) => events(wide.conditions).includes(event)) &&
    (wide.conditions.claims ?? []).every((claim) => narrow.conditions.claims?.some((other) => claimCovers(claim, other)) === true) &&
    grantCovers(wide.publisher, narrow.publisher)
  );
}

function fieldCovers(field: Field, wide: Conditions, narrow: Conditions): boolean {
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

function grantCovers(wide: TrustedPublisher, narrow: TrustedPublisher): boolean {
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
function mayCreateMore(wide: TrustedPublisher, narrow: TrustedPublisher): boolean {
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
