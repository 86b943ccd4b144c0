import { expect, test } from 'vitest';
import { allRows, groupBeside, missingRows, rowsIn } from '../scripts/catalogue/coverage.ts';

/** Rows without a test or a decision. It may get shorter, never longer. */
const knownMissing: readonly string[] = [];

test('every row of the catalogue of hostile inputs stands in the title of a test, or is decided otherwise', () => {
  expect(allRows()).toHaveLength(509);
  expect(missingRows().filter((row) => !knownMissing.includes(row))).toEqual([]);
});

test('titles name rows one by one, in ranges, and of the npm study', () => {
  expect(rowsIn('JWT-01, npm.md E7 and MP-04 to MP-06; SMG-39')).toEqual(['JWT-01', 'MP-04', 'MP-05', 'MP-06', 'SMG-39', 'npm.md E7']);
  expect(rowsIn('npm.md E1 to E40, SHA-1, UTF-8')).toEqual([]);
});

test('titles that stand beside a row count for its group', () => {
  const titles = [
    'beside SMG-03: x',
    'beside NPM-16: y',
    'beside npm.md E34: z',
    'beside RED-09, RED-11: a',
    'SMG-03 beside',
    'besides SMG-03',
    'beside P4: x',
  ];
  expect(titles.map(groupBeside)).toEqual(['SMG', 'NPM', 'NPM', 'RED', undefined, undefined, undefined]);
});
