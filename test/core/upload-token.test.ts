import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatToken, parseToken } from '../../src/core/upload-token.ts';

describe('upload tokens', () => {
  test('TOK-01 SEC-01 10,000 tokens are unique and of the published form', () => {
    const tokens = Array.from({ length: 10_000 }, () => formatToken(randomBytes(32)));
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const token of tokens) expect(token).toMatch(/^csgn_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/);
  });

  test('the checksum is the CRC-32 of what stands before it', () => {
    // CRC-32 of "csgn_" and 43 zeros, computed with zlib, is written in base62 at the end.
    expect(formatToken(new Uint8Array(32))).toBe(`csgn_${'0'.repeat(43)}1FQvRH`);
  });

  test('a token of the PyPI dialect starts with pypi- and stays under 85 characters', () => {
    const token = formatToken(randomBytes(32), 'pypi');
    expect(token).toMatch(/^pypi-csgn_/);
    expect(token.length).toBeLessThan(85);
    expect(parseToken(token)).toEqual({ kind: 'token', token: token.slice('pypi-'.length) });
  });

  test('TOK-02 SEC-20 a token with one character changed is damaged, not unknown', () => {
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(48), fc.nat(61), (random, at, letter) => {
        const token = formatToken(random);
        const index = 'csgn_'.length + at;
        const other = alphabet[letter] ?? '0';
        fc.pre(token[index] !== other);
        const changed = token.slice(0, index) + other + token.slice(index + 1);
        expect(parseToken(changed)).toEqual({ kind: 'damaged' });
      }),
    );
  });

  test.each(['csgn_', 'csgn_abc', `csgn_${'a'.repeat(48)}`, `csgn_${'a'.repeat(50)}`, `pypi-csgn_${'é'.repeat(49)}`])(
    '%j is damaged',
    (text) => {
      expect(parseToken(text)).toEqual({ kind: 'damaged' });
    },
  );

  test.each(['', 'npm_abc', 'pypi-AgEIcHlwaS5vcmc', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln', ' csgn_x', 'CSGN_x'])('%j is foreign', (text) => {
    expect(parseToken(text)).toEqual({ kind: 'foreign' });
  });
});
