// The embedded store: one process, nothing survives a restart, and the epoch makes that safe.
import { performance } from 'node:perf_hooks';
import { checkMint, type CheckedMint } from './mint-request.ts';
import { maxNoteLength, maxNotes } from './notes.ts';
import { current, readRecord } from './record.ts';
import { StoreUnavailable, type MintResult, type Store } from './store.ts';

/** Mints that are remembered at once. Beyond, exchanges are refused: to forget a live mark would open a replay. */
const defaultCapacity = 200_000;
/** Milliseconds between two sweeps while there is room, and while there is none. */
const sweepEvery = 30_000;
const sweepEveryWhenFull = 1_000;

/** What is known of one identity token. */
interface Mark {
  until: number;
  readonly counts: Map<string, number>;
  /** The token hash minted under each nonce. */
  readonly nonces: Map<string, string>;
}

interface Kept {
  readonly until: number;
  readonly text: string;
}

interface Shelves {
  readonly marks: Map<string, Mark>;
  readonly tokens: Map<string, Kept>;
  readonly notes: Map<string, Kept>;
  /** Nonces in all marks. */
  mints: number;
  swept: number;
}

export interface MemoryStoreOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Milliseconds on a clock that never jumps; what is kept is dropped by it. A wall clock that is set forward and back
   * again would drop marks whose identity tokens live on (FLT-03).
   */
  readonly elapsed?: () => number;
  readonly capacity?: number;
}

/** Makes the embedded store. Identity tokens issued before this moment are refused: the process before may have seen them. */
export function createMemoryStore({ now, elapsed = () => performance.now(), capacity = defaultCapacity }: MemoryStoreOptions): Store {
  const epoch = Math.floor(now());
  const shelves: Shelves = { marks: new Map(), tokens: new Map(), notes: new Map(), mints: 0, swept: elapsed() };
  const live = (shelf: ReadonlyMap<string, Kept>, key: string): string | undefined => {
    const kept = shelf.get(key);
    return kept === undefined || kept.until <= elapsed() ? undefined : kept.text;
  };
  return {
    kind: 'memory',
    async mint(request) {
      const mint = checkMint(request);
      makeRoom(shelves, elapsed(), capacity);
      return settle(shelves, mint, epoch, elapsed(), capacity);
    },
    async find(tokenHash) {
      const text = live(shelves.tokens, tokenHash);
      return text === undefined ? undefined : current(readRecord(text, tokenHash), now());
    },
    async revoke(tokenHash) {
      const known = live(shelves.tokens, tokenHash) !== undefined;
      shelves.tokens.delete(tokenHash);
      return known;
    },
    async remember(key, text, milliseconds) {
      if (text.length > maxNoteLength || !Number.isSafeInteger(milliseconds) || milliseconds <= 0) return;
      shelves.notes.delete(key);
      for (const oldest of shelves.notes.keys()) {
        if (shelves.notes.size < maxNotes) break;
        shelves.notes.delete(oldest);
      }
      shelves.notes.set(key, { until: elapsed() + milliseconds, text });
    },
    recall: async (key) => live(shelves.notes, key),
    problem: async () => undefined,
    close: async () => undefined,
  };
}

/** The same steps, in the same order, as the script in `redis-scripts.ts`; one test suite and one property hold them together. */
function settle(shelves: Shelves, mint: CheckedMint, epoch: number, at: number, capacity: number): MintResult {
  const old = shelves.marks.get(mint.identity);
  const mark: Mark = old !== undefined && old.until > at ? old : { until: 0, counts: new Map(), nonces: new Map() };
  if (mark.nonces.get(mint.nonce) === mint.tokenHash) return 'minted';
  if (mint.issuedAt * 1000 <= epoch) return 'before-epoch';
  if (mint.asked.some((entry) => used(mark.counts, entry) >= mint.limit)) return 'used';
  if (shelves.mints >= capacity || shelves.tokens.size >= capacity) throw new StoreUnavailable('The embedded token store is full.');
  if (mark !== old) shelves.mints -= old?.nonces.size ?? 0;
  for (const entry of mint.asked) count(mark.counts, entry);
  mark.nonces.set(mint.nonce, mint.tokenHash);
  mark.until = Math.max(mark.until, at + mint.markFor);
  shelves.mints += 1;
  shelves.marks.set(mint.identity, mark);
  shelves.tokens.set(mint.tokenHash, { until: at + mint.keepFor, text: mint.text });
  return 'minted';
}

/** `<registry>\n` of an entry; the count under it is that of the registry's most exchanged package. */
function registryOf(entry: string): string {
  return entry.slice(0, entry.indexOf('\n') + 1);
}

/** Exchanges that count against the entry: its own and those of `*`; for `*`, those of the most exchanged package. */
function used(counts: ReadonlyMap<string, number>, entry: string): number {
  const registry = registryOf(entry);
  const own = entry === `${registry}*` ? registry : entry;
  return (counts.get(own) ?? 0) + (counts.get(`${registry}*`) ?? 0);
}

function count(counts: Map<string, number>, entry: string): void {
  const registry = registryOf(entry);
  const times = (counts.get(entry) ?? 0) + 1;
  counts.set(entry, times);
  if (entry !== `${registry}*`) counts.set(registry, Math.max(counts.get(registry) ?? 0, times));
}

/** Drops what has run out. No timer: an idle store may keep the dead, a busy one sweeps as it goes. */
function makeRoom(shelves: Shelves, at: number, capacity: number): void {
  const full = shelves.mints >= capacity || shelves.tokens.size >= capacity;
  if (at - shelves.swept < (full ? sweepEveryWhenFull : sweepEvery)) return;
  shelves.swept = at;
  for (const [identity, mark] of shelves.marks) {
    if (mark.until > at) continue;
    shelves.marks.delete(identity);
    shelves.mints -= mark.nonces.size;
  }
  for (const shelf of [shelves.tokens, shelves.notes]) for (const [key, kept] of shelf) if (kept.until <= at) shelf.delete(key);
}
