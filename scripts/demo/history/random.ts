// Chance that falls the same way each time.

export interface Chance {
  /** From 0 up to, and without, 1. */
  (): number;
}

/** Mulberry32: enough for a story, and the same on every machine. */
export function chance(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from `least` to `most`. */
export function between(roll: Chance, least: number, most: number): number {
  return least + Math.floor(roll() * (most - least + 1));
}

export function oneOf<T>(roll: Chance, among: readonly T[]): T {
  return some(among[Math.floor(roll() * among.length)]);
}

/** One of them, in proportion to its weight. */
export function weighed<T extends { readonly weight: number }>(roll: Chance, among: readonly T[]): T {
  let left = roll() * among.reduce((sum, { weight }) => sum + weight, 0);
  return some(among.find(({ weight }) => (left -= weight) < 0) ?? among.at(-1));
}

function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is nothing to choose from');
  return value;
}

/** So many hex digits. */
export function hex(roll: Chance, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(roll() * 16).toString(16)).join('');
}
