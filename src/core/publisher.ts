// A trusted publisher as compiled from the policy, and the checks that its provider makes of it.
import type { VerifiedClaims } from './claims.ts';
import type { Action } from './grant.ts';
import { covers, type PackageName, type PackagePattern } from './package-name.ts';
import type { Pattern } from './pattern.ts';
import type { RefusalCode } from './refusal.ts';

/** The narrowing order of messages (rule 9 of design/3): widest first. */
export const steps = ['anchor', 'owner', 'repository', 'workflow', 'environment', 'ref', 'event', 'rest'] as const;
export type Step = (typeof steps)[number];

/** One condition of a publisher, checked against one token. */
export interface Check {
  readonly step: Step;
  /** The key under `from:`. */
  readonly field: string;
  /** What the publisher asks for, as written. */
  readonly expected: string;
  /** What the token has; undefined when the claim is missing or not of a kind that can match. */
  readonly actual: string | undefined;
  readonly ok: boolean;
  /** The refusal to answer when this is the first step at which no publisher is left. */
  readonly code: RefusalCode;
  /** Further values for the refusal's sentence (`what`, `line`, `why`). */
  readonly values?: Readonly<Record<string, string>>;
}

/** `any`, or the values of which one has to match. */
export type Stated = 'any' | readonly string[];

/** What a publisher states under `from:`, by key. Judged by `check` alone; here for whoever explains or writes it out. */
export interface From {
  readonly fields: ReadonlyMap<string, Stated>;
  /** Allowed events; undefined: the provider's default. */
  readonly events?: readonly string[];
}

/** Where something stands in the policy files; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A trusted publisher, compiled: everything that can be decided at load time has been. */
export interface TrustedPublisher {
  readonly name: string;
  /** The issuer's name in the configuration. */
  readonly issuer: string;
  readonly from: From;
  /** Packages by registry name. */
  readonly publish: ReadonlyMap<string, readonly PackagePattern[]>;
  readonly allow: readonly Action[];
  /** Whether packages covered only by a pattern may be created. */
  readonly create: boolean;
  /** `v{{version}}`: the tag that a version must be published from, checked at upload. */
  readonly tag?: string | undefined;
  /** dist-tags that this publisher may set (npm); undefined: any tag name. */
  readonly distTags?: readonly Pattern[] | undefined;
  /** Life of an upload token in seconds, 60 to 3600. */
  readonly ttl: number;
  /** Uploads that one of its tokens is good for; undefined: any number until it expires. */
  readonly maxUploads?: number | undefined;
  /** Unix seconds: its upload tokens that were minted before are worthless. */
  readonly revokedBefore?: number | undefined;
  /** Different packages that it may reach in a minute; undefined: the server's limit, or as many as it names. */
  readonly packagesPerMinute?: number | undefined;
  /** Neither environment nor ref is constrained: every branch can publish (POL-33). */
  readonly unconstrained?: true | undefined;
  readonly place: Place;
  /** A token that has none of these cannot get past the anchor (providers/keys.ts); undefined: any token may. */
  readonly keys?: readonly string[] | undefined;
  /** Checks a token of `issuer`, in the order of `steps`. Pure; never throws. */
  readonly check: (claims: VerifiedClaims) => readonly Check[];
}

/** The publisher's entries for this registry, or none. */
export function entriesFor(publisher: TrustedPublisher, registry: string): readonly PackagePattern[] {
  return publisher.publish.get(registry) ?? [];
}

/** True when the publisher lists the package for one of the registries. */
export function lists(publisher: TrustedPublisher, registries: readonly string[], name: PackageName | undefined): boolean {
  return registries.some((registry) => {
    const entries = entriesFor(publisher, registry);
    return name === undefined ? entries.length > 0 : entries.some((entry) => covers(entry, name));
  });
}
