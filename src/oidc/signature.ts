// The signature of an identity token, over exactly the bytes whose claims were read.
import { verify } from 'node:crypto';
import type { UnverifiedToken } from './unverified.ts';
import type { VerificationKey } from './jwk.ts';

/** RSASSA-PKCS1-v1_5 (RFC 8017 8.2): what nearly every CI signs with, and a key that is at hand verifies within 25 µs. */
const pkcs1: Readonly<Record<string, string>> = { RS256: 'RSA-SHA256', RS384: 'RSA-SHA384', RS512: 'RSA-SHA512' };

/**
 * Whether the token was signed with this key. `alg` comes from the issuer's list and fits the key (`header.ts`, `jwk.ts`).
 * The algorithms whose signatures have more than one encoding, or parameters, are jose's.
 */
export async function isSigned(
  token: string,
  { signed, signature }: UnverifiedToken,
  { key }: VerificationKey,
  alg: string,
): Promise<boolean> {
  const digest = pkcs1[alg];
  // The key as it is, whose kind says the padding: in an object with options Node looks at it three times as long.
  if (digest !== undefined) return verify(digest, Buffer.from(signed, 'latin1'), key, signature);
  const { compactVerify, errors } = await import('jose');
  try {
    await compactVerify(token, key, { algorithms: [alg] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
