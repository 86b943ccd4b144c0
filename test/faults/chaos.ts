// Random faults under a steady load: issuer, Redis, registry and two replicas, and every few seconds one of them fails.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePort } from '../support/ports.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { fromUi, identityOf, mintWith, registryOf, serviceEnv } from '../support/ui-job.ts';
import { publish } from './publish.ts';
import { brokenPromises, createRecord, exchangeOnce, publishOne, type LoadRecord } from './record-of-load.ts';

export interface ChaosOptions {
  readonly milliseconds: number;
  readonly seed: number;
  /** Milliseconds between two faults. */
  readonly every: number;
  /** Milliseconds after a fault in which a publish has to work again, on each replica. */
  readonly within: number;
  /** Told every fault, and what came of it. */
  readonly say?: (line: string) => void;
  /** Called with the replica that is never ended, every ten seconds. */
  readonly sample?: (steady: Proxy, record: LoadRecord) => void;
}

interface World {
  readonly issuer: CiIssuer;
  readonly redis: RedisServer;
  readonly index: PypiServer;
  readonly toRedis: FaultProxy;
  readonly toIndex: FaultProxy;
  readonly host: string;
  /** The first is never ended; the second is. */
  readonly replicas: Proxy[];
  readonly record: LoadRecord;
  /** How often a replica was ended. */
  restarts: number;
}

type Chaos = (world: World) => Promise<void>;

const during =
  (set: (world: World) => void, milliseconds: number, end: (world: World) => void): Chaos =>
  async (world) => {
    set(world);
    await sleep(milliseconds);
    end(world);
  };
const healed = (world: World): void => {
  world.toIndex.fault = { kind: 'none' };
  world.toRedis.fault = { kind: 'none' };
  world.toRedis.cut();
};

const faults: Readonly<Record<string, Chaos>> = {
  'registry cut in mid-body': during((w) => (w.toIndex.fault = { kind: 'cut', after: 20_000 }), 1500, healed),
  'registry cut before its answer': during((w) => (w.toIndex.fault = { kind: 'cut-answer' }), 1500, healed),
  'registry vanished': during(
    (w) => (w.toIndex.fault = { kind: 'half-open' }),
    1500,
    (w) => {
      healed(w);
      w.toIndex.cut();
    },
  ),
  'registry slow': during((w) => (w.toIndex.fault = { kind: 'drip', bytes: 40, milliseconds: 5 }), 1500, healed),
  'registry killed': async ({ index }) => {
    await index.kill();
    await sleep(500);
    await index.restart();
  },
  'Redis paused': during(
    (w) => w.redis.pause(),
    1500,
    (w) => w.redis.resume(),
  ),
  'Redis killed and empty': async ({ redis }) => {
    await redis.kill();
    await sleep(300);
    await redis.restart();
  },
  'Redis vanished': during((w) => (w.toRedis.fault = { kind: 'half-open' }), 1500, healed),
  'Redis slow': during((w) => (w.toRedis.fault = { kind: 'delay', milliseconds: 300 }), 1500, healed),
  'keys rotated': async ({ issuer }) => void (await issuer.rotate()),
  'issuer away': during(
    (w) => w.issuer.behave({ jwks: { status: 500 } }),
    1000,
    (w) => w.issuer.behave({ jwks: null }),
  ),
  'policy read again': async ({ replicas }) => replicas.forEach((replica) => replica.server().signal('SIGHUP')),
  'replica killed': (world) => replace(world, 'SIGKILL'),
  'replica restarted': (world) => replace(world, 'SIGTERM'),
};

async function replace(world: World, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  world.restarts += 1;
  const old = world.replicas.pop();
  old?.server().signal(signal);
  await old?.close();
  world.replicas.push(await replica(world));
}

async function replica({ host, toRedis, toIndex, issuer }: Omit<World, 'replicas' | 'record' | 'restarts'>): Promise<Proxy> {
  const proxy = await startProxy({
    env: serviceEnv,
    policy: () => ({
      server: { limits: { exchanges_per_package: 100_000, refused_exchanges: 100_000 }, shutdown_grace: '2s' },
      store: `redis://127.0.0.1:${toRedis.port}/0`,
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: { pypi: registryOf('pypi', `http://${host}/`, toIndex.url, { max_concurrent_uploads: 200 }) },
      publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['allowed'] } }],
    }),
  });
  return { ...proxy, host };
}

export interface ChaosResult {
  readonly record: LoadRecord;
  /** Faults that happened, in order. */
  readonly happened: readonly string[];
  /** What must not be: a broken promise, an answer that no fault explains, no recovery. */
  readonly broken: readonly string[];
}

