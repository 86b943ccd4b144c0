// The shape of an upload token: prefix, 256 random bits in base62, and a checksum that tells typos from unknown tokens.
import { crc32 } from './crc32.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretLength = 43; // ceil(256 / log2(62))
const checksumLength = 6; // ceil(32 / log2(62))

/** What every upload token starts with; registered for secret scanning (docs). */
export const tokenPrefix = 'csgn_';
/** The PyPI dialect's prefix: gh-action-pypi-publish warns about tokens that do not start with `pypi-`. */
const pypiTokenPrefix = 'pypi-csgn_';

/**
 * Writes 32 random bytes as an upload token (catalogue SEC-01).
 * @param random exactly 32 bytes from a cryptographic source
 */
export function formatToken(random: Uint8Array, dialect: 'plain' | 'pypi' = 'plain'): string {
  const body = `${tokenPrefix}${base62(limbsOf(random), secretLength)}`;
  return `${dialect === 'pypi' ? 'pypi-' : ''}${body}${checksum(body)}`;
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
  if (!wellFormed || checksum(body) !== token.slice(-checksumLength)) return { kind: 'damaged' };
  return { kind: 'token', token };
}

/** Whether an upload token, whole or damaged, stands plainly in the text. Its prefix alone may be a name. */
export function showsToken(text: string): boolean {
  return text.includes(tokenPrefix) && /csgn_[0-9A-Za-z]{20}/.test(text);
}

function checksum(body: string): string {
  const value = crc32(body);
  return base62([value >>> 16, value & 0xffff], checksumLength);
}

/** The bytes as a number in base 65,536, highest digit first. */
function limbsOf(bytes: Uint8Array): number[] {
  const limbs: number[] = [];
  for (let i = 0; i < bytes.length; i += 2) limbs.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  return limbs;
}

const four = 62 ** 4;

/** Writes a number, which is used up, in base 62: by long division, four characters at a time, exact in a double. */
function base62(limbs: number[], length: number): string {
  let text = '';
  let first = 0;
  while (text.length < length) {
    let rest = 0;
    while (limbs[first] === 0) first += 1;
    for (let i = first; i < limbs.length; i += 1) {
      const value = rest * 65_536 + (limbs[i] ?? 0);
      limbs[i] = Math.floor(value / four);
      rest = value % four;
    }
    for (let i = 0; i < 4; i += 1, rest = Math.floor(rest / 62)) text = (alphabet[rest % 62] ?? '0') + text;
  }
  return text.slice(-length);
}
