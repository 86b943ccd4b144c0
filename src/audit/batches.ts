// Sends what it is given in batches, beside the requests that caused it: bounded in memory, patient when nobody takes it, and it counts what is lost.
import { setTimeout as sleep } from 'node:timers/promises';

export interface BatchesOptions<Item> {
  /**
   * Sends a batch; a rejection means that it may be sent again, with the same number.
   * @param lost items that were lost since the batch before
   */
  readonly send: (batch: readonly Item[], number: number, lost: number) => Promise<void>;
  /** Is told when a batch is not taken, with the reason, and when one is again, with how many were lost in all. */
  readonly told: (problem: string | undefined, lost: number) => void;
  readonly bounds?: { readonly items: number; readonly bytes: number; readonly batch: number };
  /** Milliseconds from the first item to its batch. */
  readonly delay?: number;
  /** Milliseconds before a batch is sent again, after an attempt (from 0) that ended so. */
  readonly pause?: (attempt: number, error: unknown) => number;
}

const standard = { items: 10_000, bytes: 16 * 1024 * 1024, batch: 100 };
/** Milliseconds. */
const longestPause = 2_000;
const lastPatience = 2_000;

/** One batch at a time, in the order of adding. What does not fit into memory any more is lost: it is in the log. */
export class Batches<Item> {
  readonly #options: Required<BatchesOptions<Item>>;
  readonly #queue: { readonly item: Item; readonly bytes: number }[] = [];
  #bytes = 0;
  #number = 0;
  #lost = 0;
  /** Lost, and not yet told to whoever takes the batches. */
  #untold = 0;
  #problem: string | undefined;
  #running = false;
  #closed = false;

  constructor(options: BatchesOptions<Item>) {
    this.#options = { bounds: standard, delay: 50, pause: doubling, ...options };
  }

  /** Never throws, never waits. */
  add(item: Item, bytes: number): void {
    const { bounds } = this.#options;
    if (this.#queue.length >= bounds.items || this.#bytes + bytes > bounds.bytes || this.#closed) {
      this.#lost += 1;
      this.#untold += 1;
      return;
    }
    this.#queue.push({ item, bytes });
    this.#bytes += bytes;
    if (!this.#running) void this.#run();
  }

  status(): { readonly waiting: number; readonly lost: number; readonly problem?: string } {
    return { waiting: this.#queue.length, lost: this.#lost, ...(this.#problem === undefined ? {} : { problem: this.#problem }) };
  }

  /** Resolves when everything was sent, or could not be within two seconds. */
  async settle(): Promise<void> {
    for (const deadline = performance.now() + lastPatience; this.#queue.length > 0 && performance.now() < deadline;) await sleep(10);
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    await sleep(this.#options.delay, undefined, { ref: false });
    while (this.#queue.length > 0 && !this.#closed) await this.#sendOne();
    this.#running = false;
  }

  async #sendOne(): Promise<void> {
    const batch = this.#queue.slice(0, this.#options.bounds.batch);
    const items = batch.map(({ item }) => item);
    const missing = this.#untold;
    this.#number += 1;
    for (let attempt = 0; !this.#closed; attempt += 1) {
      const error: unknown = await this.#options.send(items, this.#number, missing).then(() => undefined, orUnknown);
      const failed = error === undefined ? undefined : error instanceof Error ? error.message : 'it failed';
      if (failed !== this.#problem) this.#options.told(failed, this.#lost);
      this.#problem = failed;
      if (failed === undefined) {
        this.#untold -= missing;
        this.#queue.splice(0, batch.length);
        for (const one of batch) this.#bytes -= one.bytes;
        return;
      }
      await sleep(this.#options.pause(attempt, error), undefined, { ref: false });
    }
  }
}

function orUnknown(error: unknown): unknown {
  return error ?? new Error('it failed');
}

/** Doubling, and never all replicas at the same moment. */
function doubling(attempt: number): number {
  return Math.min(longestPause, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
}
