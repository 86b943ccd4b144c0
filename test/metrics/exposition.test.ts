// The two text formats, letter by letter, and which of them a scraper gets.
import { describe, expect, test } from 'vitest';
import { chooseFormat, write, type Written } from '../../src/metrics/exposition.ts';

const table: Written[] = [
  { name: 'a_total', kind: 'counter', labels: ['code', 'registry'], says: 'Counts \\ and\nmore "things".' },
  { name: 'b_bytes', kind: 'gauge', labels: [], says: 'B.' },
  { name: 'c_seconds', kind: 'histogram', labels: ['route'], buckets: [0.1, 1], says: 'C.' },
  { name: 'empty', kind: 'gauge', labels: [], says: 'Has no series.' },
];
const numbers = {
  a_total: [[['x"y', 'a\\b\nc'], 3]],
  b_bytes: [[[], Infinity]],
  c_seconds: [[['read'], [2, 1, 4, 12.5]]],
} as const;

test('the plain format escapes quotes, backslashes and line breaks, and adds buckets up', () => {
  expect(write(table, numbers, 'text').split('\n')).toEqual([
    String.raw`# HELP a_total Counts \\ and\nmore "things".`,
    '# TYPE a_total counter',
    String.raw`a_total{code="x\"y",registry="a\\b\nc"} 3`,
    '# HELP b_bytes B.',
    '# TYPE b_bytes gauge',
    'b_bytes +Inf',
    '# HELP c_seconds C.',
    '# TYPE c_seconds histogram',
    'c_seconds_bucket{route="read",le="0.1"} 2',
    'c_seconds_bucket{route="read",le="1.0"} 3',
    'c_seconds_bucket{route="read",le="+Inf"} 7',
    'c_seconds_sum{route="read"} 12.5',
    'c_seconds_count{route="read"} 7',
    '',
  ]);
});

test('OpenMetrics names the family of a counter without its `_total`, escapes quotes in help, and has an end', () => {
  const lines = write(table, numbers, 'openmetrics').split('\n');
  expect(lines.slice(0, 3)).toEqual([
    String.raw`# HELP a Counts \\ and\nmore \"things\".`,
    '# TYPE a counter',
    String.raw`a_total{code="x\"y",registry="a\\b\nc"} 3`,
  ]);
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
});

describe('`Accept`', () => {
  test.each([
    [undefined, 'text'],
    ['*/*', 'text'],
    ['text/html', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    // Prometheus 2.42 and 3.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    ['application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', 'openmetrics'],
    ['text/plain;version=0.0.4;q=1,application/openmetrics-text;q=0.5', 'text'],
    ['application/openmetrics-text;q=0, text/plain', 'text'],
    ['application/openmetrics-texts', 'text'],
  ])('%s gets %s', (accept, format) => expect(chooseFormat(accept)).toBe(format));
});
