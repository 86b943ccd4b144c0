// Hostile framing, targets and headers over raw sockets, through the program to an upstream that reads as strictly as it can:
// what arrives there is exactly one well-formed request, or nothing; never a request that was hidden in another.
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, startRawUpstream, until, type RawUpstream } from '../gateway/raw-upstream.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Proxy } from '../support/proxy.ts';
import { serviceBasic } from '../support/service-user.ts';
import { fromUi, identityOf, mintToken, registryOf, serviceEnv, tokenBasic } from '../support/ui-job.ts';
import { readStrictly, valuesOf, type StrictRequest } from './strict-request.ts';

let issuer: CiIssuer;
let upstream: RawUpstream;
let proxy: Proxy;
let pypiToken: string;
let npmToken: string;

/** Answers each complete request; a new project for everybody who asks. */
function react(socket: net.Socket, text: string): void {
  const { requests } = parsed(text);
  const answered = Number(Reflect.get(socket, 'answered') ?? 0);
  Reflect.set(socket, 'answered', requests.length);
  for (const { method, target } of requests.slice(answered)) {
    const api = target.endsWith('/+api');
    const missing = method === 'GET' && !api && !/canary|item/.test(target);
    const body = api ? '{"type":"apiconfig"}' : 'ok';
    const head = `HTTP/1.1 ${missing ? '404 Not Found' : '200 OK'}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(method === 'HEAD' ? head : head + body);
  }
}

function parsed(text: string): ReturnType<typeof readStrictly> {
  try {
    return readStrictly(text);
  } catch {
    return { requests: [], rest: text };
  }
}

/** The kinds of requests that there are; the attack comes behind their usual headers. */
const routes = {
  exchange: () => ({ method: 'POST', target: '/pypi/_/oidc/mint-token', auth: '' }),
  upload: () => ({
    method: 'POST',
    target: '/pypi/',
    auth: `Authorization: ${tokenBasic(pypiToken)}\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n`,
  }),
  publish: () => ({ method: 'PUT', target: '/npm/@acme%2fui', auth: `Authorization: Bearer ${npmToken}\r\n` }),
  'long-lived write': () => ({ method: 'PUT', target: '/npm/item', auth: 'Authorization: Bearer of-somebody\r\n' }),
  read: () => ({ method: 'GET', target: '/npm/item', auth: '' }),
};
type Route = keyof typeof routes;
const writes: readonly Route[] = ['exchange', 'upload', 'publish', 'long-lived write'];

interface Spoken {
  /** Statuses of the answers, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
  readonly closed: boolean;
  /** Complete requests that arrived at the upstream since, without its own questions. */
  readonly requests: readonly StrictRequest[];
  /** Pieces of requests that never became complete, and whether their connection is still open. */
  readonly pieces: readonly { readonly text: string; readonly open: boolean }[];
}

/** Sends bytes, waits for the answers, and looks at what the upstream got meanwhile. Throws when that is not strictly HTTP. */
async function speak(bytes: string | Buffer, { answers = 2, patience = 400, end = '' as '' | 'fin' | 'reset' } = {}): Promise<Spoken> {
  const seen = upstream.connections.map((connection) => connection.received().length);
  const socket = net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  const heard = { text: '', closed: false };
  socket.on('data', (chunk) => (heard.text += chunk.toString('latin1')));
  for (const event of ['end', 'close', 'error']) socket.on(event, () => (heard.closed = true));
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (end !== '') {
    await pause(60);
    if (end === 'fin') socket.end();
    else socket.resetAndDestroy();
  }
  const statuses = (): number[] =>
    [...heard.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)).filter((s) => s !== 100);
  for (const deadline = Date.now() + patience; Date.now() < deadline && !heard.closed && statuses().length < answers;) await pause(4);
  await pause(end === '' ? 8 : 120);
  const since = upstream.connections.map((connection, i) => connection.received().slice(seen[i] ?? 0));
  const spoken = {
    statuses: statuses(),
    ...heard,
    requests: since.flatMap((received) => readStrictly(received).requests).filter((request) => !isProbe(request)),
    pieces: since.flatMap((received, i) => {
      const { rest } = readStrictly(received);
      return rest === '' ? [] : [{ text: rest, open: upstream.connections[i]?.ended() === 'open' }];
    }),
  };
  socket.destroy();
  return spoken;
}

const isProbe = ({ method, target }: StrictRequest): boolean =>
  method === 'GET' && /^\/(?:pypi\/.*(?:\+api|simple\/)|npm\/@acme%2fui)/.test(target);
const canary = (): string => `GET /npm/canary HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`;
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: upstream\r\n\r\n';
const isCanary = ({ method, target, body }: StrictRequest): boolean => method === 'GET' && target === '/npm/canary' && body === '';

/** A request of a route with these header lines and this body. */
function message(route: Route, lines: string, body: string, method?: string): string {
  const usual = routes[route]();
  const line = `${method ?? usual.method} ${usual.target} HTTP/1.1\r\nHost: ${proxy.host}\r\n`;
  return `${line}${usual.auth}${lines === '' ? '' : `${lines}\r\n`}\r\n${body}`;
}

let version = 0;
/** An upload that is in order, each time of another version. */
const uploadBody = (): string => {
  version += 1;
  return form(plainWith({ version: `${version}.0` }, `allowed-${version}.0.tar.gz`)).toString('latin1');
};
const bodyOf = (route: Route): string => (route === 'upload' ? uploadBody() : '{"some":"json"}');
const chunk = (text: string, size = text.length.toString(16)): string => `${size}\r\n${text}\r\n`;
const te = 'Transfer-Encoding: chunked';

/** Header lines and body. */
type Lines = readonly [title: string, lines: string, body: string];

/** Framing that nobody may believe: refused on every route, and the upstream hears nothing of it. */
const badFraming: readonly Lines[] = [
  ['SMG-01 Content-Length and chunked', `Content-Length: 6\r\n${te}`, '0\r\n\r\nG'],
  ['SMG-01 Content-Length and chunked, with a request inside', `Content-Length: 4\r\n${te}`, `0\r\n\r\n${smuggled}`],
  ['SMG-02 chunked and Content-Length', `${te}\r\nContent-Length: 4`, `${chunk(smuggled)}0\r\n\r\n`],
  ...[
    'xchunked',
    'chunked, identity',
    'chunked,',
    'chunked;q=1',
    '"chunked"',
    'identity',
    'gzip',
    'chunked, chunked',
    ', chunked',
    '\x0bchunked',
    'chunk\x00ed',
  ].map((coding): Lines => [`SMG-03 the coding ${JSON.stringify(coding)}`, `Transfer-Encoding: ${coding}`, `0\r\n\r\n${smuggled}`]),
  ['SMG-03 identity and Content-Length', 'Transfer-Encoding: identity\r\nContent-Length: 5', 'hello'],
  ['SMG-05 gzip, chunked', 'Transfer-Encoding: gzip, chunked', '0\r\n\r\n'],
  ['SMG-07 chunked twice', `${te}\r\n${te}`, '0\r\n\r\n'],
  ['SMG-07 chunked and identity', `${te}\r\nTransfer-Encoding: identity`, '0\r\n\r\n'],
  ['SMG-08 a space before the colon', 'Transfer-Encoding : chunked', '0\r\n\r\n'],
  ['SMG-08 a folded coding', 'Transfer-Encoding:\r\n chunked', '0\r\n\r\n'],
  ...['+3', '0x3', '-1', '1_0', '', '18446744073709551617', '3, 3', '3 3', '3.0', '3e0'].map((length): Lines => [
    `SMG-10 the length ${JSON.stringify(length)}`,
    `Content-Length: ${length}`,
    'abc',
  ]),
  ['SMG-10 the same length twice', 'Content-Length: 3\r\nContent-Length: 3', 'abc'],
  ['SMG-10 two lengths', `Content-Length: 0\r\nContent-Length: ${smuggled.length}`, smuggled],
  ['SMG-14 2,001 headers and a length', `${'a:1\r\n'.repeat(2001)}Content-Length: ${smuggled.length}`, smuggled],
  ['SMG-15 2,001 headers and a coding', `${'a:1\r\n'.repeat(2001)}${te}`, `0\r\n\r\n${smuggled}`],
  ['SMG-16 a chunk extension of 1 MB', te, `3;${'a'.repeat(1_000_000)}\r\nabc\r\n0\r\n\r\n`],
  ['SMG-16 a chunk extension with a line feed', te, `3;a\nb\r\nabc\r\n0\r\n\r\n`],
  ['SMG-20 lines that end in LF', `X-A: b\nContent-Length: 0`, ''],
  ['SMG-20 a CR in a value', `X-A: b\rContent-Length: ${smuggled.length}`, smuggled],
  ['SMG-20 \\r\\r\\n', `X-A: b\r\r\nContent-Length: ${smuggled.length}`, smuggled],
  ['SMG-20 an end of the head of \\r\\n\\rX', `X-A: b\r\n\rX: y\r\nContent-Length: 0`, ''],
  ...['\0', '\x7f', '\x01'].map((byte): Lines => [
    `SMG-21 ${JSON.stringify(byte)} in a header name`,
    `X${byte}A: b\r\nContent-Length: 0`,
    '',
  ]),
  ['SMG-21 NUL in a value', 'X-A: a\0b\r\nContent-Length: 0', ''],
  ['SMG-21 no header name', ': b\r\nContent-Length: 0', ''],
  ['SMG-21 no colon', 'X-A\r\nContent-Length: 0', ''],
  ['SMG-21 a folded header', 'X-A: b\r\n c\r\nContent-Length: 0', ''],
  ['SMG-25 Expect: y 100-continue', 'Expect: y 100-continue\r\nContent-Length: 3', 'abc'],
  ['SMG-25 Expect twice', 'Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 3', 'abc'],
  ['SMG-25 Expect: 100-foo', 'Expect: 100-foo\r\nContent-Length: 3', 'abc'],
  ['HDR-10 two Host', 'Host: evil.example\r\nContent-Length: 0', ''],
  ...['Authorization: Basic YTpi', 'Content-Type: text/plain', 'Content-Encoding: identity', 'Content-Disposition: x'].map(
    (line): Lines => [`HDR-10 two headers ${line.split(':')[0]}`, `${line}\r\n${line}\r\nContent-Length: 0`, ''],
  ),
];

/** More of the same, which the catalogue does not list: tried on the two routes that reach the upstream. */
const badFramingBeside: readonly Lines[] = [
  ['beside SMG-01: a length of zero and chunks', `Content-Length: 0\r\n${te}`, `${chunk('abc')}0\r\n\r\n`],
  ['beside SMG-01: both framings, the names in odd case', `cONTENT-lENGTH: 3\r\ntRANSFER-eNCODING: chunked`, `0\r\n\r\n`],
  ...[
    'chunked\x0c',
    '\x0cchunked',
    'chunked\x85',
    'chunked\xa0',
    'chun\xe2\x84\xaaed',
    'chu nked',
    'chunked chunked',
    'trailers, chunked',
    'br, chunked',
    'chunked, br',
    'x-chunked',
    'chunked;',
    '',
    'chunked\r\n\t',
    'chunked\t',
    'chunked\r\n ,identity',
  ].map((coding): Lines => [
    `beside SMG-03: the coding ${JSON.stringify(coding)}`,
    `Transfer-Encoding: ${coding}`,
    `${chunk(smuggled)}0\r\n\r\n${smuggled}`,
  ]),
  ...[
    'Transfer-Encoding\0',
    'Transfer-Encoding\t',
    'Transfer Encoding',
    'Transfer\xadEncoding',
    '"Transfer-Encoding"',
    '\x0bTransfer-Encoding',
  ].map((name): Lines => [
    `beside SMG-04: chunks by a header ${JSON.stringify(name)}`,
    `${name}: chunked\r\nContent-Length: 0`,
    `0\r\n\r\n`,
  ]),
  ...[
    '3;',
    '3,',
    ',3',
    '3, 4',
    '3\x0b',
    '\x0c3',
    '3\0',
    '\uff13',
    "'3'",
    '1e0',
    '-0',
    '3\r\n 4',
    '9007199254740993',
    '1'.repeat(400),
    '\xb2',
  ].map((length): Lines => [
    `beside SMG-10: the length ${JSON.stringify(length.slice(0, 30))}`,
    `Content-Length: ${Buffer.from(length, 'utf8').toString('latin1')}`,
    'abc',
  ]),
  ...['', '100-continue;q=1', '100-continue,', '"100-continue"', '100 continue', '0100-continue', '100-continue\x0b'].map(
    (expectation): Lines => [`beside SMG-25: Expect: ${JSON.stringify(expectation)}`, `Expect: ${expectation}\r\nContent-Length: 3`, 'abc'],
  ),
  ['beside SMG-20: a bare CR before the end of the head', `X-A: b\r\nX-B: c\rContent-Length: 0`, ''],
  ['beside SMG-20: LF CR in place of CR LF', `X-A: b\n\rContent-Length: 0`, ''],
  ['beside SMG-21: a header name with a slash', 'X/A: b\r\nContent-Length: 0', ''],
  ['beside SMG-21: a header name with a byte above 0x7f', 'X\xe9: b\r\nContent-Length: 0', ''],
  ['beside SMG-21: a header line of one space', ' \r\nContent-Length: 0', ''],
  ['beside SMG-21: a fold before the first header of ours', '\tx\r\nContent-Length: 0', ''],
];

/** Chunks that break off being chunks: what arrived of the request stays visibly unfinished. */
const badChunks: readonly Lines[] = [
  ...['0x3', ' 3', '-0', '0_3', '3 ', '3\t', '', 'g', 'FFFFFFFFFFFFFFFFF'].map((size): Lines => [
    `SMG-17 the chunk size ${JSON.stringify(size)}`,
    te,
    `${chunk('abc')}${size}\r\nabc\r\n0\r\n\r\n`,
  ]),
  ['SMG-17 a chunk line that ends in LF', te, `${chunk('abc')}3\nabc\r\n0\r\n\r\n`],
  ['SMG-17 no line end behind a chunk', te, `${chunk('abc')}3\r\nabcd\r\n0\r\n\r\n`],
  ['SMG-18 a request line in place of the end of the trailers', te, `${chunk('abc')}0\r\n${smuggled}`],
  ['SMG-19 a Content-Length among the trailers', te, `${chunk('abc')}0\r\nContent-Length: 5\r\n\r\n`],
  ['SMG-19 10,000 trailers', te, `${chunk('abc')}0\r\n${'a: b\r\n'.repeat(10_000)}\r\n`],
];

/** More of the same, tried where the pieces of a body go on to the upstream. */
const badChunksBeside: readonly Lines[] = [
  ...['+3', '3,', '3\x0b', '3\0', '3\r', '\xb3', '3;a="b\nc"', '3;a\rb', '3;\0', '3\r\r'].map((size): Lines => [
    `beside SMG-17: the chunk size ${JSON.stringify(size)}`,
    te,
    `${chunk('abc')}${size}\r\nabc\r\n0\r\n\r\n`,
  ]),
  ['beside SMG-17: LF behind the data of a chunk', te, `${chunk('abc')}3\r\nabc\n0\r\n\r\n`],
  ['beside SMG-17: CR behind the data of a chunk', te, `${chunk('abc')}3\r\nabc\r0\r\n\r\n`],
  ['beside SMG-18: the last chunk ends in LF', te, `${chunk('abc')}0\n\n${smuggled}`],
  ['beside SMG-18: an extension with a line end, then a request', te, `${chunk('abc')}0;x\n\n${smuggled}`],
  ['beside SMG-19: a folded trailer', te, `${chunk('abc')}0\r\nX-A: b\r\n c\r\n\r\n`],
  ['beside SMG-19: a Transfer-Encoding among the trailers', te, `${chunk('abc')}0\r\nTransfer-Encoding: identity\r\n\r\n`],
  ['beside SMG-19: a trailer without a colon', te, `${chunk('abc')}0\r\nX-A\r\n\r\n`],
  ['beside SMG-19: a trailer with NUL', te, `${chunk('abc')}0\r\nX-A: \0\r\n\r\n`],
  ['beside SMG-19: a trailer of 20 kB', te, `${chunk('abc')}0\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`],
];

/** Framing that is in order, in clothes that others stumble over: goes on as our own. */
const goodFraming: readonly (readonly [title: string, lines: string, body: (text: string) => string])[] = [
  ['SMG-06 CHUNKED', 'Transfer-Encoding: CHUNKED', (text) => `${chunk(text)}0\r\n\r\n`],
  ['SMG-06 chunKed', 'Transfer-Encoding: chunKed', (text) => `${chunk(text)}0\r\n\r\n`],
  ['SMG-09 a tab before chunked', 'Transfer-Encoding:\tchunked', (text) => `${chunk(text)}0\r\n\r\n`],
  ['SMG-17 a chunk size with zeros in front', te, (text) => `${chunk(text, `000000000000${text.length.toString(16)}`)}0\r\n\r\n`],
  ['SMG-16 a short chunk extension', te, (text) => `${chunk(text, `${text.length.toString(16)};a=b`)}0\r\n\r\n`],
  [
    'SMG-19 trailers that would be headers',
    te,
    (text) => `${chunk(text)}0\r\nAuthorization: Bearer evil\r\nX-Outside-Url: http://evil/\r\n\r\n`,
  ],
  ['SMG-24 Expect: 100-continue', `Expect: 100-continue\r\n${te}`, (text) => `${chunk(text)}0\r\n\r\n`],
  ['beside SMG-06: a lone comma-free coding in a header of odd case', 'TRANSFER-encoding: chunked', (text) => `${chunk(text)}0\r\n\r\n`],
  ['beside SMG-09: spaces and tabs before chunked', 'Transfer-Encoding: \t \tchunked', (text) => `${chunk(text)}0\r\n\r\n`],
  ['beside SMG-10: a length with zeros and space around it', 'Content-Length:\t000$ ', (text) => text],
  ['beside SMG-16: an extension with a quoted string', te, (text) => `${chunk(text, `${text.length.toString(16)};a="b;c\\""`)}0;z\r\n\r\n`],
  ['beside SMG-17: a chunk size in upper case', te, (text) => `${chunk(text, text.length.toString(16).toUpperCase())}000\r\n\r\n`],
  [
    'beside SMG-17: a chunk for each byte',
    te,
    (text) =>
      `${text
        .split('')
        .map((byte) => chunk(byte))
        .join('')}0\r\n\r\n`,
  ],
  [
    'beside SMG-19: trailers of names that mean something',
    te,
    (text) => `${chunk(text)}0\r\nHost: evil.example\r\nContent-Type: text/plain\r\nX-Devpi-Auth: evil\r\n\r\n`,
  ],
  ['beside SMG-24: Expect: 100-CONTINUE', `Expect: 100-CONTINUE\r\n${te}`, (text) => `${chunk(text)}0\r\n\r\n`],
  ...['websocket', 'h2c', 'TLS/1.0'].map((protocol): (typeof goodFraming)[number] => [
    `SMG-26 Upgrade: ${protocol}`,
    `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${te}`,
    (text) => `${chunk(text)}0\r\n\r\n`,
  ]),
];

/** Whole requests whose line or Host is refused, whatever they are for. */
const badRequests: readonly (readonly [string, string])[] = [
  [
    'SMG-11 DELETE with chunks',
    `DELETE /npm/item HTTP/1.1\r\nHost: $\r\nAuthorization: Bearer x\r\n${te}\r\n\r\n${chunk(smuggled)}0\r\n\r\n`,
  ],
  ['SMG-12 OPTIONS with chunks', `OPTIONS /npm/item HTTP/1.1\r\nHost: $\r\n${te}\r\n\r\n${chunk(smuggled)}0\r\n\r\n`],
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS'].map(
    (method) =>
      [
        `SMG-13 ${method} with a body`,
        `${method} /npm/item HTTP/1.1\r\nHost: $\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      ] as const,
  ),
  ['SMG-13 GET with chunks', `GET /npm/item HTTP/1.1\r\nHost: $\r\n${te}\r\n\r\n${chunk(smuggled)}0\r\n\r\n`],
  [
    'SMG-14 GET, 2,001 headers, and a body',
    `GET /npm/item HTTP/1.1\r\nHost: $\r\n${'a:1\r\n'.repeat(2001)}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
  ],
  ['SMG-21 a space before the first header', 'GET /npm/item HTTP/1.1\r\n Host: $\r\n\r\n'],
  ['SMG-23 HTTP/0.9', 'GET /npm/item\r\n\r\n'],
  ['SMG-23 chunks in HTTP/1.0', `PUT /npm/item HTTP/1.0\r\nHost: $\r\nAuthorization: Bearer x\r\n${te}\r\n\r\n${chunk(smuggled)}0\r\n\r\n`],
  ...['http/1.1', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.1 x'].map(
    (v) => [`SMG-23 ${v}`, `GET /npm/item ${v}\r\nHost: $\r\n\r\n`] as const,
  ),
  ['SMG-23 tabs in the request line', 'GET\t/npm/item\tHTTP/1.1\r\nHost: $\r\n\r\n'],
  ['SMG-23 the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['SMG-27 CONNECT', 'CONNECT upstream:443 HTTP/1.1\r\nHost: upstream:443\r\n\r\n'],
  ...['TRACE', 'FOO', 'get', 'PUSH', 'PROPFIND', 'LINK'].map((m) => [`SMG-27 ${m}`, `${m} /npm/item HTTP/1.1\r\nHost: $\r\n\r\n`] as const),
  ...['http://evil.example/npm/item', 'http://$/npm/item', 'https://$/npm/item', 'ftp://$/npm/item', 'http://u:p@$/npm/item'].map(
    (target) => [`SMG-28 ${target}`, `GET ${target} HTTP/1.1\r\nHost: $\r\n\r\n`] as const,
  ),
  ['SMG-29 OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: $\r\n\r\n'],
  ['SMG-30 no Host', 'GET /npm/item HTTP/1.1\r\n\r\n'],
  ...[
    '',
    'a@$',
    '$/npm',
    '$?x',
    'a\tb',
    'a:99999',
    '$, b',
    '[fe80::1%25lo]',
    '$:80',
    'x'.repeat(10_000),
    'evil.example',
    '127.0.0.1',
    '$.',
    '$\x00',
  ].map((host) => [`SMG-30 the Host ${JSON.stringify(host.slice(0, 20))}`, `GET /npm/item HTTP/1.1\r\nHost: ${host}\r\n\r\n`] as const),
  ['SMG-30 HTTP/1.0 without a Host', 'GET /npm/item HTTP/1.0\r\n\r\n'],
  ...[
    ' GET /npm/item HTTP/1.1',
    'GET /npm/item HTTP/1.1 ',
    'GET /npm/item HTTP/1.1\r',
    'GET\x0b/npm/item HTTP/1.1',
    'GET\x0c/npm/item\x0cHTTP/1.1',
    'GET /npm/item\x85HTTP/1.1',
    'GET /npm/item\xa0HTTP/1.1',
    'GET /npm/\xe9 HTTP/1.1',
    'GET /npm/item HTTP/1.1\t',
    'GET /npm/item HTTP/01.1',
    'GET /npm/item HTTP/1.1.1',
    'GET /npm/item HTTP/+1.1',
    'GET /npm/item HTTP /1.1',
    'GET /npm/item H\0TTP/1.1',
    'GET /npm/item ICE/1.0',
    'SOURCE /npm/item ICE/1.0',
    'GET, /npm/item HTTP/1.1',
    'GET /npm/item HTTP/1.1;x',
    '\xef\xbb\xbfGET /npm/item HTTP/1.1',
    'G\0ET /npm/item HTTP/1.1',
  ].map((line) => [`beside SMG-22: the request line ${JSON.stringify(line)}`, `${line}\r\nHost: $\r\n\r\n`] as const),
  ...['MOVE', 'COPY', 'MKCOL', 'LOCK', 'SEARCH', 'REPORT', 'M-SEARCH', 'QUERY', 'PURGE', 'BIND', 'UNLINK', 'SUBSCRIBE', 'Put', 'PUT1'].map(
    (m) =>
      [
        `beside SMG-27: ${m}`,
        `${m} /npm/item HTTP/1.1\r\nHost: $\r\nAuthorization: Bearer of-somebody\r\nDestination: /npm/other\r\nContent-Length: 0\r\n\r\n`,
      ] as const,
  ),
  ...[
    'HTTP://$/npm/item',
    'http:/npm/item',
    'http:npm/item',
    '//$/npm/item',
    '/\\$/npm/item',
    '?x',
    '*',
    '$',
    '/npm/item http://evil.example/',
    'http://$@evil.example/npm/item',
  ].map((target) => [`beside SMG-28: the target ${target}`, `GET ${target} HTTP/1.1\r\nHost: $\r\n\r\n`] as const),
  ...[
    '2130706433:PORT',
    '127.1:PORT',
    '0x7f.0.0.1:PORT',
    '0177.0.0.1:PORT',
    '[::ffff:127.0.0.1]:PORT',
    '[::1]:PORT',
    'localhost:PORT',
    '127.0.0.1:+PORT',
    '127.0.0.1: PORT',
    '127.0.0.1:0PORT',
    '127.0.0.1:PORT:PORT',
    '127.0.0.1.:PORT',
    '127.0.0.1:PORT#',
    '127.0.0.1:PORT\\',
    '127.0.0.1:PORT%00',
    'http://127.0.0.1:PORT',
    '127.0.0.1:PORT;a',
    '127.0.0.1:\xef\xbc\x91',
    '\xc2\xad127.0.0.1:PORT',
    '127。0。0。1:PORT',
    '*',
    '-',
    '.',
    ':PORT',
  ].map((host) => [`beside SMG-30: the Host ${JSON.stringify(host)}`, `GET /npm/item HTTP/1.1\r\nHost: ${host}\r\n\r\n`] as const),
  ['beside SMG-30: Host behind a hundred others', `GET /npm/item HTTP/1.1\r\n${'a: 1\r\n'.repeat(100)}Host: $\r\n\r\n`],
  [
    'beside SMG-23: HTTP/1.0 with Expect, which it does not know',
    'PUT /npm/item HTTP/1.0\r\nHost: $\r\nAuthorization: Bearer of-somebody\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ...['PATCH', 'PUT', 'POST'].map(
    (method) =>
      [
        `beside SMG-13: ${method} with neither length nor coding, and bytes behind it`,
        `${method} /npm/-/ping HTTP/1.1\r\nHost: $\r\n\r\n${smuggled}`,
      ] as const,
  ),
  ['SMG-35 10,000 line ends first', `${'\r\n'.repeat(10_000)}\0`],
];

function expectNothing(spoken: Spoken): void {
  expect(spoken.requests.filter((request) => !isCanary(request))).toEqual([]);
  expect(spoken.pieces.filter(({ open }) => open)).toEqual([]);
  expect(spoken.pieces.map(({ text }) => text).join('')).toBe('');
  // Refused in words, or the connection ended without any.
  const [first = 0] = spoken.statuses;
  expect(spoken.closed || first >= 400, spoken.text).toBe(true);
  if (spoken.statuses.length > 0) expect([400, 401, 403, 404, 405, 411, 413, 417, 421, 431, 501, 505]).toContain(first);
}

describe('framing', () => {
  beforeAll(async () => {
    issuer = await startIssuer({ style: 'github' });
    upstream = await startRawUpstream(react);
    const origin = `http://127.0.0.1:${upstream.port}`;
    proxy = await startProxy({
      env: serviceEnv,
      policy: (port) => ({
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: {
          npm: registryOf('npm', `http://127.0.0.1:${port}/npm/`, `${origin}/npm/`, { long_lived_tokens: 'allow' }),
          pypi: registryOf('pypi', `http://127.0.0.1:${port}/pypi/`, `${origin}/pypi/`),
        },
        publishers: [{ name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'], pypi: ['allowed'] } }],
      }),
    });
    await pastEpoch();
    pypiToken = await mintToken(proxy, issuer);
    const identity = identityOf(issuer, proxy, { aud: 'npm:127.0.0.1' });
    const headers = { host: proxy.host, authorization: `Bearer ${identity}`, 'content-length': '0' };
    const minted = await raw(proxy, 'POST', '/-/npm/v1/oidc/token/exchange/package/@acme%2fui', headers);
    npmToken = (JSON.parse(minted.body) as { token: string }).token;
  }, 60_000);
  afterAll(async () => {
    await Promise.all([proxy?.close(), issuer?.close(), upstream?.close()]);
  });

  test('the canary and an upload pass, one behind the other: what is not seen below was stopped', async () => {
    const body = uploadBody();
    const spoken = await speak(message('upload', `Content-Length: ${body.length}`, body) + canary());
    expect(spoken.statuses).toEqual([200, 200]);
    expect(spoken.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(['POST /pypi/', 'GET /npm/canary']);
    expect(valuesOf(spoken.requests[0]!, 'authorization')).toEqual([serviceBasic()]);
  });

  test.each(badFraming)('%s is refused on every route', async (_, lines, body) => {
    for (const route of writes) expectNothing(await speak(message(route, lines, body) + canary()));
  });

  test.each(badFramingBeside)('%s is refused by an upload and by a write', async (_, lines, body) => {
    for (const route of ['upload', 'long-lived write'] as const) expectNothing(await speak(message(route, lines, body) + canary()));
  });

  test.each(badChunks)('%s never completes a request', async (_, lines, body) => {
    for (const route of writes) {
      const spoken = await speak(message(route, lines, body) + canary());
      await until(() =>
        upstream.connections.every((connection) => connection.ended() !== 'open' || readStrictly(connection.received()).rest === ''),
      );
      expect(spoken.requests).toEqual([]);
      expect(spoken.pieces.map(({ text }) => text).join('')).not.toMatch(/smuggled|canary|\r\n0\r\n\r\n$/);
      expect(spoken.closed || (spoken.statuses[0] ?? 0) >= 400).toBe(true);
    }
  });

  test.each(badChunksBeside)('%s never completes a request that goes on', async (_, lines, body) => {
    for (const route of ['upload', 'long-lived write'] as const) {
      const spoken = await speak(message(route, lines, body) + canary());
      await until(() => upstream.connections.every((c) => c.ended() !== 'open' || readStrictly(c.received()).rest === ''));
      expect(spoken.requests).toEqual([]);
      expect(spoken.pieces.map(({ text }) => text).join('')).not.toMatch(/smuggled|canary|\r\n0\r\n\r\n$/);
      expect(spoken.closed || (spoken.statuses[0] ?? 0) >= 400).toBe(true);
    }
  });

  test.each(goodFraming)('%s goes on as one request in framing of ours', async (_, lines, encode) => {
    for (const route of ['upload', 'long-lived write'] as const) {
      const text = bodyOf(route);
      const spoken = await speak(message(route, lines.replace('$', String(text.length)), encode(text)) + canary());
      const main = spoken.requests.find((request) => !isCanary(request));
      // Node forgets what came in one piece behind an Upgrade: then the connection is not used again.
      const upgrade = lines.includes('Upgrade:');
      expect(spoken.statuses, spoken.text).toEqual(upgrade ? [200] : [200, 200]);
      expect(spoken.closed).toBe(upgrade);
      expect(spoken.requests).toHaveLength(upgrade ? 1 : 2);
      expect(route === 'upload' ? main?.body.includes('filename="allowed-') : main?.body === text).toBe(true);
      for (const name of ['expect', 'upgrade', 'http2-settings', 'trailer', 'te']) expect(valuesOf(main!, name)).toEqual([]);
      expect(valuesOf(main!, 'authorization')).toEqual([route === 'upload' ? serviceBasic() : 'Bearer of-somebody']);
      expect(main?.body).not.toContain('Bearer evil');
    }
  });

  test.each(badRequests)('%s is refused', async (_, bytes) => {
    expectNothing(await speak(bytes.replaceAll('$', proxy.host).replaceAll('PORT', String(proxy.port)) + canary()));
  });

  test.each([
    ['SMG-32 a body that ends early', () => ['Content-Length: 100', 'abc'] as const],
    ['SMG-33 chunks that end early', () => [te, chunk('abc')] as const],
    ['SMG-33 a last chunk that is cut', () => [te, `${chunk('abc')}0\r\n`] as const],
  ])('P9 %s is visibly unfinished at the upstream', async (_, head) => {
    for (const end of ['fin', 'reset'] as const) {
      for (const route of ['upload', 'publish', 'long-lived write'] as const) {
        const [lines, body] = head();
        const text = route === 'upload' && lines !== te ? uploadBody() : body;
        const cut = lines === te || route !== 'upload' ? lines : `Content-Length: ${text.length + 1}`;
        const spoken = await speak(message(route, cut, text), { end });
        expect(spoken.requests).toEqual([]);
        await until(() => upstream.connections.every((c) => c.ended() !== 'open' || readStrictly(c.received()).rest === ''));
        expect(spoken.pieces.map((piece) => piece.text).join('')).not.toMatch(/\r\n0\r\n\r\n$|--countersign-[0-9a-f]+--/);
      }
    }
  });

  test('SMG-34 requests in a row are each judged by themselves, up to the first that is garbage', async () => {
    const body = uploadBody();
    const good = message('upload', `Content-Length: ${body.length}`, body);
    const spoken = await speak(`${good}${canary()}GARBAGE\r\n\r\n${canary()}`, { answers: 3 });
    expect([spoken.statuses, spoken.closed]).toEqual([[200, 200, 400], true]);
    expect(spoken.requests).toHaveLength(2);
    const many = await speak(canary().repeat(1000), { answers: 1000, patience: 15_000 });
    expect(many.statuses).toEqual(Array.from({ length: 1000 }, () => 200));
    expect(many.requests.filter((request) => isCanary(request))).toHaveLength(1000);
  });

  test('SMG-34 a refused upload does not take the next request with it', async () => {
    const body = form(plainWith({ name: 'victim' })).toString('latin1');
    const spoken = await speak(message('upload', `Content-Length: ${body.length}`, body) + canary());
    expect(spoken.statuses).toEqual([400, 200]);
    expect(spoken.requests.map((request) => isCanary(request))).toEqual([true]);
  });

  test.each(['GET  /npm/item HTTP/1.1', 'GET /npm/item  HTTP/1.1', 'GET /npm/item RTSP/1.0'])(
    "beside SMG-22: the request line %s, which Node's parser lets pass, goes on as the one that it is read as",
    async (line) => {
      const spoken = await speak(`${line}\r\nHost: ${proxy.host}\r\n\r\n${canary()}`);
      expect(spoken.requests.filter((request) => !isCanary(request)).map(({ method, target }) => [method, target])).toEqual([
        ['GET', '/npm/item'],
      ]);
    },
  );

  test('beside SMG-17: behind the announcement of a chunk of 2^63 bytes everything is its data, and framed as ours', async () => {
    for (const size of ['7fffffffffffffff', '8000000000000000']) {
      const spoken = await speak(message('long-lived write', te, `${size}\r\n${smuggled}0\r\n\r\n`) + canary(), { end: 'reset' });
      expect(spoken.requests).toEqual([]);
      expect(spoken.pieces.map(({ text }) => text).join('')).not.toMatch(/\r\n0\r\n\r\n$/);
    }
  });

  test.each(['1.1', '1.0'])(
    'beside SMG-32: a client of HTTP/%s that half-closes behind its request counts as gone: it gets the answer that is there already or none, and nothing twice',
    async (version) => {
      const body = uploadBody();
      const text = message('upload', `Content-Length: ${body.length}`, body).replace('HTTP/1.1', `HTTP/${version}`);
      const spoken = await speak(text, { answers: 1, end: 'fin' });
      expect([[], [200]]).toContainEqual(spoken.statuses);
      expect(spoken.requests.length).toBeLessThan(2);
    },
  );

  test('beside SMG-23: requests of HTTP/1.0 that are kept alive are each answered, and go on as HTTP/1.1', async () => {
    const kept = canary().replace('HTTP/1.1', 'HTTP/1.0').replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n');
    const spoken = await speak(`${kept}${kept}${canary().replace('HTTP/1.1', 'HTTP/1.0')}${canary()}`, { answers: 4 });
    expect([spoken.statuses, spoken.closed]).toEqual([[200, 200, 200], true]);
    expect(spoken.requests.every((request) => isCanary(request))).toBe(true);
  });

  test.each([
    ['a token that is none', () => 'Authorization: Bearer csgn_damaged\r\n'],
    ['no token', () => ''],
    ['a token for something else', () => `Authorization: Bearer ${npmToken}\r\nX-A: b\r\n`],
  ])('beside SMG-24: what follows a refused Expect: 100-continue (%s) is its body, whatever it looks like', async (_, auth) => {
    const head = `PUT /npm/@acme%2fother HTTP/1.1\r\nHost: ${proxy.host}\r\n${auth()}Expect: 100-continue\r\nContent-Length: ${smuggled.length}\r\n\r\n`;
    const spoken = await speak(`${head}${smuggled}${canary()}`);
    expect(spoken.statuses[0]).toBeGreaterThanOrEqual(400);
    expect(spoken.text).not.toMatch(/^HTTP\/1\.1 100/);
    expect(spoken.requests.filter((request) => !isCanary(request))).toEqual([]);
  });

  test('beside SMG-34: refusals of every kind in a row, each with a body that looks like a request, take nothing along', async () => {
    const of = (line: string, lines: string): string =>
      `${line} HTTP/1.1\r\nHost: ${proxy.host}\r\n${lines}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    const npmAuth = `Authorization: Bearer ${npmToken}\r\n`;
    const pypiAuth = `Authorization: ${tokenBasic(pypiToken)}\r\n`;
    const refusals = [
      of('PUT /npm/@acme%2fui', ''),
      of('PUT /npm/@acme%2fui', `${npmAuth}Content-Type: text/plain\r\n`),
      of('PUT /npm/@acme%2fui', `${npmAuth}Content-Type: application/json\r\nContent-Encoding: gzip\r\n`),
      of('PUT /npm/@acme%2fui', `${npmAuth}Content-Type: application/json\r\n`),
      of('PUT /npm/@acme%2fother', npmAuth),
      of('PUT /npm/@acme%2fui/-rev/1', npmAuth),
      of('POST /pypi/', pypiAuth),
      of('POST /pypi/?x', pypiAuth),
      of('POST /pypi/_/oidc/mint-token', ''),
      of('PUT /pypi/_/oidc/mint-token', ''),
      of('POST /nowhere', ''),
      of('PUT /npm//x', ''),
      of('PUT /npm/@acme%2fui', 'Authorization: Bearer csgn_damaged\r\n'),
    ];
    const spoken = await speak(refusals.map((each) => each + canary()).join(''), { answers: 2 * refusals.length, patience: 3000 });
    expect(spoken.statuses.filter((_, i) => i % 2 === 0).every((status) => status >= 400)).toBe(true);
    expect(spoken.statuses.filter((_, i) => i % 2 === 1)).toEqual(refusals.map(() => 200));
    expect(spoken.requests).toHaveLength(refusals.length);
    expect(spoken.requests.every((request) => isCanary(request))).toBe(true);
  });

  test('SMG-35 a few line ends before a request are no request', async () => {
    const spoken = await speak(`\r\n\r\n\r\n${canary()}`, { answers: 1 });
    expect([spoken.statuses, spoken.requests.length]).toEqual([[200], 1]);
  });

  const bodiless = ['/npm/-/ping', '/npm/favicon.ico', '/npm/-/v1/search', '/pypi/simple/', '/pypi/allowed/', '/nowhere', '/'];
  test.each(bodiless.flatMap((target) => ['POST', 'PUT', 'OPTIONS'].map((method) => [method, target] as const)))(
    'SMG-41 SMG-42 %s %s with a request as its body, by nobody and by an upload token, does not reach the upstream',
    async (method, target) => {
      for (const auth of ['', `Authorization: Bearer ${npmToken}\r\n`, `Authorization: ${tokenBasic(pypiToken)}\r\n`]) {
        for (const [lines, body] of [
          [`Content-Length: ${smuggled.length}`, smuggled],
          [te, `${chunk(smuggled)}0\r\n\r\n`],
        ])
          expectNothing(await speak(`${method} ${target} HTTP/1.1\r\nHost: ${proxy.host}\r\n${auth}${lines}\r\n\r\n${body}${canary()}`));
      }
    },
  );

  test('SMG-41 a write by a long-lived token reaches the upstream with its body inside its frame', async () => {
    const spoken = await speak(message('long-lived write', `Content-Length: ${smuggled.length}`, smuggled) + canary());
    expect(spoken.requests.filter((request) => !isCanary(request)).map(({ target, body }) => [target, body])).toEqual([
      ['/npm/item', smuggled],
    ]);
  });

  describe('headers', () => {
    /** The request as it reaches the upstream, with these lines added. */
    const arrived = async (route: Route, lines: string): Promise<StrictRequest> => {
      const body = route === 'read' ? '' : bodyOf(route);
      const framing = route === 'read' ? '' : `\r\nContent-Length: ${body.length}`;
      const spoken = await speak(message(route, `${lines}${framing}`, body) + canary());
      const main = spoken.requests.find((request) => !isCanary(request));
      expect(
        spoken.requests.some((request) => isCanary(request)),
        spoken.text,
      ).toBe(!/^connection: close/im.test(lines));
      if (main === undefined) throw new Error(`nothing arrived: ${spoken.text}`);
      return main;
    };
    const carriers = ['upload', 'long-lived write', 'read'] as const;
    const ours: Record<(typeof carriers)[number], string[]> = {
      upload: [serviceBasic()],
      'long-lived write': ['Bearer of-somebody'],
      read: [],
    };

    test('HDR-02 what Connection names is dropped; our own credential is not', async () => {
      for (const route of ['upload', 'read'] as const) {
        const main = await arrived(route, 'Connection: close, Authorization, X-A\r\nX-A: 1');
        expect([valuesOf(main, 'x-a'), valuesOf(main, 'authorization')]).toEqual([[], ours[route]]);
      }
    });

    test.each(['Content-Length', 'Host', 'Transfer-Encoding', 'Content-Type'])('HDR-03 Connection: %s changes no message', async (name) => {
      for (const route of ['upload', 'long-lived write'] as const) {
        const main = await arrived(route, `Connection: ${name}, keep-alive`);
        expect(valuesOf(main, 'host')).toEqual([proxy.host]);
        expect(main.body).not.toBe('');
        if (route === 'upload') expect(valuesOf(main, 'content-type')[0]).toMatch(/^multipart\/form-data; boundary=countersign-/);
      }
    });

    test.each([
      [
        'HDR-04',
        ['Keep-Alive: timeout=5', 'TE: trailers', 'Proxy-Connection: keep-alive', 'Trailer: X-A', 'Proxy-Authorization: Basic YTpi'],
      ],
      [
        'HDR-05',
        [
          'X-Forwarded-For: 9.9.9.9',
          'X-Forwarded-Proto: gopher',
          ...['Host', 'Port', 'Prefix', 'Uri', 'User', 'Groups', 'Email', 'Server'].map((name) => `X-Forwarded-${name}: evil-9`),
          ...['Forwarded', 'X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Envoy-Original-Path', 'X-Client-IP', 'Via'].map(
            (name) => `${name}: evil-9`,
          ),
        ],
      ],
      [
        'HDR-06',
        ['X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'].map(
          (name) => `${name}: evil-9`,
        ),
      ],
      [
        'HDR-07',
        ['X-Outside-Url', 'X-Devpi-Auth', 'X-Devpi-Replica-Url', 'X-Devpi-Absolute-Urls', 'X-Remote-User', 'Remote-User'].map(
          (name) => `${name}: evil-9`,
        ),
      ],
      [
        'HDR-09',
        [
          'X_Forwarded_For',
          'Content_Length',
          'Transfer_Encoding',
          'Authorization_',
          'X.Forwarded.For',
          'x-fORWARDED-for',
          'X_Outside_Url',
        ].map((name) => `${name}: evil-9`),
      ],
      ['HDR-13 SMG-21', ['X-A: evil-9\x80\xff', 'Referer: evil-9\xe9']],
    ])('%s none of these headers goes on, by any route', async (_, lines) => {
      for (const route of carriers) {
        const main = await arrived(route, lines.join('\r\n'));
        const text = JSON.stringify(main.headers);
        expect(text).not.toMatch(/evil-9|9\.9\.9\.9|gopher|trailers|YTpi|proxy-connection|timeout=5/);
        expect(valuesOf(main, 'authorization')).toEqual(ours[route]);
        expect(valuesOf(main, 'x-forwarded-proto')).toEqual(['http']);
      }
    });

    test.each(['application/json, multipart/form-data; boundary=B', `multipart/form-data; boundary=${BOUNDARY}, application/json`])(
      'HDR-11 the Content-Type %s is refused',
      async (type) => {
        const body = uploadBody();
        const text = message('upload', `Content-Length: ${body.length}`, body).replace(/Content-Type: [^\r]*/, `Content-Type: ${type}`);
        const spoken = await speak(text + canary());
        expect([spoken.statuses, spoken.requests.map((request) => isCanary(request))]).toEqual([[415, 200], [true]]);
      },
    );

    test.each([
      'X-Api-Key',
      'X-Token',
      'Cookie',
      'Referer',
      'Private-Token',
      'X-JFrog-Art-Api',
      'npm-otp',
      'User-Agent',
      'Origin',
      'X-Csgn',
    ])('beside TOK-24: an upload token in %s goes nowhere', async (name) => {
      for (const route of ['upload', 'read', 'long-lived write'] as const) {
        const main = await arrived(route, `${name}: a=${npmToken}; b`);
        expect(JSON.stringify(main)).not.toContain(npmToken.slice(5, 30));
      }
    });

    test.each([
      'GET /npm/item?token=$',
      'GET /npm/-/user/token/$',
      'HEAD /npm/$',
      'GET /pypi/simple/allowed/?x&$',
      'PUT /npm/-/user/token/$',
      'POST /npm/-/user/token/$',
      'POST /pypi/?$',
    ])('beside TOK-24: %s with an upload token in the target is refused, and goes nowhere', async (line) => {
      for (const auth of ['', 'Authorization: Bearer of-somebody\r\n', `Authorization: Bearer ${npmToken}\r\n`]) {
        const body = line.startsWith('P') ? 'Content-Length: 0\r\n' : '';
        const spoken = await speak(`${line.replace('$', npmToken)} HTTP/1.1\r\nHost: ${proxy.host}\r\n${auth}${body}\r\n${canary()}`);
        expect(spoken.statuses).toEqual([400, 200]);
        expect(spoken.requests.map((request) => isCanary(request))).toEqual([true]);
        expect(spoken.text).not.toContain(npmToken.slice(5, 30));
      }
    });

    test('beside TOK-24: a name that begins like an upload token is a name', async () => {
      const spoken = await speak(`GET /npm/csgn_item HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`, { answers: 1 });
      expect(spoken.requests.map(({ target }) => target)).toEqual(['/npm/csgn_item']);
    });

    test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype'])('HDR-12 a header %s has no effect', async (name) => {
      for (const route of carriers) {
        const main = await arrived(route, `${name}: x\r\n${name}: {"a":1}`);
        expect(valuesOf(main, 'authorization')).toEqual(ours[route]);
      }
    });
  });
});
