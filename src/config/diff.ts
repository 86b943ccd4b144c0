// What changed between two revisions of the policy, for the log and the audit record.
import { setImmediate as turn } from 'node:timers/promises';
import type { Configuration } from './configuration.ts';
import type { KeptPublisher } from './kept-publisher.ts';

/** The entries of a section as written, each as a digest: secrets may be written there, and a digest shows none. */
export type Written = ReadonlyMap<string, string>;

/** Names shown per kind of change; a reorganisation of a thousand publishers is not read name by name. */
const mostNames = 10;

/** Publishers that are compared before others have their turn. */
const perPiece = 2000;

/**
 * One line: `publishers +1 (ui-canary) -0 ~1 (api); issuers -1 (jenkins)`, or `no publisher, registry or issuer changed`.
 * @param breathe lets whatever waits have its turn
 */
export async function describeChange(before: Configuration, after: Configuration, breathe: () => Promise<void> = turn): Promise<string> {
  const changes = {
    publishers: await publisherChange(before.publishers, after.publishers, breathe),
    registries: writtenChange(before.written.registries, after.written.registries),
    issuers: writtenChange(before.written.issuers, after.written.issuers),
  };
  const parts = Object.entries(changes).flatMap(([section, { added, removed, changed }]) =>
    added.length + removed.length + changed.length === 0 ? [] : [`${section} +${counted(added)} -${counted(removed)} ~${counted(changed)}`],
  );
  return parts.join('; ') || 'no publisher, registry or issuer changed';
}

interface Change {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

async function publisherChange(
  before: readonly KeptPublisher[],
  after: readonly KeptPublisher[],
  breathe: () => Promise<void>,
): Promise<Change> {
  const left = new Map<string, KeptPublisher>();
  const [added, changed]: [string[], string[]] = [[], []];
  for (const [i, publisher] of before.entries()) {
    if (i % perPiece === perPiece - 1) await breathe();
    left.set(publisher.name, publisher);
  }
  for (const [i, { name, issuer, text }] of after.entries()) {
    if (i % perPiece === perPiece - 1) await breathe();
    const old = left.get(name);
    if (old === undefined) added.push(name);
    else if (old.issuer !== issuer || old.text !== text) changed.push(name);
    left.delete(name);
  }
  return { added, removed: [...left.keys()], changed };
}

function writtenChange(before: Written, after: Written): Change {
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: [...after].flatMap(([name, digest]) => (before.has(name) && before.get(name) !== digest ? [name] : [])),
  };
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
