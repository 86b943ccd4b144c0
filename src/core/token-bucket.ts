// Token buckets as arithmetic: how many are left at a moment, and how long until there is one again.

/** `burst` at once, and `perMinute` in the long run. Both positive. */
export interface Rate {
  readonly burst: number;
  readonly perMinute: number;
}

export interface Bucket {
  readonly tokens: number;
  /** Milliseconds at which it held that many. */
  readonly at: number;
}

/**
 * Tokens in the bucket now; a bucket that nobody has touched is full. A clock that jumps back takes nothing away and gives
 * nothing, so it opens no limit.
 * @param now milliseconds
 */
export function tokensIn(bucket: Bucket | undefined, rate: Rate, now: number): number {
  if (bucket === undefined) return rate.burst;
  const gained = (Math.max(0, now - bucket.at) * rate.perMinute) / 60_000;
  return Math.min(rate.burst, bucket.tokens + gained);
}

/** The bucket with one token less, never below none. */
export function take(bucket: Bucket | undefined, rate: Rate, now: number): Bucket {
  return { tokens: Math.max(0, tokensIn(bucket, rate, now) - 1), at: now };
}

/** Whole seconds until the bucket holds a token; 0 when it does. */
export function secondsToWait(bucket: Bucket | undefined, rate: Rate, now: number): number {
  const missing = 1 - tokensIn(bucket, rate, now);
  // What floating point adds in the last digit is not another second.
  return missing <= 1e-9 ? 0 : Math.ceil((missing * 60) / rate.perMinute - 1e-6);
}
