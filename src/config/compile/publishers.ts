// `publishers:` compiled, from the policy file and from those that it includes.
import type { Action, ChangeAction } from '../../core/grant.ts';
import type { PackagePattern } from '../../core/package-name.ts';
import { patternProblem, toPattern, type Pattern } from '../../core/pattern.ts';
import type { Place } from '../../core/publisher.ts';
import { tagRuleProblem } from '../../core/tag-rule.ts';
import { publisherKeys, type Provider } from '../../providers/index.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, quote } from '../did-you-mean.ts';
import type { PlainPublisher } from '../kept-publisher.ts';
import { publisherSchema, type PublisherInput } from '../schema/publisher.ts';
import { compileFrom, type CompiledFrom } from './from.ts';
import { providerOf } from './issuers.ts';
import { warnOfStrangeTag } from './never.ts';
import { packageEntries } from './packages.ts';
import { protocolOf } from './registries.ts';
import { duration, moment } from './units.ts';

/** The sections that publishers refer to, as written: a publisher of a broken issuer is not blamed for it. */
export interface Sections {
  readonly issuers: Cursor;
  readonly registries: Cursor;
}

const defaultTtl = 15 * 60;

/** Makes what compiles the publishers of all files, one after the other: undefined for one with errors. */
export function publisherCompiler(sections: Sections): (cursor: Cursor) => PlainPublisher | undefined {
  const places = new Map<string, Place>();
  return (cursor) => {
    const input = cursor.parse(publisherSchema);
    if (input === undefined) return checkParts(cursor, sections);
    const { place } = cursor;
    const name = cursor.at('name');
    const before = places.get(input.name);
    if (before === undefined) places.set(input.name, name.place);
    else name.error(`a second publisher named ${quote(input.name)}`, `the first is at ${before.file}:${before.line}`, 'reference');
    return compilePublisher(cursor, place, input, sections);
  };
}

/** What can be said of a publisher with broken parts, so that all problems are reported at once. */
function checkParts(cursor: Cursor, sections: Sections): undefined {
  if (cursor.at('from').keys.length > 0) conditionsOf(cursor.at('from'), sections);
  if (cursor.at('publish').keys.length > 0) packagesOf(cursor.at('publish'), sections);
}

function compilePublisher(cursor: Cursor, place: Place, input: PublisherInput, sections: Sections): PlainPublisher | undefined {
  const from = conditionsOf(cursor.at('from'), sections);
  const publish = packagesOf(cursor.at('publish'), sections);
  const allow: readonly Action[] = input.allow ?? ['publish'];
  checkProtocols(cursor, sections);
  warnOfRemoval(cursor);
  const maxUploads = uploads(cursor, input);
  const tag = input.tag === undefined ? undefined : tagRule(cursor.at('tag'), from?.provider);
  const distTags = input.dist_tags === undefined ? undefined : patterns(cursor.at('dist_tags'));
  const ttl = input.ttl === undefined ? undefined : duration(cursor.at('ttl'), '1m', '60m');
  const revokedBefore = input.revoked_before === undefined ? undefined : moment(cursor.at('revoked_before'));
  if (from === undefined) return undefined;
  const { issuer, provider, conditions } = from;
  const keys = publisherKeys(provider, conditions);
  const stated = { fields: conditions.fields, ...(conditions.events === undefined ? {} : { events: conditions.events }) };
  if (tag !== undefined) warnOfStrangeTag(cursor.at('tag'), provider, conditions);
  return {
    name: input.name,
    issuer,
    from: stated,
    publish,
    allow: [...new Set(allow)],
    create: input.create ?? false,
    ...(tag === undefined ? {} : { tag }),
    ...(distTags === undefined ? {} : { distTags }),
    ttl: ttl ?? defaultTtl,
    ...(maxUploads === undefined ? {} : { maxUploads }),
    ...(revokedBefore === undefined ? {} : { revokedBefore }),
    ...(input.packages_per_minute === undefined ? {} : { packagesPerMinute: input.packages_per_minute }),
    ...(conditions.unconstrained ? { unconstrained: true } : {}),
    place,
    ...(keys === undefined ? {} : { keys }),
    ...(conditions.claims === undefined ? {} : { claims: conditions.claims }),
  };
}

interface Origin {
  readonly issuer: string;
  readonly provider: Provider;
  readonly conditions: CompiledFrom;
}

