// The shape of an upload token: prefix, 256 random bits in base62, and a checksum that tells typos from unknown tokens.
import { crc32 } from './crc32.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretLength = 43; // ceil(256 / log2(62))
const checksumLength = 6; // ceil(32 / log2(62))

/** What every upload token starts with; registered for secret scanning (docs). */
export const tokenPrefix = 'csgn_';
/** The PyPI dialect's prefix: gh-action-pypi-publish warns about tokens that do not start with `pypi-`. */
export const pypiTokenPrefix = 'pypi-csgn_';

/**
 * Writes 32 random bytes as an upload token (catalogue SEC-01).
 * @param random exactly 32 bytes from a cryptographic source
 */
export function formatToken(random: Uint8Array, dialect: 'plain' | 'pypi' = 'plain'): string {
  const secret = base62(bytesToInteger(random), secretLength);
  const body = `${tokenPrefix}${secret}`;
  return `${dialect === 'pypi' ? 'pypi-' : ''}${body}${base62(BigInt(crc32(body)), checksumLength)}`;
}

/** What some text is: an upload token (canonical, without the PyPI prefix), a damaged one, or nothing of ours. */
export type TokenText = { readonly kind: 'token'; readonly token: string } | { readonly kind: 'damaged' } | { readonly kind: 'foreign' };

/** Tells upload tokens, damaged ones and foreign credentials apart without asking the store (TOK-02, SEC-20). */
export function parseToken(text: string): TokenText {
  const token = text.startsWith(pypiTokenPrefix) ? text.slice('pypi-'.length) : text;
  if (!token.startsWith(tokenPrefix)) return { kind: 'foreign' };
  const body = token.slice(0, -checksumLength);
  const wellFormed =
    token.length === tokenPrefix.length + secretLength + checksumLength && /^[0-9A-Za-z]+$/.test(token.slice(tokenPrefix.length));
  if (!wellFormed || base62(BigInt(crc32(body)), checksumLength) !== token.slice(-checksumLength)) return { kind: 'damaged' };
  return { kind: 'token', token };
}

/** Whether an upload token, whole or damaged, stands plainly in the text. Its prefix alone may be a name. */
export function showsToken(text: string): boolean {
  return text.includes(tokenPrefix) && /csgn_[0-9A-Za-z]{20}/.test(text);
}

function bytesToInteger(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = (alphabet[Number(rest % 62n)] ?? '0') + text;
  return text;
}
