// Mutated HTTP over raw sockets through the real program: what its upstream receives is well-formed, in one framing, and authorised.
import net from 'node:net';
import * as fc from 'fast-check';
import { pause, until } from '../gateway/raw-upstream.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { readStrictly, valuesOf, type StrictRequest } from '../server/strict-request.ts';
import { serviceBasic } from '../support/service-user.ts';
import { tokenBasic } from '../support/ui-job.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { openScene, type Scene } from './http-scene.ts';
import { mutate, mutations, type Grammar, type Mutation } from './mutation.ts';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: $HOST\r\n\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n';

const grammar: Grammar = {
  special: /[\r\n: /,;]/g,
  piece: /\r\n/g,
  tokens: [
    '\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\r\r\n', ' ', '\t', '\v', '\0', '\x7f', '\x85', '\xa0', '\xff', ':', ';', ',', '"', '_', '-', '0', '+', '\r\n ',
    'Content-Length: 0\r\n', 'Content-Length: 5\r\n', 'Content-Length: 41\r\n', 'Content-Length: 5, 5\r\n', 'Content-Length : 5\r\n', 'Content_Length: 5\r\n',
    chunked, 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding:\vchunked\r\n', 'transfer-encoding: xchunked\r\n',
    smuggled, `0\r\n\r\n${smuggled}`, `0\r\n\r\n`, '5\r\nhello\r\n', '5;a=b\r\nhello\r\n', 'f'.repeat(17), '0x5\r\nhello\r\n', `29\r\n${smuggled}\r\n`,
    'Expect: 100-continue\r\n', 'Connection: close, Authorization\r\n', 'Connection: Upgrade\r\nUpgrade: h2c\r\n', 'Connection: keep-alive\r\n', 'TE: trailers\r\n',
    'Host: evil.example\r\n', 'X-Outside-Url: http://evil/\r\n', 'Authorization: Bearer x\r\n', 'Trailer: X\r\n', 'Proxy-Connection: close\r\n', 'a:1\r\n'.repeat(300),
    'X-HTTP-Method-Override: DELETE\r\n', 'X-Original-URL: /smuggled\r\n', 'Content-Type: text/plain\r\n', 'Content-Encoding: gzip\r\n',
  ],
  growths: [],
  swaps: [
    ['HTTP/1.1', ['HTTP/1.0', 'http/1.1', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.11', '']],
    ['chunked', ['Chunked', 'chunked, chunked', 'chunked;q=1', '"chunked"', 'identity', 'chunk\0ed']],
    ['Content-Length', ['Content-length', 'Content-Length ', ' Content-Length', 'Content\0-Length', 'Transfer-Encoding']],
    ['POST', ['PUT', 'GET', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'post', 'PO ST']],
    ['PUT', ['POST', 'GET', 'DELETE', 'OPTIONS', 'HEAD']],
    ['GET', ['HEAD', 'OPTIONS', 'DELETE', 'PUT', 'PRI']],
    ['/npm/', ['/npm//', '/npm/../', 'http://evil.example/npm/', '/npm/%2e%2e/', '/smuggled', '//npm/', '*', '/npm/#', '/npm/?']],
    ['/pypi/', ['/pypi', '/pypi//', '/pypi/../npm/', '/pypi/?:action=remove_pkg', '/smuggled/']],
    ['$HOST', ['evil.example', '$HOST, evil.example', '', 'a@$HOST', '$HOST\t']],
    ['allowed', ['victim']],
    ['\r\n', ['\n', '\r', '', '\r\n\r\n']],
  ],
}; // prettier-ignore

const start = (line: string, ...lines: readonly string[]): string => [`${line} HTTP/1.1`, 'Host: $HOST', ...lines, '', ''].join('\r\n');
const uploadOf = (version: string): string => form(plainWith({ version }, `allowed-${version}.tar.gz`)).toString('latin1');
const uploadHead = ['Authorization: $PYPI', `Content-Type: multipart/form-data; boundary=${BOUNDARY}`];
const inChunks = (body: string): string =>
  `${body.slice(0, 100).length.toString(16)}\r\n${body.slice(0, 100)}\r\n${body.slice(100).length.toString(16)}\r\n${body.slice(100)}\r\n0\r\n\r\n`;

/** Requests to begin with. */
const requests: readonly string[] = [
  start('POST /pypi/', ...uploadHead, `Content-Length: ${uploadOf('1.0').length}`) + uploadOf('1.0'),
  start('POST /pypi/', ...uploadHead, 'Transfer-Encoding: chunked') + inChunks(uploadOf('2.0')),
  start('POST /pypi/', ...uploadHead, 'Expect: 100-continue', `Content-Length: ${uploadOf('3.0').length}`) + uploadOf('3.0'),
  start('PUT /npm/@acme%2fui', 'Authorization: Bearer $NPM', 'Content-Type: application/json', 'Content-Length: 15') + '{"some":"json"}',
  start('PUT /npm/item', 'Authorization: Bearer of-somebody', 'Content-Type: application/json', 'Content-Length: 15') + '{"some":"json"}',
  start('PUT /npm/item', 'Authorization: Bearer of-somebody', 'Content-Type: application/json', 'Transfer-Encoding: chunked') + '5\r\nhello\r\n0\r\n\r\n',
  start('PUT /npm/-/package/@acme%2fui/dist-tags/latest', 'Authorization: Bearer $NPM', 'Content-Type: application/json', 'Content-Length: 7') + '"1.0.0"',
  start('GET /npm/item'),
  start('HEAD /npm/item', 'Connection: keep-alive'),
  start('GET /pypi/simple/allowed/', 'Authorization: $PYPI'),
  start('POST /_/oidc/mint-token', 'Content-Type: application/json', 'Content-Length: 13') + '{"token":"x"}',
  start('DELETE /npm/item/-rev/1-x', 'Authorization: Bearer of-somebody'),
]; // prettier-ignore

interface Message {
  /** Requests one behind the other on a connection, by number, and what is changed in all of it. */
  readonly requests: readonly number[];
  readonly list: readonly Mutation[];
  /** Bytes of the first packet; 0: all. */
  readonly split: number;
  readonly finish: boolean;
}

const batches: fc.Arbitrary<Message[]> = fc.array(
  fc.record({
    requests: fc.array(fc.nat(requests.length - 1), { minLength: 1, maxLength: 3 }),
    list: mutations(grammar),
    split: fc.constantFrom(0, 0, 0, 1, 40, 200),
    finish: fc.boolean(),
  }),
  { minLength: 1, maxLength: 32, size: 'max' },
);

/** Bytes for a connection of their own, as latin1, with `$HOST` and the like still in them. */
export interface Packet {
  readonly text: string;
  /** Bytes of the first packet; 0: all. */
  readonly split?: number;
  /** Ends its side when all is sent. */
  readonly finish?: boolean;
}

const packetOf = ({ requests: which, list, split, finish }: Message): Packet => ({
  text: mutate(which.map((at) => requests[at] ?? '').join(''), list, grammar),
  split,
  finish,
});

/** Sends it; the text of the answers, at most `patience` milliseconds later. */
async function talk({ text, split = 0, finish = false }: Packet, scene: Scene, patience: number): Promise<string> {
  const filled = text.replaceAll('$HOST', scene.host).replaceAll('$PYPI', tokenBasic(scene.pypiToken)).replaceAll('$NPM', scene.npmToken);
  const bytes = Buffer.from(filled, 'latin1');
  const socket = net.connect({ port: scene.port, host: '127.0.0.1', allowHalfOpen: true });
  const heard = { text: '', closed: false };
  socket.on('data', (chunk) => (heard.text += chunk.toString('latin1')));
  for (const event of ['end', 'close', 'error']) socket.on(event, () => (heard.closed = true));
  if (split > 0) {
    socket.write(bytes.subarray(0, split));
    await pause(5);
  }
  socket.write(bytes.subarray(split));
  if (finish) socket.end();
  for (const deadline = Date.now() + patience; Date.now() < deadline && !heard.closed;) await pause(10);
  socket.destroy();
  return heard.text;
}

/** Requests of our own that may carry the service credential: the upload, and the questions before it. */
const credentialed =
  /^(?:POST \/pypi\/|PUT \/npm\/@acme%2fui|(?:PUT|DELETE) \/npm\/-\/package\/@acme%2fui\/dist-tags\/[\w.~-]+|GET \/npm\/@acme%2fui|GET \/pypi\/(?:\+api|(?:\+?simple\/)?allowed\/?|simple\/)?)$/;

function objection(request: StrictRequest, scene: Scene): string | undefined {
  const line = `${request.method} ${request.target}`;
  const shown = valuesOf(request, 'authorization');
  const text = JSON.stringify(request.headers);
  if (/smuggled|evil/.test(line)) return `the hidden request ${line}`;
  if (!/^\/(?:npm|pypi)\//.test(request.target)) return `${line}, which is below no registry`;
  if (shown.length > 1) return `${line} with ${shown.length} credentials`;
  // Whoever writes the token into a header of another name tells it to the registry himself.
  const tokens = [scene.npmToken, tokenBasic(scene.pypiToken).slice('Basic '.length)];
  if (tokens.some((token) => `${shown.join()} ${line}`.includes(token))) return `${line} with an upload token`;
  if (shown[0] === serviceBasic() && !credentialed.test(line)) return `${line} with the service credential`;
  if (shown[0] === serviceBasic() && request.method === 'POST' && /filename="victim|\r\n\r\nvictim\r\n/.test(request.body)) return `an upload of victim`;
  if (/"(?:upgrade|expect|te|trailer|proxy-connection|x-outside-url|x-original-url|x-http-method-override)"/.test(text)) return `${line} with ${text}`;
  return undefined;
} // prettier-ignore

/** Sends each on its own connection, all at once, and objects to what clients or the upstream got since. The requests that reached it. */
export async function judge(scene: Scene, batch: readonly Packet[]): Promise<number> {
  const heard = await Promise.all(batch.map((packet) => talk(packet, scene, 250)));
  for (const text of heard) {
    const bad = [...text.matchAll(/(?:^|\n)HTTP\/1\.1 (5\d\d)/g)].find(([, status]) => !['501', '502', '503', '504', '505'].includes(status ?? ''));
    if (bad !== undefined) throw new Error(`an answer of ${bad[1]}:\n${text.slice(0, 2000)}\n${scene.output().slice(-2000)}`);
    if (text.includes(serviceBasic().slice(6))) throw new Error(`the service credential in an answer:\n${text}`);
  }
  const seen = scene.news();
  for (const request of seen) {
    const problem = objection(request, scene);
    if (problem !== undefined) throw new Error(`the upstream received ${problem}`);
  }
  await scene.alive();
  return seen.length;
} // prettier-ignore

/** P9: what broke off is seen by the upstream to have broken off. */
export async function nothingLeftOpen({ upstream }: Scene): Promise<void> {
  await until(() => upstream.connections.every((each) => each.ended() !== 'open' || readStrictly(each.received()).rest === ''), 10_000);
}

export const http: Fuzzer = {
  name: 'http',
  full: { cases: 1_000_000, seconds: 60 },
  async run(effort: Effort): Promise<Outcome> {
    const scene = await openScene();
    try {
      const outcome = await explore('http', effort, batches, (batch) => judge(scene, batch.map(packetOf)), (batch) => batch.length); // prettier-ignore
      await nothingLeftOpen(scene);
      return outcome;
    } finally {
      await scene.close();
    }
  },
}; // prettier-ignore
