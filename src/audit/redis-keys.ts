// The keys of the audit store in Redis. All have the hash tag of the prefix: one script may touch them in a cluster, too.
import { shelfNames, type ShelfName } from './shelves.ts';

export interface AuditKeys {
  readonly meta: string;
  /** Of what was proved, and of what was not. */
  readonly streams: readonly string[];
  /** Hash and order of each shelf, in the order of the shelves. */
  readonly shelves: readonly string[];
  readonly shelf: (name: ShelfName) => readonly [hash: string, order: string];
  /** What one process has written. */
  readonly writer: (id: string) => string;
}

export function auditKeys(prefix: string): AuditKeys {
  const key = (name: string): string => `${prefix}audit:${name}`;
  const shelf = (name: ShelfName): readonly [string, string] => [key(`by:${name}`), key(`order:${name}`)];
  return {
    meta: key('meta'),
    streams: [key('events'), key('unproved')],
    shelves: shelfNames.flatMap(shelf),
    shelf,
    writer: (id) => key(`writer:${id}`),
  };
}
