// Limits of the notes that a store keeps for a while; strangers cause them, so both stores bound their number and size.
import { createHash } from 'node:crypto';

/** Characters of the longest note; a longer one is not kept, because half a note says something else. */
export const maxNoteLength = 2_000;
/** Notes that the embedded store keeps; the oldest goes first. */
export const maxNotes = 10_000;

/**
 * Where a note is kept in Redis: one of 65,536 places, so that refused strangers cannot fill it. Two keys that meet in
 * one place overwrite each other, which `name` tells apart.
 */
export function placeOf(key: string): { readonly place: string; readonly name: string } {
  const name = createHash('sha256').update(key).digest('hex');
  return { place: name.slice(0, 4), name };
}
