import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64url } from '../../src/oidc/base64url.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('base64url', () => {
  it('reads what is written canonically', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64url(Buffer.from(bytes).toString('base64url'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('has one spelling for each sequence of bytes: any other last character with the same bytes is refused (JWT-20)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.constantFrom(...Array.from(alphabet)), (bytes, last) => {
        const text = Buffer.from(bytes).toString('base64url');
        const other = text.slice(0, -1) + last;
        fc.pre(other !== text && Buffer.from(other, 'base64url').equals(bytes));
        expect(decodeBase64url(other)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(decodeBase64url('AA')).toEqual(Buffer.from([0]));
    expect(decodeBase64url('AB')).toBeUndefined();
  });

  it('refuses padding, white space, the standard alphabet and every other character wherever it stands (JWT-20, JWT-22)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 3 }),
        fc.nat(),
        fc.constantFrom(...Array.from('+/=\n\r\t %.,~\u0000\u00e9\u{1f600}')),
        (bytes, where, bad) => {
          const text = Buffer.from(bytes).toString('base64url');
          const at = where % (text.length + 1);
          expect(decodeBase64url(text.slice(0, at) + bad + text.slice(at))).toBeUndefined();
        },
      ),
      { numRuns: 1000 },
    );
    expect(decodeBase64url('A')).toBeUndefined();
  });
});
