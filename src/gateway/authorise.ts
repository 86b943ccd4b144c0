// The one place that decides whether an upload token may do something now. Only its `Authorised` opens `forward`.
import { assumeVerified } from '../core/claims.ts';
import { actions, describeGrants, grantsFor, type Action, type TokenRecord } from '../core/grant.ts';
import { match } from '../core/match.ts';
import { namesExactly, type PackageName } from '../core/package-name.ts';
import { matches } from '../core/pattern.ts';
import { entriesFor, type TrustedPublisher } from '../core/publisher.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import { refForVersion } from '../core/tag-rule.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Existing, RegistrySettings } from '../registries/registry.ts';

declare const authorised: unique symbol;

/** Proof that the live policy lets this upload token do this action on this package now. Made by `authorise` only. */
export interface Authorised {
  readonly [authorised]: true;
  readonly registry: string;
  readonly name: PackageName;
  readonly action: Action;
  /** The publishers that allow it, of which each further rule must leave one. */
  readonly publishers: readonly TrustedPublisher[];
}

/**
 * Asks both what was granted when the token was minted and what the policy says now: the stricter wins (P6, FLT-30).
 */
export function authorise(
  configuration: Configuration,
  registry: RegistrySettings,
  record: TokenRecord,
  action: Action,
  name: PackageName,
): Authorised | Refusal {
  const granted = grantsFor(record.grants, registry.name, action, name);
  if (granted.length === 0) return outsideGrant(registry, record, action, name);
  const withdrawn = (detail: string): Refusal => refuse('upload-token-withdrawn', { package: name }, { detail });
  const issuer = configuration.issuers.get(record.issuer);
  if (issuer === undefined || issuer.url !== record.claims['iss']) return withdrawn(`issuer ${record.issuer} is not configured any more`);
  const claims = assumeVerified(record.issuer, record.claims);
  const decision = match(configuration.candidates(claims), claims, { registries: [registry.name], package: name }, record.run.anchor);
  if (!decision.ok) return withdrawn(decision.refusal.message);
  const allowing = decision.publishers.filter((publisher) => publisher.allow.includes(action));
  if (allowing.length === 0) return withdrawn(`no publisher allows ${action} any more`);
  const publishers = allowing.filter(({ revokedBefore = 0 }) => record.minted >= revokedBefore);
  if (publishers.length === 0)
    return withdrawn(`minted before revoked_before of ${allowing.map((publisher) => publisher.name).join(', ')}`);
  return { registry: registry.name, name, action, publishers } as unknown as Authorised;
}

function outsideGrant(registry: RegistrySettings, record: TokenRecord, action: Action, name: PackageName): Refusal {
  const granted = describeGrants(record.grants);
  const here = record.grants.filter((grant) => grant.registry === registry.name);
  if (here.length === 0) return refuse('upload-registry', { granted, registry: registry.name });
  const allowed = actions.filter((other) => grantsFor(record.grants, registry.name, other, name).length > 0);
  if (allowed.length > 0) {
    const how = `A publisher allows that with \`allow: [${[...allowed, action].join(', ')}]\`.`;
    return refuse('upload-action', { may: allowed.map((other) => phrases[other]).join(' and '), action: phrases[action], how });
  }
  return refuse('upload-scope', { granted, package: name });
}

/** What each action is called in "this upload token may …". */
export const phrases: Readonly<Record<Action, string>> = {
  publish: 'publish new versions',
  dist_tag: 'change dist-tags',
  deprecate: 'deprecate versions',
  unpublish: 'unpublish',
  yank: 'remove releases',
};

/** The permit for whichever action is allowed, where it is not known yet which one is asked for; or the refusal of an upload. */
export function authoriseAny(
  configuration: Configuration,
  registry: RegistrySettings,
  record: TokenRecord,
  name: PackageName,
): Authorised | Refusal {
  const upload = authorise(configuration, registry, record, 'publish', name);
  if (!isRefusal(upload)) return upload;
  for (const action of actions) {
    const permit = authorise(configuration, registry, record, action, name);
    if (!isRefusal(permit)) return permit;
  }
  return upload;
}

/** What is known of an upload once it was inspected and the upstream was asked. */
export interface Facts {
  readonly version: string;
  readonly tags: readonly string[];
  readonly existing: Existing | 'not-asked';
}

/**
 * The rules that need the version: tag rule, dist-tags, new packages (rules 10 and 11 of design/3). One publisher has to
 * pass them all; rules of different publishers do not add up.
 */
export function narrowByVersion(permit: Authorised, record: TokenRecord, facts: Facts): Authorised | Refusal {
  const byTag = permit.publishers.filter((p) => p.tag === undefined || refForVersion(p.tag, facts.version) === record.run.ref);
  if (byTag.length === 0) return tagRefusal(permit.publishers, record, facts.version);
  const byDistTag = byTag.filter((publisher) => facts.tags.every((tag) => allowsDistTag(publisher, tag)));
  if (byDistTag.length === 0)
    return refuse('upload-dist-tag', { tag: facts.tags.join(', '), problem: 'is not among those this publisher may set' });
  const byNovelty = byDistTag.filter((publisher) => facts.existing !== 'no-package' || mayCreate(publisher, permit));
  if (byNovelty.length === 0) return refuse('upload-new-package', { package: permit.name, publisher: byDistTag[0]?.name });
  return { ...permit, publishers: byNovelty };
}

function tagRefusal(publishers: readonly TrustedPublisher[], record: TokenRecord, version: string): Refusal {
  const first = publishers[0];
  const expected = first?.tag === undefined ? undefined : refForVersion(first.tag, version);
  return refuse('upload-tag-rule', { publisher: first?.name, version, expected, actual: record.run.ref });
}

/** Whether the publisher may set this dist-tag. */
export function allowsDistTag(publisher: TrustedPublisher, tag: string): boolean {
  return publisher.distTags === undefined || publisher.distTags.some((pattern) => matches(pattern, tag));
}

function mayCreate(publisher: TrustedPublisher, permit: Authorised): boolean {
  return publisher.create || entriesFor(publisher, permit.registry).some((entry) => namesExactly(entry, permit.name));
}
