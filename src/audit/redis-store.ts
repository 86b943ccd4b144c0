// The audit store in Redis or Valkey: shared by all processes and replicas, and there after a restart.
import { randomBytes } from 'node:crypto';
import { Batches } from './batches.ts';
import { readEntry, shortened, sizeOf, type AuditEntry } from './entry.ts';
import { boundsList, shares, type Keeping } from './keeping.ts';
import { auditKeys } from './redis-keys.ts';
import type { AuditLink } from './redis-link.ts';
import { redisReader } from './redis-read.ts';
import { isUnproved, shelfNames, tallyEntries } from './shelves.ts';
import type { AuditStore } from './store.ts';

export interface RedisAuditRoom {
  readonly link: AuditLink;
  /** Begins every key; holds the `{hash tag}` of the token store's keys. */
  readonly keyPrefix: string;
  readonly keeping: Keeping;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Takes secrets out of a finished line (SEC-05). */
  readonly scrub: (text: string) => string;
  readonly told: (problem: string | undefined, lost: number) => void;
  /** Milliseconds from a first entry to its batch. */
  readonly delay?: number;
}

interface Line {
  readonly entry: AuditEntry;
  readonly text: string;
}

/** What is counted is what is kept: without the secrets that the scrubber takes out. */
function lineOf(entry: AuditEntry, scrub: (text: string) => string): Line {
  const whole = JSON.stringify(entry);
  const text = scrub(whole);
  return { entry: text === whole ? entry : (readEntry(text) ?? entry), text };
}

/** Entries are written in batches beside the requests; Redis being slow or away makes no exchange and no upload fail. */
export function createRedisAudit({ link, keyPrefix, keeping, now, scrub, told, delay }: RedisAuditRoom): AuditStore {
  const keys = auditKeys(keyPrefix);
  const written = [keys.meta, keys.writer(randomBytes(8).toString('hex')), ...keys.streams, ...keys.shelves];
  const limits = limitsOf(keeping);
  const batches = new Batches<AuditEntry>({
    told,
    ...(delay === undefined ? {} : { delay }),
    send: async (entries, number, lost) => {
      const lines = entries.map((entry) => lineOf(entry, scrub));
      await link.run('appendAudit', written, [String(number), JSON.stringify(batchOf(lines, lost)), ...limits]);
    },
  });
  return {
    kind: 'redis',
    add: (entry) => {
      const kept = shortened(entry);
      batches.add(kept, sizeOf(kept));
    },
    ...redisReader(link, keys, () => now() - keeping.maxAge * 1000),
    status: () => batches.status(),
    settle: () => batches.settle(),
    close: () => {
      batches.close();
      link.close();
    },
  };
}

function limitsOf(keeping: Keeping): string[] {
  const { proved, unproved } = shares(keeping);
  const shelves = boundsList(keeping).flatMap(({ capacity, age }) => [capacity, age]);
  return [proved, unproved, keeping.maxAge * 1000, ...shelves].map(String);
}

/** What the script `appendAudit` takes. */
function batchOf(lines: readonly Line[], lost: number): object {
  const changes = tallyEntries(lines.map(({ entry }) => entry));
  return {
    lost,
    entries: lines.map(({ entry, text }) => [isUnproved(entry) ? 2 : 1, Date.parse(entry.time), text]),
    changes: shelfNames.flatMap((name, i) =>
      [...(changes.get(name) ?? [])].map(([key, { seen, counts, last }]) => [
        i + 1,
        key,
        seen,
        Object.fromEntries(counts),
        Object.fromEntries([...last].map(([slot, [ms, shown]]) => [slot, [ms, JSON.stringify(shown)]])),
      ]),
    ),
  };
}
