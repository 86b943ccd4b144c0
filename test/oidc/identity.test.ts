import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { identityOf } from '../../src/oidc/identity.ts';
import { createVerifier } from '../../src/oidc/verify.ts';
import { startIssuer } from '../support/issuer.ts';
import { audience, settingsFor, startBench, verified, type Bench } from './support.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const identity = async (claims: Record<string, unknown>) => verified(await bench.present(claims)).identity;
const withoutJti = (claims: unknown) => identityOf('https://ci.example', undefined, claims as JsonObject);
const names = (claims: object) => JSON.stringify(Object.keys(claims).toSorted((a, b) => (a < b ? -1 : 1)));

describe('the identity of a verified token', () => {
  it('is the same for the same `jti`, whatever else and however it is written (JWT-20, JWT-60)', async () => {
    const first = await identity({ jti: 'a' });
    expect(await identity({ jti: 'a', run_id: '99' })).toBe(first);
    expect(await identity({ jti: 'b' })).not.toBe(first);
  });

  it('takes any characters in `jti` and is always a hash (JWT-63)', async () => {
    const all = await Promise.all(
      ['\u0000', '\n', ':', '*', ' ', 'a:b', 'a\u0000b', '\u{1f600}', 'x'.repeat(1024)].map((jti) => identity({ jti })),
    );
    expect(new Set(all).size).toBe(all.length);
    for (const hash of all) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs between issuers, also where issuer and `jti` run together to the same text (JWT-63, JWT-64)', async () => {
    const [one, two] = [await startIssuer({ path: '/a' }), await startIssuer({ path: '/a/b' })];
    const keyed = settingsFor(one, { name: 'one', url: 'https://ci.example/a', jwksUri: one.jwksUri });
    const other = settingsFor(two, { name: 'two', url: 'https://ci.example/a/b', jwksUri: two.jwksUri });
    const issuers = new Map([
      ['one', keyed],
      ['two', other],
    ]);
    const verifier = createVerifier({ issuers: () => issuers });
    const of = async (from: typeof one, iss: string, jti: string) =>
      verified(await verifier.verify(from.sign(from.githubClaims({ iss, jti, aud: audience })), [audience])).identity;
    const all = [await of(one, keyed.url, 'b/c'), await of(two, other.url, 'c'), await of(two, other.url, 'b/c')];
    expect(new Set(all).size).toBe(3);
    verifier.close();
    await Promise.all([one.close(), two.close()]);
  });

  it('without `jti` is that of all claims: their order does not matter, their values do (JWT-62)', async () => {
    bench.configure({ jti: false });
    const claims = bench.issuer.circleciClaims({ aud: audience, exp: bench.now() + 600 });
    const of = async (set: Record<string, unknown>) => verified(await bench.verify(bench.issuer.sign(set))).identity;
    const first = await of(claims);
    expect(await of(Object.fromEntries(Object.entries(claims).toReversed()))).toBe(first);
    expect(await of({ ...claims, 'oidc.circleci.com/ssh-rerun': 'false' })).not.toBe(first);
    expect(await of({ ...claims, 'oidc.circleci.com/context-ids': ['c7e1d2f3-5555-4666-8777-888899990000', 'x'] })).not.toBe(first);
    bench.configure({});
  });
});

describe('the identity', () => {
  it('differs where issuer and `jti` run together to the same text (JWT-64)', () => {
    expect(identityOf('https://ci.example/a', 'b/c', {})).not.toBe(identityOf('https://ci.example/a/b', 'c', {}));
    expect(identityOf('https://ci.example/a', 'bjtic', {})).not.toBe(identityOf('https://ci.example/ajtib', 'c', {}));
    expect(identityOf('https://ci.example', '{"a":1}', {})).not.toBe(withoutJti({ a: 1 }));
  });

  it('without `jti` is the same for the same claims in any order and another for other claims (JWT-62)', () => {
    const claims = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(claims, claims, (one, two) => {
        expect(withoutJti(Object.fromEntries(Object.entries(one).toReversed()))).toBe(withoutJti(one));
        fc.pre(names(one) !== names(two));
        expect(withoutJti(one)).not.toBe(withoutJti(two));
      }),
    );
  });
});
