// What the store does while Redis is down, paused, slow, or behind a network that loses answers (catalogue 7.1).
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { createRedisStore, StoreUnavailable, type MintRequest, type Store } from '../../src/store/index.ts';
import { freePort } from '../support/ports.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { startFaultyWire, type FaultyWire } from './faulty-wire.ts';
import { again, freshHash, keptLog, mintOf, recordFor, redisAt, type RedisSettings } from './requests.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).toReversed()) await close();
});

async function redisServer(...parameters: Parameters<typeof startRedis>): Promise<RedisServer> {
  const redis = await startRedis(...parameters);
  cleanup.push(() => redis.close());
  return redis;
}

async function open(port: number, change: Partial<RedisSettings> = {}, log = keptLog()): Promise<Store> {
  const store = await createRedisStore(redisAt(port, change), { log, now: Date.now });
  cleanup.push(() => store.close());
  return store;
}

async function wireTo(redis: RedisServer): Promise<FaultyWire> {
  const wire = await startFaultyWire(redis.port);
  cleanup.push(() => wire.close());
  return wire;
}

/** Milliseconds until the call was refused as an outage; fails the test when it was answered. */
async function refusedAfter(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await expect(call()).rejects.toBeInstanceOf(StoreUnavailable);
  return performance.now() - started;
}

/** Waits, at most as long as the catalogue allows, until the store says that it can answer. */
async function recovered(store: Store): Promise<void> {
  await expect.poll(() => store.problem(), { timeout: 5_000, interval: 50 }).toBeUndefined();
}

const onRedis = describeWith('redis-server', 'redis-cli');

onRedis('a Redis that is away', () => {
  it('does not stop the start; the store refuses and answers as soon as Redis is there (RED-01, P4)', async () => {
    const port = await freePort();
    const log = keptLog();
    const started = performance.now();
    const store = await open(port, {}, log);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(await store.problem()).toBe('Redis cannot be reached.');
    for (const call of [
      () => store.mint(mintOf(Date.now())),
      () => store.find(freshHash()),
      () => store.revoke(freshHash()),
      () => store.remember('k', 't', 1_000),
      () => store.recall('k'),
    ]) {
      expect(await refusedAfter(call)).toBeLessThan(1_000);
    }
    expect(log.lines).toHaveLength(1);
    await redisServer({ port });
    await recovered(store);
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
  });

  it('is refused within a second when it is killed under load, and used again after a restart (RED-02, P4)', async () => {
    const redis = await redisServer({ persist: true });
    const store = await open(redis.port);
    const before = mintOf(Date.now());
    await store.mint(before);
    const timed = async (): Promise<{ request: MintRequest; result: unknown; took: number }> => {
      const started = performance.now();
      const request = mintOf(Date.now());
      const result = await store.mint(request).catch((error: unknown) => error);
      return { request, result, took: performance.now() - started };
    };
    const calls: ReturnType<typeof timed>[] = [];
    for (let i = 0; i < 150; i += 1) {
      calls.push(timed(), timed());
      if (i === 75) void redis.kill();
      await sleep(2);
    }
    const outcomes = await Promise.all(calls);
    const minted = outcomes.filter(({ result }) => result === 'minted');
    const refused = outcomes.filter(({ result }) => result instanceof StoreUnavailable);
    expect(minted.length + refused.length).toBe(outcomes.length);
    expect(Math.max(...outcomes.map(({ took }) => took))).toBeLessThan(1_000);
    expect(outcomes[0]?.result).toBe('minted');
    expect(outcomes.at(-1)?.result).toBeInstanceOf(StoreUnavailable);
    expect(await refusedAfter(() => store.mint(mintOf(Date.now())))).toBeLessThan(1_000);
    await redis.restart();
    await recovered(store);
    for (const { request } of minted) expect(await store.find(request.tokenHash)).toEqual(request.record);
    expect(await store.find(before.tokenHash)).toEqual(before.record);
  });

  it('is refused within a second while it is paused, without connections or commands piling up (RED-03, P4)', async () => {
    const redis = await redisServer();
    const wire = await wireTo(redis);
    const store = await open(wire.port);
    redis.pause();
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      expect(await refusedAfter(() => store.mint(mintOf(Date.now())))).toBeLessThan(1_000);
      await sleep(50);
    }
    expect(wire.open()).toBeLessThanOrEqual(8);
    expect(wire.connections()).toBeLessThan(20);
    redis.resume();
    await recovered(store);
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
  });

  it('answers through 300 ms of latency and is refused at 2 s, with one command for each request (RED-04)', async () => {
    const redis = await redisServer();
    const wire = await wireTo(redis);
    const store = await open(wire.port);
    wire.latency = 300;
    const slow = mintOf(Date.now());
    expect(await store.mint(slow)).toBe('minted');
    wire.latency = 2_000;
    const lost = mintOf(Date.now());
    expect(await refusedAfter(() => store.mint(lost))).toBeLessThan(1_000);
    expect(wire.sent(slow.nonce)).toBe(1);
    expect(wire.sent(lost.nonce)).toBe(1);
    wire.latency = 0;
    await recovered(store);
  });
});

