// What a Redis server says of itself, for `check --live`: one connection, a few questions, nothing written.
import { toUnavailable, unreachable } from './redis-failure.ts';
import { makeClient, readPasswords, type RedisSettings } from './redis-options.ts';
import { StoreUnavailable } from './store.ts';

export interface RedisReport {
  /** `Redis 7.0.15`, `Valkey 8.1.0`. */
  readonly server: string;
  /** undefined: the server does not say. */
  readonly maxmemoryPolicy: string | undefined;
  /** Whether what it holds outlives a restart; undefined: the server does not say. */
  readonly persistent: boolean | undefined;
}

/** Milliseconds for a connection. */
const patience = 2500;

/** @throws StoreUnavailable when nothing answers */
export async function reportRedis(settings: RedisSettings): Promise<RedisReport> {
  const client = makeClient(settings, readPasswords(settings));
  try {
    await ready(client);
    const info = fieldsOf(String(await client.call('INFO')));
    const valkey = info.get('valkey_version');
    const version = valkey ?? info.get('redis_version') ?? 'of unknown version';
    return {
      server: `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`,
      maxmemoryPolicy: info.get('maxmemory_policy'),
      persistent: info.get('aof_enabled') === '1' ? true : snapshots(await client.call('CONFIG', 'GET', 'save').catch(() => undefined)),
    };
  } catch (error) {
    throw toUnavailable(error, unreachable);
  } finally {
    client.disconnect();
  }
}

async function ready(client: ReturnType<typeof makeClient>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new StoreUnavailable('Redis did not answer in time.', 'timeout')), patience);
  client.once('ready', resolve);
  client.on('error', reject);
  await promise.finally(() => clearTimeout(timer));
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  return new Map([...info.matchAll(/^([a-z_]+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** `CONFIG GET save` answers `["save", "3600 1 …"]`; many hosted servers allow no CONFIG. */
function snapshots(answer: unknown): boolean | undefined {
  return Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] !== '' : undefined;
}
