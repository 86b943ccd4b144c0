// A program of two workers on one Redis, and what their scrapes say.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { raw, startProxy, type Proxy } from '../support/proxy.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { scrapeUntil, sum, type Sample } from '../support/scrape.ts';
import { fromUi, registryOf, serviceEnv } from '../support/ui-job.ts';

/** Reads of the registry `npm`, by a scrape. */
export const reads = (all: readonly Sample[]): number =>
  sum(all, 'countersign_http_requests_total', { listener: 'public', registry: 'npm', route: 'read' }) ?? 0;

/** Both are up, and in every scrape. */
export async function twoWorkers(): Promise<{ readonly proxy: Proxy; readonly redis: RedisServer }> {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const proxy = await startProxy({
    env: serviceEnv,
    policy: (port) => ({
      server: { workers: 2 },
      store: redis.url,
      issuers: { github: { issuer: 'http://127.0.0.1:9/', insecure: true } },
      registries: { npm: registryOf('npm', `http://127.0.0.1:${port}/`, 'http://127.0.0.1:9/') },
      publishers: [{ name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'] } }],
    }),
  });
  onTestFinished(() => proxy.close());
  await scrapeUntil(proxy, (all) => sum(all, 'countersign_workers') === 2);
  return { proxy, redis };
}

export async function readTimes(proxy: Proxy, times: number): Promise<void> {
  const asked = Array.from({ length: times }, () => raw(proxy, 'GET', '/lodash', { host: proxy.host }));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(times).fill(502));
}

/** Each worker answers with a reading that may be 200 ms old. */
export const aged = (): Promise<void> => sleep(250);

/** Process ids of the workers that are up, as the audit record says it. */
export const workersOf = (proxy: Proxy): number[] =>
  proxy
    .audit()
    .flatMap((event) => (event.event === 'process' && event.outcome === 'started' ? [(event as { pid?: number }).pid ?? 0] : []));
