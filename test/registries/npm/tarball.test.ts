import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { accepted, changed, manifest, name, publish, refusalOf, tar, tarball, tarEntry, version, type TarEntry } from './publishing.ts';

/** A publish of this gzip, with digests that fit it. */
function of(file: Buffer): string {
  return JSON.stringify(publish(() => {}, file));
}

function entries(...list: TarEntry[]): string {
  return of(tarball(list));
}

function pax(records: Readonly<Record<string, string>>, type = 'x'): TarEntry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    const length = rest + String(rest + String(rest).length).length;
    return `${length} ${key}=${value}\n`;
  });
  return { path: 'PaxHeader', type, content: lines.join('') };
}

const victim: TarEntry = { path: 'package/package.json', content: JSON.stringify({ name: '@acme/victim', version }) };
const plain: TarEntry = { path: 'package/index.js', content: 'x' };

describe('the tarball of an npm publish', () => {
  it.each<[string, string]>([
    ['with its package.json first', entries(manifest(), plain)],
    ['with its package.json last', entries(plain, manifest())],
    ['with another first folder', entries({ ...manifest(), path: 'widget/package.json' })],
    ['with a package.json deeper down', entries(manifest(), { ...victim, path: 'package/vendor/package.json' })],
    [
      'with folders and links',
      entries(
        manifest(),
        { path: 'package/lib/', type: '5' },
        { path: 'package/a', type: '2', link: 'index.js' },
        { path: 'package/b', type: '1', link: 'package/index.js' },
      ),
    ],
    [
      'with a long name after the GNU fashion',
      entries(manifest(), { path: '././@LongLink', type: 'L', content: `package/${'a'.repeat(150)}\0` }, plain),
    ],
    ['with a pax header', entries(manifest(), pax({ path: `package/${'ä'.repeat(100)}`, mtime: '1.5' }), plain)],
    ['with its package.json named by a pax header', entries(pax({ path: 'package/package.json' }), { ...manifest(), path: 'short' })],
    ['with a prefix', entries({ ...manifest(), path: 'package.json', prefix: 'package' })],
    ['with a global pax header that is a comment', entries(pax({ comment: 'a commit' }, 'g'), manifest())],
    ['with v1.0.0 in its package.json, which npm publishes as 1.0.0', entries(manifest({ version: 'v1.0.0' }))],
    ['with 1.0.0+build in its package.json, which npm publishes as 1.0.0', entries(manifest({ version: '1.0.0+build' }))],
    ['with zeros up to a record of 10 KiB', of(gzipSync(Buffer.concat([tar([manifest()]), Buffer.alloc(10_240)])))],
  ])('is accepted %s', async (_, body) => {
    expect((await accepted(body)).name).toBe(name);
  });

  it.each<[string, string, string]>([
    ['P2, npm.md E row 11: another name inside', entries(victim), 'says @acme/victim, expected @acme/widget'],
    ['npm.md E row 11: another version inside', entries(manifest({ version: '1.0.1' })), 'says 1.0.1, expected 1.0.0'],
    ['no name inside', entries(manifest({ name: undefined })), 'says nothing'],
    ['a list as name inside', entries(manifest({ name: [name] })), 'says a list'],
    ['no package.json', entries(plain), 'no package.json'],
    ['a second package.json', entries(manifest(), victim), 'more than one package.json'],
    [
      'a second package.json in another folder',
      entries(manifest(), { ...victim, path: 'other/package.json' }),
      'more than one package.json',
    ],
    ['a second package.json in upper case', entries(manifest(), { ...victim, path: 'package/PACKAGE.JSON' }), 'more than one package.json'],
    [
      'a second package.json with a dot segment',
      entries(manifest(), { ...victim, path: 'package/./package.json' }),
      'more than one package.json',
    ],
    [
      'a second package.json with an empty segment',
      entries(manifest(), { ...victim, path: 'package//package.json' }),
      'more than one package.json',
    ],
    [
      'a second package.json with backslashes',
      entries(manifest(), { ...victim, path: 'package\\package.json' }),
      'more than one package.json',
    ],
    [
      'a second package.json by Unicode folding, as disks without case do it',
      entries(manifest(), { ...victim, path: 'package/package.j\u017fon' }),
      'more than one package.json',
    ],
    [
      'a second package.json by Unicode folding',
      entries(manifest(), { ...victim, path: 'package/pac\u212aage.json' }),
      'more than one package.json',
    ],
    [
      'a second package.json by a pax header',
      entries(manifest(), pax({ path: 'package/package.json' }), { ...victim, path: 'x' }),
      'more than one package.json',
    ],
    [
      'a second package.json by a long name',
      entries(manifest(), { path: 'L', type: 'L', content: 'package/package.json\0' }, { ...victim, path: 'x' }),
      'more than one package.json',
    ],
    [
      'a second package.json by a prefix',
      entries(manifest(), { ...victim, path: 'package.json', prefix: 'package' }),
      'more than one package.json',
    ],
    ['a second package.json without a folder', entries(manifest(), { ...victim, path: 'package.json' }), 'more than one package.json'],
    [
      'a link over package.json',
      entries(manifest(), { path: 'package/package.json', type: '2', link: 'evil' }),
      'more than one package.json',
    ],
    ['a link as package.json', entries({ path: 'package/package.json', type: '2', link: 'evil' }), 'unusual path'],
    ['its package.json without a folder', entries({ ...manifest(), path: 'package.json' }), 'unusual path'],
    ['its package.json in upper case', entries({ ...manifest(), path: 'package/Package.json' }), 'unusual path'],
    [
      'a file behind a link',
      entries(manifest(), { path: 'package/x', type: '2', link: '.' }, { ...victim, path: 'package/x/package.json' }),
      'in the place of a link',
    ],
    ['a file outside', entries(manifest(), { ...plain, path: 'package/../../x' }), 'outside its folder'],
    ['an absolute path', entries(manifest(), { ...plain, path: '/etc/x' }), 'outside its folder'],
    ['a file name of 5,000 characters', entries(manifest(), pax({ path: `package/${'a'.repeat(5000)}` }), plain), 'longer than 4096'],
    [
      'a thousand and one links',
      entries(manifest(), ...Array.from({ length: 1001 }, (_, at): TarEntry => ({ path: `package/l${at}`, type: '2', link: 'x' }))),
      'more than 1000 links',
    ],
    ['a device', entries(manifest(), { path: 'package/x', type: '3' }), 'unusual type'],
    ['a sparse file', entries(manifest(), { path: 'package/x', type: 'S' }), 'unusual type'],
    ['a folder with contents', entries(manifest(), { path: 'package/x', type: '5', content: 'x' }), 'with contents'],
    ['a global pax header with a path', entries(pax({ path: 'x' }, 'g'), manifest()), 'global pax header'],
    ['a pax header with another size', entries(manifest(), pax({ size: '0' }), plain), 'two sizes'],
    [
      'a pax header with one key twice',
      entries(manifest(), { path: 'p', type: 'x', content: '10 path=a\n10 path=b\n' }, plain),
      'ambiguous pax',
    ],
    ['a malformed pax header', entries(manifest(), { path: 'p', type: 'x', content: '99 path=a\n' }, plain), 'malformed pax'],
    ['two pax headers for one entry', entries(manifest(), pax({ path: 'a' }), pax({ path: 'b' }), plain), 'names one entry twice'],
    [
      'a pax header and a long name',
      entries(manifest(), pax({ path: 'a' }), { path: 'L', type: 'L', content: 'b\0' }, plain),
      'names one entry twice',
    ],
    ['a name with a NUL in it', entries(manifest(), { ...plain, path: 'package/x\0\npackage.json' }), 'NUL'],
    ['a size that is not octal', entries(manifest(), { ...plain, spoil: (block) => block.write('0x000000001\0', 124) }), 'not octal'],
    ['a size in base 256', entries(manifest(), { ...plain, spoil: (block) => block.writeUInt8(0x80, 124) }), 'not octal'],
    ['an unknown format', entries(manifest(), { ...plain, spoil: (block) => block.write('ustar\x0001', 257) }), 'no known format'],
    ['entries after the end', of(gzipSync(Buffer.concat([tar([manifest()]), tar([victim])]))), 'goes on after its end'],
    [
      'entries after one zero block',
      of(gzipSync(Buffer.concat([tarEntry(manifest()), Buffer.alloc(512), tar([victim])]))),
      'goes on after its end',
    ],
    ['no end mark', of(gzipSync(tarEntry(manifest()))), 'cut short'],
    ['half a block', of(gzipSync(tar([manifest()]).subarray(0, 1000))), 'cut short'],
    ['a damaged header', of(gzipSync(spoilt(tar([manifest()])))), 'damaged header'],
    ['no gzip (NPM-16)', of(Buffer.from('hello')), 'not gzip'],
    ['a tar without gzip', of(tar([manifest()])), 'not gzip'],
    ['a gzip cut short', of(tarball().subarray(0, -6)), 'not gzip'],
    ['bytes behind the gzip', of(Buffer.concat([tarball(), Buffer.from('more')])), 'bytes after its end'],
    ['zeros behind the gzip', of(Buffer.concat([tarball(), Buffer.alloc(64)])), 'bytes after its end'],
    ['a wrong gzip checksum', of(Buffer.concat([tarball().subarray(0, -8), Buffer.alloc(8)])), 'not gzip'],
    [
      '`name` twice inside',
      entries({ ...manifest(), content: `{"name":"@acme/victim","name":"${name}","version":"${version}"}` }),
      'the package.json in its tarball has the key name twice',
    ],
    ['a case variant of `name` inside', entries(manifest({ Name: '@acme/victim' })), 'the key Name in place of name'],
    ['a byte order mark inside', entries({ ...manifest(), content: `\ufeff{"name":"${name}","version":"${version}"}` }), 'byte order mark'],
    ['a package.json of megabytes', entries(manifest({ x: 'x'.repeat(1024 * 1024) })), 'larger than 1048576 bytes'],
  ])('is refused with %s', async (_, body, sentence) => {
    expect((await refusalOf(body)).message).toContain(sentence);
    expect((await refusalOf(body, { chunk: 333 })).message).toContain(sentence);
  });

  const gnu = (block: Buffer): unknown => block.write('ustar  \0', 257);
  const old = (block: Buffer): unknown => block.fill(0, 257, 265);
  const renamed = (path: string): [string, string, string] => [
    `NPM-16: a second package.json called ${JSON.stringify(path)}`,
    entries(manifest(), { ...victim, path: `package/${path}` }),
    'more than one package.json',
  ];
  it.each<[string, string, string]>([
    ...[
      'package.json::$DATA',
      'package.json:x',
      'Package.Json',
      'package.json.',
      'package.json ',
      'package.json. .',
      'packa\u200cge.json',
      'package\u00ad.json',
      'package.json\ufeff',
      'package.js\u2060on',
      '\uff50ackage.json',
      'package\uff0ejson',
      'package\u2024json',
      'PACKAG~1.JSO',
      'packag~2.jso',
      './package.json',
      '/package.json',
      '\\package.json',
      './/././package.json',
    ].map(renamed),
    [
      'NPM-16: two gzip members, one archive',
      of(Buffer.concat([gzipSync(tar([manifest()]).subarray(0, 700)), gzipSync(tar([manifest()]).subarray(700))])),
      'bytes after its end',
    ],
    ['NPM-16: two gzip members, two archives', of(Buffer.concat([tarball(), gzipSync(tar([victim]))])), 'bytes after its end'],
    ['NPM-16: an empty gzip member first', of(Buffer.concat([gzipSync(''), tarball()])), 'bytes after its end'],
    [
      'NPM-16: a package.json that only a reader without pax headers finds',
      entries(manifest(), pax({ path: 'package/x' }), victim),
      'names one entry twice',
    ],
    [
      'NPM-16: a package.json that only a reader without long names finds',
      entries(manifest(), { path: 'L', type: 'L', content: 'package/x\0' }, victim),
      'names one entry twice',
    ],
    [
      'NPM-16: the package.json of the other name behind a pax header',
      entries(pax({ path: 'package/package.json' }), { ...victim, path: 'a/package.json' }, manifest()),
      'more than one package.json',
    ],
    [
      'NPM-16: a hard link over package.json',
      entries(manifest(), { path: 'package/package.json', type: '1', link: 'package/evil' }),
      'more than one package.json',
    ],
    [
      'NPM-16: a hard link as package.json',
      entries({ ...victim, path: 'package/evil' }, { path: 'package/package.json', type: '1', link: 'package/evil' }),
      'unusual path',
    ],
    ['NPM-16: a folder as package.json', entries({ path: 'package/package.json', type: '5' }), 'unusual path'],
    ['NPM-16: the folder itself as a link', entries({ path: 'package', type: '2', link: 'evil' }, manifest()), 'in the place of a link'],
    [
      'NPM-16: the folder as a link, in upper case',
      entries({ path: 'PACKAGE', type: '2', link: 'evil' }, manifest()),
      'in the place of a link',
    ],
    [
      'NPM-16: a link that a file replaces',
      entries(manifest(), { path: 'package/x', type: '2', link: 'package.json' }, { ...victim, path: 'package/x' }),
      'in the place of a link',
    ],
    ...(['6', '7', '3', '4', 'A', 'D', 'M', 'N', 'S', 'V', 'X', 'I', 'Z', ' ', '\x01'] as const).map((type): [string, string, string] => [
      `NPM-16: an entry of type ${JSON.stringify(type)}`,
      entries(manifest(), { ...victim, path: 'package/x', type }),
      'unusual type',
    ]),
    [
      'NPM-16: a sparse file by pax',
      entries(manifest(), pax({ 'GNU.sparse.name': 'package/package.json', 'GNU.sparse.major': '1' }), plain),
      'ambiguous pax',
    ],
    ['NPM-16: names in another charset by pax', entries(manifest(), pax({ hdrcharset: 'BINARY', path: 'x' }), plain), 'ambiguous pax'],
    ['NPM-16: a global size', entries(pax({ size: '0' }, 'g'), manifest()), 'global pax header'],
    ['NPM-16: a pax path with NUL', entries(manifest(), pax({ path: 'package/package.json\0x' }), plain), 'malformed pax'],
    ['NPM-16: an empty pax path', entries(manifest(), pax({ path: '' }), plain), 'malformed pax'],
    [
      'NPM-16: a pax record longer than its header',
      entries(manifest(), { path: 'p', type: 'x', content: '11 path=a\n' }, plain),
      'malformed pax',
    ],
    [
      'NPM-16: a pax length with a zero in front',
      entries(manifest(), { path: 'p', type: 'x', content: '010 path=a\n' }, plain),
      'malformed pax',
    ],
    [
      'NPM-16: a pax header of 65 KiB',
      entries(manifest(), { path: 'p', type: 'x', content: 'x'.repeat(65 * 1024) }, plain),
      'larger than 65536',
    ],
    [
      'NPM-16: two long names',
      entries(manifest(), { path: 'L', type: 'L', content: 'a\0' }, { path: 'L', type: 'L', content: 'b\0' }, plain),
      'names one entry twice',
    ],
    [
      'NPM-16: a long name with something behind its NUL',
      entries(manifest(), { path: 'L', type: 'L', content: 'package/x\0/package.json' }, plain),
      'malformed long name',
    ],
    ['NPM-16: a negative size', entries(manifest(), { ...plain, spoil: (block) => block.write('-0000000001\0', 124) }), 'not octal'],
    ['NPM-16: a size with NUL first', entries(manifest(), { ...plain, spoil: (block) => block.write('\x000000000001', 124) }), 'not octal'],
    ['NPM-16: a size in two halves', entries(manifest(), { ...plain, spoil: (block) => block.write('1 000000000\0', 124) }), 'not octal'],
    [
      'NPM-16: a size beyond the archive',
      entries(manifest(), { ...plain, spoil: (block) => block.write('77777777777\0', 124) }),
      'cut short',
    ],
    [
      'NPM-16: a second package.json by a prefix that GNU tar ignores',
      entries(manifest(), { ...victim, path: 'package.json', prefix: 'package', spoil: gnu }),
      'prefix in a format without one',
    ],
    ['NPM-16: a second package.json in the old format', entries(manifest(), { ...victim, spoil: old }), 'more than one package.json'],
    [
      'NPM-16: a file above its folder, by a backslash',
      entries(manifest(), { ...plain, path: 'package\\..\\..\\x' }),
      'outside its folder',
    ],
    ['NPM-16: a file on a drive', entries(manifest(), { ...victim, path: 'C:\\package\\package.json' }), 'outside its folder'],
    [
      'NPM-16: a name inside in escapes',
      entries({ ...manifest(), content: `{"n\\u0061me":"@acme/victim","name":"${name}","version":"${version}"}` }),
      'the key name twice',
    ],
    [
      'NPM-16: a comment inside',
      entries({ ...manifest(), content: `{"name":"${name}","version":"${version}"/* */}` }),
      'the package.json in its tarball',
    ],
    [
      'NPM-16: UTF-16 inside',
      entries({ ...manifest(), content: Buffer.from(JSON.stringify({ name, version }), 'utf16le') }),
      'the package.json in its tarball',
    ],
    [
      'NPM-16: NUL behind the JSON inside',
      entries({ ...manifest(), content: `${JSON.stringify({ name, version })}\0` }),
      'the package.json in its tarball',
    ],
    ['NPM-16: a list inside', entries({ ...manifest(), content: `[${JSON.stringify({ name, version })}]` }), 'is no JSON object'],
    [
      'NPM-16: __proto__ inside',
      entries({ ...manifest(), content: `{"__proto__":{"name":"${name}"},"name":"${name}","version":"${version}"}` }),
      'the key __proto__',
    ],
    ['NPM-16: another spelling of the name inside', entries(manifest({ name: name.toUpperCase() })), 'says @ACME/WIDGET'],
    ['NPM-16: the name inside without its scope', entries(manifest({ name: 'widget' })), 'says widget'],
    ['NPM-16: the name inside with a space', entries(manifest({ name: `${name} ` })), 'expected @acme/widget'],
    ['NPM-16: another prerelease inside', entries(manifest({ version: `${version}-rc.1` })), 'says 1.0.0-rc.1'],
    ['NPM-16: a range inside', entries(manifest({ version: `^${version}` })), 'says ^1.0.0'],
  ])('beside %s: refused', async (_, body, sentence) => {
    expect((await refusalOf(body)).message).toContain(sentence);
  });

  it.each([
    ['deep', 'd/'.repeat(1900)],
    ['full of dots', `${'.'.repeat(3800)}x/`],
    ['full of colons', `${':'.repeat(3800)}/`],
    ['full of characters that show nothing', `${'\u200b'.repeat(1200)}x/`],
  ])('beside DOS-13: a thousand paths that are %s, behind a link, are read in a moment', async (_, folder) => {
    const many = Array.from({ length: 1000 }, (_each, i) => [pax({ path: `package/${folder}${i}` }), plain]).flat();
    const body = entries(manifest(), { path: 'package/link', type: '2', link: 'x' }, ...many);
    const started = performance.now();
    expect((await accepted(body)).name).toBe(name);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is refused when it unpacks to a bomb, soon and in little memory (DOS-07)', async () => {
    const bomb = gzipSync(tar([manifest(), { path: 'package/zeros', content: Buffer.alloc(100 * 1024 * 1024) }]));
    const body = of(bomb);
    const before = process.memoryUsage().rss;
    expect(await refusalOf(body)).toMatchObject({ code: 'body-too-large', message: expect.stringContaining('unpacked') });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('is refused when the digest fits but the text does not start a gzip', async () => {
    expect((await refusalOf(changed((_d, { attachment }) => (attachment['data'] = 'AAAA')))).message).toContain('not gzip');
  });
});

function spoilt(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  copy.writeUInt8(0x78, 0);
  return copy;
}
