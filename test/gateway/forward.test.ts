import type net from 'node:net';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { PackageName } from '../../src/core/package-name.ts';
import { refuse } from '../../src/core/refusal.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Authorised } from '../../src/gateway/authorise.ts';
import { createForward, type Sent } from '../../src/gateway/forward.ts';
import { UploadRefused, type RegistrySettings, type UpstreamRequest } from '../../src/registries/registry.ts';
import { answering, ok, pause, startRawUpstream, until, type RawUpstream } from './raw-upstream.ts';
import { registryAt } from './registry.ts';
import { certificateFor, startTlsUpstream, type Certificate } from './tls-upstream.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const permit = { registry: 'npm', name: 'ui' as PackageName, action: 'publish', publishers: [] } as unknown as Authorised;
const credential = new Secret(`Basic ${Buffer.from('svc:backend-password').toString('base64')}`);
const put: UpstreamRequest = { method: 'PUT', path: 'ui', headers: { 'content-type': 'application/json' } };

async function setUp(react: Parameters<typeof startRawUpstream>[0], changes: Partial<RegistrySettings> = {}) {
  const upstream = await startRawUpstream(react);
  const forward = createForward({ version: '1.2.3', idleTimeout: 600 });
  closers.push(upstream.close, forward.close);
  return { upstream, forward, registry: registryAt(upstream.url, changes) };
}

async function* body(...parts: (string | (() => unknown))[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (typeof part === 'string') yield Buffer.from(part);
    else await part();
  }
}

const answered = (sent: Sent) => (sent.kind === 'answered' ? sent.answer : undefined);
/** Answers once the text has come. */
const after = (mark: string, answer: string) => (socket: net.Socket, text: string) => void (text.endsWith(mark) && socket.write(answer));

const send = async (
  react: Parameters<typeof startRawUpstream>[0],
  request = put,
  options = {},
): Promise<{ sent: Sent; upstream: RawUpstream }> => {
  const { upstream, forward, registry } = await setUp(react);
  return { sent: await forward.forward(permit, registry, { ...request, body: Buffer.from('{}') }, { credential, ...options }), upstream };
};

function refused(): never {
  throw new UploadRefused(refuse('body-digest', { algorithm: 'SHA-256', actual: 'a', expected: 'b' }));
}

/** Stops this thread for 60 ms: nothing is read meanwhile. */
function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
}

describe('the request', () => {
  it('P1 is written from scratch: our headers only, the public host, the credential', async () => {
    const { upstream, forward, registry } = await setUp(after('{}', ok), { upstream: undefined as never });
    const target = { ...registry, upstream: new URL('/base/', upstream.url) };
    const request: UpstreamRequest = {
      ...put,
      path: '@acme%2fui',
      headers: { ...put.headers, accept: '*/*', 'x-devpi-auth': 'evil', 'Content-Length': '9' },
      body: Buffer.from('{}'),
    };
    const sent = await forward.forward(permit, target, request, { credential });
    expect(answered(sent)).toMatchObject({ status: 200, reason: 'OK', body: Buffer.from('ok') });
    const [line = '', ...headers] = (upstream.received().split('\r\n\r\n')[0] ?? '').split('\r\n');
    expect(line).toBe('PUT /base/@acme%2fui HTTP/1.1');
    expect(headers.toSorted()).toEqual([
      'accept: */*',
      `authorization: ${credential.reveal()}`,
      'connection: keep-alive',
      'content-length: 2',
      'content-type: application/json',
      'host: npm.acme.example',
      'user-agent: countersign/1.2.3',
      'x-forwarded-proto: https',
    ]);
  });

  it('streams a body of known length, and one of unknown length in chunks', async () => {
    const { upstream, forward, registry } = await setUp(
      (socket, text) => void (/(hello world|\r\n0\r\n\r\n)$/.test(text) && socket.write(ok)),
    );
    await forward.forward(permit, registry, put, { credential, body: { chunks: body('hello ', 'world'), length: 11 } });
    await forward.forward(permit, registry, put, { credential, body: { chunks: body('hello ', 'world') } });
    expect(upstream.received()).toMatch(/content-length: 11\r\n\r\nhello worldPUT/);
    expect(upstream.received()).toMatch(/transfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n$/);
  });

  it('is refused for a registry other than the one that was authorised', async () => {
    const { upstream, forward, registry } = await setUp(answering(ok));
    await expect(forward.forward(permit, { ...registry, name: 'other' }, put, { credential })).rejects.toThrow(/authorised for npm/);
    await expect(forward.forward(permit, registry, { ...put, path: '../x' }, { credential })).rejects.toThrow(/canonical/);
    expect(upstream.received()).toBe('');
  });
});

