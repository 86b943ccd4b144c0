import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { fits, readKeySet, type KeySet } from '../../src/oidc/jwk.ts';

type Jwk = Record<string, unknown>;
const rsa = (bits: number, publicExponent = 65_537): JsonWebKey =>
  generateKeyPairSync('rsa', { modulusLength: bits, publicExponent }).publicKey.export({ format: 'jwk' });
const ec = (namedCurve: string): JsonWebKey => generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });

let good: Jwk;
let other: Jwk;
beforeAll(() => {
  good = { ...rsa(2048), kid: 'good', use: 'sig', alg: 'RS256' };
  other = { ...rsa(2048), kid: 'other', use: 'sig', alg: 'RS256' };
});

const read = (...keys: unknown[]): KeySet | undefined => readKeySet(JSON.parse(JSON.stringify({ keys })) as Json);
const sized = (bytes: number): string => Buffer.alloc(bytes, 0xff).toString('base64url');
const key = (jwk: Jwk) => read(jwk)?.keys.values().next().value;
/** Why the key was refused, when it stands beside a good one; `kept` when it was not. */
function verdict(jwk: unknown): string {
  const set = read(jwk, good);
  expect(set?.keys.has('good')).toBe(true);
  const kid = (jwk as Jwk | null)?.['kid'];
  return set?.refused.get(typeof kid === 'string' ? kid : '') ?? 'kept';
}

