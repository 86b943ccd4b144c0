import { describe, expect, it } from 'vitest';
import { accepted, changed, publish, refusalOf, tarball } from './publishing.ts';

const document = JSON.stringify(publish());
const inside = document.slice(1, -1);

describe('the JSON of an npm publish (P3)', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['NPM-09: a byte order mark', `\ufeff${document}`, 'byte order mark'],
    ['NPM-09: a megabyte of white space', ' '.repeat(1024 * 1024) + document, 'white space'],
    ['NPM-09: a second document behind it', `${document}{}`, 'malformed'],
    ['NPM-09: NaN', `{"x":NaN,${inside}}`, 'number that is none'],
    ['a number that is too large', `{"x":1e999,${inside}}`, 'number that is none'],
    ['a number with a leading zero', `{"x":01,${inside}}`, 'number that is none'],
    ['NPM-09: a comment', `/**/${document}`, 'malformed'],
    ['NPM-09: single quotes', `{'x':1,${inside}}`, 'malformed'],
    ['NPM-09: U+2028 outside strings', `{\u2028${inside}}`, 'malformed'],
    ['NPM-09: half a surrogate pair, escaped', `{"x":"\\ud800",${inside}}`, 'surrogate'],
    ['NPM-09: half a surrogate pair in a key', `{"\\udc00":1,${inside}}`, 'surrogate'],
    [
      'NPM-09: a byte that is not UTF-8',
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${inside}}`)]),
      'not UTF-8',
    ],
    [
      'an encoded surrogate',
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`",${inside}}`)]),
      'not UTF-8',
    ],
    ['a control character in a string', `{"x":"\n",${inside}}`, 'malformed string'],
    ['an unknown escape', `{"x":"\\q",${inside}}`, 'malformed string'],
    ['a trailing comma', `{${inside},}`, 'malformed'],
    ['a missing comma', `{"x":1 ${inside}}`, 'malformed'],
    ['a missing colon', `{"x" 1,${inside}}`, 'malformed'],
    ['brackets that do not match', `{"x":[1},${inside}}`, 'malformed'],
    ['no object', '[]', 'no object'],
    ['nothing', '', 'ends early'],
    ['npm.md E row 7: `name` twice, the evil one first', `{"name":"@acme/victim",${inside}}`, 'the key name twice'],
    ['npm.md E row 7: `name` twice, the evil one last', `{${inside},"name":"@acme/victim"}`, 'the key name twice'],
    ['npm.md E row 7: `name` twice, once escaped', `{"n\\u0061me":"@acme/victim",${inside}}`, 'the key name twice'],
    ['npm.md E row 7: `versions` twice', `{"versions":{},${inside}}`, 'the key versions twice'],
    ['npm.md E row 7: a key twice deep inside', `{"x":{"y":[{"z":1,"z":2}]},${inside}}`, 'the key z twice'],
    ['npm.md E row 7: `data` twice', document.replace('"data":', '"data":"AAAA","data":'), 'the key data twice'],
    ['NPM-10, npm.md E row 33: __proto__ at the top', `{"__proto__":{"name":"@acme/victim"},${inside}}`, 'the key __proto__'],
    ['NPM-13, npm.md E row 33: __proto__ as version', document.replace('"versions":{', '"versions":{"__proto__":{},'), 'the key __proto__'],
    ['NPM-10: __proto__, escaped', `{"\\u005f_proto__":1,${inside}}`, 'the key __proto__'],
  ])('is refused: %s', async (_, body, sentence) => {
    expect((await refusalOf(body)).message).toContain(sentence);
    expect((await refusalOf(body, { chunk: 1 })).message).toContain(sentence);
  });
});

/** A tarball whose base64 text is one block of 64 KiB and ends in `==`: a gzip header may hold any number of bytes. */
const stored = ((): Buffer => {
  const packed = tarball();
  const extra = Buffer.alloc((65_536 / 4) * 3 - 2 - packed.length - 2);
  const head = Buffer.from(packed.subarray(0, 10));
  head.writeUInt8(4, 3);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(extra.length);
  return Buffer.concat([head, length, extra, packed.subarray(10)]);
})();

describe('the base64 of an npm tarball (NPM-16)', () => {
  const file = tarball();
  const text = file.toString('base64');
  it.each<[string, string]>([
    ['no base64', '!!!!'],
    ['the URL-safe alphabet', text.replaceAll('+', '-').replaceAll('/', '_').replace(/^..../, '-_-_')],
    ['white space', `${text.slice(0, 40)} ${text.slice(40)}`],
    ['a line break', `${text.slice(0, 40)}\n${text.slice(40)}`],
    ['a wrong length', text.slice(0, -1)],
    ['no padding', text.replace(/=+$/, '')],
    ['padding in the middle', `AA==${text}`],
    ['bits behind the last byte', `${text.slice(0, 40)}AB==`],
    ['nothing', ''],
  ])('is refused: %s', async (_, data) => {
    const refusal = await refusalOf(changed((_d, { attachment }) => (attachment['data'] = data)));
    expect(refusal.code).toBe('body-invalid');
  });

  it('is refused: an escape, which is legal JSON and no byte of base64', async () => {
    const body = document.replace(text, `\\u00${text.charCodeAt(0).toString(16)}${text.slice(1)}`);
    expect((await refusalOf(body)).message).toContain('base64');
  });

  it('is refused: padding at the end of a block of text inside it, however it is cut', async () => {
    const body = changed((_d, { attachment }) => (attachment['data'] = `${stored.toString('base64')}${'A'.repeat(400)}`));
    const end = body.indexOf('"data":"') + '"data":"'.length + 65_536;
    for (const chunk of [end, 1000, body.length]) expect((await refusalOf(body, { chunk })).message).toContain('strict base64');
  });

  it('is accepted: text that ends with a block, with its padding', async () => {
    const body = JSON.stringify(publish(() => {}, stored));
    const end = body.indexOf('"data":"') + '"data":"'.length + 65_536;
    for (const chunk of [end, 1000, body.length]) expect((await accepted(body, { chunk })).digest()?.bytes).toBe(stored.length);
  });
});

describe('a hostile npm document is bounded (DOS-07)', () => {
  it.each<[string, () => string, string]>([
    ['nested 200,000 deep', () => '['.repeat(200_000), 'nested deeper than 64'],
    ['nested 200,000 deep in objects', () => '{"a":'.repeat(200_000), 'nested deeper than 64'],
    ['a million keys', () => `{${Array.from({ length: 1_000_000 }, (_, at) => `"k${at}":0`).join(',')}}`, '200000 keys'],
    ['a number of a million digits', () => `{"x":${'1'.repeat(1_000_000)}}`, 'too many digits'],
    ['an escaped key of megabytes', () => `{"${'\\u0061'.repeat(1_000_000)}":1}`, 'key longer than'],
    ['a text of 20 MB', () => `{"readme":"${'a'.repeat(20_000_000)}"}`, 'larger than 8388608 bytes'],
    [
      '20 MB of escapes in the bundle',
      () => `{"_attachments":{"x.sigstore":{"data":"${'\\n'.repeat(10_000_000)}"}}}`,
      'larger than 8388608 bytes',
    ],
  ])('%s is refused soon', async (_, body, sentence) => {
    const started = performance.now();
    expect((await refusalOf(body(), { chunk: 64 * 1024 })).message).toContain(sentence);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
