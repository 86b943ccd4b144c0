import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRefusal, refusalKinds, refuse, toPrintable, type RefusalCode } from '../../src/core/refusal.ts';

const codes = Object.keys(refusalKinds) as RefusalCode[];

describe('refusals', () => {
  test.each(codes)('%s says one printable line that ends like a sentence, without "undefined"', (code) => {
    const values = Object.fromEntries(
      [
        'actual',
        'expected',
        'publisher',
        'field',
        'what',
        'problem',
        'limit',
        'ago',
        'from',
        'now',
        'issuer',
        'anchor',
        'package',
        'allowed',
        'line',
        'reason',
        'granted',
        'registry',
        'action',
        'version',
        'tag',
        'where',
        'algorithm',
        'method',
        'host',
        'status',
        'seconds',
        'text',
        'name',
        'more',
        'publish',
        'page',
        'may',
      ].map((key) => [key, `<${key}>`]),
    );
    const refusal = refuse(code, values);
    expect(refusal.message).toMatch(/^[\x20-\x7e]+$/);
    expect(refusal.message).not.toContain('undefined');
    expect(refusal.message).not.toMatch(/denied|unauthori[sz]ed/i);
    expect(isRefusal(refusal)).toBe(true);
  });

  test('P8 JWT-48 HDR-13 whatever a value holds, the message stays one printable line of bounded length', () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.string({ unit: 'binary', maxLength: 2_000 }), (code, value) => {
        const { message } = refuse(code, { actual: value, expected: value, anchor: value, package: value, problem: value, reason: value });
        expect(message).toMatch(/^[\x20-\x7e]*$/);
        expect(message.length).toBeLessThanOrEqual(600);
      }),
    );
  });

  test.each(codes.filter((code) => code.startsWith('publisher-')))('%s reads well when the token lacks the claim', (code) => {
    const values = Object.fromEntries(
      ['expected', 'publisher', 'field', 'what', 'anchor', 'package', 'allowed', 'line'].map((key) => [key, 'x']),
    );
    expect(refuse(code, values).message).not.toContain('undefined');
  });

  test('control characters and direction marks become visible escapes', () => {
    expect(toPrintable('a\r\nb\u202ec')).toBe('a\\u{d}\\u{a}b\\u{202e}c');
  });

  test('P4 every refusal with 503 says when to try again', () => {
    for (const code of codes) if (refusalKinds[code].status === 503) expect(refuse(code).retryAfter, code).toBeGreaterThan(0);
  });
});
