// Attacks by how a publish is encoded, and how large it is, row by row of the npm study (part E).
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { ALLOWED, VICTIM, PATH, NEXT, at, bytes, put, stored, text, type Ask, type Attack, type Case } from './npm-attack.ts';
import { draft } from './npm-scene.ts';

/** Rows 31, 32 and 37. */
export const encodings: Attack[] = [];

function attacks(row: number, ids: string, cases: readonly Case[]): void {
  encodings.push({ row, ids, cases });
}

const plain = Buffer.from(JSON.stringify(draft(ALLOWED, NEXT)));
attacks(31, 'NPM-07', [
  ['gzip', put(gzipSync(plain), { 'content-encoding': 'gzip' }), 'body-encoding'],
  ['x-gzip', put(gzipSync(plain), { 'content-encoding': 'x-gzip' }), 'body-encoding'],
  ['gzip twice', put(gzipSync(gzipSync(plain)), { 'content-encoding': 'gzip, gzip' }), 'body-encoding'],
  ['deflate', put(deflateSync(plain), { 'content-encoding': 'deflate' }), 'body-encoding'],
  ['br', put(brotliCompressSync(plain), { 'content-encoding': 'br' }), 'body-encoding'],
  ['gzip said of a plain body', put(plain, { 'content-encoding': 'gzip' }), 'body-encoding'],
  ['identity is fine', put(JSON.stringify(draft(ALLOWED, '3.31.0')), { 'content-encoding': 'identity' }), stored('3.31.0')],
]);

const typed = (type: string, body: string | Uint8Array = plain): Ask => put(body, { 'content-type': type });
const utf7 = `{"+AG4AYQBtAGU-":"${VICTIM}",${plain.toString().slice(1)}`;
attacks(32, 'NPM-05 NPM-06 NPM-08 NPM-09', [
  ['utf-16le', typed('application/json; charset=utf-16le', Buffer.from(plain.toString(), 'utf16le')), 'body-type'],
  ['utf-7', typed('application/json; charset=utf-7', utf7), 'body-type'],
  ...['latin1', 'utf-32', 'utf-8; charset=utf-7'].map((charset): Case => [
    `charset=${charset}`,
    typed(`application/json; charset=${charset}`),
    'body-type',
  ]),
  ...[
    'application/vnd.npm.install-v1+json',
    'text/json',
    'application/json;',
    'application/octet-stream',
    'application/json, text/json',
  ].map((type): Case => [`content type ${type}`, typed(type), 'body-type']),
  ['no content type', { ...put(plain), headers: {} }, 'body-type'],
  ['two content types', { ...put(plain), headers: { 'content-type': ['application/json', 'text/json'] } }, 'request-invalid'],
  ['a byte order mark', put(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), plain])), 'body-invalid'],
  ['a byte that is not UTF-8', put(Buffer.concat([Buffer.from('{"x":"\xff",', 'latin1'), plain.subarray(1)])), 'body-invalid'],
  ['half a surrogate pair', text((body) => body.replace('"a widget"', String.raw`"\ud800"`)), 'body-invalid'],
  ['1 MB of white space', put(`${' '.repeat(1_000_000)}${plain.toString()}`), 'body-invalid'],
  ['a second document behind', text((body) => `${body}{}`), 'body-invalid'],
  ['a comment', text((body) => `/**/${body}`), 'body-invalid'],
  ['NaN', text((body) => body.replace('"access":null', '"access":NaN')), 'body-invalid'],
  ['single quotes', text((body) => body.replace('"access"', "'access'")), 'body-invalid'],
  ['a document that ends early', text((body) => body.slice(0, -1)), 'body-invalid'],
  [
    'charset="UTF-8" is fine',
    { ...at(PATH, ALLOWED, '3.32.0'), headers: { 'content-type': 'application/json; charset="UTF-8"' } },
    stored('3.32.0'),
  ],
]);

const large = (size: number): string => {
  const body = JSON.stringify(draft(ALLOWED, '2.37.0', (d) => (d['readme'] = '')));
  return body.replace('"readme":""', () => `"readme":"${'r'.repeat(size)}"`);
};
attacks(37, 'DOS-07', [
  ['more than max_upload', put(large(3_000_000)), 'body-too-large'],
  ['more than max_upload, chunked', put(large(3_000_000), { 'transfer-encoding': 'chunked' }), 'body-too-large'],
  [
    'a length of 15 digits',
    { ...bytes(`PUT ${PATH}`), wire: bytes(`PUT ${PATH}`).wire!.replace(/Content-Length: \d+/, 'Content-Length: 999999999999999') },
    'body-too-large',
  ],
  ['more than Verdaccio takes', put(large(1_500_000)), 'upstream-refused'],
  [
    'nested 10,000 deep',
    text((body) => body.replace('"access":null', `"access":${'['.repeat(10_000)}${']'.repeat(10_000)}`)),
    'body-invalid',
  ],
  ['300,000 values', text((body) => body.replace('"access":null', `"x":[${'1,'.repeat(300_000)}1],"access":null`)), 'body-invalid'],
]);
