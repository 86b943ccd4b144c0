// Numbers in memory: buckets, bounds on series, and how several processes become one.
import { describe, expect, test } from 'vitest';
import { across, accumulated, Cell, createMetrics, Family, Histogram, merge, several } from '../../src/metrics.ts';
import { mostSeries } from '../../src/metrics/series.ts';

describe('a histogram', () => {
  test('counts a value under the first bound that is not below it', () => {
    const histogram = new Histogram([1, 2]);
    for (const value of [0.5, 1, 1.5, 2, 2.1, Infinity]) histogram.observe(value);
    expect(histogram.counts).toEqual([2, 2, 2]);
  });

  test('FLT-03 takes a duration below zero, of a clock that was set back, for none', () => {
    const histogram = new Histogram([1, 2]);
    histogram.observe(-3600);
    histogram.observe(0.5);
    expect([histogram.counts, histogram.sum]).toEqual([[2, 0, 0], 0.5]);
  });
});

describe('a family', () => {
  const family = (): Family<{ readonly registry: string; readonly code: string }, Cell> =>
    new Family(['registry', 'code'], () => new Cell());

  test('gives the same cell for the same labels', () => {
    const cells = family();
    cells.of({ registry: 'npm', code: 'x' }).add();
    cells.of({ code: 'x', registry: 'npm' }).add(2);
    expect(cells.entries()).toEqual([{ values: ['npm', 'x'], kept: { value: 3 } }]);
  });

  test('DOS-15 100,000 label values that somebody made up are 2000 series and one for the rest, and nothing is lost', () => {
    const cells = family();
    for (let i = 0; i < 100_000; i += 1) cells.of({ registry: `r${i}`, code: 'x' }).add();
    cells.of({ registry: 'r7', code: 'x' }).add();
    expect(cells.entries()).toHaveLength(mostSeries + 1);
    expect(cells.of({ registry: 'r7', code: 'x' }).value).toBe(2);
    expect(cells.of({ registry: several, code: several }).value).toBe(100_000 - mostSeries);
  });

  test('forgets what a reload took away, and keeps the same cells of what stays', () => {
    const cells = family();
    const kept = cells.of({ registry: 'npm', code: '-' });
    for (const registry of ['old', '-', '*']) cells.of({ registry, code: '-' }).add();
    cells.retain('registry', new Set(['npm']));
    expect(cells.entries().map(({ values }) => values[0])).toEqual(['npm', '-', '*']);
    expect(cells.of({ registry: 'npm', code: '-' })).toBe(kept);
  });
});

describe('snapshots of several processes', () => {
  test('add up counters and histograms, and take the gauge that says most', () => {
    const one = {
      countersign_uploads_total: [[['npm', 'uploaded', '-'], 3]],
      countersign_store_up: [[['redis'], 1]],
      countersign_jwks_age_seconds: [[['github'], 10]],
      countersign_event_loop_lag_seconds: [[[], [1, 2, 0.5]]],
    } as const;
    const other = {
      countersign_uploads_total: [
        [['npm', 'uploaded', '-'], 4],
        [['npm', 'refused', 'upload-exists'], 1],
      ],
      countersign_store_up: [[['redis'], 0]],
      countersign_jwks_age_seconds: [[['github'], 700]],
      countersign_event_loop_lag_seconds: [[[], [10, 0, 1.5]]],
    } as const;
    expect(merge([one, other], across)).toEqual({
      countersign_uploads_total: [
        [['npm', 'uploaded', '-'], 7],
        [['npm', 'refused', 'upload-exists'], 1],
      ],
      countersign_store_up: [[['redis'], 0]],
      countersign_jwks_age_seconds: [[['github'], 700]],
      countersign_event_loop_lag_seconds: [[[], [11, 2, 2]]],
    });
  });

  test('keep of a process that ended what it counted, not what it was', async () => {
    const metrics = createMetrics();
    metrics.connections.of({ listener: 'public' }).set(9);
    metrics.uploadBytes.of({ registry: 'npm' }).add(100);
    const kept = accumulated(await metrics.read());
    expect(kept['countersign_upload_bytes_total']).toEqual([[['npm'], 100]]);
    expect(Object.keys(kept).filter((name) => /connections|store_up|policy_info|resident/.test(name))).toEqual([]);
  });

  test('DOS-15 stay bounded however many processes have series of their own', () => {
    const all = Array.from({ length: 5 }, (_, worker) => ({
      countersign_upload_bytes_total: Array.from({ length: mostSeries }, (__, i) => [[`r${worker} ${i}`], 1] as const),
    }));
    expect(merge(all, across)['countersign_upload_bytes_total']).toHaveLength(mostSeries + 1);
  });
});

test('a gauge that nobody has set says nothing; a counter without labels begins at zero', async () => {
  const numbers = await createMetrics().read();
  expect(numbers['countersign_workers']).toEqual([]);
  expect(numbers['countersign_log_lines_lost_total']).toEqual([[[], 0]]);
});
