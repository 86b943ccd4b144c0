// What the program makes of the machine under it: killed, restarted one by one, without descriptors, without a disk, without IPv4.
import { spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { pause } from '../gateway/raw-upstream.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePort } from '../support/ports.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { fromUi, identityOf, mintToken, registryOf, serviceEnv } from '../support/ui-job.ts';
import { publish } from './publish.ts';
import { brokenPromises, createRecord, exchangeOnce, exchangeWith, publishOne, unpaired } from './record-of-load.ts';
import { bodyOf, eventually, exchange, headOf, health, newVersion, read, start } from './world.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
function closing<T extends { close: () => Promise<unknown> }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

/** The tests exchange more often than a publisher may. */
const unlimited = { limits: { exchanges_per_package: 100_000, refused_exchanges: 100_000 } };

interface Balancer {
  readonly port: number;
  /** Where new connections go, in turn. */
  targets: readonly number[];
  readonly close: () => Promise<unknown>;
}

/** A balancer of plain TCP; what is connected stays so. */
async function startBalancer(targets: readonly number[]): Promise<Balancer> {
  let turn = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    turn += 1;
    const onward = net.connect(balancer.targets[turn % balancer.targets.length]!, '127.0.0.1');
    sockets.add(client.on('error', () => onward.destroy()));
    onward.on('error', () => client.destroy());
    client.pipe(onward).pipe(client);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const balancer: Balancer = {
    port: (server.address() as AddressInfo).port,
    targets,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  };
  return balancer;
}

/** An upload of which the second half comes half a second after the first; gives the status. */
function publishSlowly(proxy: Proxy, token: string): Promise<number | undefined> {
  const body = bodyOf(newVersion());
  const headers = { ...headOf(proxy, token), 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const req = http.request({ host: '127.0.0.1', port: proxy.port, method: 'POST', path: '/', headers, agent: false }, (res) =>
      resolve(res.resume().statusCode),
    );
    req.on('error', reject).write(body.subarray(0, 300));
    setTimeout(() => req.end(body.subarray(300)), 500);
  });
}

const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--no-new-privs'];
/** Whether another user may run the program where it lies. */
function readableForAll(): boolean {
  const access = `require('node:fs').accessSync(${JSON.stringify(join(ROOT, 'src', 'main.ts'))})`;
  return process.getuid?.() === 0 && spawnSync('setpriv', [...asNobody, requires('node'), '-e', access]).status === 0;
}

