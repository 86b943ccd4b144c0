// Which keys of a JWK set (RFC 7517) may verify identity tokens.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { isJsonObject, own, type Json, type JsonObject } from '../core/json.ts';

type KeyKind = 'RSA' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519';

export interface VerificationKey {
  readonly key: KeyObject;
  readonly kind: KeyKind;
  /** The one algorithm this key is for, where the JWK names it. */
  readonly alg?: string;
}

/** Keys by `kid`; `refused` says why a `kid` that was listed is not among them (empty `kid`: those without). */
export interface KeySet {
  readonly keys: ReadonlyMap<string, VerificationKey>;
  readonly refused: ReadonlyMap<string, string>;
}

const maxKeys = 100;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const kinds = new Map<string, KeyKind>([
  ['RS256', 'RSA'],
  ['RS384', 'RSA'],
  ['RS512', 'RSA'],
  ['PS256', 'RSA'],
  ['PS384', 'RSA'],
  ['PS512', 'RSA'],
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
  ['EdDSA', 'Ed25519'],
  ['Ed25519', 'Ed25519'],
]);

/** The kind of key that a JWS algorithm (RFC 7518, RFC 8037) needs; undefined for symmetric and unknown ones. */
export function keyKindOf(alg: string): KeyKind | undefined {
  return kinds.get(alg);
}

/** Whether this key may verify this algorithm: the type fits, and so does the JWK's own `alg` (JWT-04). */
export function fits(key: VerificationKey, alg: string): boolean {
  return keyKindOf(alg) === key.kind && (key.alg === undefined || key.alg === alg);
}

/**
 * Reads a JWK set; undefined unless it is an object with a non-empty list `keys`. One bad key does not spoil the good
 * ones (JWK-07); a `kid` with two different keys is refused for both (JWK-08); keys after the first 100 are not read.
 */
export function readKeySet(document: Json): KeySet | undefined {
  const list = isJsonObject(document) ? own(document, 'keys') : undefined;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const keys = new Map<string, VerificationKey>();
  const refused = new Map<string, string>();
  const twice = new Set<string>();
  for (const jwk of list.slice(0, maxKeys) as Json[]) {
    const kid = kidOf(jwk);
    const key = kid === '' ? 'it has no `kid`' : readKey(jwk);
    const known = keys.get(kid);
    if (typeof key === 'string') refused.set(kid, key);
    else if (known === undefined) keys.set(kid, key);
    else if (!known.key.equals(key.key) || known.alg !== key.alg) twice.add(kid);
  }
  for (const kid of twice) {
    keys.delete(kid);
    refused.set(kid, 'two different keys have this `kid`');
  }
  return { keys, refused };
}

function kidOf(jwk: Json): string {
  const kid = isJsonObject(jwk) ? own(jwk, 'kid') : undefined;
  return typeof kid === 'string' ? kid : '';
}

/** The key, or why it is refused. Only the members of a public key are handed to the crypto library. */
function readKey(jwk: Json): VerificationKey | string {
  if (!isJsonObject(jwk)) return 'it is not an object';
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return 'it is a private or symmetric key';
  const use = own(jwk, 'use');
  if (use !== undefined && use !== 'sig') return 'its `use` is not `sig`';
  const operations = own(jwk, 'key_ops');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return 'its `key_ops` lack `verify`';
  const alg = own(jwk, 'alg');
  if (alg !== undefined && typeof alg !== 'string') return 'its `alg` is not a string';
  const key = importKey(jwk);
  return typeof key === 'string' || alg === undefined ? key : { ...key, alg };
}

function importKey(jwk: JsonObject): VerificationKey | string {
  const member = (name: string): string => {
    const value = own(jwk, name);
    return typeof value === 'string' ? value : '';
  };
  const kty = member('kty');
  const crv = member('crv');
  try {
    if (kty === 'RSA') return importRsa(member('n'), member('e'));
    if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384' || crv === 'P-521')) {
      return { kind: crv, key: createPublicKey({ format: 'jwk', key: { kty, crv, x: member('x'), y: member('y') } }) };
    }
    if (kty === 'OKP' && crv === 'Ed25519') {
      return { kind: crv, key: createPublicKey({ format: 'jwk', key: { kty, crv, x: member('x') } }) };
    }
    return 'its `kty` or `crv` is not supported';
  } catch {
    return 'it is malformed';
  }
}

/** 2048 to 8192 bits and the exponent 65537: weaker keys can be forged, others cost the verifier time (JWT-08, JWK-09). */
function importRsa(n: string, e: string): VerificationKey | string {
  if (e !== 'AQAB') return 'its RSA exponent is not 65537';
  if (n.length > 1400) return 'its RSA modulus is too long';
  const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits >= 2048 && bits <= 8192 ? { kind: 'RSA', key } : `its RSA modulus has ${bits} bits`;
}
