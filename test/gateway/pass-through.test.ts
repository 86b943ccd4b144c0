import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOnward } from '../../src/gateway/onward.ts';
import { createPassThrough, type PassOutcome, type PassOptions } from '../../src/gateway/pass-through.ts';
import type { RegistrySettings } from '../../src/registries/registry.ts';
import { startFront, type Front } from './front.ts';
import { answering, ok, startRawUpstream, talk, until, type RawUpstream } from './raw-upstream.ts';
import { registryAt } from './registry.ts';
import { certificateFor, startTlsUpstream } from './tls-upstream.ts';

const timeouts = { headers: 400, idle: 600 };
/** Both ways that a read can take hold the same rows. */
const ways = [
  ['http-proxy-3', createPassThrough],
  ['the lean path', createOnward],
] as const;
let open: (typeof ways)[number][1] = createOnward;
const through = (way: typeof open): void => {
  beforeEach(() => void (open = way));
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Setup {
  readonly front: Front;
  readonly upstream: RawUpstream;
  readonly outcomes: PassOutcome[];
}

async function setUp(
  react: Parameters<typeof startRawUpstream>[0],
  changes: Partial<RegistrySettings> = {},
  options: PassOptions = { credential: 'own' },
): Promise<Setup> {
  const upstream = await startRawUpstream(react);
  const outcomes: PassOutcome[] = [];
  const front = await frontOf(registryAt(upstream.url, changes), options, outcomes);
  closers.push(upstream.close);
  return { front, upstream, outcomes };
}

async function frontOf(registry: RegistrySettings, options: PassOptions, outcomes: PassOutcome[]): Promise<Front> {
  const passThrough = open(timeouts);
  const front = await startFront((req, res, head) =>
    passThrough.pass(
      { req, res, registry, head, requestId: 'r1', about: { address: '10.1.2.3' } },
      { ...options, finished: (o) => outcomes.push(o) },
    ),
  );
  closers.push(front.close, passThrough.close);
  return front;
}

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: npm.acme.example\r\n${headers}\r\n`;
const write = (method: string, headers: string, body: string): string =>
  `${method} /ui HTTP/1.1\r\nHost: npm.acme.example\r\n${headers}\r\n${body}`;
const heads = (text: string): string[] => text.split(/(?=(?:GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH) \/)/);

describe.each(ways)('what reaches the upstream of a read, by %s', (_, way) => {
  through(way);

  it('passes a read on with the path as received, our Host, and the forwarding headers written anew', async () => {
    const { front, upstream, outcomes } = await setUp(answering(ok));
    const { text } = await talk(
      front.port,
      get('/@acme%2fui?write=true', 'Authorization: Basic YTpi\r\nX-Forwarded-For: 9.9.9.9\r\nVia: 1.1 evil\r\n'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
    expect(upstream.received()).toMatch(/^GET \/@acme%2fui\?write=true HTTP\/1\.1\r\n/);
    expect(upstream.received()).toMatch(/\r\nhost: npm\.acme\.example\r\n/i);
    expect(upstream.received()).toMatch(/\r\nauthorization: Basic YTpi\r\n/i);
    expect(upstream.received()).toMatch(/\r\nx-forwarded-for: 10\.1\.2\.3\r\n/i);
    expect(upstream.received()).not.toMatch(/9\.9\.9\.9|evil/);
    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ kind: 'answered', status: 200 }]);
  });

  it('joins the base path of the upstream', async () => {
    const { front, upstream } = await setUp(answering(ok));
    const registry = registryAt(new URL('/acme/prod/', upstream.url));
    const other = await frontOf(registry, { credential: 'none' }, []);
    await talk(other.port, get('/+simple/acme-ui/'));
    await talk(front.port, get('/+simple/acme-ui/'));
    expect(upstream.received()).toMatch(/GET \/acme\/prod\/\+simple\/acme-ui\/ HTTP/);
    expect(upstream.received()).toMatch(/GET \/\+simple\/acme-ui\/ HTTP/);
  });

  it.each(['/allowed;/../victim', '/a/%2e%2e/u', '/a\\..\\u', '/a#/../u', 'http://evil.example/u', '//evil.example/u'])(
    'PTH-04 to PTH-10 %s is refused, not normalised into another path',
    async (path) => {
      const { front, upstream } = await setUp(answering(ok));
      expect((await talk(front.port, get(path), 150)).text).toMatch(/^HTTP\/1\.1 400/);
      expect(upstream.received()).toBe('');
    },
  );

  it('keeps connections, and a client that leaves before the answer does not leave it to the next one', async () => {
    const { front, upstream } = await setUp((socket, text, index) => {
      if (index === 0 && !text.includes('/second')) setTimeout(() => socket.write(ok.replace('ok', 'no')), 150);
      else socket.write(ok);
    });
    const first = net.connect(front.port, '127.0.0.1');
    first.write(get('/first'));
    await until(() => upstream.received().includes('/first'));
    first.destroy();
    expect((await talk(front.port, get('/second'))).text).toMatch(/ok$/);
  });

  it('SMG-38 what an upstream sends unasked on a kept connection is not the answer to the next request', async () => {
    const { front } = await setUp((socket, text) => {
      if (text.includes('/second')) return void socket.write(ok.replace('ok', 'b2'));
      socket.write(ok.replace('ok', 'a1'));
      setTimeout(() => socket.write(ok.replace('ok', 'xx')), 60);
    });
    expect((await talk(front.port, get('/first'), 150)).text).toMatch(/a1$/);
    expect((await talk(front.port, get('/second'), 300)).text).not.toMatch(/xx/);
  });

  const unwanted = ok.replace('ok', 'xx');
  it.each([
    ['HEAD', 'a body to a HEAD', `HTTP/1.1 200 OK\r\nContent-Length: ${unwanted.length}\r\n\r\n${unwanted}`],
    ['GET', 'a body behind a 204', `HTTP/1.1 204 No Content\r\nContent-Length: ${unwanted.length}\r\n\r\n${unwanted}`],
    ['GET', 'a body behind a 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: ${unwanted.length}\r\n\r\n${unwanted}`],
    ['GET', 'chunks behind a 204', `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n`],
    [
      'GET',
      'a second answer behind the last chunk',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na1\r\n0\r\n\r\n${unwanted}`,
    ],
    ['GET', 'more than its length', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na1${unwanted}`],
    ['GET', 'a 103 and two answers', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${ok}${unwanted}`],
    ['GET', 'a 103 behind its answer', `${ok}HTTP/1.1 103 Early Hints\r\n\r\n${unwanted}`],
  ])('beside SMG-37: %s answered with %s: the next request gets its own answer', async (method, _, first) => {
    const { front } = await setUp((socket, text) => void socket.write(text.includes('/second') ? ok.replace('ok', 'b2') : first));
    await talk(front.port, get('/first').replace('GET', method), 40);
    expect((await talk(front.port, get('/second'))).text).toMatch(/b2$/);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 67\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('beside SMG-37: %s answered with a body that comes only when the next request is there: %j', async (method, first) => {
    const { front } = await setUp((socket, text) => {
      if (!text.includes('/second')) socket.write(first);
      else socket.write(text.includes('/first') ? unwanted : ok.replace('ok', 'b2'));
    });
    await talk(front.port, get('/first').replace('GET', method), 40);
    expect((await talk(front.port, get('/second'))).text).toMatch(/b2$/);
  });

  it.each(['NTLM TlRMTVNTUAABAAAA', 'Negotiate YIIB', 'negotiate YIIB', 'Kerberos x', 'HOBA x', 'x'])(
    'beside HDR-17: a connection that %j may have logged in carries nobody else, and had carried nobody',
    async (authorization) => {
      const { front, upstream } = await setUp(answering(ok));
      for (const headers of ['', `Authorization: ${authorization}\r\n`, `Authorization: ${authorization}\r\n`, ''])
        await talk(front.port, get('/ui', headers));
      const shared = upstream.connections.filter(({ received }) => received().includes(`: ${authorization}\r\n`));
      expect(shared.map(({ received }) => heads(received()).length)).toEqual([1, 1]);
    },
  );

  it.each([
    [10, /^HTTP\/1\.1 200 OK\r\n[^]*ok$/],
    [1000, /^HTTP\/1\.1 (?:200 OK\r\n[^]*ok$|502 )/],
  ])('beside SMG-38: %i times 103 before the answer: passed over, or too many, and never passed on', async (times, expected) => {
    const { front } = await setUp((socket) => void socket.write(`${'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(times)}${ok}`));
    const { text } = await talk(front.port, get('/ui'));
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/103|link/i);
  });

  it('sends a read once more when a kept connection dies under it, and a write never', async () => {
    const { front, upstream } = await setUp((socket, text, index) => {
      if (index === 0 && text.includes('/second')) socket.resetAndDestroy();
      else if (index === 0 && text.includes('PUT')) socket.resetAndDestroy();
      else socket.write(ok);
    });
    await talk(front.port, get('/first'), 100);
    expect((await talk(front.port, get('/second'))).text).toMatch(/ok$/);
    expect(upstream.connections).toHaveLength(2);
    const again = await setUp((socket, text) => (text.includes('PUT') ? socket.resetAndDestroy() : socket.write(ok)));
    await talk(again.front.port, get('/first'), 100);
    expect((await talk(again.front.port, write('PUT', 'Content-Length: 2\r\n', 'hi'))).text).toMatch(/^HTTP\/1\.1 502/);
    expect(again.upstream.received().match(/PUT/g)).toHaveLength(1);
  });
});

