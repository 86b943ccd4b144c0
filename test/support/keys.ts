// Keys of the test issuer and the signing of tokens, honest and hostile ones alike.
import { createHash, createHmac, generateKeyPair, randomUUID, sign as cryptoSign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** Algorithms a test can put a real signature with. `none` leaves the signature empty. */
export type TestAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'ES256' | 'EdDSA' | 'HS256' | 'none';

/** A signing key of the issuer; `jwk` is what its JWKS serves. */
export type IssuerKey = {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly x5t: string;
  readonly jwk: JsonWebKey & { kid: string; alg: string; use: string };
};

/** Makes a fresh key: RSA 2048 (the default, what GitHub and GitLab use) or P-256. */
export async function createIssuerKey(alg: IssuerKey['alg'] = 'RS256', kid: string = randomUUID()): Promise<IssuerKey> {
  const pair = alg === 'RS256' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ec', { namedCurve: 'P-256' });
  const der = pair.publicKey.export({ type: 'spki', format: 'der' });
  const x5t = createHash('sha1').update(der).digest('base64url');
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { kid, alg, privateKey: pair.privateKey, publicKey: pair.publicKey, x5t, jwk };
}

/** What to sign with; `key` is a secret (string or bytes) for HS256 and is not needed for `none`. */
export type SignOptions = {
  readonly alg: TestAlgorithm;
  readonly key?: KeyObject | string | Uint8Array;
  /** A string is used as it is (for malformed headers); an object is serialised. */
  readonly header: Record<string, unknown> | string;
};

/**
 * Signs any payload under any header as a compact JWS (RFC 7515). Nothing is checked or added, so that a test can
 * build every hostile token; a string payload goes in byte for byte (duplicate keys, invalid JSON).
 */
export function signCompact(payload: Record<string, unknown> | string, options: SignOptions): string {
  const input = `${part(options.header)}.${part(payload)}`;
  return `${input}.${signature(input, options).toString('base64url')}`;
}

function part(value: Record<string, unknown> | string): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64url');
}

function signature(input: string, { alg, key }: SignOptions): Buffer {
  const data = Buffer.from(input);
  if (alg === 'none') return Buffer.alloc(0);
  if (key === undefined) throw new Error(`a token signed with ${alg} needs a key`);
  if (alg === 'HS256') return createHmac('sha256', key).update(data).digest();
  if (typeof key === 'string' || key instanceof Uint8Array) {
    throw new Error(`${alg} needs a private key, got a secret`);
  }
  if (alg === 'ES256') return cryptoSign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  if (alg === 'EdDSA') return cryptoSign(null, data, key);
  if (alg === 'PS256') return cryptoSign('sha256', data, { key, padding: 6, saltLength: 32 });
  return cryptoSign(`RSA-SHA${alg.slice(2)}`, data, key);
}
