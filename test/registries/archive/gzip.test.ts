import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OneGzip } from '../../../src/registries/archive/gzip.ts';

/** What comes out of these pieces, or the problem. */
async function unpack(...pieces: readonly Buffer[]): Promise<string> {
  const chunks: Buffer[] = [];
  const problems: string[] = [];
  const gzip = new OneGzip({ data: (chunk) => void chunks.push(chunk), failed: (problem) => void problems.push(problem) });
  for (const piece of pieces) await gzip.write(piece);
  await gzip.end();
  gzip.destroy();
  return problems.length > 0 ? problems.join(' and ') : Buffer.concat(chunks).toString();
}

const text = 'some text, some text, and some more text';
const plain = gzipSync(text);
/** As `gzip` writes it for a file. */
const named = Buffer.concat([plain.subarray(0, 3), Buffer.from([8]), plain.subarray(4, 10), Buffer.from('a.tar\0'), plain.subarray(10)]);
const flagged = (flags: number): Buffer => Buffer.concat([plain.subarray(0, 3), Buffer.from([flags]), plain.subarray(4)]);
const changed = (at: number): Buffer => Buffer.concat([plain.subarray(0, at), Buffer.from([(plain[at] ?? 0) ^ 1]), plain.subarray(at + 1)]);
const empty = gzipSync('');

describe('one gzip member', () => {
  it.each([
    ['as npm writes it', plain],
    ['with a file name', named],
    ['of zeros', gzipSync('', { level: 0 })],
  ])('%s is unpacked, wherever it is cut', async (_, bytes) => {
    const expected = bytes.length === empty.length || bytes.length < 30 ? '' : text;
    expect(await unpack(bytes)).toBe(expected);
    for (let at = 0; at <= bytes.length; at += 1) expect(await unpack(bytes.subarray(0, at), bytes.subarray(at))).toBe(expected);
    expect(await unpack(...Array.from(bytes, (byte) => Buffer.from([byte])))).toBe(expected);
  });

  it.each([
    ['a second member', Buffer.concat([plain, plain])],
    ['an empty member first', Buffer.concat([empty, plain])],
    ['an empty member behind', Buffer.concat([plain, empty])],
    ['zeros behind', Buffer.concat([plain, Buffer.alloc(512)])],
    ['one byte behind', Buffer.concat([plain, Buffer.from('x')])],
  ])('beside NPM-16: %s is told, wherever it is cut', async (_, bytes) => {
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await unpack(bytes.subarray(0, at), bytes.subarray(at))).toBe('has bytes after its end');
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a header', plain.subarray(0, 7)],
    ['a header alone', plain.subarray(0, 10)],
    ['no trailer', plain.subarray(0, -8)],
    ['half a trailer', plain.subarray(0, -3)],
    ['another method', changed(2)],
    ['another magic', changed(0)],
    ['a damaged checksum', changed(plain.length - 8)],
    ['a damaged length', changed(plain.length - 1)],
    ['damaged data', changed(12)],
    ['a text flag', flagged(1)],
    ['a header checksum', flagged(2)],
    ['an extra field', flagged(4)],
    ['a comment', flagged(16)],
    ['a reserved flag', flagged(32)],
    ['a file name without end', Buffer.concat([plain.subarray(0, 3), Buffer.from([8]), plain.subarray(4, 10), Buffer.alloc(5000, 'a')])],
    ['zlib', Buffer.from('789c030000000001', 'hex')],
    ['raw deflate', Buffer.from('0300', 'hex')],
  ])('beside NPM-16: %s is no gzip', async (_, bytes) => {
    expect(await unpack(bytes)).toBe('is not gzip, or is damaged');
    expect(await unpack(...Array.from(bytes, (byte) => Buffer.from([byte])))).toBe('is not gzip, or is damaged');
  });
});