function conditionsOf(from: Cursor, { issuers }: Sections): Origin | undefined {
  const issuer = from.at('issuer');
  if (!issuer.exists) return issuer.error('missing key "issuer"', undefined, 'missing-key');
  if (typeof issuer.value !== 'string') return issuer.error('expected the name of an issuer');
  if (!issuers.at(issuer.value).exists) {
    const known = issuers.keys;
    return issuer.error(
      `unknown issuer ${quote(issuer.value)}${didYouMean(issuer.value, known)}`,
      `under issuers: ${known.join(', ') || 'none'}`,
      'reference',
    );
  }
  const provider = providerOf(issuer.value, issuers.at(issuer.value));
  const conditions = provider === undefined ? undefined : compileFrom(from, provider);
  return provider === undefined || conditions === undefined ? undefined : { issuer: issuer.value, provider, conditions };
}

function packagesOf(publish: Cursor, { registries }: Sections): ReadonlyMap<string, readonly PackagePattern[]> {
  const packages = new Map<string, readonly PackagePattern[]>();
  if (publish.keys.length === 0) publish.error('the list of registries is empty');
  for (const [name, list] of publish.entries) {
    if (!registries.at(name).exists) {
      const known = registries.keys;
      const meant = didYouMean(name, known);
      list.errorAtKey(`unknown registry ${quote(name)}${meant}`, `under registries: ${known.join(', ') || 'none'}`, 'reference');
      continue;
    }
    const protocol = protocolOf(registries.at(name));
    if (protocol !== undefined) packages.set(name, packageEntries(list, protocol));
  }
  return packages;
}

/** The protocol that knows each of the changes. */
const changes: Readonly<Record<ChangeAction, 'npm' | 'pypi'>> = { dist_tag: 'npm', deprecate: 'npm', unpublish: 'npm', yank: 'pypi' };
const titles = { npm: 'an npm', pypi: 'a PyPI' } as const;

/** Elsewhere these words would promise a limit that nothing keeps, or a right that nobody has. */
function checkProtocols(cursor: Cursor, { registries }: Sections): void {
  const protocols = cursor.at('publish').keys.map((name) => protocolOf(registries.at(name)));
  const lacks = (id: 'npm' | 'pypi'): boolean => protocols.every((protocol) => protocol !== undefined && protocol.id !== id);
  for (const item of cursor.at('allow').items) {
    const needed = changes[item.value as ChangeAction];
    if (needed !== undefined && lacks(needed)) item.error(`${String(item.value)} needs ${titles[needed]} registry under publish`);
  }
  if (cursor.at('dist_tags').exists && lacks('npm')) cursor.at('dist_tags').errorAtKey('dist_tags needs an npm registry under publish');
  if (cursor.at('single_use').value === true && !lacks('pypi'))
    cursor
      .at('single_use')
      .warn('single-use-python', 'one release of a Python project is several files (wheels, a source archive), and each is an upload');
}

/** What is removed is gone, and its name is free for another content: nobody who installed it before can tell. */
function warnOfRemoval(cursor: Cursor): void {
  for (const item of cursor.at('allow').items) {
    if (item.value !== 'unpublish' && item.value !== 'yank') continue;
    const what = item.value === 'yank' ? 'yank removes the files of a release for good' : 'unpublish removes versions for good';
    const hint = item.value === 'yank' ? 'leave it to a person at the registry' : 'deprecate leaves the version in place';
    item.warn('removal', `${what}, and the same version can then be published with another content`, hint);
  }
}

function uploads(cursor: Cursor, input: PublisherInput): number | undefined {
  if (input.single_use !== true) return input.max_uploads;
  if (input.max_uploads !== undefined) return cursor.at('single_use').errorAtKey('single_use and max_uploads exclude each other');
  return 1;
}

function tagRule(cursor: Cursor, provider: Provider | undefined): string | undefined {
  // It would refuse every upload, after the job had run.
  if (provider?.tags === false) return cursor.errorAtKey(`tokens of ${provider.title} name no tag, so no version could be published`);
  const rule = String(cursor.value);
  const problem = tagRuleProblem(rule);
  return problem === undefined ? rule : cursor.error(problem);
}

function patterns(list: Cursor): readonly Pattern[] {
  return list.items.flatMap((item) => {
    const text = String(item.value);
    const problem = patternProblem(text) ?? (/\s/.test(text) ? 'a dist-tag has no space in it' : undefined);
    if (problem !== undefined) item.error(problem);
    return toPattern(text) ?? [];
  });
}
