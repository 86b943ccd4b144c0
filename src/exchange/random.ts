// Random bytes for upload tokens, drawn from the system many at a time: a draw costs as much as the hash of what it is for.
import { randomFillSync } from 'node:crypto';

const drawn = Buffer.allocUnsafeSlow(4096);
let used = drawn.length;

/** Bytes that nobody can guess and nobody gets twice; the caller's own copy. @param length at most 256 */
export function randomBytesOf(length: number): Buffer {
  if (used + length > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  const bytes = Buffer.from(drawn.subarray(used, used + length));
  // What was given out is nowhere else in memory.
  drawn.fill(0, used, used + length);
  used += length;
  return bytes;
}
