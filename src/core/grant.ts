// What an upload token may do, what it remembers of the run it was minted for, and the record that the store keeps.
import type { JsonObject } from './json.ts';
import { covers, type PackageName, type PackagePattern } from './package-name.ts';

/** What a publisher may let a workload do. `yank` removes a release of a Python index; the others are npm's words. */
export const actions = ['publish', 'dist_tag', 'deprecate', 'unpublish', 'yank'] as const;
export type Action = (typeof actions)[number];

/** Everything but an upload. */
export type ChangeAction = Exclude<Action, 'publish'>;

/** One publisher's part of an upload token: these packages of this registry. */
export interface Grant {
  /** The registry's name in the configuration. */
  readonly registry: string;
  /** The publisher's name in the configuration. */
  readonly publisher: string;
  readonly packages: readonly PackagePattern[];
  readonly allow: readonly Action[];
}

/** The CI run behind an identity token, for audit records and links. */
export interface Run {
  /** The anchor as people write it: `acme/ui`, `group/project`. */
  readonly anchor: string;
  readonly actor?: string;
  readonly commit?: string;
  /** Full git ref where the issuer says enough to build it: `refs/tags/v1.2.3`. */
  readonly ref?: string;
  readonly workflow?: string;
  readonly environment?: string;
  /** The issuer's number of the run, and its page. Names as in the audit record. */
  readonly run?: string;
  readonly runUrl?: string;
}

/** What the store keeps under the SHA-256 of an upload token. Times are Unix seconds. */
export interface TokenRecord {
  readonly version: 1;
  /** First 12 hex digits of the token's hash: names the token in audit records. */
  readonly id: string;
  /** The issuer's name in the configuration. */
  readonly issuer: string;
  /** The claims that publishers' conditions read, so that the live policy can be asked again at each use (P6). */
  readonly claims: JsonObject;
  readonly grants: readonly Grant[];
  readonly run: Run;
  readonly minted: number;
  readonly expires: number;
  /** Uploads that it is good for; undefined: any number until it expires. */
  readonly maxUploads?: number;
}

/** The grants that allow the action on the package of the registry; empty when none does. */
export function grantsFor(grants: readonly Grant[], registry: string, action: Action, name: PackageName): readonly Grant[] {
  return grants.filter(
    (grant) => grant.registry === registry && grant.allow.includes(action) && grant.packages.some((entry) => covers(entry, name)),
  );
}

/** The granted packages as people write them, for messages: `npm @acme/ui, pypi acme-ui`. */
export function describeGrants(grants: readonly Grant[]): string {
  return grants.flatMap((grant) => grant.packages.map((entry) => `${grant.registry} ${entry}`)).join(', ') || 'nothing';
}
