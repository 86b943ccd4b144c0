// The goals: each a figure's value and the bound that it has to keep to.
import type { Series } from '../lab/rounds.ts';

export interface Goal {
  readonly name: string;
  /** undefined: it could not be measured here, `note` says why. */
  readonly value: number | undefined;
  /** As people write it: `≥ 0.65`. */
  readonly goal: string;
  readonly met: boolean | undefined;
  readonly note?: string;
}

export function atLeast(name: string, value: number | undefined, bound: number, note?: string): Goal {
  return {
    name,
    value,
    goal: `≥ ${bound}`,
    met: value === undefined ? undefined : value >= bound,
    ...(note === undefined ? {} : { note }),
  };
}

export function atMost(name: string, value: number | undefined, bound: number, note?: string): Goal {
  return {
    name,
    value,
    goal: `≤ ${bound}`,
    met: value === undefined ? undefined : value <= bound,
    ...(note === undefined ? {} : { note }),
  };
}

/** Shown, without a bound. */
export function shown(name: string, value: number | undefined, note?: string): Goal {
  return { name, value, goal: 'report', met: true, ...(note === undefined ? {} : { note }) };
}

export interface Figure {
  /** The row of the table: `pass-through`. */
  readonly name: string;
  /** What was measured, in one line. */
  readonly what: string;
  readonly unit: string;
  readonly series: readonly Series[];
  readonly goals: readonly Goal[];
}
