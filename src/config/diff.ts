// What changed between two revisions of the policy, for the log and the audit record.
import type { Configuration } from './configuration.ts';
import type { KeptPublisher } from './kept-publisher.ts';

/** The entries of a section as written, each as a digest: secrets may be written there, and a digest shows none. */
export type Written = ReadonlyMap<string, string>;

/** Names shown per kind of change; a reorganisation of a thousand publishers is not read name by name. */
const mostNames = 10;

/** One line: `publishers +1 (ui-canary) -0 ~1 (api); issuers -1 (jenkins)`, or `no publisher, registry or issuer changed`. */
export function describeChange(before: Configuration, after: Configuration): string {
  const parts = (['publishers', 'registries', 'issuers'] as const).flatMap((section) => {
    const said =
      section === 'publishers'
        ? describeSection(byName(before), byName(after), (a, b) => a.issuer === b.issuer && a.text === b.text)
        : describeSection(before.written[section], after.written[section], (a, b) => a === b);
    return said === undefined ? [] : [`${section} ${said}`];
  });
  return parts.join('; ') || 'no publisher, registry or issuer changed';
}

function byName({ publishers }: Configuration): ReadonlyMap<string, KeptPublisher> {
  return new Map(publishers.map((publisher) => [publisher.name, publisher]));
}

function describeSection<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): string | undefined {
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after.keys()].filter((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    return old !== undefined && now !== undefined && !same(old, now);
  });
  if (added.length + removed.length + changed.length === 0) return undefined;
  return `+${counted(added)} -${counted(removed)} ~${counted(changed)}`;
}

function counted(names: readonly string[]): string {
  if (names.length === 0) return '0';
  const more = names.length > mostNames ? [`and ${names.length - mostNames} more`] : [];
  return `${names.length} (${[...names.slice(0, mostNames), ...more].join(', ')})`;
}

/** The settings that are taken at the start alone and differ: keys as the policy writes them. */
export function needsRestart(before: Configuration, after: Configuration): readonly string[] {
  const kept = (['listen', 'admin', 'workers'] as const).filter(
    (key) => JSON.stringify(before.server[key]) !== JSON.stringify(after.server[key]),
  );
  const tls = (before.server.tls === undefined) !== (after.server.tls === undefined);
  return [
    ...kept.map((key) => `server.${key}`),
    ...(tls ? ['server.tls'] : []),
    ...(['store', 'audit'] as const).filter((section) => before.written[section] !== after.written[section]),
    ...(JSON.stringify(before.tracing) === JSON.stringify(after.tracing) ? [] : ['tracing']),
  ];
}
