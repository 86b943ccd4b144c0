// What every figure is given.
import type { Build } from '../lab/subject.ts';
import type { Figure } from '../report/goals.ts';

export interface Run {
  readonly build: Build;
  readonly rounds: number;
  /** Seconds of load in one round. */
  readonly seconds: number;
  /** 1 is the whole size; less on a machine that has no time or memory for it. */
  readonly size: number;
}

export type Measure = (run: Run) => Promise<Figure[]>;

/** Closes everything that was started, in reverse, however the work ended. */
export async function withClosers<T>(
  work: (closing: <C extends { close: () => unknown } | undefined>(started: C) => C) => Promise<T>,
): Promise<T> {
  const closers: (() => unknown)[] = [];
  try {
    return await work((started) => {
      if (started !== undefined) closers.push(() => started.close());
      return started;
    });
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
