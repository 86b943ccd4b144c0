// How ioredis is set up. Its defaults wait for ever on a paused server and re-send what may have been executed (RED-03, RED-05).
import { readFileSync } from 'node:fs';
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import { Secret, type SecretSource } from '../core/secret.ts';
import type { StoreSettings } from '../core/settings.ts';
import { ioredis } from './ioredis.ts';

/** ioredis' own type leaves the mapping open, and its constructors do not take that. */
type Options = RedisOptions & { replyMapping: 'legacy' };

export type RedisSettings = Extract<StoreSettings, { kind: 'redis' }>;

/** Milliseconds for one command's answer, for a connection, without any answer, and between two attempts to connect at most. */
const commandTimeout = 500;
const connectTimeout = 2_000;
const silence = 1_000;
const longestPause = 2_000;

/** The passwords as they were when a client was made with them. */
export interface Passwords {
  readonly redis?: Secret;
  readonly sentinel?: Secret;
}

/** Reads the passwords, files anew. @throws Error with the file's path when one cannot be read or is empty */
export function readPasswords(settings: RedisSettings): Passwords {
  const redis = settings.password && readSecret(settings.password);
  const sentinel = settings.sentinelPassword && readSecret(settings.sentinelPassword);
  return { ...(redis && { redis }), ...(sentinel && { sentinel }) };
}

/** Bytes of the shortest key for `record_mac`. */
const shortestKey = 32;

/** Reads the keys of `record_mac`; none: records are not sealed. @throws Error when a file cannot be read or a key is short */
export function readKeys({ recordMac, recordMacAlso }: RedisSettings): readonly Secret[] {
  const keys = [recordMac, recordMacAlso].flatMap((source) => (source === undefined ? [] : [readSecret(source)]));
  if (keys.some((key) => Buffer.byteLength(key.reveal()) < shortestKey))
    throw new Error(`a key of record_mac is shorter than ${shortestKey} bytes`);
  return keys;
}

function readSecret(source: SecretSource): Secret {
  if (source.kind === 'value') return source.value;
  const text = readText(source.path).replace(/\r?\n$/, '');
  if (text === '') throw new Error(`${source.path} is empty; it should hold a secret of the token store`);
  return new Secret(text);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Error(`${path} cannot be read (${code}); the token store needs it`, { cause: error });
  }
}

/** Makes a client that connects at once and for ever. @throws Error when the CA file cannot be read */
export function makeClient(settings: RedisSettings, passwords: Passwords): Redis | Cluster {
  const common = commonOptions(settings, passwords);
  const nodes = settings.nodes.map(({ host, port }) => ({ host, port }));
  const { Cluster: ClusterClient, Redis: RedisClient } = ioredis();
  if (settings.mode === 'cluster') return new ClusterClient(nodes, clusterOptions(settings, common));
  if (settings.mode === 'sentinel')
    return new RedisClient({ ...sentinelOptions(settings, passwords, common), ...common, sentinels: nodes });
  return new RedisClient({ ...common, ...nodes[0] });
}

function commonOptions(settings: RedisSettings, passwords: Passwords): Options {
  return {
    commandTimeout,
    connectTimeout,
    // A paused server takes connections and commands and answers none; without this they pile up (RED-03).
    socketTimeout: silence,
    disconnectTimeout: silence,
    maxLoadingRetryTime: silence,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: pause,
    reconnectOnError: (error) => /READONLY|LOADING/.test(error.message),
    keepAlive: 10_000,
    protocol: 2,
    replyMapping: 'legacy',
    connectionName: 'countersign',
    disableClientInfo: true,
    db: settings.mode === 'cluster' ? 0 : settings.database,
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(passwords.redis === undefined ? {} : { password: passwords.redis.reveal() }),
    // Only these authorities: a public one has no business with a private store.
    ...(settings.tls ? { tls: settings.caFile === undefined ? {} : { ca: readText(settings.caFile) } } : {}),
  };
}

function sentinelOptions(settings: RedisSettings, passwords: Passwords, common: Options): RedisOptions {
  return {
    ...(settings.master === undefined ? {} : { name: settings.master }),
    role: 'master',
    failoverDetector: true,
    sentinelRetryStrategy: pause,
    sentinelReconnectStrategy: pause,
    sentinelCommandTimeout: commandTimeout,
    ...(passwords.sentinel === undefined ? {} : { sentinelPassword: passwords.sentinel.reveal() }),
    ...(common.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
  };
}

function clusterOptions(settings: RedisSettings, common: Options): ClusterOptions & { redisOptions: { replyMapping: 'legacy' } } {
  const { retryStrategy: _pause, enableOfflineQueue: _queue, ...redisOptions } = common;
  return {
    redisOptions,
    enableOfflineQueue: false,
    clusterRetryStrategy: pause,
    // A redirected or re-sent mint is the same mint by its nonce; four tries stay within the store's deadline.
    maxRedirections: 4,
    slotsRefreshInterval: 5_000,
    // A certificate names hosts: the seed nodes' names must reach the handshake unresolved.
    ...(settings.tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}),
  };
}

/** Milliseconds before the next attempt: doubling, at most two seconds, and never all replicas at the same moment. */
function pause(times: number): number {
  const longest = Math.min(longestPause, 25 * 2 ** Math.min(times, 10));
  return Math.ceil(longest * (0.5 + Math.random() / 2));
}
