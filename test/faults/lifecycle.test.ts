// The program's own ends and turns: a stop in mid-upload, a broken policy, a client that stalls, requests that are malformed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pause, startRawUpstream, until, type RawUpstream } from '../gateway/raw-upstream.ts';
import { BOUNDARY } from '../registries/pypi/forms.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { startRedis } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { fromUi, mintToken, registryOf, serviceEnv, tokenBasic } from '../support/ui-job.ts';
import { hurried } from './clock.ts';
import { bodyOf, eventually, exchange, fileOf, headOf, health, newVersion, start, upload } from './world.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
function closing<T extends { close: () => Promise<unknown> }>(thing: T): T {
  closers.push(() => thing.close());
  return thing;
}

interface Slow {
  readonly version: number;
  /** Sends what is left. */
  readonly finish: () => void;
  readonly heard: () => string;
  readonly closed: () => boolean;
  readonly socket: net.Socket;
}

/** Begins an upload and stops in the middle of its file. */
function beginUpload(proxy: Proxy, token: string, more: Record<string, string> = {}): Slow {
  const version = newVersion();
  const body = bodyOf(version);
  const half = body.indexOf('the bytes of a distribution') + 10;
  const lines = Object.entries({ ...headOf(proxy, token), 'content-length': String(body.length), ...more }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const socket = net.connect(proxy.port, '127.0.0.1');
  const state = { text: '', closed: false };
  socket.on('data', (chunk) => (state.text += chunk.toString()));
  for (const event of ['end', 'close', 'error']) socket.on(event, () => (state.closed = true));
  socket.write(`POST / HTTP/1.1\r\n${lines.join('')}\r\n`);
  socket.write(body.subarray(0, half));
  return { version, finish: () => void socket.write(body.subarray(half)), heard: () => state.text, closed: () => state.closed, socket };
}

/** Whether something listens there. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** An upstream that has nothing and takes everything. */
function trusting(): Promise<RawUpstream> {
  return startRawUpstream((socket, text) => {
    const heads = text.match(/GET [^ ]+ HTTP\/1\.1\r\n[^]*?\r\n\r\n/g) ?? [];
    for (const head of heads.slice(Number(Reflect.get(socket, 'answered') ?? 0))) {
      const body = head.includes('/+api') ? '{"type":"apiconfig"}' : '';
      socket.write(`HTTP/1.1 ${body === '' ? '404 Not Found' : '200 OK'}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
    Reflect.set(socket, 'answered', heads.length);
    if (text.includes('POST ') && text.endsWith('\r\n0\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
}

describeWith('pypi-server', 'redis-server')('P9 nothing half done', () => {
  let issuer: CiIssuer;
  let index: PypiServer;
  beforeAll(async () => {
    [issuer, index] = await Promise.all([startIssuer({ style: 'github' }), startPypiserver()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([issuer?.close(), index?.close()]);
  });

  /** A proxy with a token for it. */
  async function ready(world: Partial<Parameters<typeof start>[0]> = {}, options: Parameters<typeof start>[1] = {}) {
    const proxy = closing(await start({ upstream: index.url, issuer: issuer.issuer, ...world }, options));
    await pastEpoch();
    return { proxy, token: await mintToken(proxy, issuer) };
  }

  test('a SIGTERM in mid-upload: the upload ends well, new connections are refused, and the process ends', async () => {
    const { proxy, token } = await ready();
    const idle = net.connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    const slow = beginUpload(proxy, token);
    await pause(300);
    proxy.server().signal('SIGTERM');
    await pause(200);
    expect(await listens(proxy.port)).toBe(false);
    expect(await health(proxy)).toMatchObject({ alive: 200, ready: 503, body: { stopping: true } });
    slow.finish();
    await until(() => slow.heard().includes('\r\n\r\n'));
    expect(slow.heard()).toMatch(/^HTTP\/1\.1 200 /);
    const asked = performance.now();
    expect(await proxy.server().exited).toBe(0);
    expect(performance.now() - asked, 'a kept connection does not hold it up').toBeLessThan(3000);
    expect(index.stored()).toContain(fileOf(slow.version));
    expect(
      proxy
        .audit()
        .map((event) => `${event.event} ${event.outcome}`)
        .slice(-2),
    ).toEqual(['upload uploaded', 'process stopped']);
    idle.destroy();
  });

  test('a request that comes on a kept connection during a stop is answered, and is the last one', async () => {
    const { proxy, token } = await ready();
    const slow = beginUpload(proxy, token);
    const other = beginUpload(proxy, token);
    await pause(300);
    proxy.server().signal('SIGTERM');
    await pause(100);
    slow.finish();
    slow.socket.write(`GET /simple/ HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`);
    await until(() => slow.closed());
    expect(slow.heard()).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n/i);
    other.finish();
    await until(() => other.closed());
    expect(other.heard()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await proxy.server().exited).toBe(0);
  });

  test.each([
    ['all processes at once, as systemd and terminals send it,', (proxy: Proxy) => proxy.server().signal('SIGTERM')],
    ['the first process alone', (proxy: Proxy) => process.kill(proxy.pid, 'SIGTERM')],
  ])('a SIGTERM to %s lets the uploads of workers end well', async (_, stop) => {
    const redis = closing(await startRedis());
    const { proxy, token } = await ready({ store: redis.url, server: { workers: 2 } });
    const slow = [beginUpload(proxy, token), beginUpload(proxy, token, { expect: '100-continue' })];
    await pause(300);
    stop(proxy);
    await eventually(async () => !(await listens(proxy.port)));
    await pause(1200);
    for (const one of slow) one.finish();
    await until(() => slow.every((one) => / 200 /.test(one.heard()) || one.closed()));
    for (const one of slow) expect(one.heard().replace('HTTP/1.1 100 Continue\r\n\r\n', '')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await proxy.server().exited).toBe(0);
    for (const one of slow) expect(index.stored()).toContain(fileOf(one.version));
  });

  test('FLT-17 a second SIGTERM ends it at once; what was under way is not stored', async () => {
    const { proxy, token } = await ready();
    const slow = beginUpload(proxy, token);
    await pause(300);
    proxy.server().signal('SIGTERM');
    await pause(200);
    const asked = performance.now();
    proxy.server().signal('SIGTERM');
    expect(await proxy.server().exited).toBe(130);
    expect(performance.now() - asked).toBeLessThan(1000);
    await pause(200);
    expect(index.stored()).not.toContain(fileOf(slow.version));
  });

  test('the grace of a stop ends: the upload is cut off, and not stored', async () => {
    const { proxy, token } = await ready({ server: { shutdown_grace: '1s' } });
    const slow = beginUpload(proxy, token);
    await pause(300);
    proxy.server().signal('SIGTERM');
    expect(await proxy.server().exited).toBe(0);
    await until(() => slow.closed());
    expect(index.stored()).not.toContain(fileOf(slow.version));
  });

  test('FLT-14 a client that stalls, or goes away, in mid-body: the request to the registry is cut off and its slot is free', async () => {
    const upstream = closing(await trusting());
    const { proxy, token } = await ready({ upstream: upstream.url.href, more: { max_concurrent_uploads: 1 } }, { node: hurried });
    for (const manner of ['stalls', 'goes'] as const) {
      const slow = beginUpload(proxy, token);
      await until(() => upstream.received().includes(fileOf(slow.version)));
      expect(await upload(proxy, token), 'the only slot is taken').toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
      if (manner === 'goes') slow.socket.destroy();
      const at = upstream.connections.find((connection) => connection.received().includes(fileOf(slow.version)));
      await until(() => at?.ended() === 'reset', 8000);
      expect(at?.received().split(fileOf(slow.version))[1]).not.toMatch(/--countersign-[0-9a-f]+--|\r\n0\r\n\r\n$/);
      await proxy.event((event) => event.event === 'upload' && event.code === 'body-incomplete');
      expect(await upload(proxy, token)).toMatchObject({ status: 200 });
      slow.socket.destroy();
    }
    await until(() => proxy.audit().filter((event) => event.outcome === 'uploaded').length === 2);
  });
});

describe('a policy that cannot be read', () => {
  let issuer: CiIssuer;
  let proxy: Proxy;
  beforeAll(async () => {
    issuer = await startIssuer({ style: 'github' });
    proxy = await start({ upstream: 'http://127.0.0.1:9/', issuer: issuer.issuer });
    await pastEpoch();
  }, 60_000);
  afterAll(async () => {
    await Promise.all([proxy?.close(), issuer?.close()]);
  });

  const good = (): string => readFileSync(proxy.config, 'utf8');
  test.each<[string, (path: string, good: string) => void]>([
    ['broken YAML', (path) => writeFileSync(path, 'registries: [\n')],
    ['nothing', (path) => writeFileSync(path, '')],
    ['the half of one', (path, text) => writeFileSync(path, text.slice(0, text.indexOf('repository_owner_id')))],
    ['one without its last line', (path, text) => writeFileSync(path, text.trimEnd().split('\n').slice(0, -4).join('\n'))],
    ['bytes that are not UTF-8', (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]))],
    ['an unknown key', (path, text) => writeFileSync(path, `${text}\nregistrys: {}\n`)],
    ['a variable that is not set', (path, text) => writeFileSync(path, text.replace('SERVICE_PASSWORD', 'NOT_SET'))],
    ['no file at all', (path) => rmSync(path)],
    ['a folder', (path) => (rmSync(path), mkdirSync(path))],
  ])('FLT-22 %s on SIGHUP: the one before stays in force, and it is recorded', (_, spoil) => keeps(spoil));

  test.each<[string, (path: string, good: string) => void]>([
    ['a pipe', (path) => (rmSync(path), void execFileSync('mkfifo', [path]))],
    ['a link to /dev/zero', (path) => (rmSync(path), symlinkSync('/dev/zero', path))],
    ['a loop of links', (path) => (rmSync(path), symlinkSync(path, path))],
    ['5 MiB of comments', (path, text) => writeFileSync(path, `${text}${'# x\n'.repeat(1_310_720)}`)],
    ['two documents', (path, text) => writeFileSync(path, `${text}---\n${text}`)],
    ['the same publisher twice', (path, text) => writeFileSync(path, text.replace(/(publishers:\n)([^]*)/, '$1$2$2'))],
  ])('beside FLT-23: %s on SIGHUP: the one before stays in force, and it is recorded', (_, spoil) => keeps(spoil));

  async function keeps(spoil: (path: string, good: string) => void): Promise<void> {
    const text = good();
    const { revision } = { revision: (await health(proxy)).body['policy'] };
    const failures = (): number => proxy.audit().filter((event) => event.outcome === 'reload-failed').length;
    const before = failures();
    const mended = proxy.output().split('no errors any more').length;
    try {
      spoil(proxy.config, text);
      proxy.server().signal('SIGHUP');
      await until(() => failures() > before);
      expect((await health(proxy)).body['policy']).toBe(revision);
      expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
    } finally {
      rmSync(proxy.config, { recursive: true, force: true });
      writeFileSync(proxy.config, text);
    }
    await until(() => proxy.output().split('no errors any more').length > mended);
  }

  test('FLT-18 a storm of SIGHUPs is read one at a time, and the last one counts', async () => {
    const text = good();
    for (let i = 0; i < 100; i += 1) {
      writeFileSync(proxy.config, i === 99 ? text.replace('name: ui', 'name: ui-two') : 'registries: [\n');
      proxy.server().signal('SIGHUP');
    }
    await until(() => proxy.audit().findLast((event) => event.event === 'policy')?.outcome === 'reloaded', 5000);
    await exchange(proxy, issuer);
    await proxy.event((event) => event.event === 'exchange' && event.publishers?.includes('ui-two') === true);
  });
});

describe('malformed requests', () => {
  let issuer: CiIssuer;
  let proxy: Proxy;
  let token: string;
  beforeAll(async () => {
    issuer = await startIssuer({ style: 'github' });
    proxy = await startProxy({
      env: serviceEnv,
      policy: (port) => ({
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: {
          npm: registryOf('npm', `http://127.0.0.1:${port}/npm/`, 'http://127.0.0.1:9/'),
          pypi: registryOf('pypi', `http://127.0.0.1:${port}/pypi/`, 'http://127.0.0.1:9/'),
        },
        publishers: [{ name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'], pypi: ['allowed'] } }],
      }),
    });
    await pastEpoch();
    token = await mintToken(proxy, issuer);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([proxy?.close(), issuer?.close()]);
  });

  const deep = '['.repeat(100_000);
  const mint = '/_/oidc/mint-token';
  const oauth = '/-/oidc/token';
  const npmExchange = '/-/npm/v1/oidc/token/exchange/package/';
  const type = (value: string): Record<string, string> => ({ 'content-type': value });
  const auth = (authorization: string): Record<string, string> => ({ authorization });
  const b64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
  const urlencoded = type('application/x-www-form-urlencoded');
  const half = (): Record<string, string> => auth(tokenBasic(token.slice(0, -3)));
  type Headers = Record<string, string>;
  const requests: readonly (readonly [string, string, (Headers | (() => Headers))?, (string | Uint8Array)?])[] = [
    ...[
      '',
      'null',
      '[]',
      '{"token":{}}',
      deep,
      `{"token":"${'x'.repeat(20_000)}"}`,
      '\xff\xfe',
      '{"token":"a"',
      '{"__proto__":{"token":"a"}}',
      '\0',
    ].map((body) => ['POST', mint, {}, body] as const),
    ...[
      'a',
      'a.b',
      'a.b.c',
      '..',
      'e30.e30.e30',
      `${b64('{"alg":"none"}')}.${b64('{}')}.`,
      `${b64(deep)}.${b64(deep)}.x`,
      '\u0000',
      'é',
      '🎉',
    ].map((bad) => ['POST', mint, {}, JSON.stringify({ token: bad })] as const),
    ...[
      '',
      'a',
      'grant_type',
      '%',
      '%zz=%zz',
      'grant_type=%ff',
      '='.repeat(5000),
      '&'.repeat(5000),
      `subject_token=${'x'.repeat(30_000)}`,
    ].map((body) => ['POST', oauth, urlencoded, body] as const),
    ['POST', oauth, type('application/json'), '{}'],
    ['POST', oauth, type('\x09'), ''],
    ...[
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'Basic',
      'Basic !!!',
      'Basic YTpi',
      'Negotiate x',
      `Bearer ${'x'.repeat(14_000)}`,
      'Digest a="b"',
      ',',
    ].map((authorization) => ['POST', `${npmExchange}@acme%2fui`, auth(authorization)] as const),
    ...[
      '@acme',
      '@acme%2f',
      '..%2f..',
      '%2e%2e',
      '@acme%2fui%2fx',
      '@ACME%2fUI',
      'a'.repeat(300),
      '__proto__',
      '@acme%252fui',
      '%00',
      '%ff',
    ].map((name) => ['POST', npmExchange + name, auth('Bearer a.b.c')] as const),
    ...[
      'Basic',
      'Basic =',
      'Basic YQ==',
      `Basic ${b64('__token__:')}`,
      `Basic ${b64(':')}`,
      `Basic ${b64('__token__:\xff\xfe')}`,
      'Bearer \x7f',
      'Bearer pypi-csgn_x',
    ].map((authorization) => ['POST', '/pypi/', { ...auth(authorization), ...type('text/plain') }, 'x'] as const),
    ['POST', '/pypi/', half, 'x'],
    ...['', 'multipart/form-data', `multipart/form-data; boundary=${BOUNDARY}`, 'a/b; boundary="', 'multipart/form-data; boundary=\t'].map(
      (value) => ['POST', '/pypi/', () => ({ ...auth(tokenBasic(token)), ...type(value) }), '\0\xff--'] as const,
    ),
    ...['', '{', deep, '{"name":', '{"versions":{"1":{}}}', '{"name":"@acme/ui","_attachments":{"":{}}}', '\xff'].map(
      (body) => ['PUT', '/npm/@acme%2fui', () => ({ ...auth(`Bearer ${token}`), ...type('application/json') }), body] as const,
    ),
    ...[
      '/%',
      '/%zz',
      '/\\',
      '/a/../b',
      '/npm/..%2f',
      '//',
      '/npm//',
      `/${'a/'.repeat(2000)}`,
      `/${'a'.repeat(9000)}`,
      '/?\\',
      '/npm/%00',
      '/;',
      '*',
      'x',
      '/npm?a#b',
    ].flatMap((path) => [['GET', path] as const, ['POST', path, {}, 'x'] as const]),
    ['POST', '/-/oidc/revoke', urlencoded, 'token'],
    ['POST', '/-/oidc/revoke', type('text/plain'), 'token=x'],
    ['DELETE', '/-/oidc/revoke'],
    ['POST', '/_/oidc/burn-token', {}, '{'],
    ['DELETE', '/npm/-/user/token/'],
    ...[
      { expect: 'x' },
      { 'content-encoding': 'gzip' },
      { range: 'bytes=a' },
      { 'transfer-encoding': 'gzip' },
      { host: 'a b' },
      { host: '' },
      { host: '[' },
    ].map((headers) => ['PUT', '/npm/@acme%2fui', headers as Headers, 'x'] as const),
    ...[
      '/.well-known/pytp',
      '/.well-known/pytp?discover=',
      '/.well-known/pytp?discover=%',
      '/.well-known/pytp?discover=//x',
      '/.well-known/pytp?discover=http://[',
    ].map((path) => ['GET', path] as const),
  ];

  test('P4 DOS-17 every one is answered with a 4xx, never a 5xx, and the next request is served', async () => {
    const odd: string[] = [];
    for (const [method, path, more = {}, body] of requests) {
      const headers = { host: proxy.host, ...(typeof more === 'function' ? more() : more) };
      const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
      const answer = await wire(proxy, method, path, headers, bytes);
      if (!/^HTTP\/1\.1 4\d\d /.test(answer))
        odd.push(
          `${method} ${path.slice(0, 60)} ${JSON.stringify(headers).slice(0, 120)} ${JSON.stringify(body)?.slice(0, 40)}: ${answer.slice(0, 120)}`,
        );
    }
    expect(odd).toEqual([]);
    expect(proxy.output()).not.toContain('a request failed');
    expect(await exchange(proxy, issuer)).toMatchObject({ status: 200 });
  });
});

/** One request, byte for byte as given; its whole answer. */
function wire(proxy: Proxy, method: string, path: string, headers: Record<string, string>, body?: Uint8Array): Promise<string> {
  const lines = Object.entries({
    ...headers,
    connection: 'close',
    ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
  });
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(proxy.port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined).on('close', () => resolve(text));
    socket.write(head, 'latin1');
    if (body !== undefined) socket.write(body);
  });
}
