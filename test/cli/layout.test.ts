// What is printed fits the terminal.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fill, table } from '../../src/cli/layout.ts';
import { wrap } from '../../src/core/wrap.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), minLength: 1, maxLength: 18 });
const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(' '));

describe('wrap', () => {
  test('loses no word, and no line is wider unless it is one word', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 90 }), fc.integer({ min: 0, max: 8 }), (said, width, indent) => {
        const lines = wrap(said, width, { indent });
        expect(lines.join(' ').split(/ +/).join(' ').trim()).toBe(said);
        for (const line of lines) expect(line.length <= width || !line.trim().includes(' ')).toBe(true);
        for (const line of lines.slice(1)) expect(line.startsWith(' '.repeat(indent))).toBe(true);
      }),
    );
  });

  test('leaves text alone where there is no terminal, and gaps within a line that fits', () => {
    expect(wrap('a  b '.repeat(50), undefined)).toEqual(['a  b '.repeat(50)]);
    expect(wrap('file:1:2  error  no', 80)).toEqual(['file:1:2  error  no']);
  });
});

describe('table', () => {
  const rows = fc
    .integer({ min: 1, max: 4 })
    .chain((columns) => fc.array(fc.array(text, { minLength: 1, maxLength: columns }), { maxLength: 6 }));

  test('never overflows a terminal that is wide enough for its columns, and loses no letter', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 60, max: 120 }), (cells, width) => {
        const laidOut = table(cells, width);
        expect(laidOut).toHaveLength(cells.length);
        for (const [i, lines] of laidOut.entries()) {
          expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
          const letters = (all: readonly string[]): string => all.join('').replaceAll(' ', '').split('').toSorted().join('');
          expect(letters(lines)).toBe(letters(cells[i] ?? []));
        }
      }),
    );
  });

  test('is padded in columns where it fits, and the last cell widens none', () => {
    const rows = [
      ['a', 'bb', 'ccc'],
      ['aaaa', 'b'],
    ];
    expect(table(rows, 80)).toEqual([['a     bb  ccc'], ['aaaa  b']]);
    expect(table(rows, undefined)).toEqual([['a     bb  ccc'], ['aaaa  b']]);
  });
});

test('fill keeps paragraphs and commands, and fills what is between', () => {
  const prose =
    'one two three\nfour five six\n\n  $ command --with --many --flags --that --is --long\n  indented prose that is long enough';
  expect(fill(prose, 24).split('\n')).toEqual([
    'one two three four five',
    'six',
    '',
    '  $ command --with --many --flags --that --is --long',
    '  indented prose that is',
    '  long enough',
  ]);
});
