// A worker that is stuck: every connection that it is given waits for it, so this takes its time.
import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { scrapeUntil, sum } from '../support/scrape.ts';
import { aged, reads, readTimes, twoWorkers, workersOf } from './two-workers.ts';

describeWith('redis-server')('a worker that is stuck', () => {
  it('stays in the sum of the others with what it had counted, and is back with the rest of it', async () => {
    const proxy = await twoWorkers();
    await readTimes(proxy, 30);
    await scrapeUntil(proxy, (all) => reads(all) === 30);
    await aged();
    const [stuck = 0] = workersOf(proxy);
    process.kill(stuck, 'SIGSTOP');
    try {
      const one = await scrapeUntil(proxy, (all) => sum(all, 'countersign_workers') === 1);
      expect(reads(one)).toBe(30);
    } finally {
      process.kill(stuck, 'SIGCONT');
    }
    await scrapeUntil(proxy, (all) => reads(all) === 30 && sum(all, 'countersign_workers') === 2);
  });
});
