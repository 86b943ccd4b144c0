// `store:` compiled: memory, one Redis server, Sentinel or a cluster.
import { Secret, type SecretSource } from '../../core/secret.ts';
import type { StoreSettings } from '../../core/settings.ts';
import type { Cursor } from '../cursor.ts';
import { storeSchema, type StoreInput } from '../schema/store.ts';
import { hostPort, type HostPort } from './address.ts';
import { isSupplied, pem, usableFile, type Context } from './context.ts';
import { secretUnder } from './secrets.ts';

const memory = { kind: 'memory' } as const;
const defaultPrefix = '{countersign}:';
type Redis = Extract<StoreSettings, { kind: 'redis' }>;

/** The store's settings; `memory` stands in for whatever was reported. */
export function compileStore(cursor: Cursor, context: Context): StoreSettings {
  const { value } = cursor;
  if (value === undefined || value === 'memory') return memory;
  if (typeof value === 'string') {
    const server = redisUrl(cursor, context);
    return server === undefined ? memory : { kind: 'redis', mode: 'single', keyPrefix: defaultPrefix, allowEviction: false, ...server };
  }
  const input = cursor.parse(storeSchema);
  return input === undefined ? memory : (compileMap(cursor, input, context) ?? memory);
}

function compileMap(cursor: Cursor, input: StoreInput, context: Context): StoreSettings | undefined {
  const forms = (['url', 'sentinels', 'cluster'] as const).filter((form) => input[form] !== undefined);
  const [form] = forms;
  if (form === undefined || forms.length > 1) return cursor.error('write exactly one of url, sentinels and cluster');
  if ((form === 'sentinels') !== (input.master !== undefined)) {
    return form === 'sentinels' ? cursor.error('missing key "master"') : cursor.at('master').errorAtKey('master belongs to sentinels');
  }
  if (form === 'cluster' && (input.database ?? 0) !== 0) return cursor.at('database').error('a cluster has database 0 only');
  const server = form === 'url' ? redisUrl(cursor.at('url'), context) : { nodes: nodes(cursor.at(form)), tls: false, database: 0 };
  if (server === undefined) return undefined;
  const password = secretUnder(cursor, 'password', context);
  const sentinelPassword = secretUnder(cursor, 'sentinel_password', context);
  const recordMac = recordKey(cursor, 'record_mac', context);
  const recordMacAlso = recordKey(cursor, 'record_mac_also', context);
  if (recordMacAlso !== undefined && recordMac === undefined)
    return cursor.error('record_mac_also needs record_mac: nothing is sealed without it');
  const caFile = input.ca_file === undefined ? undefined : usableFile(cursor.at('ca_file'), context, pem('CERTIFICATE'));
  return {
    kind: 'redis',
    mode: form === 'url' ? 'single' : form === 'sentinels' ? 'sentinel' : 'cluster',
    ...server,
    tls: input.tls ?? server.tls,
    database: input.database ?? server.database,
    ...(input.username === undefined ? {} : { username: input.username }),
    ...(password === undefined ? {} : { password }),
    ...(input.master === undefined ? {} : { master: input.master }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(caFile === undefined ? {} : { caFile }),
    keyPrefix: keyPrefix(cursor.at('key_prefix')),
    allowEviction: input.allow_eviction ?? false,
    ...(recordMac === undefined ? {} : { recordMac }),
    ...(recordMacAlso === undefined ? {} : { recordMacAlso }),
  };
}

/** Below this a key could be guessed from one record and its seal. */
const shortestKey = 32;

function recordKey(map: Cursor, key: string, context: Context): SecretSource | undefined {
  const source = secretUnder(map, key, context);
  if (source?.kind === 'value' && Buffer.byteLength(source.value.reveal()) < shortestKey)
    return map.at(key).error(`a key has at least ${shortestKey} bytes`, 'openssl rand -base64 32');
  return source;
}

function nodes(list: Cursor): readonly HostPort[] {
  return list.items.map((item) => hostPort(item, 'redis-1:6379')).filter((node) => node !== undefined);
}

/** One script touches several keys; without a hash tag a cluster would spread them over its nodes and refuse it. */
function keyPrefix(cursor: Cursor): string {
  if (typeof cursor.value !== 'string') return defaultPrefix;
  if (!/^[^{}\s]*\{[^{}\s]+\}[^{}\s]*$/.test(cursor.value)) cursor.error(`a key prefix holds one {hash tag}, for example ${defaultPrefix}`);
  return cursor.value;
}

interface Server extends Pick<Redis, 'nodes' | 'tls' | 'database'> {
  readonly username?: string;
  readonly password?: SecretSource;
}

/** `redis://user:password@host:port/database`. Messages never repeat it: it may hold the password. */
function redisUrl(cursor: Cursor, context: Context): Server | undefined {
  const form = 'write memory, or redis://host:6379/0 (rediss:// for TLS)';
  const url = typeof cursor.value === 'string' && URL.canParse(cursor.value) ? new URL(cursor.value) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') return cursor.error(form);
  const database = /^\/?([0-9]{0,4})$/.exec(url.pathname)?.[1];
  if (database === undefined || url.search !== '' || url.hash !== '')
    return cursor.error('after host and port only the number of the database may follow');
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === undefined || password === undefined) return cursor.error('the user part is not percent-encoded UTF-8');
  if (password !== '' && !isSupplied(cursor, context)) {
    cursor.warn(
      'secret-written',
      'a secret is written in the file',
      'write the password as ${NAME}, or use the form with url: and password_file:',
    );
  }
  return {
    nodes: [{ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 6379) }],
    tls: url.protocol === 'rediss:',
    database: Number(database),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password: { kind: 'value', value: new Secret(password) } }),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