describeWith('pypi-server', 'redis-server')('P9 the machine', () => {
  let issuer: CiIssuer;
  let index: PypiServer;
  let redis: RedisServer;
  beforeAll(async () => {
    [issuer, index, redis] = await Promise.all([startIssuer({ style: 'github' }), startPypiserver(), startRedis()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([issuer?.close(), index?.close(), redis?.close()]);
  });

  /** A proxy with a token for it. */
  async function ready(options: Parameters<typeof start>[1] = {}): Promise<{ proxy: Proxy; token: string }> {
    const proxy = closing(await start({ upstream: index.url, issuer: issuer.issuer, server: unlimited }, options));
    await pastEpoch();
    return { proxy, token: await mintToken(proxy, issuer) };
  }

  test('P5 P9 FLT-21 RED-07 killed 8 times in mid-publish: no identity token twice, no mark alone, nothing published that is not there', async () => {
    const [own, store] = await Promise.all([startPypiserver(), startRedis()]);
    closing(own);
    closing(store);
    const port = await freePort();
    // Two replicas of one public address: they are asked directly, under its name.
    const replica = (): Promise<Proxy> =>
      startProxy({
        env: serviceEnv,
        policy: () => ({
          server: unlimited,
          store: store.url,
          issuers: { github: { issuer: issuer.issuer, insecure: true } },
          registries: { pypi: registryOf('pypi', `http://127.0.0.1:${port}/`, own.url) },
          publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['allowed'] } }],
        }),
      }).then((proxy) => ({ ...proxy, host: `127.0.0.1:${port}` }));
    const record = createRecord();
    const recorded: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const both = await Promise.all([replica(), replica()]);
      if (round === 0) await pastEpoch();
      const load = { on: true };
      const worker = async (): Promise<void> => {
        for (let turn = 0; load.on && turn < 40; turn += 1) {
          await exchangeOnce(record, issuer, both);
          await publishOne(record, both[turn % 2]!, randomBytes(50_000));
        }
      };
      const workers = [worker(), worker(), worker()];
      for (const proxy of both) {
        await pause(randomInt(20, 150));
        proxy.server().signal('SIGKILL');
        await proxy.server().exited;
      }
      load.on = false;
      await Promise.all(workers);
      for (const proxy of both) {
        recorded.push(...proxy.audit().flatMap((event) => (event.outcome === 'uploaded' && event.file !== undefined ? [event.file] : [])));
        await proxy.close();
      }
    }
    expect(await unpaired(store)).toEqual([]);
    const last = closing(await replica());
    const used = [...record.identities].filter(([, times]) => times > 0);
    expect(used.length).toBeGreaterThan(4);
    for (const [identity] of used.slice(-200)) expect(await exchangeWith(record, last, identity)).not.toBe(200);
    expect(await brokenPromises(record, own, store)).toEqual([]);
    expect(record.published.size).toBeGreaterThan(0);
    expect(recorded.filter((file) => !own.stored().includes(file))).toEqual([]);
    await exchangeOnce(record, issuer, [last]);
    expect(await publishOne(record, last, randomBytes(1000))).toMatchObject({ answer: { status: 200 } });
  });

  test('P9 a rolling restart under load: taken out of the balancer and told to stop one after the other, no accepted request is dropped', async () => {
    const ports = [await freePort(), await freePort()];
    const balancer = closing(await startBalancer(ports));
    const replica = (port: number): Promise<Proxy> =>
      startProxy({
        port,
        env: serviceEnv,
        policy: () => ({
          server: unlimited,
          store: redis.url,
          issuers: { github: { issuer: issuer.issuer, insecure: true } },
          registries: { pypi: registryOf('pypi', `http://127.0.0.1:${balancer.port}/`, index.url) },
          publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['allowed'] } }],
        }),
      });
    const replicas = await Promise.all(ports.map(replica));
    await pastEpoch();
    const front = { ...replicas[0]!, port: balancer.port, host: `127.0.0.1:${balancer.port}` };
    const token = await mintToken(front, issuer);
    const told: string[] = [];
    const load = { on: true };
    const worker = async (): Promise<void> => {
      while (load.on) {
        told.push(`exchange ${(await exchange(front, issuer)).status}`);
        const done = await publish(front, token, { bytes: randomBytes(200_000) });
        told.push(`upload ${done.answer.status}`);
        if (done.answer.status === 200) expect(index.stored()).toContain(done.file);
        told.push(`read ${(await read(front)).status}`);
      }
    };
    const workers = [worker(), worker(), worker()];
    for (const [i, old] of replicas.entries()) {
      await pause(300);
      const slow = publishSlowly({ ...old, host: front.host }, token);
      await pause(100);
      balancer.targets = [ports[1 - i]!];
      await pause(50);
      old.server().signal('SIGTERM');
      expect(await old.server().exited).toBe(0);
      told.push(`upload ${await slow}`);
      replicas[i] = await replica(ports[i]!);
      await eventually(async () => (await health(replicas[i]!)).ready === 200);
      balancer.targets = ports;
    }
    await pause(200);
    load.on = false;
    await Promise.all(workers);
    for (const each of replicas) await each.close();
    expect([...new Set(told)].sort()).toEqual(['exchange 200', 'read 200', 'upload 200']);
  });

  test.each([
    ['a full disk', 'exec "$@" > /dev/full'],
    ['a closed pipe', 'mkfifo log; head -c 1 < log > /dev/null & exec "$@" > log'],
    ['no standard output', 'exec "$@" >&-'],
  ])('FLT-20 the log goes to %s: requests are served as ever, and the process ends when told', async (_, script) => {
    const { proxy, token } = await ready({ through: ['sh', '-c', script, 'sh'] });
    for (let i = 0; i < 5; i += 1) {
      expect(await publish(proxy, token)).toMatchObject({ answer: { status: 200 } });
      expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
    }
    expect(await health(proxy)).toMatchObject({ alive: 200, ready: 200 });
    proxy.server().signal('SIGTERM');
    const ended = await Promise.race([proxy.server().exited, pause(10_000).then(() => 'still there')]);
    expect(ended).toBe(0);
  });

  test('FLT-34 without file descriptors: some requests fail, none is half done, and it recovers by itself', async () => {
    const { proxy, token } = await ready({ through: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] });
    const idle = Array.from({ length: 100 }, () => net.connect(proxy.port, '127.0.0.1').on('error', () => undefined));
    await pause(300);
    const uploads = Array.from({ length: 10 }, () => publish(proxy, token, { bytes: randomBytes(50_000) }).catch(() => undefined));
    await pause(500);
    for (const socket of idle) socket.destroy();
    const done = (await Promise.all(uploads)).flatMap((each) => each ?? []);
    for (const { answer, file } of done) {
      expect(answer.status === 200 || answer.status >= 429, `${answer.status}`).toBe(true);
      if (answer.status === 200) expect(index.stored()).toContain(file);
    }
    await eventually(async () => (await publish(proxy, token).catch(() => undefined))?.answer.status === 200);
    expect(await health(proxy)).toMatchObject({ alive: 200, ready: 200 });
  });

  test.runIf(readableForAll())('FLT-37 an ordinary user, a folder that cannot be written, no temporary folder: all works', async () => {
    const script = 'chmod 0711 .. && chmod 0555 . && chmod 0444 countersign.yaml && exec "$@"';
    const { proxy, token } = await ready({
      through: ['sh', '-c', script, 'sh', 'setpriv', ...asNobody, 'env', 'TMPDIR=/nonexistent', 'HOME=/nonexistent'],
    });
    expect(await publish(proxy, token)).toMatchObject({ answer: { status: 200 } });
    expect(await read(proxy)).toMatchObject({ status: 200 });
    chmodSync(dirname(proxy.config), 0o755);
  });

  test.each(['[::1]', 'localhost'])('FLT-38 it listens on %s alone: exchange, upload and health work there', async (host) => {
    const [port, admin] = [await freePort(), await freePort()];
    const listen = { listen: `${host}:${port}`, admin: `${host}:${admin}` };
    // The test's own look for readiness goes to an address on which nothing listens: this test looks by itself.
    const proxy = await start(
      { upstream: index.url.replace('127.0.0.1', host === 'localhost' ? host : '127.0.0.1'), issuer: issuer.issuer, server: listen },
      { port, ready: async () => (await fetch(`http://${host}:${admin}/healthz`)).ok },
    );
    closing(proxy);
    await pastEpoch();
    const address = host === 'localhost' ? host : '::1';
    const body = JSON.stringify({ token: identityOf(issuer, proxy) });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = http.request(
        { host: address, port, method: 'POST', path: '/_/oidc/mint-token', headers: { host: proxy.host }, agent: false },
        (res) => resolve(res.resume().statusCode),
      );
      req.on('error', reject).end(body);
    });
    expect(status).toBe(200);
    expect((await fetch(`http://${host}:${admin}/readyz`)).status).toBe(200);
  });

  test('FLT-39 the admin listener flooded by 1,000 connections: publishing does not notice, and it answers again afterwards', async () => {
    const { proxy, token } = await ready();
    const { port } = new URL(proxy.admin);
    const sockets = Array.from({ length: 1000 }, () => {
      const socket = net.connect(Number(port), '127.0.0.1').on('error', () => undefined);
      socket.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\n');
      return socket;
    });
    await pause(200);
    expect(await publish(proxy, token)).toMatchObject({ answer: { status: 200 } });
    expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
    for (const socket of sockets) socket.destroy();
    await eventually(async () => (await health(proxy)).ready === 200);
  });
});
