import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { accepted, changed, manifest, publish, rebuiltBody, refusalOf, tar, tarball } from './publishing.ts';

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

describe('neighbours in the JSON of an npm publish (P3)', () => {
  const bytes = (...each: readonly (string | readonly number[])[]): Buffer =>
    Buffer.concat(each.map((one) => (typeof one === 'string' ? Buffer.from(one) : Buffer.from(one))));
  it.each<[string, string | Uint8Array]>([
    ...['\v', '\f', '\0', '\u00a0', '\u2029', '\ufeff', '\u3000', '\x1a', '#', ';'].map((space): [string, string] => [
      `${JSON.stringify(space)} between the tokens`,
      `{${space}${inside}}`,
    ]),
    ...[
      '+1',
      '.5',
      '1.',
      '0x1',
      '1e',
      '1e+',
      '--1',
      '-',
      '1_0',
      'Infinity',
      '-Infinity',
      '0b1',
      '00',
      '-01',
      '1e1.5',
      '1n',
      'NaN',
      'nan',
      'True',
      'TRUE',
      'None',
      'nil',
      'undefined',
      "'a'",
      '`a`',
      `1${'0'.repeat(64)}`,
      '1e309',
      '-1e309',
    ].map((value): [string, string] => [`the value ${value.slice(0, 20)}`, `{"x":${value},${inside}}`]),
    ...['\\x41', '\\u{41}', '\\u004', '\\U0041', '\\0', "\\'", '\\v', '\t', '\x1f', '\\ud83d\\u0041', '\\udc00\\ud800'].map(
      (text): [string, string] => [`a string with ${JSON.stringify(text)}`, `{"x":"${text}",${inside}}`],
    ),
    ['a key without quotes', `{x:1,${inside}}`],
    ['a key that is a number', `{1:1,${inside}}`],
    ['a key that is null', `{null:1,${inside}}`],
    ['a key twice, once with a surrogate pair escaped', `{"\u{1f600}":1,"\\ud83d\\ude00":2,${inside}}`],
    ['a key twice, both empty', `{"":1,"":2,${inside}}`],
    ['a key twice, as numbers', `{"1":1,"1":2,${inside}}`],
    ['`_id` twice, of one value', `{"_id":"@acme/widget",${inside}}`],
    ['`dist` twice', document.replace('"dist":', '"dist":{},"dist":')],
    ['`_attachments` twice', document.replace('"_attachments":', '"_attachments":{},"_attachments":')],
    ['`latest` twice', document.replace('"latest":', '"latest":"0.9.0","latest":')],
    ['the version twice', document.replace('"1.0.0":{', '"1.0.0":{},"1.0.0":{')],
    ['the version twice, once escaped', document.replace('"1.0.0":{', '"1\\u002e0.0":{},"1.0.0":{')],
    ['the attachment twice', document.replace('"@acme/widget-1.0.0.tgz":', '"@acme/widget-1.0.0.tgz":{},"@acme/widget-1.0.0.tgz":')],
    ['__proto__ as a version', document.replace('"versions":{', '"versions":{"__proto__":{},')],
    ['__proto__ as an attachment', document.replace('"_attachments":{', '"_attachments":{"__proto__":{},')],
    ['__proto__ deep inside', `{"x":[{"y":{"__proto__":null}}],${inside}}`],
    ['two commas', `{,${inside}}`],
    ['a comma first in a list', `{"x":[,1],${inside}}`],
    ['a comma last in a list', `{"x":[1,],${inside}}`],
    ['a colon in a list', `{"x":["a":1],${inside}}`],
    ['no closing brace', `{${inside}`],
    ['one closing brace too many', `{${inside}}}`],
    ['a list around it', `[{${inside}}]`],
    ['a string around it', JSON.stringify(document)],
    ['a number behind it', `${document}1`],
    ['a comma behind it', `${document},`],
    ['NUL behind it', `${document}\0`],
    ['a guard before it', `)]}'\n${document}`],
    ['a callback around it', `cb(${document})`],
    ['a line comment behind it', `${document}//`],
    ['a record separator before it', `\x1e${document}`],
    ['65 levels', `{"x":${'['.repeat(64)}${']'.repeat(64)},${inside}}`],
    ['200,001 values', `{"x":[${'0,'.repeat(200_001)}0],${inside}}`],
    ['a key of 4,097 characters', `{"${'k'.repeat(4097)}":1,${inside}}`],
    ['overlong UTF-8', bytes('{"x":"', [0xc0, 0xaf], `",${inside}}`)],
    ['UTF-8 beyond Unicode', bytes('{"x":"', [0xf4, 0x90, 0x80, 0x80], `",${inside}}`)],
    ['a lone continuation byte', bytes('{"x":"', [0x80], `",${inside}}`)],
    ['a surrogate pair in UTF-8 (CESU)', bytes('{"x":"', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], `",${inside}}`)],
    ['UTF-16, little end first', Buffer.from(document, 'utf16le')],
    ['UTF-16 with its mark', bytes([0xff, 0xfe], document)],
    ['UTF-32', bytes([0, 0, 0, 0x7b], document)],
    ['UTF-7', document.replace('"name"', '"+AG4AYQBtAGU-":"@acme/victim","name"').replace('"name":"@acme', '"nam":"@acme')],
    ['EBCDIC', bytes([0xc0, 0x7f])],
    ['gzip', gzipSync(document)],
    ['a form', `json=${encodeURIComponent(document)}`],
    ['BSON', bytes([0x16, 0, 0, 0, 2], 'name\0', [4, 0, 0, 0], 'evi\0\0')],
  ])('beside NPM-09: %s: refused', async (_, body) => {
    expect((await refusalOf(body)).status).toBe(400);
  });

  it('beside NPM-09: numbers that others hold exactly go on as JavaScript reads them, in one spelling', async () => {
    const body = document.replace('"readme":', '"x":[12345678901234567890,0.1e1,-0,1E2,1.0],"readme":');
    const rebuilt = JSON.parse((await rebuiltBody(await accepted(body))).toString()) as { versions: Record<string, { x: unknown }> };
    expect(JSON.stringify(rebuilt.versions['1.0.0']?.x)).toBe('[12345678901234567000,1,0,100,1]');
  });

  it('beside NPM-10: keys that look like numbers or like functions of objects are keys', async () => {
    const odd = '{"2":1,"10":2,"1":3,"toLocaleString":4,"hasOwnProperty":5,"":6}';
    const rebuilt = JSON.parse((await rebuiltBody(await accepted(document.replace('"readme":', `"x":${odd},"readme":`)))).toString()) as {
      versions: Record<string, { x: unknown }>;
    };
    expect(rebuilt.versions['1.0.0']?.x).toEqual(JSON.parse(odd));
  });
});

/** A tarball whose base64 text is one block of 64 KiB and ends in `==`: its header holds a file name of the length that is missing. */
const stored = ((): Buffer => {
  const packed = gzipSync(tar([manifest(), { path: 'package/x', content: Buffer.alloc(46_000) }]), { level: 0 });
  const fileName = Buffer.from(`${'x'.repeat((65_536 / 4) * 3 - 2 - packed.length - 1)}\0`);
  const head = Buffer.from(packed.subarray(0, 10));
  head.writeUInt8(8, 3);
  return Buffer.concat([head, fileName, packed.subarray(10)]);
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