describe('a key of an issuer', () => {
  it('is kept when it is an RSA, P-256, P-384, P-521 or Ed25519 signing key', () => {
    const edwards = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const keys = [rsa(2048), rsa(3072), ec('P-256'), ec('P-384'), ec('P-521'), edwards].map((jwk, i) => ({ ...jwk, kid: `k${i}` }));
    const set = read(...keys);
    expect([...(set?.keys.values() ?? [])].map(({ kind }) => kind)).toEqual(['RSA', 'RSA', 'P-256', 'P-384', 'P-521', 'Ed25519']);
    expect(set?.refused.size).toBe(0);
  });

  it('is refused when it is symmetric, private or not for signatures (JWT-06, JWT-07)', () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    expect(verdict({ kty: 'oct', kid: 'x', k: 'c2VjcmV0' })).toBe('it is a private or symmetric key');
    expect(verdict({ kty: 'oct', kid: 'x' })).toBe('its `kty` or `crv` is not supported');
    expect(verdict({ ...pair, kid: 'x' })).toBe('it is a private or symmetric key');
    expect(verdict({ ...curve, kid: 'x' })).toBe('it is a private or symmetric key');
    expect(verdict({ ...other, use: 'enc' })).toBe('its `use` is not `sig`');
    expect(verdict({ ...other, use: null })).toBe('its `use` is not `sig`');
    expect(verdict({ ...other, key_ops: ['encrypt'] })).toBe('its `key_ops` lack `verify`');
    expect(verdict({ ...other, key_ops: 'verify' })).toBe('its `key_ops` lack `verify`');
    expect(verdict({ ...other, key_ops: ['verify'] })).toBe('kept');
    expect(verdict({ ...other, use: undefined })).toBe('kept');
  });

  it('is refused when it is too weak to be believed or too large to be checked (JWT-08, JWK-09)', () => {
    expect(verdict({ ...rsa(1024), kid: 'x' })).toBe('its RSA modulus has 1024 bits');
    expect(verdict({ ...rsa(2048, 3), kid: 'x' })).toBe('its RSA exponent is not 65537');
    expect(verdict({ ...other, e: 'AQ' })).toBe('its RSA exponent is not 65537');
    expect(verdict({ ...other, e: 'AAEAAQ' })).toBe('its RSA exponent is not 65537');
    expect(verdict({ ...other, n: sized(1024) })).toBe('kept');
    expect(verdict({ ...other, n: sized(1030) })).toBe('its RSA modulus has 8240 bits');
    expect(verdict({ ...other, n: sized(2048) })).toBe('its RSA modulus is too long');
    expect(verdict({ ...other, n: sized(1_000_000) })).toBe('its RSA modulus is too long');
  });

  it.each([
    ['null', null],
    ['a string', 'key'],
    ['a list', []],
    ['no kid', { kty: 'RSA' }],
    ['an empty kid', { kty: 'RSA', kid: '' }],
    ['a kid that is a number', { kty: 'RSA', kid: 1 }],
    ['an unknown kty', { kty: 'ML', kid: 'x' }],
    ['an unknown curve', { kty: 'EC', crv: 'secp256k1', kid: 'x', x: 'AA', y: 'AA' }],
    ['a point off the curve', { kty: 'EC', crv: 'P-256', kid: 'x', x: 'AAAA', y: 'AAAA' }],
    ['no point', { kty: 'OKP', crv: 'Ed25519', kid: 'x' }],
    ['a key exchange curve', { kty: 'OKP', crv: 'X25519', kid: 'x', x: 'AAAA' }],
    ['numbers for strings', { kty: 'RSA', kid: 'x', n: 5, e: 'AQAB' }],
    ['an alg that is a list', { kty: 'RSA', kid: 'x', alg: ['RS256'] }],
    ['x5c instead of a key', { kty: 'RSA', kid: 'x', x5c: ['garbage'] }],
    ['no modulus', { kty: 'RSA', kid: 'x', n: '', e: 'AQAB' }],
  ])('that is malformed (%s) does not spoil the good ones (JWK-07)', (_, jwk) => {
    expect(verdict(jwk)).not.toBe('kept');
  });

  it('brings nothing but its public numbers: a garbage x5c beside them is not looked at', () => {
    expect(verdict({ ...other, x5c: ['garbage'], x5u: 'http://127.0.0.1:9/' })).toBe('kept');
  });

  it('with the kid of a different key is refused, and so is that one; the others stay (JWK-08)', () => {
    const twin = { ...other, kid: 'good' };
    for (const keys of [
      [good, twin],
      [twin, good],
      [good, twin, good],
      [twin, good, twin],
    ]) {
      const set = read(...keys, other);
      expect([...(set?.keys.keys() ?? [])]).toEqual(['other']);
      expect(set?.refused.get('good')).toBe('two different keys have this `kid`');
    }
    expect([...(read(good, good)?.keys.keys() ?? [])]).toEqual(['good']);
    expect([...(read({ ...twin, use: 'enc' }, good)?.keys.keys() ?? [])]).toEqual(['good']);
  });

  it('is for its own `alg` only, and for the algorithms of its type (JWT-04)', () => {
    const named = key(good);
    const open = key({ ...good, alg: undefined });
    const curve = key({ ...ec('P-256'), kid: 'x' });
    if (!named || !open || !curve) throw new Error('a good key was refused');
    expect(['RS256', 'RS512', 'PS256', 'ES256', 'HS256', 'none'].filter((alg) => fits(named, alg))).toEqual(['RS256']);
    expect(['RS256', 'RS512', 'PS256', 'ES256', 'HS256', 'none'].filter((alg) => fits(open, alg))).toEqual(['RS256', 'RS512', 'PS256']);
    expect(['ES256', 'ES384', 'RS256', 'EdDSA', '__proto__'].filter((alg) => fits(curve, alg))).toEqual(['ES256']);
  });
});

describe('a set of keys', () => {
  it('is an object with a non-empty list (JWK-06)', () => {
    for (const document of [[], {}, { keys: {} }, { keys: [] }, { keys: null }, null, 'keys', 1, [{ kty: 'RSA' }]] as Json[]) {
      expect(readKeySet(document)).toBeUndefined();
    }
  });

  it('is read up to the hundredth key (JWK-09)', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...good, kid: `k${i}` }));
    const started = performance.now();
    expect(read(...many)?.keys.size).toBe(100);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
