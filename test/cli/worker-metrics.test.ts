// Two workers, one scrape: whichever of them is asked answers for both, and no number falls when one of them dies.
import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { scrape, scrapeUntil, sum } from '../support/scrape.ts';
import { aged, reads, readTimes, twoWorkers, workersOf } from './two-workers.ts';

describeWith('redis-server')('workers', () => {
  it('are one in every scrape, whichever of them answers it, and leave their counts in the sum when they die', async () => {
    const { proxy } = await twoWorkers();
    const [first = 0] = workersOf(proxy);
    await readTimes(proxy, 40);
    const all = await scrapeUntil(proxy, (now) => reads(now) === 40);
    expect(sum(all, 'countersign_store_up', { store: 'redis' }), 'not the sum of two').toBe(1);
    expect(all.filter(({ name }) => name === 'countersign_policy_info')).toHaveLength(1);
    expect(sum(all, 'countersign_policy_publishers')).toBe(1);
    expect(sum(all, 'process_resident_memory_bytes'), 'three processes').toBeGreaterThan(150e6);
    expect(sum(all, 'countersign_http_request_duration_seconds_count', { registry: 'npm', route: 'read' })).toBe(40);
    await aged();
    // More than one of them is asked, and none of them alone has all.
    for (let i = 0; i < 4; i += 1) expect(reads(await scrape(proxy))).toBe(40);

    process.kill(first, 'SIGKILL');
    const seen = new Set<number>();
    await scrapeUntil(proxy, (now) => {
      seen.add(reads(now));
      return sum(now, 'countersign_workers') === 2 && workersOf(proxy).length === 3;
    });
    expect([...seen], 'a sum that falls would be taken for a restart').toEqual([40]);
    await readTimes(proxy, 10);
    await scrapeUntil(proxy, (now) => reads(now) === 50);
  });
});
