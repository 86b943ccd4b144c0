// More than one process should take: connections that do nothing, bodies that drip, answers that nobody reads, too much at a time.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { beginSlowly, hurried, hurriedHeads, preload } from './load.ts';
import { pause, until } from '../gateway/raw-upstream.ts';
import { newVersion, start, upload } from '../faults/world.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { identityOf, mintToken, mintWith } from '../support/ui-job.ts';

let issuer: CiIssuer;
beforeAll(async () => {
  issuer = await startIssuer({ style: 'github' });
});
afterAll(() => issuer?.close());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
function closing<T extends { close: () => unknown }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

/** An upstream that takes uploads and says what it got; each takes `milliseconds`. */
async function registry(milliseconds = 0): Promise<{ url: string; most: () => number; bodies: () => number[]; close: () => void }> {
  const state = { underWay: 0, most: 0, bodies: [] as number[] };
  const server = http.createServer((req, res) => {
    if (req.method !== 'POST') return void res.writeHead(req.url === '/simple/' ? 200 : 404).end();
    state.underWay += 1;
    state.most = Math.max(state.most, state.underWay);
    let size = 0;
    req.on('data', (chunk: Buffer) => (size += chunk.length));
    req.on('close', () => (state.underWay -= req.complete ? 0 : 1));
    req.on('end', () =>
      setTimeout(() => {
        state.underWay -= 1;
        state.bodies.push(size);
        res.end('OK');
      }, milliseconds),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`,
    most: () => state.most,
    bodies: () => state.bodies,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const limitsOf = (limits: object): object => ({
  limits: { packages_per_minute: 1000, exchanges_per_package: 10_000, refused_exchanges: 10_000, ...limits },
});
const rss = (proxy: Proxy): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${proxy.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const alive = (proxy: Proxy): Promise<RawAnswer> => mintWith(proxy, identityOf(issuer, proxy));

/** Opens connections that send this and then wait. */
async function open(proxy: Proxy, count: number, first = ''): Promise<{ sockets: net.Socket[]; left: () => number; close: () => void }> {
  const sockets = Array.from({ length: count }, () => {
    const socket = net.connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    if (first !== '') socket.write(first);
    return socket;
  });
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))));
  for (const socket of sockets) socket.resume();
  const close = (): void => sockets.forEach((socket) => void socket.destroy());
  return closing({ sockets, left: () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length, close });
}

describe('connections', () => {
  test('DOS-01 DOS-10 of 170 that do nothing, drip a head or are kept alive, the longest without a request goes; requests are served all the time', async () => {
    const upstream = closing(await registry());
    const proxy = closing(await start({ upstream: upstream.url, issuer: issuer.issuer, server: limitsOf({ connections: 40 }) }));
    await pastEpoch();
    const token = await mintToken(proxy, issuer);
    const busy = beginSlowly(proxy, token, newVersion());
    await pause(100);
    const kept = `GET / HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`;
    const crowds = [await open(proxy, 70), await open(proxy, 70, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '), await open(proxy, 30, kept)];
    await pause(500);
    const drip = setInterval(() => crowds[1]?.sockets.forEach((socket) => void socket.write('a')), 200);
    closers.push(() => clearInterval(drip));
    for (let i = 0; i < 5; i += 1) {
      const began = performance.now();
      expect((await alive(proxy)).status).toBe(200);
      expect(performance.now() - began).toBeLessThan(2000);
      await pause(100);
    }
    expect(crowds.reduce((sum, crowd) => sum + crowd.left(), 0)).toBeLessThanOrEqual(40);
    expect(crowds[0]?.left(), 'the first to come are the first to go').toBe(0);
    busy.finish();
    await until(() => busy.heard().includes('HTTP/1.1 200'));
  });

  test('FLT-34 out of file descriptors: the process lives, and serves again when there are some', async () => {
    const through = ['sh', '-c', 'ulimit -n 70; exec "$@"', 'sh'];
    const proxy = closing(await start({ upstream: 'http://127.0.0.1:9/', issuer: issuer.issuer }, { through }));
    await pastEpoch();
    const crowd = await open(proxy, 150);
    await pause(300);
    const answers = await Promise.all(Array.from({ length: 5 }, () => alive(proxy).catch(() => ({ status: 0 }))));
    for (const { status } of answers) expect([0, 200, 502, 503]).toContain(status);
    crowd.close();
    await until(() => crowd.left() === 0);
    await pause(300);
    expect((await alive(proxy)).status).toBe(200);
    expect(proxy.output()).not.toContain('"outcome":"stopped"');
  });
});

describe('bodies', () => {
  async function dripped(): Promise<void> {
    const proxy = closing(await start({ upstream: 'http://127.0.0.1:9/', issuer: issuer.issuer }, { node: hurriedHeads }));
    const crowd = await open(proxy, 200, `GET / HTTP/1.1\r\nHost: ${proxy.host}\r\nX-Slow: `);
    const drip = setInterval(() => crowd.sockets.forEach((socket) => void socket.write('a')), 500);
    closers.push(() => clearInterval(drip));
    const began = performance.now();
    await pause(1000);
    expect((await alive(proxy)).status).toBe(200);
    await until(() => crowd.left() === 0, 15_000);
    expect(performance.now() - began).toBeGreaterThan(1500);
  }

  async function moved(): Promise<void> {
    const upstream = closing(await registry());
    const proxy = closing(await start({ upstream: upstream.url, issuer: issuer.issuer }, { node: hurried(60) }));
    await pastEpoch();
    const token = await mintToken(proxy, issuer);
    // A minute passes in a second here: one piece every 12 s for six minutes, and nobody has a limit of five.
    const slow = beginSlowly(proxy, token, newVersion(), 30);
    const stalled = beginSlowly(proxy, token, newVersion());
    for (let i = 0; i < 30; i += 1) {
      await pause(200);
      slow.more();
    }
    expect(stalled.heard()).toMatch(/^HTTP\/1\.1 408 /);
    slow.finish();
    await until(() => slow.heard().includes('HTTP/1.1 200'), 5000);
    await proxy.event(({ event, outcome }) => event === 'upload' && outcome === 'uploaded');
    await proxy.event(({ event, code }) => event === 'upload' && code === 'body-incomplete');
  }

  test(
    'DOS-01 a head that drips is given up on after ten seconds; DOS-03 an upload that moves lives, however long it takes; FLT-14 one that does not is told 408',
    { timeout: 40_000 },
    async () => {
      await Promise.all([dripped(), moved()]);
    },
  );

  test('EXC-04 an exchange whose body comes byte by byte is given up on: 408', async () => {
    const proxy = closing(await start({ upstream: 'http://127.0.0.1:9/', issuer: issuer.issuer }, { node: hurried(30) }));
    const crowd = await open(proxy, 1, `POST /_/oidc/mint-token HTTP/1.1\r\nHost: ${proxy.host}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    let heard = '';
    crowd.sockets[0]?.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const drip = setInterval(() => crowd.sockets[0]?.write('1\r\n{\r\n'), 100);
    closers.push(() => clearInterval(drip));
    await until(() => heard.startsWith('HTTP/1.1 408'), 5000);
  });

  test('DOS-11 a hundred uploads at once: never more than the cap at the registry, the others are told to come back', async () => {
    const upstream = closing(await registry(100));
    const world = {
      upstream: upstream.url,
      issuer: issuer.issuer,
      server: limitsOf({ requests: 60 }),
      more: { max_concurrent_uploads: 8 },
    };
    const proxy = closing(await start(world));
    await pastEpoch();
    const token = await mintToken(proxy, issuer);
    const before = rss(proxy);
    const answers = await Promise.all(Array.from({ length: 100 }, () => upload(proxy, token)));
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThanOrEqual(8);
    for (const { status, headers } of answers) if (status !== 200) expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(upstream.bodies()).toHaveLength(done.length);
    expect(upstream.most()).toBeLessThanOrEqual(8);
    expect(rss(proxy) - before).toBeLessThan(250);
    expect((await upload(proxy, token)).status).toBe(200);
  });

  test(
    'FLT-36 a heap of 96 MB and thirty uploads of 8 MB at once: some are refused, none kills the process',
    { timeout: 30_000 },
    async () => {
      const upstream = closing(await registry(200));
      const proxy = closing(await start({ upstream: upstream.url, issuer: issuer.issuer }, { node: ['--max-old-space-size=96'] }));
      await pastEpoch();
      const token = await mintToken(proxy, issuer);
      const statuses = await Promise.all(
        Array.from({ length: 30 }, async () => {
          const sending = beginSlowly(proxy, token, newVersion(), 0, 8 * 1024 * 1024);
          sending.finish();
          await until(() => /^HTTP\/1\.1 \d\d\d/.test(sending.heard()), 20_000);
          return sending.heard().slice(9, 12);
        }),
      );
      expect(new Set(statuses)).toEqual(new Set(['200', '503']));
      expect((await alive(proxy)).status).toBe(200);
    },
  );
});

