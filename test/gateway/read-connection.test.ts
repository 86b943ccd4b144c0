// The lean path's own reader of answers: its grammar row by row, and against Node's parser on answers that were tampered with.
// One framing mistake here would hand one user another's answer.
import fc from 'fast-check';
import http from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readAnswerHead } from '../../src/gateway/answer-head.ts';
import { ReadConnection, type Reader, type ReadFailure } from '../../src/gateway/read-connection.ts';

interface Outcome {
  readonly status: number | undefined;
  readonly body: string;
  readonly ended: boolean;
  readonly failed: ReadFailure | undefined;
  /** Whether the connection offered itself for another request. */
  readonly reusable: boolean;
}

class Wire extends Duplex {
  override _read(): void {}
  override _write(_: unknown, __: unknown, done: () => void): void {
    done();
  }
}

/** What a connection makes of an answer that comes in these pieces, and then the end of the stream. */
async function ours(pieces: readonly Buffer[], { method = 'GET', end = true } = {}): Promise<Outcome> {
  const wire = new Wire({ allowHalfOpen: false });
  let reusable = false;
  const outcome = { status: undefined as number | undefined, body: '', ended: false, failed: undefined as ReadFailure | undefined };
  const connection = new ReadConnection(wire as unknown as Socket, { headers: 1000, idle: 1000 }, (_, free) => (reusable ||= free));
  const reader: Reader = {
    method,
    asked: () => true,
    head: (head) => {
      outcome.status = head.statusCode;
      return true;
    },
    data: (piece) => {
      outcome.body += piece.toString('latin1');
      return true;
    },
    end: (last) => {
      outcome.body += last?.toString('latin1') ?? '';
      outcome.ended = true;
    },
    failed: (failure) => (outcome.failed = failure),
  };
  connection.ask(`${method} / HTTP/1.1\r\n\r\n`, reader);
  // As a socket's own buffer: overwritten once it was given.
  const shared = Buffer.alloc(65_536);
  for (const piece of pieces) {
    if (wire.destroyed) break;
    piece.copy(shared);
    connection.received(shared.subarray(0, piece.length));
    shared.fill(0x21);
  }
  // What comes unasked behind a whole answer ends the connection.
  reusable &&= !wire.destroyed;
  if (end) {
    wire.push(null);
    wire.resume();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  return { ...outcome, reusable };
}

/** What Node's client makes of the same bytes. */
function nodes(bytes: Buffer): Promise<{ status: number | undefined; body: string; complete: boolean }> {
  return new Promise((resolve) => {
    const wire = new Wire({ allowHalfOpen: false });
    const seen = { status: undefined as number | undefined, body: '', complete: false };
    const request = http.request({ createConnection: () => wire as unknown as Socket, path: '/' }, (answer) => {
      seen.status = answer.statusCode;
      answer.setEncoding('latin1');
      answer.on('data', (text: string) => (seen.body += text));
      answer.on('close', () => resolve({ ...seen, complete: answer.complete }));
      answer.on('error', () => undefined);
    });
    request.on('error', () => resolve(seen));
    request.on('upgrade', () => resolve(seen));
    request.on('close', () => setImmediate(() => resolve(seen)));
    request.end();
    wire.push(bytes);
    wire.push(null);
  });
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const answer = (head: string, body = 'ok'): Buffer[] => [bytes(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`)];
const chunked = 'Transfer-Encoding: chunked\r\n';

describe('an answer with one framing', () => {
  it.each([
    ['a length', answer('Content-Length: 2\r\n'), 'ok', true],
    ['a length of nothing', answer('Content-Length: 0\r\n', ''), '', true],
    ['chunks', answer(chunked, '1\r\no\r\n1\r\nk\r\n0\r\n\r\n'), 'ok', true],
    ['chunks in capitals and hex', answer('transfer-encoding: CHUNKED\r\n', `A\r\n0123456789\r\n0\r\n\r\n`), '0123456789', true],
    ['SMG-16 a short extension', answer(chunked, '2;a=b\r\nok\r\n0\r\n\r\n'), 'ok', true],
    ['trailers, which are dropped', answer(chunked, '2\r\nok\r\n0\r\nX-T: evil\r\n\r\n'), 'ok', true],
    ['neither, up to the end of the connection', answer(''), 'ok', false],
    ['a length and Connection: close', answer('Content-Length: 2\r\nConnection: x, Close\r\n'), 'ok', false],
    ['a length in HTTP/1.0', [bytes('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')], 'ok', false],
    ['interim answers before it', [bytes('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'), ...answer('Content-Length: 2\r\n')], 'ok', true],
  ])('is read with %s, whatever the pieces', async (_, pieces, body, reusable) => {
    const whole = Buffer.concat(pieces);
    const cuts = [...whole.keys()].map((at) => [whole.subarray(0, at), whole.subarray(at)].filter((piece) => piece.length > 0));
    for (const cut of [pieces, ...cuts, [...whole].map((byte) => Buffer.of(byte))])
      expect(await ours(cut)).toEqual({ status: 200, body, ended: true, failed: undefined, reusable });
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\n\r\n', 'HEAD', true],
    ['HEAD, with a length of nothing', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'HEAD', true],
    ['HEAD, that announces a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', 'HEAD', false],
    ['HEAD, that announces chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HEAD', false],
    ['304', 'HTTP/1.1 304 Not Modified\r\n\r\n', 'GET', true],
    ['304, that announces a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n', 'GET', false],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'GET', true],
  ])('has no body for %s, and the connection is kept only where none was announced', async (_, text, method, reusable) => {
    expect(await ours([bytes(text)], { method, end: false })).toMatchObject({ body: '', ended: true, reusable });
  });

  it('SMG-38 is not followed by another on the same connection when something came behind it', async () => {
    for (const pieces of [
      answer('Content-Length: 2\r\n', 'okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
      answer(chunked, '2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n'),
      answer('Content-Length: 0\r\n', 'x'),
    ])
      expect(await ours(pieces, { end: false })).toMatchObject({ body: expect.stringMatching(/^(ok)?$/), ended: true, reusable: false });
  });
});

describe('an answer that two readers could read differently', () => {
  const twoWays = [
    ['RSP-08 two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n'],
    ['RSP-08 the same length twice', 'Content-Length: 2\r\nContent-Length: 2\r\n'],
    ['RSP-08 both framings', `Content-Length: 2\r\n${chunked}`],
    ['beside RSP-08: a length with a space of another kind behind it', 'Content-Length: 2\xa0\r\n'],
    ['beside RSP-08: a length behind a space of another kind', 'Content-Length: \xa02\r\n'],
    ['beside RSP-08: chunked behind a space of another kind', 'Transfer-Encoding: \xa0chunked\r\n'],
    ['RSP-08 chunked with a tab behind it', 'Transfer-Encoding: chunked\t\r\n'],
    ['RSP-08 chunked twice', `${chunked}${chunked}`],
    ['RSP-08 another coding before it', 'Transfer-Encoding: gzip, chunked\r\n'],
    ['RSP-08 another coding alone', 'Transfer-Encoding: identity\r\nContent-Length: 2\r\n'],
    ...['+2', '-2', '0x2', '2 2', '2,2', '', '1e1', '9'.repeat(16)].map((length) => [
      `RSP-08 the length ${JSON.stringify(length)}`,
      `Content-Length: ${length}\r\n`,
    ]),
    ['SMG-08 a space before the colon', 'Content-Length : 2\r\n'],
    ['SMG-08 a folded header', 'Content-Length: 2\r\nX: a\r\n b\r\n'],
    ['SMG-08 a header that begins with a space', ' X: a\r\nContent-Length: 2\r\n'],
    ['SMG-20 a line that ends in LF', 'X: a\nContent-Length: 2\r\n'],
    ['SMG-20 a CR in a value', 'X: a\rContent-Length: 3\r\nContent-Length: 2\r\n'],
    ['SMG-21 a NUL', 'X: a\0b\r\nContent-Length: 2\r\n'],
    ['SMG-21 no colon', 'X\r\nContent-Length: 2\r\n'],
    ['RSP-08 3,000 headers', `${'a:1\r\n'.repeat(3000)}Content-Length: 2\r\n`],
  ];
  it.each(twoWays)('%s is none', async (_, head) => {
    expect(await ours(answer(head ?? ''))).toMatchObject({ ended: false, failed: 'upstream-broken', reusable: false });
  });

  it.each([
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['an interim answer in HTTP/1.0', 'HTTP/1.0 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['http in small letters', 'http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['status 099', 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['status 2000', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['RSP-07 an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    [
      'SMG-38 a flood of interim answers',
      `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    ],
    ['RSP-08 a head of 20 kB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\nContent-Length: 2\r\n\r\nok`],
  ])('%s is none', async (_, text) => {
    expect(await ours([bytes(text)])).toMatchObject({ ended: false, failed: 'upstream-broken', reusable: false });
  });

  it.each(['0x2', ' 2', '2 ', '-2', '+2', '2_0', '000000002', '', 'g', '2;a\nb', '2\rX', `2;${'a'.repeat(2000)}`])(
    'SMG-17 a chunk of size %j breaks off, and is no end',
    async (size) => {
      expect(await ours(answer(chunked, `${size}\r\nok\r\n0\r\n\r\n`))).toMatchObject({ ended: false, failed: 'upstream-broken' });
    },
  );

  it.each([
    ['data without its line end', '2\r\nokk\r\n0\r\n\r\n'],
    ['a bare LF behind data', '2\r\nok\n0\r\n\r\n'],
    ['a trailer that is none', '2\r\nok\r\n0\r\nevil\r\n\r\n'],
    ['a trailer that frames', '2\r\nok\r\n0\r\nContent-Length: 3\r\n\r\n'],
    ['endless trailers', `2\r\nok\r\n0\r\n${'a: 1\r\n'.repeat(1000)}\r\n`],
    ['no last chunk', '2\r\nok\r\n'],
    ['a last chunk without its empty line', '2\r\nok\r\n0\r\n'],
  ])('SMG-17 SMG-18 RSP-05 %s breaks off', async (_, body) => {
    expect(await ours(answer(chunked, body))).toMatchObject({ ended: false, failed: 'upstream-broken', reusable: false });
  });
});

