// How far each package is on its way to trusted publishing, from the record's counts and the policy.
import type { AuditEntry } from '../audit/entry.ts';
import type { Summary } from '../audit/summary.ts';
import type { Configuration } from '../config/configuration.ts';
import { publishersOf, stateOf, states, type State } from '../core/migration.ts';
import { recordOf } from './records.ts';

export interface Progress {
  readonly registry: string;
  readonly package: string;
  readonly state: State;
  readonly publishers: readonly string[];
  readonly lastLongLived: Partial<AuditEntry>;
  readonly lastPublish: Partial<AuditEntry>;
  /** Writes with a long-lived token. */
  readonly longLived: number;
}

/** Those that are not there yet. */
export const unmoved: readonly State[] = ['uncovered', 'waiting', 'back'];

/** Every package that was seen, of registries that the policy has; those that need somebody first. */
export function progressOf(configuration: Configuration, packages: Summary['packages']): readonly Progress[] {
  const rows = packages.flatMap((row): Progress[] => {
    const registry = configuration.registries.get(row.registry);
    if (registry === undefined || row.package === '') return [];
    const name = registry.protocol.packageName(row.package);
    const publishers = name === undefined ? [] : publishersOf(configuration.publishers, registry.name, name);
    const [lastLongLived, lastPublish] = [recordOf(row.lastLongLived), recordOf(row.lastPublish)];
    const state = stateOf(registry, name, publishers.length, { longLived: ms(lastLongLived.time), trusted: ms(lastPublish.time) });
    return [
      {
        registry: row.registry,
        package: row.package,
        state,
        publishers: publishers.map((publisher) => publisher.name),
        lastLongLived,
        lastPublish,
        longLived: row.outcomes['long-lived'] ?? 0,
      },
    ];
  });
  return rows.toSorted(
    (a, b) => states.indexOf(a.state) - states.indexOf(b.state) || b.longLived - a.longLived || (a.package < b.package ? -1 : 1),
  );
}

function ms(time: string | undefined): number | undefined {
  const value = Date.parse(time ?? '');
  return Number.isNaN(value) ? undefined : value;
}
