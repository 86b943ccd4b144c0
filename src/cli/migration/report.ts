// Where each package stands on its way from long-lived tokens to trusted publishing.
import type { Configuration } from '../../config/configuration.ts';
import { covers, type PackageName } from '../../core/package-name.ts';
import { entriesFor } from '../../core/publisher.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import type { Use } from './events.ts';

/**
 * `uncovered`: no publisher may publish it. `waiting`: one may, and has not yet. `moved`: published by one, and by no
 * long-lived token since. `back`: published by a long-lived token after a trusted publisher had. `locked`: `trusted_only`,
 * or the registry refuses long-lived tokens.
 */
export type State = 'uncovered' | 'waiting' | 'back' | 'moved' | 'locked';

export interface PackageRow {
  readonly package: string;
  readonly state: State;
  /** Uploads and other writes with a long-lived token that were passed on, and such that were refused. */
  readonly longLived: number;
  readonly refused: number;
  /** Milliseconds. */
  readonly lastLongLived?: number;
  readonly client?: string;
  readonly address?: string;
  readonly trusted: number;
  readonly lastTrusted?: number;
  /** Publishers of the policy that may publish it now. */
  readonly publishers: readonly string[];
}

export interface RegistryReport {
  readonly registry: string;
  readonly longLivedTokens: RegistrySettings['longLivedTokens'];
  readonly packages: readonly PackageRow[];
  /** Writes with a long-lived token of which the record does not say for what. */
  readonly unnamed: number;
  /** What can be put under `trusted_only` without a publish that is refused for it, going by what was seen. */
  readonly trustedOnly: readonly string[];
}

const order: readonly State[] = ['uncovered', 'waiting', 'back', 'moved', 'locked'];

/** One report for each registry of the policy, in its order. Uses of registries that it does not have are left out. */
export function migrationReport(configuration: Configuration, uses: readonly Use[]): readonly RegistryReport[] {
  return [...configuration.registries.values()].map((registry) => {
    const here = uses.filter((use) => use.registry === registry.name);
    const byPackage = Map.groupBy(here, (use) => use.package);
    const rows = [...byPackage].flatMap(([name, of]) => (name === undefined ? [] : [rowOf(configuration, registry, name, of)]));
    const packages = rows.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (a.package < b.package ? -1 : 1));
    return {
      registry: registry.name,
      longLivedTokens: registry.longLivedTokens,
      packages,
      unnamed: (byPackage.get(undefined) ?? []).filter(({ kind }) => kind === 'long-lived').length,
      trustedOnly: packages.filter(({ state }) => state === 'moved').map((row) => row.package),
    };
  });
}

function rowOf(configuration: Configuration, registry: RegistrySettings, text: string, uses: readonly Use[]): PackageRow {
  const name = registry.protocol.packageName(text);
  const of = (kind: Use['kind']): readonly Use[] => uses.filter((use) => use.kind === kind);
  const longLived = latest([...of('long-lived'), ...of('refused')]);
  const passed = latest(of('long-lived'));
  const trusted = latest(of('trusted'));
  const publishers = name === undefined ? [] : publishersOf(configuration, registry.name, name);
  return {
    package: text,
    state: stateOf(registry, name, publishers, passed?.at, trusted?.at),
    longLived: of('long-lived').length,
    refused: of('refused').length,
    ...(longLived === undefined ? {} : { lastLongLived: longLived.at }),
    ...(longLived?.client === undefined ? {} : { client: longLived.client }),
    ...(longLived?.address === undefined ? {} : { address: longLived.address }),
    trusted: of('trusted').length,
    ...(trusted === undefined ? {} : { lastTrusted: trusted.at }),
    publishers,
  };
}

function latest(uses: readonly Use[]): Use | undefined {
  return uses.toSorted((a, b) => b.at - a.at)[0];
}

function publishersOf({ publishers }: Configuration, registry: string, name: PackageName): string[] {
  return publishers
    .filter((publisher) => publisher.allow.includes('publish') && entriesFor(publisher, registry).some((entry) => covers(entry, name)))
    .map((publisher) => publisher.name);
}

function stateOf(
  registry: RegistrySettings,
  name: PackageName | undefined,
  publishers: readonly string[],
  passed: number | undefined,
  trusted: number | undefined,
): State {
  const locked = name !== undefined && registry.trustedOnly.some((entry) => covers(entry, name));
  if (locked || registry.longLivedTokens === 'refuse') return publishers.length === 0 ? 'uncovered' : 'locked';
  if (publishers.length === 0) return 'uncovered';
  if (trusted === undefined) return 'waiting';
  return passed !== undefined && passed > trusted ? 'back' : 'moved';
}