/** Runs a world of its own for so long. The same seed gives the same faults in the same order. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const world = await createWorld();
  const broken: string[] = [];
  const happened: string[] = [];
  const until = Date.now() + options.milliseconds;
  const random = numbers(options.seed);
  const load = [every(200, until, () => exchangeOnce(world.record, world.issuer, world.replicas)), every(1000, until, () => upload(world))];
  options.sample?.(world.replicas[0]!, world.record);
  const samples = every(10_000, until, async () => options.sample?.(world.replicas[0]!, world.record));
  let names: string[] = [];
  while (Date.now() + options.every < until) {
    await sleep(options.every);
    if (names.length === 0) names = Object.keys(faults);
    const [name = ''] = names.splice(Math.floor(random() * names.length), 1);
    happened.push(name);
    await faults[name]?.(world);
    const took = await recovery(world, options.within);
    options.say?.(`${name}: a publish works ${took === undefined ? 'not' : `after ${took} ms`}`);
    if (took === undefined) broken.push(`no publish within its time after: ${name}`);
  }
  await Promise.all([...load, samples]);
  options.sample?.(world.replicas[0]!, world.record);
  broken.push(...(await brokenPromises(world.record, world.index, world.redis)), ...strangeAnswers(world));
  await close(world);
  return { record: world.record, happened, broken };
}

/** Milliseconds until every replica publishes again with a fresh identity token; undefined when it takes too long. */
async function recovery(world: World, within: number): Promise<number | undefined> {
  const began = Date.now();
  for (const proxy of world.replicas) {
    while (!(await works(world, proxy))) {
      if (Date.now() - began > within * world.replicas.length) return undefined;
      await sleep(100);
    }
  }
  return Date.now() - began;
}

async function works({ issuer, record }: World, proxy: Proxy): Promise<boolean> {
  const minted = await mintWith(proxy, identityOf(issuer, proxy)).catch(() => undefined);
  if (minted?.status !== 200) return false;
  const { token } = JSON.parse(minted.body) as { token: string };
  const bytes = randomBytes(500);
  const version = `${record.sent.size + 1}.0`;
  record.sent.set(`allowed-${version}.tar.gz`, '');
  const done = await publish(proxy, token, { bytes, version }).catch(() => undefined);
  if (done !== undefined) record.sent.set(done.file, done.sha256);
  if (done?.answer.status !== 200) return false;
  record.published.set(done.file, done.sha256);
  return true;
}

/** 500 is a bug, and so is an answer that was lost although no replica was ended. */
function strangeAnswers({ record, restarts }: World): string[] {
  const expected = /^(?:exchange (?:200|403|422|503)|upload (?:200|401|502|503|504))$/;
  return [...record.answers].flatMap(([answer, times]) =>
    expected.test(answer) || (answer.endsWith(' lost') && restarts > 0) ? [] : [`${times} times ${answer}`],
  );
}

async function upload({ replicas, record }: World): Promise<void> {
  const proxy = replicas[record.sent.size % replicas.length];
  if (proxy !== undefined) await publishOne(record, proxy, randomBytes(40_000));
}

/** An issuer that publishes a key before it uses it, as real ones do: longer than the 30 s between two looks at its keys. */
async function startCarefulIssuer(): Promise<CiIssuer> {
  const issuer = await startIssuer({ style: 'github' });
  let { kid } = issuer.currentKey();
  return {
    ...issuer,
    sign: (claims, overrides) => issuer.sign(claims, { kid, ...overrides }),
    rotate: async (options) => {
      const key = await issuer.rotate(options);
      setTimeout(() => (kid = key.kid), 35_000).unref();
      return key;
    },
  };
}

async function createWorld(): Promise<World> {
  const [issuer, redis, index, port] = await Promise.all([startCarefulIssuer(), startRedis(), startPypiserver(), freePort()]);
  const [toRedis, toIndex] = await Promise.all([startFaultProxy(redis.port), startFaultProxy(index.port)]);
  const parts = { issuer, redis, index, toRedis, toIndex, host: `127.0.0.1:${port}` };
  const replicas = await Promise.all([replica(parts), replica(parts)]);
  await pastEpoch();
  return { ...parts, replicas, record: createRecord(), restarts: 0 };
}

async function close({ issuer, redis, index, toRedis, toIndex, replicas }: World): Promise<void> {
  await Promise.all(replicas.map((each) => each.close()));
  await Promise.all([toRedis.close(), toIndex.close(), issuer.close(), index.close(), redis.close()]);
}

/** Starts the work at this pace, however long each takes; resolves when all of it is done. */
async function every(milliseconds: number, until: number, work: () => Promise<unknown>): Promise<void> {
  const begun: Promise<unknown>[] = [];
  while (Date.now() + milliseconds < until) {
    await sleep(milliseconds);
    begun.push(work());
  }
  await Promise.all(begun);
}

/** Random numbers in [0, 1) that depend on the seed alone (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
