// How much of Redis an exchange takes, which docs/operations.md says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRedisStore } from '../../src/store/index.ts';
import { startRedis } from '../support/redis.ts';
import { describeWith, ROOT } from '../support/requirement.ts';
import { githubClaims } from '../providers/claims.ts';
import { keptLog, mintOf, redisAt } from '../store/requests.ts';

describeWith('redis-server', 'redis-cli')('the size of the store', () => {
  test('RED-19 an exchange, its token and its mark, takes about as much as the page says', async () => {
    const redis = await startRedis();
    const store = await createRedisStore(redisAt(redis.port), { log: keptLog(), now: Date.now });
    try {
      const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await redis.cli('info', 'memory'))?.[1]);
      const before = await used();
      const count = 3000;
      const at = Math.floor(Date.now() / 1000) + 10;
      for (let done = 0; done < count; done += 100) {
        const batch = Array.from({ length: 100 }, () => {
          const request = mintOf(Date.now(), { issuedAt: at });
          return store.mint({ ...request, record: { ...request.record, claims: githubClaims } });
        });
        expect(new Set(await Promise.all(batch))).toEqual(new Set(['minted']));
      }
      const each = ((await used()) - before) / count;
      const said = /an exchange takes about ([\d.]+) KiB/i.exec(readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8'))?.[1];
      expect(each / 1024).toBeGreaterThan(Number(said) / 2);
      expect(each / 1024).toBeLessThan(Number(said) * 1.5);
    } finally {
      await store.close();
      await redis.close();
    }
  });
});
