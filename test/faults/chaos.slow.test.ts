// Faults in random order under load; the seed is in the title, so that a failure can be played again with `npm run soak`.
import { expect, test } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { runChaos } from './chaos.ts';

describeWith('pypi-server', 'redis-server')('P4 P5 P9 chaos', () => {
  test.each([44])('FLT-44 faults of seed %i: no promise is broken, and publishing comes back by itself after each', async (seed) => {
    const { broken, happened, record } = await runChaos({ milliseconds: 12_000, seed, every: 700, within: 10_000 });
    expect(broken).toEqual([]);
    expect(happened.length).toBeGreaterThan(1);
    expect(record.published.size).toBeGreaterThan(happened.length);
  });
});
