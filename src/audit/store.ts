// What can be asked of the record, wherever it is kept. Adding never throws and never waits; asking may throw `AuditUnavailable`.
import type { AuditEntry } from './entry.ts';
import type { AuditQuery } from './query.ts';
import type { ShelfName } from './shelves.ts';
import type { Tally } from './tally.ts';

/** The record cannot be asked at the moment. Its text is a sentence without secrets. */
export class AuditUnavailable extends Error {}

/** One step of going through the entries, newest first. */
export interface Step {
  /** As a page's `next`: what came before it is still to be seen. */
  readonly position: string;
  /** Undefined: nothing between the position before and this one fits the query. */
  readonly entry?: AuditEntry;
}

export interface ShelfRead {
  /** Keys on the shelf. */
  readonly total: number;
  /** The latest first. */
  readonly rows: readonly (Tally & { readonly key: string })[];
}

export interface Facts {
  /** Milliseconds since 1970 of the first entry that was counted; undefined: none was yet. */
  readonly since?: number;
  /** Entries that the log has and the store has not. */
  readonly lost: number;
}

export interface AuditStatus {
  /** Entries that wait to be written. */
  readonly waiting: number;
  /** Entries of this process that the store never got. */
  readonly lost: number;
  /** Why it cannot be written at the moment. */
  readonly problem?: string;
}

/** Where entries are kept. */
export interface AuditStore {
  readonly kind: 'memory' | 'redis';
  readonly add: (entry: AuditEntry) => void;
  /** Entries that fit the query, newest first, in the order in which the store got them. `limit` is how many will be wanted. */
  readonly walk: (query: AuditQuery) => AsyncIterable<Step>;
  /** The shelf's latest keys. */
  readonly read: (shelf: ShelfName, limit: number) => Promise<ShelfRead>;
  readonly find: (shelf: ShelfName, key: string) => Promise<Tally | undefined>;
  readonly facts: () => Promise<Facts>;
  readonly status: () => AuditStatus;
  /** Resolves when what was added is written, or cannot be in time. */
  readonly settle: () => Promise<void>;
  readonly close: () => void;
}