test('DOS-04 answers that nobody reads wait at the registry, not in memory', async () => {
  const size = 64 * 1024 * 1024;
  const server = http.createServer((_, res) => {
    res.writeHead(200, { 'content-length': size });
    const piece = Buffer.alloc(64 * 1024);
    let left = size;
    const write = (): void => {
      while (left > 0 && !res.destroyed) {
        left -= piece.length;
        if (!res.write(piece)) return void res.once('drain', write);
      }
      res.end();
    };
    write();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => (server.closeAllConnections(), server.close()));
  const proxy = closing(
    await start({ upstream: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`, issuer: issuer.issuer }),
  );
  const before = rss(proxy);
  const crowd = await open(proxy, 30, `GET /simple/ HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`);
  for (const socket of crowd.sockets) socket.pause();
  await pause(1500);
  expect(rss(proxy) - before, 'of 1.9 GB that were asked for').toBeLessThan(300);
  expect((await raw(proxy, 'GET', '/_/oidc/audience', { host: proxy.host })).status).toBe(200);
});

test('DOS-11 requests under way have a limit: one more is told to come back, and their places are free when they are answered or gone', async () => {
  const waiting: http.ServerResponse[] = [];
  const server = http.createServer((_, res) => void waiting.push(res));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => (server.closeAllConnections(), server.close()));
  const upstream = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`;
  const proxy = closing(await start({ upstream, issuer: issuer.issuer, server: limitsOf({ requests: 10 }) }));
  const read = (): Promise<RawAnswer> => raw(proxy, 'GET', '/simple/', { host: proxy.host });
  for (let round = 0; round < 3; round += 1) {
    const crowd = await open(proxy, 4, `GET /simple/ HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`);
    const reads = Array.from({ length: 6 }, read);
    await until(() => waiting.length === 10);
    expect(await read()).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    crowd.close();
    for (const res of waiting.splice(0)) res.end('ok');
    expect((await Promise.all(reads)).map(({ status }) => status)).toEqual(Array<number>(6).fill(200));
    await pause(100);
  }
});

test('FLT-35 a process that is busy for two seconds looks dead to its health check, and is well afterwards', async () => {
  const blocking = preload("process.on('SIGUSR2', () => { const end = Date.now() + 2000; while (Date.now() < end); });");
  const proxy = closing(await start({ upstream: 'http://127.0.0.1:9/', issuer: issuer.issuer }, { node: blocking }));
  await pastEpoch();
  proxy.server().signal('SIGUSR2');
  await pause(100);
  await expect(fetch(`${proxy.admin}healthz`, { signal: AbortSignal.timeout(700) })).rejects.toThrow(/timeout/);
  expect((await fetch(`${proxy.admin}healthz`)).status).toBe(200);
  expect((await alive(proxy)).status).toBe(200);
});
