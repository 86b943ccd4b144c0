// What uploads come to when the network to the registry, or the registry itself, fails in the middle of them (P9).
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkTimes, leeway } from '../../src/oidc/times.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, type Proxy } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { describeWith } from '../support/requirement.ts';
import { identityOf, mintToken, mintWith } from '../support/ui-job.ts';
import { adjustable, hurried } from './clock.ts';
import { publish } from './publish.ts';
import { eventually, exchange, read, start } from './world.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
function closing<T extends { close: () => Promise<unknown> }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

describeWith('pypi-server')('P9 the way to the registry', () => {
  let issuer: CiIssuer;
  let index: PypiServer;
  let network: FaultProxy;
  let shared: Proxy;
  beforeAll(async () => {
    [issuer, index] = await Promise.all([startIssuer({ style: 'github' }), startPypiserver()]);
    network = await startFaultProxy(index.port);
    shared = await start({ upstream: network.url, issuer: issuer.issuer });
    await pastEpoch();
  }, 60_000);
  afterAll(async () => {
    await shared?.close();
    await network?.close();
    await Promise.all([issuer?.close(), index?.close()]);
  });

  /** A proxy with a token for it. */
  async function ready(upstream: string, options: Parameters<typeof start>[1] = {}): Promise<{ proxy: Proxy; token: string }> {
    const proxy = closing(await start({ upstream, issuer: issuer.issuer }, options));
    await pastEpoch();
    return { proxy, token: await mintToken(proxy, issuer) };
  }

  /** A publish works again within five seconds, without a restart. */
  async function recovers(proxy: Proxy, token: string): Promise<void> {
    const began = performance.now();
    const again = await publish(proxy, token);
    expect(again, again.answer.body).toMatchObject({ answer: { status: 200 } });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(sha256(index.read(again.file))).toBe(again.sha256);
  }

  test('FLT-08 cut off at 10 %, 50 % and 99.9 % of the body: 502, unknown in the record, nothing stored, no second try', async () => {
    const [proxy, token] = [shared, await mintToken(shared, issuer)];
    const bytes = randomBytes(300_000);
    for (const part of [0.1, 0.5, 0.999]) {
      network.fault = { kind: 'cut', after: Math.floor(bytes.length * part) };
      const before = network.writes();
      const { answer, file } = await publish(proxy, token, { bytes });
      expect(answer, answer.body).toMatchObject({ status: 502 });
      expect(network.writes() - before).toBe(1);
      expect((await proxy.event((event) => event.file === file)).outcome).toBe('upstream-unknown');
      expect(index.stored()).not.toContain(file);
      network.fault = { kind: 'none' };
      await recovers(proxy, token);
    }
  });

  test('FLT-08 cut off after the last byte, before the answer: 502 although it is stored, and a second publish is told so', async () => {
    const [proxy, token] = [shared, await mintToken(shared, issuer)];
    network.fault = { kind: 'cut-answer' };
    const bytes = randomBytes(300_000);
    const first = await publish(proxy, token, { bytes });
    expect(first.answer).toMatchObject({ status: 502 });
    expect(first.answer.body).toContain('before you try again');
    expect((await proxy.event((event) => event.file === first.file)).outcome).toBe('upstream-unknown');
    network.fault = { kind: 'none' };
    expect(index.stored().filter((file) => file === first.file)).toHaveLength(1);
    expect(await publish(proxy, token, { bytes, version: first.version })).toMatchObject({ answer: { status: 409 } });
    await recovers(proxy, token);
  });

  test('FLT-07 a peer that vanished: uploads and reads end with 504, and its connections are not used again', async () => {
    const { proxy, token } = await ready(network.url, { node: hurried });
    await recovers(proxy, token);
    expect(await read(proxy)).toMatchObject({ status: 200 });
    network.fault = { kind: 'half-open', after: 100_000 };
    const lost = await publish(proxy, token, { bytes: randomBytes(3_000_000) });
    expect(lost.answer, lost.answer.body).toMatchObject({ status: 504 });
    expect((await proxy.event((event) => event.file === lost.file)).outcome).toBe('upstream-unknown');
    network.fault = { kind: 'half-open' };
    const [before, readBack] = await Promise.all([publish(proxy, token), read(proxy)]);
    expect([before.answer.status, readBack.status], before.answer.body).toEqual([502, 504]);
    expect(index.stored()).not.toContain(lost.file);
    expect(index.stored()).not.toContain(before.file);
    network.fault = { kind: 'none' };
    expect(await read(proxy)).toMatchObject({ status: 200 });
    await recovers(proxy, token);
  });

  test('FLT-07 slow is not gone: answers that drip and bytes that come late are waited for', async () => {
    const [proxy, token] = [shared, await mintToken(shared, issuer)];
    network.fault = { kind: 'drip', bytes: 7, milliseconds: 3 };
    expect(await publish(proxy, token)).toMatchObject({ answer: { status: 200 } });
    network.fault = { kind: 'delay', milliseconds: 150 };
    expect(await publish(proxy, token)).toMatchObject({ answer: { status: 200 } });
    network.fault = { kind: 'none' };
  });

  test('FLT-10 the registry dies and comes back during 30 uploads: every file that was called published is there, whole', async () => {
    const { proxy, token } = await ready(index.url);
    const done: Awaited<ReturnType<typeof publish>>[] = [];
    let left = 30;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        done.push(await publish(proxy, token, { bytes: randomBytes(100_000) }));
        if (done.at(-1)!.answer.status >= 500) await new Promise((resolve) => setTimeout(resolve, 60));
      }
    };
    const workers = [worker(), worker(), worker(), worker()];
    await eventually(async () => done.length >= 8);
    await index.kill();
    await eventually(async () => done.some(({ answer }) => answer.status >= 500));
    await Promise.all([index.restart(), ...workers]);
    const statuses = new Set(done.map(({ answer }) => answer.status));
    expect([...statuses].filter((status) => ![200, 502, 504].includes(status))).toEqual([]);
    expect(statuses).toContain(200);
    expect(statuses).toContain(502);
    for (const { answer, file, sha256: expected } of done) {
      if (answer.status === 200) expect(sha256(index.read(file)), file).toBe(expected);
      const event = await proxy.event((each) => each.file === file);
      expect(event.outcome === 'uploaded', `${file} ${event.outcome}`).toBe(answer.status === 200);
    }
    await recovers(proxy, token);
  });

  test('FLT-11 a registry whose disk is full: 502 with its words and the request id, not recorded as published', async () => {
    let status = 507;
    const full = http.createServer((req, res) => {
      if (req.method === 'GET') return void res.writeHead(req.url === '/simple/' ? 200 : 404, { 'content-type': 'text/html' }).end();
      req.resume().once('end', () => res.writeHead(status, 'No Space Left').end());
    });
    await new Promise<void>((resolve) => void full.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => void full.close(resolve)));
    const { proxy, token } = await ready(`http://127.0.0.1:${(full.address() as AddressInfo).port}/`);
    for (status of [507, 500, 503]) {
      const { answer, file } = await publish(proxy, token);
      expect(answer).toMatchObject({ status: 502, headers: { 'x-request-id': expect.stringMatching(/^[0-9a-f]{16}$/) } });
      expect(answer.reason).toContain('No Space Left');
      const event = await proxy.event((each) => each.file === file);
      expect(event).toMatchObject({ outcome: 'upstream-refused', upstreamStatus: status, request: answer.headers['x-request-id'] });
    }
  });

  test('FLT-33 a wrong service credential: exchanges go on, uploads say whose fault it is, and nothing is stored', async () => {
    const proxy = closing(
      await start({ upstream: index.url, issuer: issuer.issuer }, { env: { SERVICE_PASSWORD: 'not-the-password-of-the-registry' } }),
    );
    await pastEpoch();
    expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
    const { answer, file } = await publish(proxy, await mintToken(proxy, issuer));
    expect(answer).toMatchObject({ status: 502, reason: expect.stringContaining('service credential') });
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.body + proxy.output()).not.toContain('not-the-password');
    expect((await proxy.event((event) => event.file === file)).code).toBe('upstream-credential');
    expect(index.stored()).not.toContain(file);
  });

  test('FLT-02 keys rotated while 300 exchanges are in flight: all are minted, with one look at the issuer', async () => {
    const proxy = closing(
      await start(
        { upstream: index.url, issuer: issuer.issuer, server: { limits: { exchanges_per_package: 1000 } } },
        { node: adjustable },
      ),
    );
    await pastEpoch();
    expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
    // Past the pause after the look at start-up: an unknown key id may be looked up again.
    proxy.server().signal('SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = issuer.requests.jwks;
    const old = Array.from({ length: 150 }, () => identityOf(issuer, proxy));
    await issuer.rotate();
    const fresh = Array.from({ length: 150 }, () => identityOf(issuer, proxy));
    const mixed = old.flatMap((token, i) => [token, fresh[i]!]);
    const answers = await Promise.all(mixed.map((identity) => mintWith(proxy, identity)));
    expect(answers.filter((answer) => answer.status !== 200).map((answer) => `${answer.status} ${answer.body}`)).toEqual([]);
    expect(issuer.requests.jwks - before).toBe(1);
    const tokens = new Set(answers.map((answer) => (JSON.parse(answer.body) as { token: string }).token));
    expect(tokens.size).toBe(300);
  });
});

describe('FLT-04 the clock', () => {
  const claims = { audience: 'a', issuer: 'i', expires: 0, issuedAt: 0 };
  const at = (iat: number, now: number): string | undefined => checkTimes({ ...claims, issuedAt: iat, expires: iat + 300 }, 900, now)?.code;

  test.each([
    ['a leap second', '2016-12-31T23:59:59Z'],
    ['the start of summer time', '2026-03-29T00:59:59Z'],
    ['its end', '2026-10-25T00:59:59Z'],
    ['the last second of 32 bits', '2038-01-19T03:14:07Z'],
  ])('FLT-04 %s between issuing and exchange moves no border by a second', (_, moment) => {
    const issued = Date.parse(moment) / 1000;
    // A smeared or stepped clock is at most a second off: within the leeway, from either side.
    for (const off of [-1, 0, 1]) expect(at(issued, issued + off)).toBeUndefined();
    expect(at(issued, issued - leeway)).toBeUndefined();
    expect(at(issued, issued - leeway - 1)).toBe('token-not-yet');
    expect(at(issued, issued + 300 + leeway - 1)).toBeUndefined();
    expect(at(issued, issued + 300 + leeway)).toBe('token-expired');
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
