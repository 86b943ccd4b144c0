import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIssuerKey } from '../support/keys.ts';
import { audience, outcome, startBench, words, type Bench } from './support.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const codes = async (tokens: readonly string[]) => (await Promise.all(tokens.map((token) => bench.verify(token)))).map(outcome);

describe('the header', () => {
  it.each([
    ['JWT-01', { alg: 'none' }],
    ['JWT-01', { alg: 'None' }],
    ['JWT-01', { alg: 'nOnE' }],
    ['JWT-01', { alg: 'NONE' }],
    ['JWT-01', { alg: '' }],
    ['JWT-01', { alg: undefined }],
    ['JWT-01', { alg: ['RS256'] }],
    ['JWT-01', { alg: '__proto__' }],
    ['JWT-04', { alg: 'ES256' }],
    ['JWT-05', { alg: 'PS256' }],
    ['JWT-10', { kid: undefined }],
    ['JWT-11', { kid: 1 }],
    ['JWT-11', { kid: ['k1'] }],
    ['JWT-11', { kid: {} }],
    ['JWT-11', { kid: null }],
    ['JWT-11', { kid: '' }],
    ['JWT-11', { kid: '__proto__' }],
    ['JWT-11', { kid: 'constructor' }],
    ['JWT-11', { kid: 'toString' }],
    ['JWT-12', { kid: '../../../../dev/null' }],
    ['JWT-12', { kid: "k1' OR 1=1--" }],
    ['JWT-12', { kid: 'k1\u0000' }],
    ['JWT-12', { kid: 'k'.repeat(257) }],
    ['JWT-12', { kid: 'http://127.0.0.1:9/' }],
    ['JWT-14', { crit: ['x'] }],
    ['JWT-14', { crit: [] }],
    ['JWT-14', { crit: ['b64'], b64: false }],
    ['JWT-14', { b64: true }],
    ['JWT-15', { zip: 'DEF' }],
    ['JWT-15', { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_147_483_647 }],
    ['JWT-16', { cty: 'JWT' }],
    ['JWT-17', { typ: 'at+jwt' }],
    ['JWT-17', { typ: 'logout+jwt' }],
    ['JWT-17', { typ: 'secevent+jwt' }],
    ['JWT-17', { typ: 'application/jwt' }],
    ['JWT-17', { typ: null }],
    ['JWT-17', { typ: ['JWT'] }],
  ])('is refused: %s %j', async (_, header) => {
    const refusal = words(await bench.present({}, header));
    expect(refusal).toMatch(/^token-invalid: [ -~]{1,200}$/);
  });

  it('may lack `typ`, and `JWT` may be written in any case (JWT-17)', async () => {
    for (const typ of [undefined, 'jwt', 'Jwt']) expect(outcome(await bench.present({}, { typ }))).toBe('verified');
  });

  it('is strict JSON: a second `kid` or `alg` is refused, and so is what is no object', async () => {
    const { kid } = bench.issuer.currentKey();
    const claims = bench.issuer.githubClaims({ aud: audience });
    const headers = [
      `{"alg":"none","alg":"RS256","kid":"${kid}"}`,
      `{"alg":"RS256","kid":"x","kid":"${kid}"}`,
      '[]',
      '"RS256"',
      'null',
      '{',
      '',
    ];
    expect(await codes(headers.map((header) => bench.issuer.sign(claims, { header })))).toEqual(headers.map(() => 'token-malformed'));
  });

  it('cannot bring its own key: jku, x5u, jwk and x5c are never looked at', async () => {
    const stranger = await createIssuerKey();
    const { kid } = bench.issuer.currentKey();
    const header = { kid, jwk: stranger.jwk, jku: `${bench.issuer.origin}/evil`, x5u: `${bench.issuer.origin}/evil`, x5c: ['AAAA'] };
    const claims = bench.issuer.githubClaims({ aud: audience });
    expect(words(await bench.verify(bench.issuer.sign(claims, { key: stranger.privateKey, header })))).toMatch(/signature/);
    expect(outcome(await bench.verify(bench.issuer.sign(claims, { header })))).toBe('verified');
  });

  it('names the wanted algorithms when another is used', async () => {
    expect(words(await bench.present({}, { alg: 'HS256' }))).toContain(
      'token-invalid: The identity token is not valid: it is not signed with RS256 or ES256. ',
    );
  });
});
