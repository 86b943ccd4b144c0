// How often somebody may try to sign in.
import { secondsToWait, take, type Bucket, type Rate } from '../core/token-bucket.ts';

export interface Attempts {
  /** Seconds until this network may try again; 0 when it may. */
  readonly wait: (network: string) => number;
  /** Notes one that failed; those that do not cost nothing. */
  readonly failed: (network: string) => void;
}

const rate: Rate = { burst: 10, perMinute: 10 };
/** Networks that are remembered; beyond, the one that was idle longest is forgotten. */
const capacity = 5_000;

/** @param elapsed milliseconds on a clock that never jumps */
export function createAttempts(elapsed: () => number): Attempts {
  const buckets = new Map<string, Bucket>();
  return {
    wait: (network) => secondsToWait(buckets.get(network), rate, elapsed()),
    failed: (network) => {
      const next = take(buckets.get(network), rate, elapsed());
      buckets.delete(network);
      buckets.set(network, next);
      for (const oldest of buckets.keys()) {
        if (buckets.size <= capacity) break;
        buckets.delete(oldest);
      }
    },
  };
}
