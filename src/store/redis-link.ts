// A further connection to the same Redis, for a user that must not stand in the token store's way: the audit record.
import { connectTo } from './redis-guardian.ts';
import type { RedisUse, StoreLog } from './redis-connection.ts';
import type { RedisSettings } from './redis-options.ts';

export interface RedisLink {
  /** Runs a script of `use`. Rejects with `StoreUnavailable`, whose text is a sentence without secrets, after a second at the latest. */
  readonly run: (script: string, keys: readonly string[], values: readonly string[]) => Promise<unknown>;
  /** Runs a command; the first argument is its key. */
  readonly call: (command: string, ...parameters: readonly string[]) => Promise<unknown>;
  readonly close: () => void;
}

type LinkClient = Readonly<Record<string, (...parameters: readonly string[]) => Promise<unknown>>>;

/**
 * Connects in the background, with the settings that the token store has (design/4, "The store").
 * @throws StoreMisconfigured when a password or CA file cannot be read
 */
export function openRedisLink(settings: RedisSettings, use: RedisUse, log: StoreLog): RedisLink {
  const connection = connectTo<LinkClient>(settings, use, log, { ready: () => undefined, lost: () => undefined });
  const ask = (name: string, parameters: readonly string[]): Promise<unknown> =>
    connection.ask((client) => client[name]?.(...parameters) ?? Promise.reject(new Error(`${name} is not defined`)));
  return {
    run: (script, keys, values) => ask(script, [...keys, ...values]),
    call: (command, ...parameters) => ask('call', [command, ...parameters]),
    close: () => connection.close(),
  };
}
