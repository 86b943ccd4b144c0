// The store's only door: the contract, and the choice between the embedded store and Redis.
import type { StoreSettings } from '../core/settings.ts';
import { createMemoryStore } from './memory.ts';
import type { RedisStoreRoom } from './redis-guardian.ts';
import { createRedisStore } from './redis.ts';
import type { Store } from './store.ts';

export { createMemoryStore } from './memory.ts';
export { createRedisStore } from './redis.ts';
export { reportRedis, type RedisReport } from './redis-report.ts';
export type { StoreLog } from './redis-connection.ts';
export { StoreMisconfigured, StoreUnavailable } from './store.ts';
export type { MintRequest, MintResult, Store, StoreFailure, Use } from './store.ts';

/**
 * Opens the store of the configuration. A Redis that is down does not stop the proxy from starting: `problem` says so.
 * @throws StoreMisconfigured when the store must not be used as it is set up
 */
export async function createStore(settings: StoreSettings, room: RedisStoreRoom): Promise<Store> {
  return settings.kind === 'memory' ? createMemoryStore(room) : createRedisStore(settings, room);
}
