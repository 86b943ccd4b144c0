// What a question to the record may say, and what is told to whoever says it wrong.
import { describe, expect, test } from 'vitest';
import { readQuery } from '../../src/audit/query.ts';

const read = (text: string) => readQuery(new URLSearchParams(text));

describe('a question', () => {
  test.each([
    ['1764400000', 1_764_400_000_000],
    ['1764400000.25', 1_764_400_000_250],
    ['2026-11-29', Date.UTC(2026, 10, 29)],
    ['2026-11-29T10:30', Date.UTC(2026, 10, 29, 10, 30)],
    ['2026-11-29T10:30:15.5Z', Date.UTC(2026, 10, 29, 10, 30, 15, 500)],
    ['2026-11-29T10:30:15+02:00', Date.UTC(2026, 10, 29, 8, 30, 15)],
  ])('may name a time as %s', (text, ms) => {
    expect(read(`from=${encodeURIComponent(text)}`)).toMatchObject({ from: ms });
  });

  test.each([
    ['from=yesterday', 'from is neither ISO 8601 nor Unix seconds'],
    ['to=2026-13-01', 'to is neither ISO 8601 nor Unix seconds'],
    ['to=', 'to is neither ISO 8601 nor Unix seconds'],
    ['from=1e9', 'from is neither ISO 8601 nor Unix seconds'],
    ['limit=0', 'limit is not a whole number from 1 to 1000'],
    ['limit=1001', 'limit is not a whole number from 1 to 1000'],
    ['limit=ten', 'limit is not a whole number from 1 to 1000'],
    ['limit=5&limit=6', 'limit is given more than once'],
    ['cursor=x', 'cursor is not the `next` of a page'],
    ['pakage=ui', 'pakage is not known here'],
    ['__proto__=ui', '__proto__ is not known here'],
    ['constructor=ui', 'constructor is not known here'],
    ['package=', 'package is empty'],
    ['package=a&'.repeat(51), 'package has more than 50 values'],
  ])('with %s is refused', (text, problem) => {
    expect(read(text)).toEqual({ problem });
  });

  test('for an outcome that does not exist is told those that do', () => {
    expect(read('outcome=denied')).toEqual({ problem: expect.stringMatching(/^outcome denied is none of minted, refused, /) as string });
  });

  test('is repeated back in printable characters only', () => {
    expect(JSON.stringify(read('%1b%5b2J=1'))).not.toContain('\\u001b');
    expect(JSON.stringify(read('outcome=%1b%5b2J'))).not.toContain('\\u001b');
  });

  test('looks for what the record says: what is written as \\u{…} there is found by the text itself', () => {
    const query = read('package=%C3%BC');
    expect('where' in query && query.where.get('package')).toEqual(['\\u{fc}']);
  });
});
