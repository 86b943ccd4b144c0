// What the program does while a part of the world is away: the store, an issuer, the registry (P4).
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startRawUpstream } from '../gateway/raw-upstream.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePort } from '../support/ports.ts';
import { pastEpoch, type Proxy } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { identityOf, mintToken, mintWith } from '../support/ui-job.ts';
import { adjustable, hurried } from './clock.ts';
import { eventually, exchange, health, read, start, timed, upload } from './world.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
function closing<T extends { close: () => Promise<unknown> }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

describeWith('pypi-server', 'redis-server')('P4 outages', () => {
  let issuer: CiIssuer;
  let index: PypiServer;
  beforeAll(async () => {
    [issuer, index] = await Promise.all([startIssuer({ style: 'github' }), startPypiserver()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([issuer?.close(), index?.close()]);
  });

  describe('the store', () => {
    let redis: RedisServer;
    let proxy: Proxy;
    let token: string;
    beforeAll(async () => {
      redis = await startRedis();
      proxy = await start({ store: redis.url, upstream: index.url, issuer: issuer.issuer });
      await pastEpoch();
      token = await mintToken(proxy, issuer);
    }, 60_000);
    afterAll(async () => {
      await Promise.all([proxy?.close(), redis?.close()]);
    });

    /** Exchange and upload are refused within a second; reads, liveness and other clients do not notice. */
    async function expectClosed(): Promise<void> {
      const before = index.stored().length;
      for (const answer of await Promise.all([timed(exchange(proxy, issuer)), timed(upload(proxy, token))])) {
        expect(answer, answer.body).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
        expect(answer.milliseconds).toBeLessThan(1000);
        expect(answer.body).toContain('store');
      }
      expect(await read(proxy)).toMatchObject({ status: 200 });
      expect(await health(proxy)).toMatchObject({ alive: 200, ready: 503 });
      expect(index.stored()).toHaveLength(before);
    }

    test('RED-03 Redis stopped in its tracks: 503 within a second, reads go on; it goes on by itself when Redis does', async () => {
      redis.pause();
      await expectClosed();
      await expectClosed();
      redis.resume();
      await eventually(async () => (await health(proxy)).ready === 200);
      expect(await upload(proxy, token)).toMatchObject({ status: 200 });
      expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
    });

    test('RED-02 RED-12 RED-13 Redis killed: 503; started anew and empty, old identity tokens and upload tokens are worth nothing', async () => {
      const identity = identityOf(issuer, proxy);
      expect(await mintWith(proxy, identity)).toMatchObject({ status: 200 });
      await redis.kill();
      await expectClosed();
      await redis.restart();
      await eventually(async () => (await health(proxy)).ready === 200);
      const replayed = await mintWith(proxy, identity);
      expect([replayed.status, Number(replayed.headers['retry-after']) > 0]).toEqual([503, true]);
      expect(await upload(proxy, token)).toMatchObject({ status: 401 });
      await pastEpoch();
      token = await mintToken(proxy, issuer);
      expect(await upload(proxy, token)).toMatchObject({ status: 200 });
      expect(proxy.audit().filter((event) => event.event === 'process')).toHaveLength(1);
    });

    test('RED-01 Redis away at the start: the process starts, and takes up work when Redis comes', async () => {
      const port = await freePort();
      const late = closing(await start({ store: `redis://127.0.0.1:${port}/0`, upstream: index.url, issuer: issuer.issuer }));
      expect(await exchange(late, issuer)).toMatchObject({ status: 503 });
      expect(await read(late)).toMatchObject({ status: 200 });
      expect(await health(late)).toMatchObject({ alive: 200, ready: 503 });
      closing(await startRedis({ port }));
      await eventually(async () => (await health(late)).ready === 200);
      await pastEpoch();
      expect(await upload(late, await mintToken(late, issuer))).toMatchObject({ status: 200 });
    });
  });

  test('FLT-01 JWK-18 an issuer away at a cold start stops its exchanges alone; live tokens, reads and readiness do not mind', async () => {
    const port = await freePort();
    const redis = closing(await startRedis());
    const gone = await startIssuer({ style: 'github', port });
    const world = { store: redis.url, upstream: index.url, issuer: gone.issuer };
    const warm = closing(await start(world));
    await pastEpoch();
    const token = await mintToken(warm, gone);
    await gone.close();
    const cold = closing(await start(world, { node: adjustable }));
    const answer = await timed(exchange(cold, gone));
    expect(answer, answer.body).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    expect(answer.milliseconds).toBeLessThan(2000);
    expect(await upload(cold, token)).toMatchObject({ status: 200 });
    expect(await read(cold)).toMatchObject({ status: 200 });
    expect(await health(cold)).toMatchObject({ alive: 200, ready: 200, body: { issuers: { github: expect.not.stringMatching(/^ok$/) } } });
    const back = closing(await startIssuer({ style: 'github', port }));
    expect(await exchange(cold, back), 'not asked again so soon').toMatchObject({ status: 503 });
    cold.server().signal('SIGUSR2');
    await eventually(async () => (await exchange(cold, back)).status === 200);
    expect(await health(cold)).toMatchObject({ body: { issuers: { github: 'ok' } } });
  });

  describe('the registry', () => {
    test('FLT-05 away: 502 for uploads and reads, exchanges go on, and the token is still good when it is back', async () => {
      const port = await freePort();
      const proxy = closing(await start({ upstream: `http://127.0.0.1:${port}/`, issuer: issuer.issuer }));
      await pastEpoch();
      const token = await mintToken(proxy, issuer);
      expect(await upload(proxy, token)).toMatchObject({ status: 502, reason: expect.stringContaining('registry behind this proxy') });
      expect(await read(proxy)).toMatchObject({ status: 502 });
      expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
      expect(await health(proxy)).toMatchObject({ alive: 200, ready: 200 });
      await proxy.event((event) => event.event === 'upload' && event.code === 'upstream-unreachable');
      const own = net.createServer((socket) => {
        const onward = net.connect(index.port, '127.0.0.1');
        for (const side of [socket.pipe(onward).on('error', () => socket.destroy()), onward.pipe(socket)])
          side.on('error', () => onward.destroy());
      });
      await new Promise<void>((resolve) => void own.listen(port, '127.0.0.1', resolve));
      expect(await upload(proxy, token)).toMatchObject({ status: 200 });
      own.close();
    });

    test('FLT-06 FLT-08 silent: 504, and the upload is recorded as of unknown outcome; broken off: 502', async () => {
      let manner: 'silent' | 'breaks' = 'silent';
      const upstream = closing(
        await startRawUpstream((socket, text) => {
          const answered = Number(Reflect.get(socket, 'answered') ?? 0);
          const heads = text.match(/GET [^ ]+ HTTP\/1\.1\r\n[^]*?\r\n\r\n/g) ?? [];
          Reflect.set(socket, 'answered', heads.length);
          for (const head of heads.slice(answered)) {
            if (head.startsWith('GET /simple/ ')) continue;
            const body = head.includes('/+api') ? '{"type":"apiconfig"}' : '';
            socket.write(`HTTP/1.1 ${body === '' ? '404 Not Found' : '200 OK'}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
          }
          if (manner === 'breaks' && text.includes('POST ') && text.endsWith('0\r\n\r\n')) socket.destroy();
        }),
      );
      const proxy = closing(await start({ upstream: upstream.url.href, issuer: issuer.issuer }, { node: hurried }));
      await pastEpoch();
      const token = await mintToken(proxy, issuer);
      const [uploaded, readBack] = await Promise.all([upload(proxy, token), read(proxy)]);
      expect([uploaded.status, readBack.status]).toEqual([504, 504]);
      await proxy.event((event) => event.event === 'upload' && event.outcome === 'upstream-unknown');
      manner = 'breaks';
      const before = upstream.received().match(/POST \//g)?.length ?? 0;
      expect(await upload(proxy, token)).toMatchObject({ status: 502 });
      expect(upstream.received().match(/POST \//g)?.length, 'never a second try').toBe(before + 1);
      expect(await health(proxy)).toMatchObject({ alive: 200, ready: 200 });
    });
  });
});
