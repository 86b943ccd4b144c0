// What an audit record says of a publisher that was considered can be read back, whatever a claim holds.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeConsidered, readConsidered } from '../../src/core/considered.ts';
import type { Considered } from '../../src/core/match.ts';

const considered = (checks: readonly { field: string; expected: string; actual: string }[]): Considered =>
  ({ publisher: { name: 'ui-release' }, checks: checks.map((check) => ({ ...check, ok: false })) }) as unknown as Considered;

describe('a publisher that was considered', () => {
  test('is one text that people can read', () => {
    const text = describeConsidered(considered([{ field: 'workflow', expected: 'release.yml', actual: 'build.yml' }]));
    expect(text).toBe('ui-release: workflow expected release.yml got build.yml');
    expect(describeConsidered(considered([]))).toBe('ui-release: other package');
  });

  test('is read back as it was, also when a claim looks like the words around it', () => {
    const words = fc.constantFrom('a', ' got ', '; ', ' expected ', '"', '\\', 'workflow', ':', ' ', 'none', '\u0007');
    const value = fc.array(words, { maxLength: 6 }).map((parts) => parts.join(''));
    const check = fc.record({ field: fc.constantFrom('workflow', 'claims.x'), expected: value, actual: value });
    fc.assert(
      fc.property(fc.array(check, { minLength: 1, maxLength: 4 }), (checks) => {
        expect(readConsidered(describeConsidered(considered(checks)))).toEqual({ publisher: 'ui-release', differences: checks });
      }),
      { numRuns: 3000 },
    );
  });

  test('that was cut short gives what is left, and never an error', () => {
    const whole = describeConsidered(
      considered([
        { field: 'ref', expected: 'a; b', actual: 'c' },
        { field: 'x', expected: 'y', actual: 'z' },
      ]),
    );
    for (let end = 0; end <= whole.length; end += 1) expect(() => readConsidered(whole.slice(0, end))).not.toThrow();
  });
});
