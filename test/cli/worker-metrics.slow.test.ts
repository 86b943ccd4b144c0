// Workers and stores that are stuck: whatever meets them waits for them, so this takes its time.
import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { scrapeUntil, sum } from '../support/scrape.ts';
import { aged, reads, readTimes, twoWorkers, workersOf } from './two-workers.ts';

describeWith('redis-server')('what is stuck', () => {
  it('a worker stays in the sum of the others with what it had counted, and is back with the rest of it', async () => {
    const { proxy } = await twoWorkers();
    await readTimes(proxy, 30);
    await scrapeUntil(proxy, (all) => reads(all) === 30);
    await aged();
    const [stuck = 0] = workersOf(proxy);
    process.kill(stuck, 'SIGSTOP');
    try {
      const one = await scrapeUntil(proxy, (all) => sum(all, 'countersign_workers') === 1, 8000);
      expect(reads(one)).toBe(30);
    } finally {
      process.kill(stuck, 'SIGCONT');
    }
    await scrapeUntil(proxy, (all) => reads(all) === 30 && sum(all, 'countersign_workers') === 2, 8000);
  });

  it('RED-03 a store that hangs is down in the scrape of all workers, which waits for it', async () => {
    const { proxy, redis } = await twoWorkers();
    redis.pause();
    try {
      const hung = await scrapeUntil(proxy, (all) => sum(all, 'countersign_store_up') === 0, 8000);
      expect(sum(hung, 'countersign_workers')).toBe(2);
    } finally {
      redis.resume();
    }
    await scrapeUntil(proxy, (all) => sum(all, 'countersign_store_up') === 1, 8000);
  });
});