describe.each(ways)('TLS to the upstream, by %s', (_, way) => {
  through(way);

  it("SEC-09 verifies the certificate for the upstream's own name, not for the public host that is sent", async () => {
    const own = certificateFor('localhost');
    const upstream = await startTlsUpstream(own, (socket, text) => void (text.endsWith('\r\n\r\n') && socket.write(ok)));
    closers.push(upstream.close);
    const url = new URL(`https://localhost:${upstream.port}/`);
    const trusting = await frontOf(registryAt(url, { caFile: own.file }), { credential: 'own' }, []);
    expect((await talk(trusting.port, get('/ui'), 1500)).text).toMatch(/^HTTP\/1\.1 200/);
    expect(upstream.received()).toMatch(/host: npm\.acme\.example/);
    const doubting = await frontOf(registryAt(url), { credential: 'own' }, []);
    expect((await talk(doubting.port, get('/second'), 300)).text).toMatch(/^HTTP\/1\.1 502 [^]*upstream-unreachable/);
    expect(upstream.received()).not.toMatch(/second/);
  });
});

describe('writes', () => {
  through(createOnward);

  it('SMG-41 comes on a connection of its own when it is a write, and on a kept one when it is a read', async () => {
    const { front, upstream } = await setUp(answering(ok));
    for (let i = 0; i < 2; i += 1) await talk(front.port, get('/ui'));
    expect(upstream.connections).toHaveLength(1);
    for (let i = 0; i < 2; i += 1) await talk(front.port, write('PUT', 'Content-Length: 3\r\n', 'abc'));
    expect(upstream.connections).toHaveLength(3);
  });

  it('SMG-24 Expect: 100-continue is answered here; the upstream never sees it, nor anything that was to be stripped', async () => {
    const { front, upstream } = await setUp(answering(ok));
    const { text } = await talk(
      front.port,
      write('PUT', 'Expect: 100-continue\r\nContent-Length: 2\r\nX-Devpi-Auth: evil\r\nAuthorization: Basic YTpi\r\n', 'hi'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    expect(upstream.received()).not.toMatch(/expect|devpi/i);
    expect(upstream.received()).toMatch(/content-length: 2\r\n[^]*\r\n\r\nhi$/i);
  });

  it.each(['DELETE', 'OPTIONS'])('SMG-11 SMG-12 a chunked %s smuggles no second request to the next user', async (method) => {
    const { front, upstream } = await setUp(answering(ok));
    const smuggled = 'PUT /capture HTTP/1.1\r\nContent-Length: 150\r\n\r\n';
    const { text } = await talk(
      front.port,
      write(method, 'Transfer-Encoding: chunked\r\n', `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`),
    );
    await talk(front.port, get('/next'));
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect(upstream.received()).not.toMatch(/capture/);
    expect(heads(upstream.received())).toHaveLength(1);
  });

  it('a DELETE as npm sends it goes through, framed as empty', async () => {
    const { front, upstream } = await setUp(answering(ok));
    await talk(front.port, write('DELETE', '', ''));
    expect(upstream.received()).toMatch(/^DELETE \/ui HTTP\/1\.1\r\n[^]*content-length: 0\r\n/i);
    expect(upstream.received()).not.toMatch(/transfer-encoding/i);
  });

  it.each([
    ['a length', 'Content-Length: 11\r\n', 'hello world', /content-length: 11\r\n[^]*\r\n\r\nhello world$/i],
    [
      'chunks',
      'Transfer-Encoding: CHUNKED\r\n',
      '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
      /transfer-encoding: chunked\r\n[^]*\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n$/,
    ],
  ])('SMG-06 a body with %s streams on in our own framing', async (_, headers, body, expected) => {
    const { front, upstream } = await setUp((socket, text) => {
      if (/hello[^]*world/.test(text)) setTimeout(() => socket.write(ok), 50);
    });
    expect((await talk(front.port, write('PUT', headers, body))).text).toMatch(/^HTTP\/1\.1 200/);
    expect(upstream.received()).toMatch(expected);
  });

  it('SMG-32 SMG-33 a client that breaks off leaves a request that is visibly incomplete', async () => {
    const { front, upstream, outcomes } = await setUp(() => undefined);
    const socket = net.connect(front.port, '127.0.0.1');
    socket.write(write('PUT', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'));
    await until(() => upstream.received().includes('hello'));
    socket.destroy();
    await until(() => upstream.connections[0]?.ended() !== 'open');
    expect(upstream.connections[0]?.ended()).toBe('reset');
    expect(upstream.received()).not.toMatch(/\r\n0\r\n/);
    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ kind: 'abandoned' }]);
  });

  it('RSP-10 a 413 in mid-upload reaches the client every time', async () => {
    const refusing = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig';
    const { front } = await setUp((socket, text) => {
      if (!text.includes('\r\n\r\n')) return;
      socket.write(refusing);
      socket.destroySoon();
    });
    let seen = 0;
    for (let i = 0; i < 20; i += 1) seen += (await upload(front.port, 4_000_000)) === 413 ? 1 : 0;
    expect(seen).toBe(20);
  });

  it('a write on npm keeps the reason by losing WWW-Authenticate, and carries a notice', async () => {
    const answer = answering('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno');
    const { front } = await setUp(answer, {}, { credential: 'own', notice: 'moving to trusted publishing' });
    const { text } = await talk(front.port, write('PUT', 'Content-Length: 2\r\n', 'hi'));
    expect(text).not.toMatch(/www-authenticate/i);
    expect(text).toMatch(/npm-notice: moving to trusted publishing\r\n/);
  });
});

describe('the engine', () => {
  it('does not start on its fetch path, which buffers bodies and ends broken answers as if complete', () => {
    process.env['FORCE_FETCH_PATH'] = 'true';
    closers.push(() => delete process.env['FORCE_FETCH_PATH']);
    expect(() => createPassThrough()).toThrow(/FORCE_FETCH_PATH/);
  });
});

describe.each(ways)('what reaches the client, by %s', (_, way) => {
  through(way);

  it("RSP-03 of the upstream's headers only those on the list", async () => {
    const inside =
      'Server: x\r\nX-Powered-By: x\r\nVia: x\r\nX-DEVPI-SERIAL: 1\r\nSet-Cookie: a=b\r\nAlt-Svc: x\r\nStrict-Transport-Security: x\r\nClear-Site-Data: x\r\nAccess-Control-Allow-Origin: *\r\nProxy-Authenticate: x\r\nKeep-Alive: timeout=9\r\n';
    const outside =
      'ETag: "e"\r\nCache-Control: max-age=1\r\nVary: Accept\r\nVary: Cookie\r\nLast-Modified: now\r\nAccept-Ranges: bytes\r\nWWW-Authenticate: Basic\r\n';
    const { front } = await setUp(answering(`HTTP/1.1 200 Fine Day\r\nContent-Length: 2\r\n${inside}${outside}\r\nok`));
    const { text } = await talk(front.port, get('/ui'));
    expect(text).toMatch(/^HTTP\/1\.1 200 Fine Day\r\n/);
    expect(text).not.toMatch(/server|powered|via|devpi|cookie:|alt-svc|strict-transport|clear-site|access-control|proxy-auth|timeout=9/i);
    for (const header of [
      'etag: "e"',
      'cache-control: max-age=1',
      'vary: Accept',
      'vary: Cookie',
      'last-modified: now',
      'accept-ranges: bytes',
      'www-authenticate: Basic',
    ])
      expect(text).toContain(`${header}\r\n`);
  });

  it('large answers that are read slowly and at the same time stay their own, byte for byte', async () => {
    // More than the system's buffers take, in pieces that leave the proxy's own buffer room for the next.
    const size = 16_000_000;
    const piece = 24_000;
    const bodyOf = (n: number): Buffer => Buffer.alloc(size, `answer ${n} `);
    const upstream = http.createServer((req, res) => {
      const n = Number(req.url?.slice(2));
      const body = bodyOf(n);
      // Half of them in chunks.
      res.writeHead(200, n % 2 === 0 ? { 'content-length': size } : {});
      const send = (at: number): void => {
        if (at >= size) return void res.end();
        if (res.write(body.subarray(at, at + piece))) setImmediate(send, at + piece);
        else res.once('drain', () => send(at + piece));
      };
      send(0);
    });
    await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve));
    closers.push(() => upstream.close());
    const { port } = upstream.address() as net.AddressInfo;
    const front = await frontOf(registryAt(new URL(`http://127.0.0.1:${port}/`)), { credential: 'own' }, []);
    const read = async (n: number): Promise<Buffer> => {
      const chunks: Buffer[] = [];
      const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
        http.get({ port: front.port, path: `/u${n}`, headers: { host: 'npm.acme.example' }, agent: false }, resolve).on('error', reject);
      });
      expect(answer.statusCode).toBe(200);
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        if (chunks.length === 1) await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return Buffer.concat(chunks);
    };
    const bodies = await Promise.all(Array.from({ length: 6 }, (_, n) => read(n)));
    for (const [n, body] of bodies.entries()) expect(body.equals(bodyOf(n)), `answer ${n}`).toBe(true);
  });

  it('RSP-04 a Trailer beside Content-Length does no harm', async () => {
    const { front } = await setUp(answering('HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok'));
    expect((await talk(front.port, get('/ui'))).text).toMatch(/200 OK[^]*ok$/);
    expect((await talk(front.port, get('/ui'))).text).toMatch(/200 OK[^]*ok$/);
  });

  it('drops the trailers of a chunked answer', async () => {
    const { front } = await setUp(
      answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: evil\r\n\r\n'),
    );
    const { text } = await talk(front.port, get('/ui'));
    expect(text).toMatch(/2\r\nok\r\n0\r\n\r\n$/);
    expect(text).not.toMatch(/evil|trailer/i);
  });

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('RSP-05 an answer %s that breaks off destroys the connection within a second, without a clean end', async (_, head) => {
    const { front, outcomes } = await setUp((socket) => {
      socket.write(head);
      setTimeout(() => socket.end(), 50);
    });
    const started = Date.now();
    const { text, closed } = await talk(front.port, get('/ui'), 2000);
    expect(closed).toBe(true);
    expect(Date.now() - started).toBeLessThan(1000);
    expect(text).not.toMatch(/\r\n0\r\n/);
    expect(outcomes).toMatchObject([{ kind: 'failed', refusal: { code: 'upstream-broken' } }]);
  });

  it.each(['1.0', '1.1'])('beside RSP-05: to HTTP/%s a broken answer ends with a reset, not as if it were a short one', async (version) => {
    const { front } = await setUp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      setTimeout(() => socket.end(), 50);
    });
    const client = net.connect(front.port, '127.0.0.1');
    const ended = new Promise<string>((resolve) => {
      client.once('end', () => resolve('fin')).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    client.resume().write(get('/ui').replace('1.1', version));
    expect(await ended).toBe('ECONNRESET');
  });

  it.each([
    ['nothing for ever', () => undefined],
    ['a head that drips', (socket: net.Socket) => void setInterval(() => socket.write('H'), 100).unref()],
  ])('RSP-06 %s is 504', async (_, react) => {
    const { front, upstream, outcomes } = await setUp(react);
    expect((await talk(front.port, get('/ui'), 1500)).text).toMatch(/^HTTP\/1\.1 50[24] [^]*upstream-(?:timeout|broken)/);
    expect(outcomes).toHaveLength(1);
    await until(() => upstream.connections[0]?.ended() !== 'open');
  });

  it('RSP-06 silence in mid-answer destroys the connection', async () => {
    const { front } = await setUp((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'));
    expect(await talk(front.port, get('/ui'), 2000)).toMatchObject({ closed: true, text: expect.stringMatching(/hello$/) });
  });

  it('RSP-07 a 101 that nobody asked for is 502', async () => {
    const { front, outcomes } = await setUp(
      answering('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    );
    expect((await talk(front.port, get('/ui', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'))).text).toMatch(/^HTTP\/1\.1 502/);
    expect(outcomes).toMatchObject([{ kind: 'failed', refusal: { code: 'upstream-broken' } }]);
  });

  it.each([
    ['status 99', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['status 999', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['a coding that we would not undo', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['a NUL in a header', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok'],
    ['20 kB of headers', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\nContent-Length: 2\r\n\r\nok`],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['two Content-Types', 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 2\r\n\r\nok'],
  ])('RSP-08 an answer with %s is 502, and the next is not disturbed', async (_, answer) => {
    const { front } = await setUp((socket, _text, index) => void socket.write(index === 0 ? answer : ok, 'latin1'));
    expect((await talk(front.port, get('/ui'))).text).toMatch(/^HTTP\/1\.1 502 [^]*upstream-broken/);
    expect((await talk(front.port, get('/ui'))).text).toMatch(/^HTTP\/1\.1 200/);
  });

  it('RSP-09 a reason phrase of other bytes is replaced', async () => {
    const { front } = await setUp(answering('HTTP/1.1 200 O\x80K\r\nContent-Length: 2\r\nETag: caf\xe9\r\n\r\nok'));
    const { text } = await talk(front.port, get('/ui'));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).not.toMatch(/etag/i);
  });

  it('FLT-05 an upstream that is down is 502 without a word of where it is', async () => {
    const upstream = await startRawUpstream(() => undefined);
    await upstream.close();
    const outcomes: PassOutcome[] = [];
    const front = await frontOf(registryAt(upstream.url), { credential: 'own' }, outcomes);
    const { text } = await talk(front.port, get('/ui'));
    expect(text).toMatch(/^HTTP\/1\.1 502 [^]*upstream-unreachable/);
    expect(text).not.toMatch(/127\.0\.0\.1|ECONN/);
    expect(outcomes).toMatchObject([{ kind: 'failed', refusal: { code: 'upstream-unreachable' } }]);
  });

  it('a HEAD and a 304 go through without a body', async () => {
    const { front } = await setUp(answering('HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nContent-Length: 100\r\n\r\n'));
    expect((await talk(front.port, get('/ui'))).text).toMatch(/^HTTP\/1\.1 304/);
    const head = await setUp(answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'));
    expect((await talk(head.front.port, get('/ui').replace('GET', 'HEAD'))).text).toMatch(/content-length: 100\r\n/i);
  });
});

/** PUTs so many bytes as a real client does; the status it sees, or 0. */
async function upload(port: number, bytes: number): Promise<number> {
  return new Promise((resolve) => {
    const request = http.request({
      port,
      method: 'PUT',
      path: '/ui',
      headers: { host: 'npm.acme.example', 'content-length': bytes },
      agent: false,
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', () => resolve(0));
    request.end(Buffer.alloc(bytes));
  });
}