onRedis('a network that loses', () => {
  it('an answer: never "used" for a first use; the same request again is the same mint, another one is used (RED-05, P5)', async () => {
    const redis = await redisServer();
    const wire = await wireTo(redis);
    const store = await open(wire.port);
    const request = mintOf(Date.now());
    wire.fault = 'cut-answers';
    await refusedAfter(() => store.mint(request));
    wire.fault = 'none';
    await recovered(store);
    expect(wire.sent(request.nonce)).toBe(1);
    expect(await redis.cli('exists', `{countersign}:token:${request.tokenHash}`)).toBe('1');
    expect(await store.mint(request)).toBe('minted');
    expect(await store.mint(again(request))).toBe('used');
    expect(Number(await redis.cli('pttl', `{countersign}:token:${request.tokenHash}`))).toBeLessThanOrEqual(request.keepFor);
  });

  it('a request: the identity token is still good (RED-06)', async () => {
    const redis = await redisServer();
    const wire = await wireTo(redis);
    const store = await open(wire.port);
    const request = mintOf(Date.now());
    wire.fault = 'cut-requests';
    await refusedAfter(() => store.mint(request));
    wire.fault = 'none';
    await recovered(store);
    expect(await store.mint(again(request))).toBe('minted');
  });

  it('every connection at random moments under load: a mark and its token are both there or neither is (RED-07, P5)', async () => {
    const redis = await redisServer();
    const wire = await wireTo(redis);
    const store = await open(wire.port);
    const sent: MintRequest[] = [];
    for (let round = 0; round < 12; round += 1) {
      const requests = Array.from({ length: 150 }, () => mintOf(Date.now()));
      const minting = requests.map(async (request, i) => sleep(i / 10).then(() => store.mint(request).catch(() => undefined)));
      await sleep(5 + Math.random() * 15);
      wire.cut();
      await Promise.all(minting);
      sent.push(...requests);
      await recovered(store);
    }
    const keys = new Set((await redis.cli('keys', '*')).split('\n'));
    for (const { identity, tokenHash } of sent) {
      expect(keys.has(`{countersign}:once:${identity}`)).toBe(keys.has(`{countersign}:token:${tokenHash}`));
    }
    expect(keys.size).toBeGreaterThan(100);
    expect(keys.size).toBeLessThan(2 * sent.length);
  });
});

onRedis('a Redis that answers with an error', () => {
  it('is refused while a script keeps it busy, and used afterwards (RED-09 BUSY)', async () => {
    const redis = await redisServer({ args: ['--busy-reply-threshold', '50'] });
    const store = await open(redis.port);
    const busy = redis.cli('eval', 'while true do end', '0').catch(() => undefined);
    await expect.poll(() => store.problem(), { timeout: 5_000 }).toBe('Redis is busy with a script.');
    await expect(store.mint(mintOf(Date.now()))).rejects.toThrow(new StoreUnavailable('Redis is busy with a script.', 'busy'));
    await redis.cli('script', 'kill');
    await busy;
    await recovered(store);
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
  });

  it('is refused when its memory is full, and still knows the tokens (RED-09 OOM, SEC-06, P4)', async () => {
    const redis = await redisServer();
    const store = await open(redis.port);
    const before = mintOf(Date.now());
    await store.mint(before);
    await redis.cli('config', 'set', 'maxmemory', '1');
    const full = mintOf(Date.now());
    const error: unknown = await store.mint(full).catch((reason: unknown) => reason);
    expect(error).toEqual(new StoreUnavailable('Redis is out of memory.', 'memory'));
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(new RegExp(`${full.tokenHash}|${full.nonce}|acme`));
    expect(await store.find(before.tokenHash)).toEqual(before.record);
    await redis.cli('config', 'set', 'maxmemory', '0');
    expect(await store.mint(again(full))).toBe('minted');
  });

  it('is refused when it became a replica, on which nothing can be written (RED-08)', async () => {
    const redis = await redisServer();
    const store = await open(redis.port);
    const other = await redisServer();
    await redis.cli('replicaof', '127.0.0.1', String(other.port));
    await expect.poll(() => store.problem(), { timeout: 5_000 }).toMatch(/replica|loading|cannot be reached/);
    await refusedAfter(() => store.mint(mintOf(Date.now())));
    await redis.cli('replicaof', 'no', 'one');
    await recovered(store);
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
  });

  it('counts as lost no key that another program wrote (RED-14): a mark cannot be read, a token is unknown', async () => {
    const redis = await redisServer();
    const store = await open(redis.port);
    await redis.cli('set', '{countersign}:epoch', 'garbage');
    expect(await store.mint(mintOf(Date.now() - 120_000))).toBe('before-epoch');
    await redis.cli('del', '{countersign}:epoch');
    await redis.cli('rpush', '{countersign}:epoch', 'x');
    expect(await store.mint(mintOf(Date.now()))).toBe('minted');
    const hash = freshHash();
    await redis.cli('set', `{countersign}:token:${hash}`, JSON.stringify({ ...recordFor(hash, Date.now()), version: 99 }));
    expect(await store.find(hash)).toBeUndefined();
  });
});