describe('a body that does not end well', () => {
  it.each([
    ['chunked', undefined],
    ['of known length', 100],
  ])('P9 SMG-33 resets the connection (%s): no terminating chunk, no clean end', async (_, length) => {
    const { upstream, forward, registry } = await setUp(() => undefined);
    const chunks = body('hello', () => until(() => upstream.received().includes('hello')), refused);
    const sending = forward.forward(permit, registry, put, { credential, body: { chunks, ...(length === undefined ? {} : { length }) } });
    await expect(sending).rejects.toBeInstanceOf(UploadRefused);
    await until(() => upstream.connections[0]?.ended() !== 'open');
    expect(upstream.connections[0]?.ended()).toBe('reset');
    expect(upstream.received()).toMatch(/hello$|hello\r\n$/);
    expect(upstream.received()).not.toMatch(/\r\n0\r\n/);
    expect(upstream.connections).toHaveLength(1);
  });

  it('P9 sends nothing when the body is refused at its first byte', async () => {
    const { upstream, forward, registry } = await setUp(() => undefined);
    await expect(forward.forward(permit, registry, put, { credential, body: { chunks: body(refused) } })).rejects.toBeInstanceOf(
      UploadRefused,
    );
    await pause(50);
    expect(upstream.received()).toBe('');
  });

  it('P9 a body shorter than its length is not sent as if complete', async () => {
    const { upstream, forward, registry } = await setUp(() => undefined);
    const sent = await forward.forward(permit, registry, put, { credential, body: { chunks: body('hello'), length: 10 } });
    expect(sent.kind).toBe('broken');
    await until(() => upstream.connections[0]?.ended() === 'reset');
  });

  it('the next upload uses another connection', async () => {
    const { upstream, forward, registry } = await setUp(after('fine', ok));
    await expect(
      forward.forward(permit, registry, put, { credential, body: { chunks: body('x', () => pause(20), refused) } }),
    ).rejects.toThrow(/SHA-256/);
    const sent = await forward.forward(permit, registry, put, { credential, body: { chunks: body('fine'), length: 4 } });
    expect(answered(sent)?.status).toBe(200);
    expect(upstream.connections).toHaveLength(2);
  });
});

