// The embedded store: one process, nothing survives a restart, and the epoch makes that safe.
import { performance } from 'node:perf_hooks';
import type { TokenRecord } from '../core/grant.ts';
import { count, used, type Counts } from './counts.ts';
import { checkMint, type CheckedMint } from './mint-request.ts';
import { maxNoteLength, maxNotes } from './notes.ts';
import { current, readRecord } from './record.ts';
import { StoreUnavailable, type MintResult, type Store, type Use } from './store.ts';

/** Mints that are remembered at once. Beyond, exchanges are refused: to forget a live mark would open a replay. */
const defaultCapacity = 200_000;
/** Milliseconds between two sweeps while there is room, and while there is none. */
const sweepEvery = 30_000;
const sweepEveryWhenFull = 1_000;

/** What is known of one identity token. */
interface Mark {
  until: number;
  readonly counts: Counts;
  /** The token hash minted under each nonce. */
  readonly nonces: Map<string, string>;
}

interface Kept {
  readonly until: number;
  readonly text: string;
}

/** A token's record, and the uploads that it was used for. */
interface KeptToken extends Kept {
  readonly uploads: Set<string>;
}

interface Shelves {
  readonly marks: Map<string, Mark>;
  readonly tokens: Map<string, KeptToken>;
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
  const live = <K extends Kept>(shelf: ReadonlyMap<string, K>, key: string): K | undefined => {
    const kept = shelf.get(key);
    return kept === undefined || kept.until <= elapsed() ? undefined : kept;
  };
  const find = (tokenHash: string): TokenRecord | undefined => {
    const kept = live(shelves.tokens, tokenHash);
    return kept === undefined ? undefined : current(readRecord(kept.text, tokenHash), now());
  };
  return {
    kind: 'memory',
    async mint(request) {
      const mint = checkMint(request);
      makeRoom(shelves, elapsed(), capacity);
      return settle(shelves, mint, epoch, elapsed(), capacity);
    },
    ask: async (request) => judge(shelves, checkMint(request), epoch, elapsed()).result,
    find: async (tokenHash) => find(tokenHash),
    async use(tokenHash, upload) {
      const record = find(tokenHash);
      const uploads = shelves.tokens.get(tokenHash)?.uploads;
      return record === undefined || uploads === undefined ? undefined : { record, slot: takeSlot(record, uploads, upload) };
    },
    release: async (tokenHash, upload) => void shelves.tokens.get(tokenHash)?.uploads.delete(upload),
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
    recall: async (key) => live(shelves.notes, key)?.text,
    problem: async () => undefined,
    close: async () => undefined,
  };
}

/** The same questions, in the same order, as the script in `redis-scripts.ts`; one test suite and one property hold them together. */
function judge(shelves: Shelves, mint: CheckedMint, epoch: number, at: number): { result: MintResult; mark: Mark; again: boolean } {
  const old = shelves.marks.get(mint.identity);
  const mark: Mark = old !== undefined && old.until > at ? old : { until: 0, counts: new Map(), nonces: new Map() };
  const verdict = (result: MintResult, again = false) => ({ result, mark, again });
  if (mark.nonces.get(mint.nonce) === mint.tokenHash) return verdict('minted', true);
  if (mint.issuedAt * 1000 <= epoch) return verdict('before-epoch');
  return verdict(mint.asked.some((entry) => used(mark.counts, entry) >= mint.limit) ? 'used' : 'minted');
}

function settle(shelves: Shelves, mint: CheckedMint, epoch: number, at: number, capacity: number): MintResult {
  const { result, mark, again } = judge(shelves, mint, epoch, at);
  if (result !== 'minted' || again) return result;
  const old = shelves.marks.get(mint.identity);
  if (shelves.mints >= capacity || shelves.tokens.size >= capacity)
    throw new StoreUnavailable('The embedded token store is full.', 'memory');
  if (mark !== old) shelves.mints -= old?.nonces.size ?? 0;
  for (const entry of mint.asked) count(mark.counts, entry);
  mark.nonces.set(mint.nonce, mint.tokenHash);
  mark.until = Math.max(mark.until, at + mint.markFor);
  shelves.mints += 1;
  shelves.marks.set(mint.identity, mark);
  shelves.tokens.set(mint.tokenHash, { until: at + mint.keepFor, text: mint.text, uploads: new Set() });
  return 'minted';
}

function takeSlot({ maxUploads }: TokenRecord, uploads: Set<string>, upload: string): Use['slot'] {
  if (maxUploads === undefined) return 'free';
  if (!uploads.has(upload) && uploads.size >= maxUploads) return 'spent';
  uploads.add(upload);
  return 'taken';
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
