// The store in Redis or Valkey: one server, Sentinel or Cluster; shared by every replica of the proxy.
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenRecord } from '../core/grant.ts';
import { checkMint } from './mint-request.ts';
import { maxNoteLength, placeOf } from './notes.ts';
import { current, maxRecordBytes, readRecord } from './record.ts';
import { isWrongType } from './redis-failure.ts';
import { createGuardian, text, texts, type Guardian, type RedisStoreRoom } from './redis-guardian.ts';
import { isAuthentic, mintValues, resultOf } from './redis-mint.ts';
import { readKeys, type RedisSettings } from './redis-options.ts';
import { createSeal, sealLength, type Seal } from './seal.ts';
import { StoreMisconfigured, type MintRequest, type MintResult, type Store, type Use } from './store.ts';

/** Milliseconds that a start waits for Redis; without it the proxy starts all the same and refuses (RED-01). */
const patience = 2_500;

/**
 * Connects to Redis and looks at how it is set up.
 * @throws StoreMisconfigured when Redis may evict replay marks and nobody allowed that, or a password, key or CA file cannot be read
 */
export async function createRedisStore(settings: RedisSettings, room: RedisStoreRoom): Promise<Store> {
  const seal = sealOf(settings);
  const guardian = createGuardian(settings, room);
  const store = createStoreOn(settings, room, guardian, seal);
  await Promise.race([guardian.settled, delay(patience, undefined, { ref: false })]);
  if (guardian.evicting() === undefined) return store;
  await store.close();
  throw new StoreMisconfigured(guardian.evicting());
}

function sealOf(settings: RedisSettings): Seal {
  try {
    return createSeal(readKeys(settings), settings.keyPrefix);
  } catch (error) {
    throw new StoreMisconfigured(error instanceof Error ? error.message : 'the keys of record_mac cannot be read', { cause: error });
  }
}

function createStoreOn({ keyPrefix }: RedisSettings, room: RedisStoreRoom, guardian: Guardian, seal: Seal): Store {
  const { ask } = guardian;
  const tokenKey = (tokenHash: string): string => `${keyPrefix}token:${tokenHash}`;
  const usesKey = (tokenHash: string): string => `${keyPrefix}uses:${tokenHash}`;
  const revoke = async (tokenHash: string): Promise<boolean> =>
    (await ask((client) => client.del(tokenKey(tokenHash), usesKey(tokenHash)))) > 0;
  const minting = createMinting(keyPrefix, room, guardian, seal);
  const reader = createReader(room, seal);
  return {
    kind: 'redis',
    async mint(request) {
      const { result, authentic } = await minting(request, 'mint');
      if (authentic) return result;
      await revoke(request.tokenHash);
      return 'used';
    },
    ask: async (request) => {
      const { result, authentic } = await minting(request, 'ask');
      return authentic ? result : 'used';
    },
    async find(tokenHash) {
      const kept = await ask((client) => client.getrange(tokenKey(tokenHash), 0, longest).catch(wrongTypeIsNone));
      return reader(text(kept), tokenHash);
    },
    async use(tokenHash, upload) {
      const keys = [tokenKey(tokenHash), usesKey(tokenHash)];
      const [kept, most, taken] = texts((await ask((client) => client.use(...keys, String(longest), upload).catch(wrongTypeIsNone))) ?? []);
      const record = reader(kept, tokenHash);
      return record === undefined ? undefined : { record, slot: slotOf(record, most, taken) };
    },
    release: async (tokenHash, upload) => void (await ask((client) => client.hdel(usesKey(tokenHash), upload))),
    revoke,
    async remember(key, text, milliseconds) {
      if (text.length > maxNoteLength || !Number.isSafeInteger(milliseconds) || milliseconds <= 0) return;
      const { place, name } = placeOf(key);
      await ask((client) => client.set(`${keyPrefix}note:${place}`, `${name} ${text}`, 'PX', milliseconds));
    },
    async recall(key) {
      const { place, name } = placeOf(key);
      const kept = text(await ask((client) => client.get(`${keyPrefix}note:${place}`).catch(wrongTypeIsNone)));
      return kept?.startsWith(`${name} `) ? kept.slice(name.length + 1) : undefined;
    },
    problem: guardian.problem,
    close: async () => guardian.close(),
  };
}

type Minting = (request: MintRequest, mode: 'mint' | 'ask') => Promise<{ readonly result: MintResult; readonly authentic: boolean }>;

/** One round trip: the script's result, and whether the mark that it met can be believed. */
function createMinting(keyPrefix: string, { log, now }: RedisStoreRoom, guardian: Guardian, seal: Seal): Minting {
  return async (request, mode) => {
    const mint = checkMint(request);
    await guardian.sound();
    const own = [`token:${mint.tokenHash}`, `uses:${mint.tokenHash}`];
    const keys = ['epoch', `once:${mint.identity}`, ...own].map((key) => `${keyPrefix}${key}`);
    const seen = guardian.seen();
    const values = [String(Math.floor(now())), seen, ...mintValues(mint, seal, mode)];
    const answer = texts(await guardian.ask((client) => client.mint(...keys, ...values)));
    guardian.met(answer[1] ?? '', answer[2] === '1' ? seen : undefined);
    const result = resultOf(answer);
    const authentic = !seal.on || result !== 'minted' || isAuthentic(mint, seal, answer);
    if (!authentic)
      log.warn({ store: 'redis', identity: mint.identity.slice(0, 12) }, 'a mark in Redis was not made by this proxy; it counts as used');
    return { result, authentic };
  };
}

/** Bytes that are read: one more than a record may have, so that a longer value is cut there and is no record. */
const longest = maxRecordBytes + sealLength;

/** Reads what lay under a token's hash. What is no record of this version, or has no seal where it should, counts as unknown. */
function createReader({ log, now }: RedisStoreRoom, seal: Seal): (text: string | undefined, tokenHash: string) => TokenRecord | undefined {
  return (text, tokenHash) => {
    const opened = text === undefined ? undefined : seal.open(['token', tokenHash], text);
    const record = opened === undefined ? undefined : readRecord(opened, tokenHash);
    if (record === undefined && text !== '') {
      log.warn(
        { store: 'redis', token: tokenHash.slice(0, 12) },
        `a token record is not of the form that this version writes${seal.on ? ', or not sealed with its key' : ''}; it counts as unknown`,
      );
    }
    return current(record, now());
  };
}

/** A number of uploads that only the record knows of was taken away by somebody: then the token has none left. */
function slotOf({ maxUploads }: TokenRecord, most: string | undefined, taken: string | undefined): Use['slot'] {
  if (maxUploads === undefined) return 'free';
  return most === String(maxUploads) && taken === '1' ? 'taken' : 'spent';
}

function wrongTypeIsNone(error: unknown): undefined {
  if (!isWrongType(error)) throw error;
  return undefined;
}
