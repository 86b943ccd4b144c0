// Ids of requests: 64 random bits in hex, drawn from the system many at a time.
import { randomFillSync } from 'node:crypto';

const size = 8;
const drawn = Buffer.allocUnsafeSlow(512 * size);
let used = drawn.length;

/** An id that nobody can guess, for one request. */
export function requestId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += size;
  return drawn.toString('hex', used - size, used);
}
