// Audit lines of requests that were turned away unread: the first of an address at once, what follows within ten seconds as one
// line with its number. A flood must not become a flood of log lines (DOS-16), and still nothing goes unrecorded (P7).
import type { Audit, AuditEvent } from '../audit/event.ts';

const window = 10_000;
/** Addresses counted one by one; beyond, they are counted together. */
const capacity = 1000;
const others = 'other addresses';

interface Count {
  /** What the summary says of them: what all have in common. */
  readonly event: AuditEvent;
  readonly until: number;
  more: number;
}

export interface Tally {
  readonly refused: (who: string, event: AuditEvent) => void;
  /** Writes the summaries that are still open. */
  readonly close: () => void;
}

/** @param room `elapsed`: milliseconds on a clock that never jumps */
export function createTally({ audit, elapsed }: { readonly audit: Audit; readonly elapsed: () => number }): Tally {
  const counts = new Map<string, Count>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (now: number): void => {
    for (const [who, count] of counts) {
      if (count.until > now) continue;
      counts.delete(who);
      if (count.more > 0) audit({ ...count.event, detail: `${count.more} more were refused like this within ${window / 1000} s` });
    }
    timer = counts.size === 0 ? undefined : setTimeout(() => flush(elapsed()), window).unref();
  };
  return {
    refused: (who, event) => {
      const full = counts.size >= capacity && !counts.has(who);
      const known = counts.get(full ? others : who);
      if (known !== undefined && known.until > elapsed()) {
        known.more += 1;
        return;
      }
      if (known !== undefined) flush(elapsed());
      audit(event);
      const { request: _, client: __, address, ...common } = event;
      const summary = full || address === undefined ? common : { ...common, address };
      counts.set(full ? others : who, { event: summary, until: elapsed() + window, more: 0 });
      timer ??= setTimeout(() => flush(elapsed()), window).unref();
    },
    close: () => {
      clearTimeout(timer);
      flush(Number.POSITIVE_INFINITY);
    },
  };
}
