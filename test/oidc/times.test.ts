import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTimes, leeway } from '../../src/oidc/times.ts';

const near = fc.integer({ min: -200, max: 200 });

describe('the times of a token', () => {
  it('bound its life and its age, and its use to the time between them (JWT-33, JWT-35, JWT-36, JWT-38)', () => {
    fc.assert(
      fc.property(near, near, fc.option(near, { nil: undefined }), fc.integer({ min: 60, max: 100 }), (iat, exp, nbf, maxAge) => {
        const now = 1_800_000_000;
        const claims = { audience: 'x', issuedAt: now + iat, expires: now + exp, ...(nbf === undefined ? {} : { notBefore: now + nbf }) };
        const inOrder = exp >= iat && (nbf ?? iat) <= exp;
        const good = inOrder && Math.max(iat, nbf ?? iat) <= leeway && exp > -leeway && exp - iat <= maxAge;
        const refusal = checkTimes(claims, maxAge, now);
        expect(refusal === undefined).toBe(good);
        expect(!good || -iat < maxAge + leeway).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});
