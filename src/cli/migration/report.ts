// Where each package stands on its way from long-lived tokens to trusted publishing.
import type { Configuration } from '../../config/configuration.ts';
import { publishersOf, stateOf, states, type State } from '../../core/migration.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import type { Use } from './events.ts';

export type { State } from '../../core/migration.ts';

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

/** One report for each registry of the policy, in its order. Uses of registries that it does not have are left out. */
export function migrationReport(configuration: Configuration, uses: readonly Use[]): readonly RegistryReport[] {
  return [...configuration.registries.values()].map((registry) => {
    const here = uses.filter((use) => use.registry === registry.name);
    const byPackage = Map.groupBy(here, (use) => use.package);
    const rows = [...byPackage].flatMap(([name, of]) => (name === undefined ? [] : [rowOf(configuration, registry, name, of)]));
    const packages = rows.toSorted((a, b) => states.indexOf(a.state) - states.indexOf(b.state) || (a.package < b.package ? -1 : 1));
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
  const publishers =
    name === undefined ? [] : publishersOf(configuration.publishers, registry.name, name).map((publisher) => publisher.name);
  return {
    package: text,
    state: stateOf(registry, name, publishers.length, { longLived: passed?.at, trusted: trusted?.at }),
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