describe("beside Node's own parser", () => {
  const bases = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "e"\r\n\r\nhello',
    `HTTP/1.1 200 OK\r\nVary: a\r\n${chunked}\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n`,
    'HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  ];
  const odd = [
    '\r',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '\0',
    ':',
    ';',
    ',',
    '0',
    '2',
    'f',
    '-',
    'Content-Length: 3\r\n',
    chunked,
    '\r\n\r\n',
    '\x80',
  ];
  const tampered = fc
    .tuple(
      fc.constantFrom(...bases),
      fc.array(fc.tuple(fc.nat(200), fc.nat(3), fc.constantFrom(...odd, '')), { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(200), { maxLength: 3 }),
    )
    .map(([base, edits, cuts]) => {
      const text = edits.reduce((now, [at, drop, put]) => {
        const from = at % (now.length + 1);
        return now.slice(0, from) + put + now.slice(from + drop);
      }, base);
      const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
      const ends = [...places, text.length];
      return ends.map((end, i) => bytes(text.slice(i === 0 ? 0 : ends[i - 1], end))).filter((piece) => piece.length > 0);
    });

  it('what is taken for a whole answer is one to Node too, with the same status and the same body', async () => {
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(tampered, async (pieces) => {
        const mine = await ours(pieces);
        if (!mine.reusable) return;
        whole += 1;
        expect(await nodes(Buffer.concat(pieces))).toEqual({ status: mine.status, body: mine.body, complete: true });
      }),
      { numRuns: 4000 },
    );
    expect(whole).toBeGreaterThan(200);
  });

  it('a head is read the same whatever the case of its names', () => {
    for (const text of ['CONTENT-LENGTH', 'content-length', 'Content-Length'])
      expect(readAnswerHead(`HTTP/1.1 200 OK\r\n${text}:7 \r\n`, 'GET')?.framing).toEqual({ kind: 'length', bytes: 7 });
  });
});
