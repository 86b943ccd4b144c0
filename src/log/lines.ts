// Lines to a file descriptor, without ever stopping the program: what cannot be written is counted and let go.
import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes kept in memory while whoever reads stalls; beyond, lines are lost rather than the proxy stopped. */
const maxBuffered = 16 * 1024 * 1024;
/** Milliseconds between two attempts on a full pipe, and for which the last lines wait for room in one. */
const retryAfter = 10;
const lastPatience = 2_000;

export interface Lines {
  readonly write: (line: string) => void;
  /** Counts a line that never came. */
  readonly lose: () => void;
  /** Resolves when everything was written, or cannot be. */
  readonly settle: () => Promise<void>;
  /** Writes what is kept, now, for a process that ends at once; gives up when it cannot be written. */
  readonly flush: () => void;
}

/**
 * Lines to `fd`. A full disk, a closed pipe, or a reader that stalls must not become an outage, nor a process that can
 * neither serve nor end (FLT-20): pino's own destination ends the process at the first error and then tries for ever.
 * Once something can be written again, one line says how many are missing.
 */
export function createLines(fd: number): Lines {
  let waiting: string[] = [];
  let size = 0;
  let lost = 0;
  let writing = false;

  const busy = (): boolean => writing;
  const take = (): Buffer => {
    const missing =
      lost === 0 ? '' : `${JSON.stringify({ level: 'error', time: new Date().toISOString(), lost, msg: 'log lines are lost' })}\n`;
    const text = missing + waiting.join('');
    waiting = [];
    size = 0;
    return Buffer.from(text);
  };
  const next = (): void => {
    writing = waiting.length > 0;
    if (!writing) return;
    // Lines that are lost from now on are in the next count.
    const sending = { lines: waiting.length, told: lost };
    attempt(take(), sending);
  };
  const attempt = (bytes: Buffer, sending: { readonly lines: number; readonly told: number }): void => {
    write(fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(() => attempt(bytes, sending), retryAfter);
      if (error === null && written < bytes.length) return attempt(bytes.subarray(written), sending);
      lost += error === null ? -sending.told : sending.lines;
      next();
    });
  };
  return {
    write: (line) => {
      if (size + line.length > maxBuffered) {
        lost += 1;
        return;
      }
      waiting.push(line);
      size += line.length;
      if (writing) return;
      // What comes in the same turn of the event loop goes out in the same write: each costs as much as an exchange's hashing.
      writing = true;
      setImmediate(next);
    },
    lose: () => {
      lost += 1;
    },
    settle: async () => {
      for (const deadline = Date.now() + lastPatience; busy() && Date.now() < deadline;) await sleep(retryAfter);
    },
    flush: () => writeNow(fd, take()),
  };
}

function writeNow(fd: number, bytes: Buffer): void {
  let rest = bytes;
  for (const deadline = Date.now() + lastPatience; rest.length > 0 && Date.now() < deadline;) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryAfter);
    }
  }
}
