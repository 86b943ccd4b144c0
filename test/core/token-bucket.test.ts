import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secondsToWait, take, tokensIn, type Bucket } from '../../src/core/token-bucket.ts';

const rate = { burst: 3, perMinute: 6 };

test('a bucket gives its burst at once, then one token per interval, and says when', () => {
  let bucket: Bucket | undefined;
  for (let i = 0; i < 3; i += 1) {
    expect(secondsToWait(bucket, rate, 0)).toBe(0);
    bucket = take(bucket, rate, 0);
  }
  expect(secondsToWait(bucket, rate, 0)).toBe(10);
  expect(secondsToWait(bucket, rate, 9_999)).toBe(1);
  expect(secondsToWait(bucket, rate, 10_000)).toBe(0);
  expect(tokensIn(bucket, rate, 3_600_000)).toBe(3);
});

test('a clock that jumps back neither gives nor takes', () => {
  const bucket = take(undefined, rate, 100_000);
  expect(tokensIn(bucket, rate, 0)).toBe(2);
});

test('whatever is asked when, no more than burst and rate allow is ever given', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 }), (gaps) => {
      let bucket: Bucket | undefined;
      let [now, given] = [0, 0];
      for (const gap of gaps) {
        now += gap;
        if (secondsToWait(bucket, rate, now) > 0) continue;
        given += 1;
        bucket = take(bucket, rate, now);
      }
      expect(given).toBeLessThanOrEqual(rate.burst + (now * rate.perMinute) / 60_000 + 1e-6);
    }),
  );
});
