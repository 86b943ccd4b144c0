import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches, patternProblem, toPattern } from '../../src/core/pattern.ts';

function check(glob: string, text: string): boolean {
  const pattern = toPattern(glob);
  if (pattern === undefined) throw new Error(`${glob} is no pattern`);
  return matches(pattern, text);
}

describe('patterns', () => {
  test.each([
    ['refs/tags/v*', 'refs/tags/v1', true],
    ['refs/tags/v*', 'refs/tags/v', true],
    ['refs/tags/v*', 'refs/tags/v1/evil', false],
    ['refs/tags/v*', 'refs/tags/v1/../../heads/x', false],
    ['refs/tags/v*', 'xrefs/tags/v1', false],
    ['refs/heads/main', 'refs/heads/main', true],
    ['refs/heads/main', 'refs/heads/mainx', false],
    ['refs/heads/main', 'refs/heads/main\n', false],
    ['refs/**', 'refs/heads/a/b', true],
    ['refs/**/x', 'refs/heads/a/x', true],
    ['refs/**/x', 'refs/x', false],
    ['@acme/*', '@acme/ui', true],
    ['@acme/*', '@acme/ui/x', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b', false],
    ['**a*b', 'x/a/ab', true],
    ['*', '', true],
    ['*', '/', false],
    ['**', 'a/b', true],
  ])('CLM-24 CLM-25 POL-16 %s on %j is %s', (glob, text, expected) => {
    expect(check(glob, text)).toBe(expected);
  });

  test.each(['', 'a?b', '[a-z]', '{a,b}', 'a\\*', '***'])('POL-16 %j is refused as a pattern', (text) => {
    expect(patternProblem(text)).toBeTypeOf('string');
    expect(toPattern(text)).toBeUndefined();
  });

  test('agree with an anchored regular expression that says the same', () => {
    const piece = fc.constantFrom('a', 'b', '/', '.', '*', '**');
    const globs = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('').replaceAll(/\*{3,}/g, '**'));
    const texts = fc.array(fc.constantFrom('a', 'b', '/', '.', '\n'), { maxLength: 10 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(globs, texts, (glob, text) => {
        fc.pre(toPattern(glob) !== undefined);
        const source = glob.replaceAll('.', '\\.').replaceAll(/\*\*|\*/g, (star) => (star === '**' ? '[^]*' : '[^/]*'));
        expect(check(glob, text)).toBe(new RegExp(`^(?:${source})$`).test(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test('POL-14 a hostile claim costs time in proportion to its length', () => {
    const text = `${'a'.repeat(16_000)}!`;
    const started = performance.now();
    expect(check('**a*a**a*a*b', text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
