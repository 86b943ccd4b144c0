// The client settings that the fault study found to be needed (catalogue 7.1); each has a fault test, this is the list.
import { afterEach, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { makeClient } from '../../src/store/redis-options.ts';
import { redisAt, type RedisSettings } from './requests.ts';

const cleanup: (() => void)[] = [];
afterEach(() => cleanup.splice(0).forEach((close) => close()));

function clientFor(change: Partial<RedisSettings>): ReturnType<typeof makeClient> {
  const client = makeClient(redisAt(1, change), {});
  client.on('error', () => undefined);
  cleanup.push(() => client.disconnect());
  return client;
}

describe('the Redis client', () => {
  it.each(['single', 'sentinel', 'cluster'] as const)('never waits, queues or re-sends: %s', (mode) => {
    const client = clientFor({ mode, master: 'countersign' });
    const perNode = client instanceof Redis ? client.options : client.options.redisOptions;
    expect(client.options).toMatchObject({ enableOfflineQueue: false });
    expect(perNode).toMatchObject({
      commandTimeout: 500,
      connectTimeout: 2_000,
      socketTimeout: 1_000,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      keepAlive: 10_000,
    });
    expect(perNode?.reconnectOnError?.(new Error("READONLY You can't write against a read only replica."))).toBe(true);
    expect(perNode?.reconnectOnError?.(new Error('LOADING Redis is loading the dataset in memory'))).toBe(true);
    expect(perNode?.reconnectOnError?.(new Error('OOM command not allowed'))).toBe(false);
  });

  it('hears of a failover from the sentinels, not only from a broken connection (RED-08)', () => {
    const { options } = clientFor({ mode: 'sentinel', master: 'countersign' });
    expect(options).toMatchObject({ failoverDetector: true, sentinelCommandTimeout: 500, name: 'countersign', role: 'master' });
  });

  it('tries for ever, at most two seconds apart, and not in step with the other replicas', () => {
    const { options } = clientFor({});
    const pause = 'retryStrategy' in options ? options.retryStrategy : undefined;
    const pauses = [1, 2, 5, 100, 1e6, ...Array.from({ length: 50 }, () => 30)].map((times) => Number(pause?.(times)));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
    expect(Math.min(...pauses)).toBeGreaterThan(0);
    expect(new Set(pauses.slice(5)).size).toBeGreaterThan(10);
  });
});
