// Where a package stands on its way from long-lived tokens to trusted publishing.
import { covers, type PackageName, type PackagePattern } from './package-name.ts';
import { entriesFor, type TrustedPublisher } from './publisher.ts';

/**
 * `uncovered`: no publisher may publish it. `waiting`: one may, and has not yet. `moved`: published by one, and by no
 * long-lived token since. `back`: published by a long-lived token after a trusted publisher had. `locked`: `trusted_only`,
 * or the registry refuses long-lived tokens.
 */
export type State = 'uncovered' | 'waiting' | 'back' | 'moved' | 'locked';

/** The order in which they need somebody. */
export const states: readonly State[] = ['uncovered', 'waiting', 'back', 'moved', 'locked'];

/** What a registry's settings say of it. */
export interface MovingRegistry {
  readonly longLivedTokens: 'allow' | 'warn' | 'refuse';
  readonly trustedOnly: readonly PackagePattern[];
}

/** When it was last published so; milliseconds. */
export interface Seen {
  readonly longLived: number | undefined;
  readonly trusted: number | undefined;
}

/**
 * @param name undefined: what was seen is no name in this registry
 * @param publishers that may publish it now
 */
export function stateOf(registry: MovingRegistry, name: PackageName | undefined, publishers: number, seen: Seen): State {
  const locked = name !== undefined && registry.trustedOnly.some((entry) => covers(entry, name));
  if (locked || registry.longLivedTokens === 'refuse') return publishers === 0 ? 'uncovered' : 'locked';
  if (publishers === 0) return 'uncovered';
  if (seen.trusted === undefined) return 'waiting';
  return seen.longLived !== undefined && seen.longLived > seen.trusted ? 'back' : 'moved';
}

/** Those that may publish the package to the registry. */
export function publishersOf(publishers: readonly TrustedPublisher[], registry: string, name: PackageName): TrustedPublisher[] {
  return publishers.filter(
    (publisher) => publisher.allow.includes('publish') && entriesFor(publisher, registry).some((entry) => covers(entry, name)),
  );
}
