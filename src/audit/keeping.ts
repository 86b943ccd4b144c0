// How much the store keeps, as the configuration says and where it says nothing.
import type { AuditSettings } from '../core/settings.ts';
import { shelfNames, type ShelfName } from './shelves.ts';

export type Keeping = Pick<AuditSettings, 'maxEvents' | 'maxAge' | 'maxVersions' | 'maxVersionAge'>;

/** Bounds of a shelf: how many keys, and for how many milliseconds after they were last seen; 0 is for ever. */
export interface Bounds {
  readonly capacity: number;
  readonly age: number;
}

/** Days that are counted, whatever `max_age` says of the records themselves. */
export const countedDays = 400;
const day = 86_400_000;

export function boundsOf({ maxAge, maxVersions, maxVersionAge }: Keeping): Readonly<Record<ShelfName, Bounds>> {
  const age = maxAge * 1000;
  return {
    days: { capacity: countedDays, age: countedDays * day },
    publishers: { capacity: 2_000, age: 0 },
    packages: { capacity: 5_000, age: 0 },
    longLived: { capacity: 5_000, age: countedDays * day },
    refusals: { capacity: 1_000, age },
    strangers: { capacity: 300, age },
    samples: { capacity: 1, age },
    versions: { capacity: maxVersions, age: (maxVersionAge ?? 0) * 1000 },
  };
}

/** Records of those who proved something, and of those who did not: a fifth of the room, so that a flood washes nothing else away. */
export function shares({ maxEvents }: Keeping): { readonly proved: number; readonly unproved: number } {
  const unproved = Math.max(1, Math.floor(maxEvents / 5));
  return { proved: Math.max(1, maxEvents - unproved), unproved };
}

/** In the order in which scripts and stores go through them. */
export const boundsList = (keeping: Keeping): readonly Bounds[] => {
  const bounds = boundsOf(keeping);
  return shelfNames.map((name) => bounds[name]);
};
