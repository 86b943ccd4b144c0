// Lines to a file descriptor, without ever stopping the program: what cannot be written is counted and let go.
import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes kept in memory while whoever reads stalls; beyond, lines are lost rather than the proxy stopped. */
const maxBuffered = 16 * 1024 * 1024;
/** Milliseconds between two attempts on a full pipe, and for which the last lines wait for room in one. */
const retryAfter = 10;
const lastPatience = 2_000;
/** Milliseconds after which a file that took nothing is tried again, also when no line comes. */
const lookAgain = 1_000;

export interface Lines {
  readonly write: (line: string) => void;
  /** Counts a line that never came. */
  readonly lose: () => void;
  /** Lines lost since the start. */
  readonly lost: () => number;
  /** The last lines were not taken. It is tried again every second, also when none comes. */
  readonly failing: () => boolean;
  /** Resolves when every line given so far was written or lost: true when none of them was lost, and nothing before them that nobody was told of. */
  readonly written: () => Promise<boolean>;
  /** Resolves when everything was written, or cannot be. */
  readonly settle: () => Promise<void>;
  /** Writes what is kept, now, for a process that ends at once; gives up when it cannot be written. */
  readonly flush: () => void;
}

export interface LinesOptions {
  /** Is given the lines that were not taken, and why. They count as lost. */
  readonly refused?: (lines: readonly string[], code: string) => void;
  /** Lines are taken again. */
  readonly resumed?: () => void;
}

/**
 * Lines to `target`, a file descriptor or what gives (or throws) the present one. A full disk, a closed pipe, or a reader
 * that stalls must not become an outage, nor a process that can neither serve nor end (FLT-20): pino's own destination ends
 * the process at the first error and then tries for ever. Once something can be written again, one line says how many are
 * missing.
 */
export function createLines(target: number | (() => number), options: LinesOptions = {}): Lines {
  const writer = new Writer(typeof target === 'number' ? () => target : target, options);
  return {
    write: (line) => writer.write(line),
    lose: () => writer.lose(1),
    lost: () => writer.lost,
    failing: () => writer.failing,
    written: () => writer.written(),
    settle: () => writer.settle(),
    flush: () => writer.flush(),
  };
}

type Tell = (written: boolean) => void;

class Writer {
  readonly #descriptor: () => number;
  readonly #options: LinesOptions;
  #waiting: string[] = [];
  #size = 0;
  #untold = 0;
  #writing = false;
  /** A part of a line was written and its rest was not: what follows begins on a line of its own. */
  #torn = false;
  /** Who asked whether the lines under way are written, and who asked for those after them. */
  #asking: Tell[] = [];
  #askingNext: Tell[] = [];
  lost = 0;
  failing = false;

  constructor(descriptor: () => number, options: LinesOptions) {
    this.#descriptor = descriptor;
    this.#options = options;
  }

  write(line: string): void {
    if (this.#size + line.length > maxBuffered) return this.lose(1);
    this.#waiting.push(line);
    this.#size += line.length;
    if (this.#writing) return;
    // What comes in the same turn of the event loop goes out in the same write: each costs as much as an exchange's hashing.
    this.#writing = true;
    setImmediate(() => this.#next());
  }

  lose(count: number): void {
    this.#untold += count;
    this.lost += count;
  }

  written(): Promise<boolean> {
    if (!this.#writing || this.#untold > 0) return Promise.resolve(this.#untold === 0);
    return new Promise((resolve) => void (this.#waiting.length > 0 ? this.#askingNext : this.#asking).push(resolve));
  }

  async settle(): Promise<void> {
    for (const deadline = Date.now() + lastPatience; this.#writing && Date.now() < deadline;) await sleep(retryAfter);
  }

  flush(): void {
    writeNow(this.#descriptor, this.#take());
  }

  #take(): Buffer {
    const told = { level: 'error', time: new Date().toISOString(), lost: this.#untold, msg: 'log lines are lost' };
    const text = (this.#torn ? '\n' : '') + (this.#untold === 0 ? '' : `${JSON.stringify(told)}\n`) + this.#waiting.join('');
    this.#waiting = [];
    this.#size = 0;
    return Buffer.from(text);
  }

  #next(): void {
    this.#writing = this.#waiting.length > 0;
    if (this.#writing) this.#send();
  }

  #send(): void {
    this.#writing = true;
    [this.#asking, this.#askingNext] = [this.#askingNext, []];
    // Lines that are lost from now on are in the next count.
    const sending = { lines: this.#waiting, told: this.#untold };
    this.#attempt(this.#take(), sending);
  }

  #attempt(bytes: Buffer, sending: { readonly lines: readonly string[]; readonly told: number }): void {
    writeTo(this.#descriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(() => this.#attempt(bytes, sending), retryAfter);
      if (written > 0) this.#torn = written < bytes.length;
      if (error === null && written < bytes.length) return this.#attempt(bytes.subarray(written), sending);
      if (error === null) this.#taken(sending.told);
      else this.#give(sending.lines, error.code ?? error.name);
      for (const tell of this.#asking.splice(0)) tell(error === null);
      this.#next();
    });
  }

  #taken(told: number): void {
    this.#untold -= told;
    if (this.failing) this.#options.resumed?.();
    this.failing = false;
  }

  #give(lines: readonly string[], code: string): void {
    this.lose(lines.length);
    this.failing = true;
    this.#options.refused?.(lines, code);
    setTimeout(() => !this.#writing && this.#send(), lookAgain).unref();
  }
}

type Written = (error: NodeJS.ErrnoException | null, written: number) => void;

/** A descriptor that cannot be had is a write that failed. */
function writeTo(descriptor: () => number, bytes: Buffer, done: Written): void {
  try {
    write(descriptor(), bytes, done);
  } catch (error) {
    setImmediate(done, error instanceof Error ? error : new Error('it cannot be opened'), 0);
  }
}

function writeNow(descriptor: () => number, bytes: Buffer): void {
  let rest = bytes;
  for (const deadline = Date.now() + lastPatience; rest.length > 0 && Date.now() < deadline;) {
    try {
      rest = rest.subarray(writeSync(descriptor(), rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryAfter);
    }
  }
}