describe('the answer', () => {
  it('RSP-01 SEC-09 a redirect is given back, not followed', async () => {
    const elsewhere = await startRawUpstream(answering(ok));
    closers.push(elsewhere.close);
    const { sent } = await send(answering(`HTTP/1.1 307 Moved\r\nLocation: ${elsewhere.url.href}\r\nContent-Length: 0\r\n\r\n`));
    expect(answered(sent)?.status).toBe(307);
    expect(elsewhere.received()).toBe('');
  });

  it('RSP-14 loses our credential in every form before anybody sees it', async () => {
    const encoded = credential.reveal().slice(6);
    const text = `you sent ${encoded} or backend-password`;
    const { sent } = await send(
      answering(`HTTP/1.1 500 bad ${encoded}\r\nX-Echo: ${encoded}\r\nContent-Length: ${text.length}\r\n\r\n${text}`),
    );
    expect(JSON.stringify(sent)).not.toContain(encoded);
    expect(answered(sent)?.body.toString()).toBe('you sent [secret] or [secret]');
    expect(answered(sent)?.reason).toBe('bad [secret]');
  });

  const odd = 'p"ä/s+s%w<o>&r\'d';
  const asJson = JSON.stringify(odd).slice(1, -1);
  const inBase64 = (text: string): string => Buffer.from(text).toString('base64');
  it.each([
    ['as it is', odd],
    ['in JSON', asJson],
    ['in JSON of ASCII', asJson.replace('ä', '\\u00e4')],
    ['in JSON with slashes escaped', asJson.replace('/', '\\/')],
    ['in JSON with every sign escaped, as Go does', asJson.replace('<', '\\u003c').replace('>', '\\u003E').replace('&', '\\u0026')],
    ['in JSON in JSON', JSON.stringify(asJson).slice(1, -1)],
    ['in a URL', encodeURIComponent(odd)],
    ['in a URL, in lower case', encodeURIComponent(odd).toLowerCase()],
    ['in a form', new URLSearchParams({ p: odd }).toString().slice(2)],
    ['in HTML', 'p&quot;ä/s+s%w&lt;o&gt;&amp;r&#x27;d'],
    ["in Go's HTML", 'p&#34;ä/s+s%w&lt;o&gt;&amp;r&#39;d'],
    ['in base64', inBase64(odd)],
    ['in base64 with its user', inBase64(`svc:${odd}`)],
    ['in base64url', Buffer.from(`svc:${odd}`).toString('base64url')],
    ['in base64 without padding', inBase64(`svc:${odd}`).replace(/=+$/, '')],
    ['in base64 in a URL', encodeURIComponent(inBase64(`svc:${odd}`))],
  ])('beside RSP-14: the password %s is taken out', async (_, form) => {
    const text = `{"error":"you sent ${form} here"}`;
    const answer = `HTTP/1.1 400 Bad\r\nX-Echo: ${Buffer.from(form).toString('latin1')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${Buffer.from(text).toString('latin1')}`;
    const { sent } = await send((socket) => void socket.write(answer, 'latin1'), put, {
      credential: new Secret(`Basic ${inBase64(`svc:${odd}`)}`),
    });
    expect(answered(sent)?.body.toString()).toMatch(/^\{"error":"you sent \[secret\]=* here"\}$/);
    expect(answered(sent)?.headers['x-echo']).toMatch(/^\[secret\](?:=|%3D)*$/);
  });

  it.each([
    ['where it is cut', `${'x'.repeat(65_530)}${inBase64('svc:backend-password')}`, 0],
    ['where it breaks off', 'you sent backend-passw', 5],
    ['where it breaks off in base64', `you sent ${inBase64('svc:backend-password').slice(0, 12)}`, 5],
  ])('beside RSP-14: no beginning of it is left %s', async (_, text, missing) => {
    const { sent } = await send((socket) => void socket.end(`HTTP/1.1 400 Bad\r\nContent-Length: ${text.length + missing}\r\n\r\n${text}`));
    expect(answered(sent)?.body.toString()).toMatch(/^(?:x+|x+\[secr?e?t?\]?|you sent )$/);
  });

  it('beside RSP-14: a read that is streamed on breaks off where our credential would come, wherever the pieces are cut', async () => {
    const secret = inBase64('svc:backend-password');
    const { forward, registry } = await setUp((socket) => {
      const text = `${'a'.repeat(1000)}${secret}${'b'.repeat(1000)}`;
      socket.write(`HTTP/1.1 200 OK\r\nX-Echo: ${secret}\r\nContent-Length: ${text.length}\r\n\r\n`);
      void (async () => {
        for (const piece of text.match(/.{1,7}/g) ?? []) await new Promise((resolve) => socket.write(piece, resolve));
      })();
    });
    const opened = await forward.open(permit, registry, 'ui', '*/*', credential);
    if (opened.kind !== 'opened') throw new Error(opened.kind);
    expect(opened.rawHeaders.join(' ')).not.toContain(secret);
    let text = '';
    await expect(
      (async () => {
        for await (const chunk of opened.body) text += String(chunk);
      })(),
    ).rejects.toThrow(/service credential/);
    expect(text).toMatch(/^a+$/);
  });

  it('a read that is streamed on arrives whole', async () => {
    const { forward, registry } = await setUp(answering(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`));
    const opened = await forward.open(permit, registry, 'ui', '*/*', credential);
    if (opened.kind !== 'opened') throw new Error(opened.kind);
    let size = 0;
    for await (const chunk of opened.body) size += (chunk as Buffer).length;
    expect(size).toBe(200_000);
  });

  it.each([
    ['informational answers', '', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'],
    ['lines of its head', 'HTTP/1.1 200 OK\r\n', 'X: y\r\n'],
    ['bytes of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n', 'x'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'],
  ])('beside RSP-06: an answer of %s that never ends is a timeout', async (_, first, piece) => {
    const { registry, upstream } = await setUp((socket) => {
      socket.write(first);
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(piece)), 20);
      socket.once('close', () => clearInterval(timer));
    });
    const forward = createForward({ version: '1', idleTimeout: 5000, answerTimeout: 200 });
    closers.push(forward.close);
    const sent = await forward.forward(permit, registry, { ...put, body: Buffer.from('{}') }, { credential });
    expect(sent).toMatchObject({ kind: 'timeout', refusal: { code: 'upstream-timeout' } });
    await until(() => upstream.connections[0]?.ended() !== 'open');
  });

  it('beside SMG-38: an answer behind a few informational ones is one, behind a flood of them it is none', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
    expect((await send(answering(`${hints.repeat(3)}${ok}`))).sent.kind).toBe('answered');
    expect((await send(answering(`${hints.repeat(1000)}${ok}`))).sent.kind).toBe('timeout');
  });

  it('is kept to a limit', async () => {
    const { sent } = await send(answering(`HTTP/1.1 400 Bad\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`));
    expect(answered(sent)).toMatchObject({ status: 400, truncated: true });
    expect(answered(sent)?.body.length).toBe(65_536);
  });

  it.each([
    ['RSP-05 a success that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello', 'broken'],
    ['RSP-07 a 101', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', 'broken'],
    ['RSP-08 two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 'broken'],
    ['no HTTP', 'SSH-2.0\r\n\r\n', 'broken'],
    ['FLT-08 nothing but a closed connection', '', 'broken'],
  ])('%s is %s', async (_, text, kind) => {
    const { sent, upstream } = await send((socket) => {
      socket.write(text);
      setTimeout(() => socket.end(), 30);
    });
    expect(sent.kind).toBe(kind);
    expect(upstream.connections, 'never tried again').toHaveLength(1);
  });

  it('a refusal that breaks off is still a refusal', async () => {
    const { sent } = await send((socket) => void socket.end('HTTP/1.1 409 Conflict\r\nContent-Length: 100\r\n\r\nexists'));
    expect(answered(sent)).toMatchObject({ status: 409, truncated: true });
  });

  it('FLT-06 an upstream that stalls is a timeout: in the head, and in the body', async () => {
    expect((await send(() => undefined)).sent).toMatchObject({ kind: 'timeout', refusal: { code: 'upstream-timeout' } });
    expect((await send((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'))).sent.kind).toBe('timeout');
  });

  it('FLT-05 an upstream that is down is unreachable', async () => {
    const { upstream, forward, registry } = await setUp(() => undefined);
    await upstream.close();
    const sent = await forward.forward(permit, registry, put, { credential, body: { chunks: body('x') } });
    expect(sent).toMatchObject({ kind: 'unreachable', refusal: { code: 'upstream-unreachable' } });
    expect(JSON.stringify(sent)).not.toContain('backend');
    closers.splice(0, 1);
  });

  it.each([
    ['a name that does not exist', 'http://registry.invalid/'],
    ['a port that nobody listens on', 'http://127.0.0.1:1/'],
    ['an address of IPv6 that nobody listens on', 'http://[::1]:1/'],
    ['TLS where none is spoken', 'https://127.0.0.1:1/'],
  ])('beside FLT-09: %s is unreachable, and its error tells no secret', async (_, upstream) => {
    const { forward, registry } = await setUp(() => undefined);
    const sent = await forward.forward(permit, { ...registry, upstream: new URL(upstream) }, put, {
      credential,
      body: { chunks: body('x') },
    });
    expect(sent).toMatchObject({ kind: 'unreachable', refusal: { code: 'upstream-unreachable' } });
    expect(inspect(sent, { depth: 10 })).not.toMatch(/backend|c3ZjOmJ/);
  });

  it('RSP-10 a 413 in mid-upload is read every time, although the upstream closes at once', async () => {
    const refusing = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig';
    const { forward, registry } = await setUp((socket) => {
      socket.write(refusing);
      socket.destroySoon();
    });
    const statuses: (number | string | undefined)[] = [];
    for (let i = 0; i < 20; i += 1) {
      const chunks = body(...Array.from({ length: 200 }, () => 'x'.repeat(65_536)));
      const sent = await forward.forward(permit, registry, put, { credential, body: { chunks, length: 200 * 65_536 } });
      statuses.push(answered(sent)?.status ?? sent.kind);
    }
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 413));
  });

  it('RSP-10 a 413 is read although the next write already failed', async () => {
    // An upstream on a thread of its own, so that it answers and closes while this one does not look.
    const upstream = new Worker(
      `const net = require('node:net');
       const answer = ${JSON.stringify('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig')};
       const server = net.createServer((socket) => {
         socket.once('readable', () => { socket.write(answer, () => socket.destroy()); });
         socket.on('error', () => undefined);
       });
       server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));`,
      { eval: true },
    );
    closers.push(() => upstream.terminate());
    const port = await new Promise<number>((resolve) => void upstream.once('message', resolve));
    const forward = createForward({ version: '1', idleTimeout: 2000 });
    closers.push(forward.close);
    // Small, so that each write is tried at once and fails at once.
    const part = 'x'.repeat(1000);
    for (let i = 0; i < 5; i += 1) {
      const chunks = body(part, () => pause(0), sleep, part, sleep, part, sleep, part);
      const sent = await forward.forward(permit, registryAt(new URL(`http://127.0.0.1:${port}/`)), put, {
        credential,
        body: { chunks, length: 4000 },
      });
      expect(answered(sent)?.status ?? sent).toBe(413);
    }
  });

  it('RSP-11 a success before the end of the body is none', async () => {
    const { upstream, forward, registry } = await setUp(answering(ok));
    const chunks = body(
      'a',
      () => until(() => upstream.received().includes('\r\n\r\n')),
      () => pause(300),
      'b',
    );
    expect((await forward.forward(permit, registry, put, { credential, body: { chunks } })).kind).toBe('broken');
  });

  it('SMG-38 bytes that come unasked are not the answer to the next request', async () => {
    const { upstream, forward, registry } = await setUp((socket, text) => {
      socket.write(text.includes('second') ? ok.replace('ok', 'b2') : `${ok}${ok.replace('ok', 'xx')}`);
    });
    await forward.forward(permit, registry, { ...put, method: 'GET', path: 'first' }, { credential });
    await pause(50);
    const second = await forward.forward(permit, registry, { ...put, method: 'GET', path: 'second' }, { credential });
    expect(answered(second)?.body.toString()).toBe('b2');
    expect(upstream.connections).toHaveLength(2);
  });
});

