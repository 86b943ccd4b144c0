// Warnings about conditions that nothing can meet: a publisher that has one lets nobody in, and says so nowhere else.
import type { Conditions, Field, Provider } from '../../providers/index.ts';
import type { PackagePattern } from '../../core/package-name.ts';
import { refForVersion } from '../../core/tag-rule.ts';
import type { Cursor } from '../cursor.ts';
import { nearest, quote } from '../did-you-mean.ts';
import { overlap } from './overlap.ts';

/** Warns of refs on which no run that one of the publisher's events starts can be. */
export function warnOfStrangeRefs(from: Cursor, provider: Provider, { fields, events: listed }: Conditions): void {
  const { events } = provider;
  const field = refField(provider);
  const stated = field === undefined ? undefined : fields.get(field.key);
  if (events?.refs === undefined || field === undefined || stated === undefined || stated === 'any') return;
  const allowed = listed ?? events.byDefault;
  const possible = allowed.flatMap((event) => events.refs?.[event] ?? ['**']);
  const cursor = from.at(field.key);
  for (const [i, value] of stated.entries()) {
    if (isPossible(value, possible)) continue;
    const at = Array.isArray(cursor.value) ? cursor.at(i) : cursor;
    const meant = meantRef(value, possible);
    at.warn(
      'never-matches',
      `no run is ever on ${quote(value)}: ${allowed.join(', ')} run on ${[...new Set(possible)].join(' or ')}`,
      meant === undefined ? undefined : `did you mean ${meant}?`,
    );
  }
}

/** Warns where no tag that the tag rule asks for is a ref that the publisher allows: then no version can be published. */
export function warnOfStrangeTag(tag: Cursor, provider: Provider, { fields }: Conditions): void {
  const field = refField(provider);
  const stated = field === undefined ? undefined : fields.get(field.key);
  if (typeof tag.value !== 'string' || stated === undefined || stated === 'any') return;
  const asked = refForVersion(tag.value, '**');
  if (stated.some((value) => overlaps(value, asked))) return;
  tag.warn(
    'never-matches',
    `no version can be published: the tag rule asks for ${refForVersion(tag.value, '<version>')}, and ref allows ${stated.join(' or ')}`,
    `write ref: ${refForVersion(tag.value, '*')}`,
  );
}

function refField(provider: Provider): Field | undefined {
  return provider.fields.find(({ step, compare }) => step === 'ref' && compare === 'pattern');
}

/** What was found of a ref before: thousands of publishers have the same few. */
const found = new Map<string, boolean>();

function isPossible(value: string, refs: readonly string[]): boolean {
  const question = JSON.stringify([value, ...refs]);
  const before = found.get(question);
  if (before !== undefined) return before;
  const possible = refs.some((ref) => overlaps(value, ref));
  if (found.size > 1000) found.clear();
  found.set(question, possible);
  return possible;
}

function overlaps(a: string, b: string): boolean {
  return overlap(a as PackagePattern, b as PackagePattern);
}

/** `refs/tag/v*` → `refs/tags/v*`: the ref with the beginning that was probably meant. */
function meantRef(value: string, possible: readonly string[]): string | undefined {
  const beginnings = [...new Set(possible.map((ref) => ref.replace(/\*.*$/, '')))].filter((beginning) => beginning.endsWith('/'));
  const [, beginning = '', rest = ''] = /^([^/]+\/[^/]+\/)(.*)$/.exec(value) ?? [];
  const meant = nearest(beginning, beginnings);
  return meant === undefined || rest === '' ? undefined : `${meant}${rest}`;
}
