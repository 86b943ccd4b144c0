// RSASSA-PKCS1-v1_5 is verified by node:crypto and not by jose: both have to agree on every signature.
import * as fc from 'fast-check';
import { compactVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { isRefusal } from '../../src/core/refusal.ts';
import type { VerificationKey } from '../../src/oidc/jwk.ts';
import { isSigned } from '../../src/oidc/signature.ts';
import { readUnverified } from '../../src/oidc/unverified.ts';
import { createIssuerKey, signCompact, type IssuerKey } from '../support/keys.ts';

let key: IssuerKey;
let other: IssuerKey;
beforeAll(async () => {
  [key, other] = await Promise.all([createIssuerKey('RS256'), createIssuerKey('RS256')]);
});

const verificationKey = (of: IssuerKey): VerificationKey => ({ key: of.publicKey, kind: 'RSA' });
const byJose = (token: string, alg: string): Promise<boolean> =>
  compactVerify(token, key.publicKey, { algorithms: [alg] }).then(
    () => true,
    () => false,
  );
const byUs = async (token: string, alg: string): Promise<boolean> => {
  const read = readUnverified(token);
  return !isRefusal(read) && isSigned(token, read, verificationKey(key), alg);
};

describe('JWT-09 to JWT-12 a signature of RS256, RS384 or RS512', () => {
  it.each(['RS256', 'RS384', 'RS512'] as const)('%s is good with its own key and algorithm only', async (alg) => {
    const sign = (by: IssuerKey, as: typeof alg | 'PS256'): string =>
      signCompact({ a: 1 }, { alg: as, key: by.privateKey, header: { alg } });
    expect(await byUs(sign(key, alg), alg)).toBe(true);
    expect(await byUs(sign(other, alg), alg)).toBe(false);
    expect(await byUs(sign(key, 'PS256'), alg)).toBe(false);
    for (const wrong of ['RS256', 'RS384', 'RS512'].filter((name) => name !== alg)) expect(await byUs(sign(key, alg), wrong)).toBe(false);
  });

  it('is what jose says it is, for signatures and texts that were tampered with', async () => {
    const good = signCompact({ sub: 'x', n: 1 }, { alg: 'RS256', key: key.privateKey, header: { alg: 'RS256' } });
    const [head = '', payload = '', signature = ''] = good.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const changed = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'cut', 'grow', 'claims'));
    await fc.assert(
      fc.asyncProperty(changed, async ([at, value, how]) => {
        const sent =
          how === 'cut' ? bytes.subarray(0, at) : how === 'grow' ? Buffer.concat([Buffer.alloc(at % 4), bytes]) : Buffer.from(bytes);
        if (how === 'set') sent[at] = value;
        const claims = how === 'claims' ? Buffer.from(`{"sub":"x","n":${value}}`).toString('base64url') : payload;
        const token = `${head}.${claims}.${sent.toString('base64url')}`;
        expect(await byUs(token, 'RS256')).toBe(await byJose(token, 'RS256'));
      }),
      { numRuns: 300 },
    );
  });
});
