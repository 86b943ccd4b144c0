// One page of audit records, newest first.
import type { AuditEntry } from './entry.ts';
import type { AuditQuery } from './query.ts';
import type { AuditStore } from './store.ts';

export interface Page {
  readonly events: readonly AuditEntry[];
  /** `cursor` of the page after this one; null when there is nothing older. */
  readonly next: string | null;
}

/** Milliseconds for one page: a filter that fits nothing goes through everything, and its page then ends early. */
const patience = 5_000;

/**
 * Collects the page. It may be short, even empty, and still have a `next`. Going from page to page shows every entry once
 * that was there at the first, however many come meanwhile: they are all in front of it.
 * @throws AuditUnavailable
 */
export async function collectPage(store: Pick<AuditStore, 'walk'>, query: AuditQuery, elapsed = () => performance.now()): Promise<Page> {
  const started = elapsed();
  const events: AuditEntry[] = [];
  let last: string | undefined;
  for await (const { position, entry } of store.walk(query)) {
    if (entry !== undefined && events.length === query.limit) return { events, next: last ?? null };
    if (entry !== undefined) events.push(entry);
    last = position;
    if (elapsed() - started > patience) return { events, next: position };
  }
  return { events, next: null };
}
