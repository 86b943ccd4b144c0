// The bench's own arithmetic: a wrong median would make every figure of docs/performance.md wrong.
import { describe, expect, test } from 'vitest';
import { inTurn, median, ratios, remeasured, spread } from '../../bench/lab/rounds.ts';
import { chart } from '../../bench/report/chart.ts';
import { atLeast, atMost, shown } from '../../bench/report/goals.ts';
import { figuresTable, goalsTable } from '../../bench/report/table.ts';

const series = (name: string, ...values: number[]) => ({ name, rounds: values.map((value) => ({ value })) });

describe('rounds', () => {
  test('alternate, turn their order round, and are as many as asked for when they agree', async () => {
    const seen: string[] = [];
    const contender = (name: string, value: number) => ({
      name,
      measure: () => {
        seen.push(name);
        return Promise.resolve({ value });
      },
    });
    const taken = await inTurn([contender('a', 10), contender('b', 5)], 3);
    expect(seen.join('')).toBe('abbaab');
    expect(taken.map(({ rounds }) => rounds.length)).toEqual([3, 3]);
  });

  test('are more, up to twice as many, when the ratio wanders', async () => {
    let n = 0;
    const wandering = () => Promise.resolve({ value: [10, 30, 20, 60, 15, 50, 10, 10][n++ % 8] ?? 0 });
    const taken = await inTurn(
      [
        { name: 'a', measure: wandering },
        { name: 'b', measure: wandering },
      ],
      4,
    );
    expect(taken[0]?.rounds).toHaveLength(8);
    expect(remeasured.some((text) => text.startsWith('a, b'))).toBe(true);
  });

  test('that fail are measured again, and are a failure when they go on failing', async () => {
    let failures = 2;
    const measure = () => (failures-- > 0 ? Promise.reject(new Error('busy')) : Promise.resolve({ value: 1 }));
    expect(await inTurn([{ name: 'a', measure }], 1)).toEqual([series('a', 1)]);
    await expect(inTurn([{ name: 'a', measure: () => Promise.reject(new Error('broken')) }], 1)).rejects.toThrow('broken');
  });

  test('are compared round by round', () => {
    // What slows the machine in the second round slows both: the ratio is the same.
    expect(ratios(series('a', 10, 2, 10), series('b', 20, 4, 20))).toEqual([0.5, 0.5, 0.5]);
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
    expect(spread([100, 100, 100])).toBe(0);
    expect(spread([90, 95, 100, 105, 110])).toBeCloseTo(0.05);
  });
});

describe('goals', () => {
  test('are met at their bound, and what was not measured is neither met nor missed', () => {
    expect([atLeast('a', 2, 2).met, atLeast('a', 1.99, 2).met, atMost('a', 2, 2).met, atMost('a', 2.01, 2).met]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(atLeast('a', undefined, 2)).toMatchObject({ goal: '≥ 2', met: undefined });
    expect(goalsTable([atLeast('a', 1, 2), atMost('b', 1, 2), atMost('c', undefined, 2), shown('d', 7)])).toMatch(
      /a +1\.00 +≥ 2 +NOT MET\nb +1\.00 +≤ 2 +met\nc +– +≤ 2 +not measured\nd +7\.00 +report +met$/,
    );
  });

  test('the table names each series with its spread, the chart each goal with its value', () => {
    const goals = [atLeast('reads ÷ nginx', 0.7, 0.65), atMost('MiB < that', 120, 96)];
    const figure = {
      name: 'pass-through',
      what: 'GET 1 KiB',
      unit: 'requests/s',
      series: [series('countersign', 70, 71), series('nginx', 100, 100)],
      goals,
    };
    expect(figuresTable([figure])).toMatch(/nginx +100 +±0 % +0\.7/);
    const drawn = chart([figure], goals, 'here & now');
    expect(drawn).toContain('MiB &lt; that');
    expect(drawn).toContain('120 (≤ 96)');
    expect(drawn).toContain('here &amp; now');
  });
});