/** Answers that are none to what was asked, as a server of another kind, a broken proxy or an attacker on the wire would give. */
const oddAnswers: readonly (readonly [string, string])[] = [
  ['an integer', ':1\r\n'],
  ['a huge integer', ':99999999999999999999\r\n'],
  ['a status', '+OK\r\n'],
  ['nil', '$-1\r\n'],
  ['a nil list', '*-1\r\n'],
  ['an empty list', '*0\r\n'],
  ['a list of nothing known', '*2\r\n$3\r\nfoo\r\n$3\r\nbar\r\n'],
  ['`minted` as a status', '+minted\r\n'],
  ['`minted` as text', '$6\r\nminted\r\n'],
  ['`minted` in a list in a list', '*1\r\n*2\r\n$6\r\nminted\r\n$1\r\nx\r\n'],
  ['`minted` in capitals', '*2\r\n$6\r\nMINTED\r\n$1\r\nx\r\n'],
  ['an error in a list', '*2\r\n-ERR x\r\n$1\r\nx\r\n'],
  ['an error of no kind', '-\r\n'],
  ['an error with a secret in it', "-ERR Error running script, args 'hunter2-password'\r\n"],
  ['a text of a gigabyte that never comes', '$1073741824\r\nx'],
  ['a list of a billion that never comes', '*1000000000\r\n'],
  ['a text of a negative length', '$-5\r\nabc\r\n'],
  ['a length that is no number', '$abc\r\nabc\r\n'],
  ['lists in lists without end', '*1\r\n'.repeat(20_000)],
  ['types of RESP3', '%1\r\n+a\r\n+b\r\n'],
  ['a push of RESP3', '>2\r\n+invalidate\r\n*0\r\n'],
  ['two answers at once', ':1\r\n:2\r\n:3\r\n'],
  ['HTTP', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
  ['TLS', '\x15\x03\x01\x00\x02\x02\x46'],
  ['NUL', '\0\0\0\0'],
  ['LF alone', '+OK\n'],
  ['another record', `$19\r\n{"version":1,"id":1}\r\n`],
];

const refusedOrUnknown = expect.stringMatching(/^(?:refused|undefined)$/);

onRedis('a Redis that answers what was not asked', () => {
  it('beside RED-09, RED-11: nothing is minted, nothing waits for ever, and it goes on by itself', async () => {
    const redis = await redisServer();
    const verdicts = await Promise.all(
      oddAnswers.map(async ([what, bytes]) => {
        const wire = await wireTo(redis);
        const log = keptLog();
        const store = await open(wire.port, {}, log);
        const known = mintOf(Date.now());
        await store.mint(known);
        wire.instead = Buffer.from(bytes, 'latin1');
        const [minted, found, used, again] = await Promise.all([
          refusedOr(() => store.mint(mintOf(Date.now()))),
          refusedOr(() => store.find(known.tokenHash)),
          refusedOr(() => store.use(known.tokenHash, 'upload')),
          refusedOr(() => store.mint(mintOf(Date.now()))),
        ]);
        wire.instead = undefined;
        await recovered(store);
        const after = await store.find(known.tokenHash);
        const shown = log.lines.some((line) => line.includes('hunter2'));
        return [what, minted, found, used, again, after?.id === known.tokenHash.slice(0, 12), shown];
      }),
    );
    for (const verdict of verdicts)
      expect(verdict).toEqual([verdict[0], 'refused', refusedOrUnknown, refusedOrUnknown, 'refused', true, false]);
  });
});

/** `refused` for an outage told within a second and a half, else what came of it. */
async function refusedOr(call: () => Promise<unknown>): Promise<string> {
  const started = performance.now();
  const result = await call().catch((error: unknown) => (error instanceof StoreUnavailable ? 'refused' : String(error)));
  return performance.now() - started > 3000 ? 'late' : String(result);
}
