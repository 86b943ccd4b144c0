// The store in Redis or Valkey: one server, Sentinel or Cluster; shared by every replica of the proxy.
import { setTimeout as delay } from 'node:timers/promises';
import { checkMint } from './mint-request.ts';
import { maxNoteLength, placeOf } from './notes.ts';
import { current, maxRecordBytes, readRecord } from './record.ts';
import { isWrongType } from './redis-failure.ts';
import { createGuardian, texts, type Guardian, type RedisStoreRoom } from './redis-guardian.ts';
import type { RedisSettings } from './redis-options.ts';
import { StoreMisconfigured, StoreUnavailable, type MintResult, type Store } from './store.ts';

/** Milliseconds that a start waits for Redis; without it the proxy starts all the same and refuses (RED-01). */
const patience = 2_500;

const results: readonly unknown[] = ['minted', 'used', 'before-epoch'] satisfies MintResult[];

/**
 * Connects to Redis and looks at how it is set up.
 * @throws StoreMisconfigured when Redis may evict replay marks and nobody allowed that, or a password or CA file cannot be read
 */
export async function createRedisStore(settings: RedisSettings, room: RedisStoreRoom): Promise<Store> {
  const guardian = createGuardian(settings, room);
  const store = createStoreOn(settings, room, guardian);
  await Promise.race([guardian.settled, delay(patience, undefined, { ref: false })]);
  if (guardian.evicting() === undefined) return store;
  await store.close();
  throw new StoreMisconfigured(guardian.evicting());
}

function createStoreOn(settings: RedisSettings, { log, now }: RedisStoreRoom, guardian: Guardian): Store {
  const { keyPrefix } = settings;
  const { ask } = guardian;
  const tokenKey = (tokenHash: string): string => `${keyPrefix}token:${tokenHash}`;
  return {
    kind: 'redis',
    async mint(request) {
      const mint = checkMint(request);
      await guardian.sound();
      const keys = [`${keyPrefix}epoch`, `${keyPrefix}once:${mint.identity}`, tokenKey(mint.tokenHash)];
      const numbers = [mint.issuedAt, mint.limit, mint.markFor, mint.keepFor].map(String);
      const values = [String(Math.floor(now())), guardian.seen(), ...numbers, mint.nonce, mint.tokenHash, mint.text, ...mint.asked];
      const [result, server] = texts(await ask((client) => client.mint(...keys, ...values)));
      guardian.met(server ?? '');
      if (!isResult(result)) throw new StoreUnavailable('Redis answered what the token store did not ask.');
      return result;
    },
    async find(tokenHash) {
      // Reads one byte more than a record may have: a longer value is cut there and is no record.
      const text = await ask((client) => client.getrange(tokenKey(tokenHash), 0, maxRecordBytes).catch(wrongTypeIsNone));
      const record = text === undefined ? undefined : readRecord(text, tokenHash);
      if (record === undefined && text !== '') {
        log.warn(
          { store: 'redis', token: tokenHash.slice(0, 12) },
          'a token record is not of the form that this version writes; it counts as unknown',
        );
      }
      return current(record, now());
    },
    revoke: async (tokenHash) => (await ask((client) => client.del(tokenKey(tokenHash)))) > 0,
    async remember(key, text, milliseconds) {
      if (text.length > maxNoteLength || !Number.isSafeInteger(milliseconds) || milliseconds <= 0) return;
      const { place, name } = placeOf(key);
      await ask((client) => client.set(`${keyPrefix}note:${place}`, `${name} ${text}`, 'PX', milliseconds));
    },
    async recall(key) {
      const { place, name } = placeOf(key);
      const kept = await ask((client) => client.get(`${keyPrefix}note:${place}`).catch(wrongTypeIsNone));
      return kept?.startsWith(`${name} `) ? kept.slice(name.length + 1) : undefined;
    },
    problem: guardian.problem,
    close: async () => guardian.close(),
  };
}

function wrongTypeIsNone(error: unknown): undefined {
  if (!isWrongType(error)) throw error;
  return undefined;
}

function isResult(value: unknown): value is MintResult {
  return results.includes(value);
}