describe('TLS to the upstream', () => {
  it("SEC-09 verifies the certificate for the upstream's own name, whatever the public host is", async () => {
    const [own, other] = [certificateFor('localhost'), certificateFor('npm.acme.example')];
    const serve = async (identity: Certificate) => {
      const server = await startTlsUpstream(identity, (socket, text) => void (text.endsWith('{}') && socket.write(ok)));
      closers.push(server.close);
      return server;
    };
    const forward = createForward({ version: '1', idleTimeout: 600 });
    closers.push(forward.close);
    const ask = async (port: number, caFile?: string): Promise<Sent> => {
      const registry = registryAt(new URL(`https://localhost:${port}/`), caFile === undefined ? {} : { caFile });
      return forward.forward(permit, registry, { ...put, body: Buffer.from('{}') }, { credential });
    };
    const good = await serve(own);
    expect(answered(await ask(good.port, own.file))?.status).toBe(200);
    const unknown = await serve(own);
    expect((await ask(unknown.port)).kind).toBe('unreachable');
    const wrongName = await serve(other);
    expect((await ask(wrongName.port, other.file)).kind).toBe('unreachable');
    expect(unknown.received() + wrongName.received()).toBe('');
  });

  it('P9 resets the connection below TLS too, when the body is refused', async () => {
    const own = certificateFor('localhost');
    const upstream = await startTlsUpstream(own, () => undefined);
    const forward = createForward({ version: '1', idleTimeout: 600 });
    closers.push(upstream.close, forward.close);
    const registry = registryAt(new URL(`https://localhost:${upstream.port}/`), { caFile: own.file });
    const chunks = body('hello', () => until(() => upstream.received().includes('hello')), refused);
    await expect(forward.forward(permit, registry, put, { credential, body: { chunks, length: 100 } })).rejects.toBeInstanceOf(
      UploadRefused,
    );
    await until(() => upstream.ended() !== 'open');
    expect(upstream.ended()).toBe('reset');
  });
});
