import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { EmbeddedMetadata } from '../../../src/registries/pypi/embedded.ts';
import { parseFilename } from '../../../src/registries/pypi/filename.ts';
import { UploadRefused } from '../../../src/registries/registry.ts';
import { field, large, metadata, name, plain, withMetadata, zipOf, type Member } from '../archive/zips.ts';
import { tarGz } from '../../support/archive.ts';
import { fields, form, plainWith, upload } from './forms.ts';

const wheel = 'allowed-1.0-py3-none-any.whl';
const sdist = 'allowed-1.0.tar.gz';

/** What is said of a file in these pieces: 'fits', or the refusal. */
async function judged(file: string, ...pieces: readonly Uint8Array[]): Promise<string> {
  const parsed = parseFilename(file);
  if (!parsed.ok) throw new Error(parsed.problem);
  const { distribution } = parsed;
  const embedded = new EmbeddedMetadata({ name: distribution.project, version: distribution.version.normal, file, distribution });
  try {
    for (const piece of pieces) await embedded.write(piece);
    await embedded.check();
    return 'fits';
  } catch (error) {
    if (error instanceof UploadRefused) return error.refusal.message;
    throw error;
  } finally {
    embedded.destroy();
  }
}

const ofWheel = async (bytes: Buffer): Promise<string> => judged(wheel, bytes);
const ofMetadata = async (text: string): Promise<string> => ofWheel(zipOf(withMetadata({ content: text })));
const ofSdist = async (text: string, path = 'allowed-1.0/PKG-INFO'): Promise<string> => judged(sdist, tarGz([[path, text]]));

describe('PY-17 the metadata inside a file', () => {
  it.each([
    ['as it is written', metadata],
    ['with other line ends', metadata.replaceAll('\n', '\r\n')],
    ['with other spellings', 'metadata-version: 2.1\nname:\tAllowed \nVERSION: v1.0.0\n\n'],
    ['with nothing behind its head', 'Name: allowed\nVersion: 1.0'],
    [
      'with a description that names others, in its head',
      'Name: allowed\nVersion: 1.0\nDescription: x\n        Name: victim\n\fName of it\n\n',
    ],
    ['with a line behind them that is no header', 'Name: allowed\nVersion: 1.0\nLicense: a\n\nb\nName of c\n'],
  ])('fits: %s', async (_, text) => {
    expect(await ofMetadata(text)).toBe('fits');
    expect(await ofSdist(text)).toBe('fits');
  });

  it.each([
    ['another project', 'Name: victim\nVersion: 1.0\n\n', 'Name in the {} of the file says victim'],
    ['a project that only begins like it', 'Name: allowed-evil\nVersion: 1.0\n\n', 'Name in the {} of the file says allowed-evil'],
    ['another version', 'Name: allowed\nVersion: 1.0.1\n\n', 'Version in the {} of the file says 1.0.1'],
    ['no version', 'Name: allowed\n\nVersion: 1.0\n', 'the {} in its file has no Version'],
    ['no name', 'Version: 1.0\n', 'the {} in its file has no Name'],
    ['nothing', '', 'the {} in its file has no Name'],
    ['an encoded name', 'Name: =?utf-8?q?victim?=\nVersion: 1.0\n', 'Name in the {} of the file says =?utf-8?q?victim?='],
    ['two names', 'Name: allowed\nName: victim\nVersion: 1.0\n', 'more than one Name'],
    ['two names in other case', 'Name: allowed\nVersion: 1.0\nNAME : victim\n', 'more than one Name'],
    ['a name behind a vertical tab', 'Name: allowed\nVersion: 1.0\nSummary: x\vName: victim\n', 'more than one Name'],
    ['a name behind a bare carriage return', 'Name: allowed\nVersion: 1.0\nSummary: x\rName: victim\n', 'more than one Name'],
    ['a name behind U+2028', 'Name: allowed\nVersion: 1.0\nSummary: x\u2028Name: victim\n', 'more than one Name'],
    ['a name that goes on behind a form feed', 'Name: allowed\f\nVersion: 1.0\n', 'can be read in two ways'],
    ['a name that is folded', 'Name: allowed\n -evil\nVersion: 1.0\n', 'can be read in two ways'],
    ['a name that begins on the next line', 'Name:\n allowed\nVersion: 1.0\n', 'can be read in two ways'],
    ['a name behind what ends the head for some', 'Metadata-Version: 2.1\nodd\nName: allowed\nVersion: 1.0\n', 'can be read in two ways'],
    ['a byte order mark', '\uFEFFMetadata-Version: 2.1\nName: allowed\nVersion: 1.0\n', 'can be read in two ways'],
    ['a head that ends for some at two carriage returns', 'A: b\n\r\rName: allowed\nVersion: 1.0\n', 'can be read in two ways'],
  ])('is refused: %s', async (_, text, problem) => {
    expect(await ofMetadata(text)).toContain(problem.replace('{}', 'METADATA'));
    expect(await ofSdist(text)).toContain(problem.replace('{}', 'PKG-INFO'));
  });

  it('P9 is compared before the upstream gets the end of the upload', async () => {
    const file = tarGz([['allowed-1.0/PKG-INFO', metadata.replace('Name: allowed', 'Name: victim')]]);
    const parts = plainWith({}, sdist).map((part) => (part.name === 'content' ? { ...part, value: file } : part));
    const checked = await upload({ body: form(parts), settings: { checkMetadata: true } });
    expect(checked).toMatchObject({ kind: 'refused', when: 'rebuild', refusal: { code: 'body-mismatch' } });
    expect(checked.kind === 'refused' && checked.sent.toString('latin1').trimEnd().endsWith('--')).toBe(false);
    expect(await upload({ body: form(parts), settings: { checkMetadata: false } })).toMatchObject({ kind: 'rebuilt' });
  });

  const long = 3_000_000;
  it.each([
    ['spaces in a value', `Version: 1.0\nName: a${' '.repeat(long)}b\n`, 'Name in the METADATA'],
    ['spaces before a colon', `Version: 1.0\nName${' '.repeat(long)}:${' '.repeat(1000)}b\n`, 'Name in the METADATA'],
    ['spaces and no colon', `Version: 1.0\nName${' '.repeat(long)}b\n`, 'has no Name'],
    ['one long line', `${'a'.repeat(long)}\nName: allowed\nVersion: 1.0\n`, 'can be read in two ways'],
    ['line ends alone', '\r'.repeat(long), 'more than 50000 lines'],
    ['empty lines in a description', `Name: allowed\nVersion: 1.0\nDescription: x\n${' \n'.repeat(long / 2)}`, 'more than 50000 lines'],
  ])('beside DOS-13: %s cost neither time nor memory', async (_, text, problem) => {
    const before = process.memoryUsage().heapUsed;
    const began = performance.now();
    expect(await ofMetadata(text)).toContain(problem);
    // A square of the length would be hours.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('stands before what comes behind the file in the form', async () => {
    const parts = [...plainWith({}, sdist), ...fields(['description', 'x'])];
    expect(await upload({ body: form(parts), settings: { checkMetadata: true } })).toMatchObject({ refusal: { code: 'body-invalid' } });
  });

  it.each([
    ['is in no folder', ['PKG-INFO'], 'unusual path'],
    ['has another case', ['allowed-1.0/pkg-info'], 'unusual path'],
    ['is deeper', ['allowed-1.0/src/PKG-INFO'], 'has no PKG-INFO'],
    ['is there twice', ['allowed-1.0/PKG-INFO', 'allowed-1.0/PKG-INFO'], 'more than one PKG-INFO'],
    ['is there in two folders', ['allowed-1.0/PKG-INFO', 'other/PKG-INFO'], 'more than one PKG-INFO'],
  ])('of a source archive %s: refused', async (_, paths, problem) => {
    expect(await judged(sdist, tarGz(paths.map((path) => [path, metadata])))).toContain(problem);
  });

  it('of a source archive is the one beside its sources, not those of what it carries', async () => {
    const others = ['allowed-1.0/allowed.egg-info/PKG-INFO', 'allowed-1.0/vendored/victim-1.0/PKG-INFO'];
    const info = metadata.replace('allowed', 'victim');
    expect(await judged(sdist, tarGz([...others.map((path) => [path, info] as const), ['allowed-1.0/PKG-INFO', metadata]]))).toBe('fits');
  });
});

describe('PY-18 the zip of a wheel', () => {
  it.each([
    ['plain', zipOf(plain)],
    ['stored', zipOf(withMetadata({ method: 0 }))],
    ['with its directory in another order', zipOf(plain, { reversed: true })],
    ['with a large field, as Python writes it', zipOf(withMetadata({ method: 0, ...large(metadata) }))],
    ['with the large end', zipOf(plain, { large: () => undefined })],
    ['with times in extra fields', zipOf(withMetadata({ local: { extra: field(0x5455, 1, 2) }, central: { extra: field(0x5455, 1) } }))],
    ['with folders', zipOf([{ name: 'allowed-1.0.dist-info/' }, { name: 'allowed/' }, ...plain])],
    ['with the METADATA of what it carries', zipOf([{ name: 'allowed/_vendor/victim-1.0.dist-info/METADATA', content: 'x' }, ...plain])],
    ['with a file METADATA elsewhere', zipOf([{ name: 'allowed/METADATA', content: 'x' }, ...plain])],
    ['with names that differ in case', zipOf([{ name: 'include/A.h' }, { name: 'include/a.h' }, ...plain])],
  ])('%s is taken, wherever it is cut', async (_, bytes) => {
    expect(await ofWheel(bytes)).toBe('fits');
    expect(await judged(wheel, ...Array.from(bytes, (byte) => Buffer.from([byte])))).toBe('fits');
  });

  const twice = (again: string | Buffer): Member[] => [...plain, { name: again, content: metadata.replace('allowed', 'victim') }];
  const evil = zipOf(plain.map((member) => ({ ...member, content: member.name === name ? metadata.replace('allowed', 'victim') : 'x' })));
  it.each([
    ['is none', Buffer.from('the bytes of a distribution'), 'something between its files, or is none'],
    ['is empty', zipOf([]), 'no METADATA'],
    ['has no METADATA', zipOf(plain.filter((member) => member.name !== name)), 'no METADATA'],
    ['has a first zip in front', Buffer.concat([evil, zipOf(plain)]), 'bytes after its end'],
    ['has bytes in front', zipOf(plain, { before: Buffer.from('#!/bin/sh\n') }), 'something between its files'],
    ['has a second end behind', zipOf(plain, { after: zipOf([]) }), 'bytes after its end'],
    ['has one byte behind', zipOf(plain, { after: Buffer.from('x') }), 'bytes after its end'],
    ['has another zip as its comment', zipOf(plain, { comment: evil.toString('latin1') }), 'a comment at its end'],
    ['has a comment', zipOf(plain, { comment: 'x' }), 'a comment at its end'],
    ['has bytes between its files', zipOf(withMetadata({ before: Buffer.from('PK') })), 'something between its files'],
    ['has bytes before its directory', zipOf(plain, { beforeDirectory: Buffer.alloc(4) }), 'something between its files'],
    ['has bytes behind its directory', zipOf(plain, { afterDirectory: Buffer.from('PK\x05\x05\0\0') }), 'something between its files'],
    ['has one name twice', zipOf(twice(name)), 'two files of one name'],
    ['has one name twice, once with a dot', zipOf(twice(`./${name}`)), 'two files of one name'],
    ['has one name twice, once with two slashes', zipOf(twice(name.replace('/', '//'))), 'two files of one name'],
    ['has METADATA in other case', zipOf(twice(name.replace('METADATA', 'metadata'))), 'unusual path'],
    ['has METADATA. of Windows', zipOf(twice(`${name}.`)), 'unusual path'],
    ['has METADATA with a stream of NTFS', zipOf(twice(`${name}::$DATA`)), 'unusual path'],
    ['has METADATA behind a backslash', zipOf(twice(name.replace('/', '\\'))), 'a backslash or a control character'],
    ['has METADATA and a NUL', zipOf(twice(`${name}\0.txt`)), 'a backslash or a control character'],
    ['has a name that is not UTF-8', zipOf(twice(Buffer.from([0x61, 0xff]))), 'not UTF-8'],
    ['has a name twice by a second field', zipOf(withMetadata({ local: { extra: field(0x7075, 1) } })), 'names one file twice'],
    ['has a file outside of it', zipOf([{ name: 'a/../../b' }, ...plain]), 'outside its folder'],
    ['has an absolute file', zipOf([{ name: '/etc/passwd' }, ...plain]), 'outside its folder'],
    [
      'has a second .dist-info folder',
      zipOf([{ name: 'victim-1.0.dist-info/METADATA', content: metadata }, ...plain]),
      'folder of the wheel says victim-1.0.dist-info',
    ],
    [
      'has its .dist-info folder in two spellings',
      zipOf([{ name: 'Allowed-1.0.dist-info/WHEEL' }, ...plain]),
      'more than one .dist-info folder',
    ],
    [
      'has the .dist-info folder of another',
      zipOf([{ name: 'victim-1.0.dist-info/METADATA', content: metadata }]),
      'folder of the wheel says victim-1.0.dist-info',
    ],
    [
      'has the .dist-info folder of another version',
      zipOf([{ name: 'allowed-1.1.dist-info/METADATA', content: metadata }]),
      'folder of the wheel says allowed-1.1.dist-info',
    ],
    [
      'has a file in the place of that folder',
      zipOf([{ name: 'allowed-1.0.dist-info' }, ...plain]),
      'in the place of its .dist-info folder',
    ],
    ['has a link', zipOf(withMetadata({ mode: 0o120777 })), 'a symbolic link'],
    ['is encrypted', zipOf(withMetadata({ flags: 1 })), 'encrypted'],
    ['has a file whose size follows', zipOf(withMetadata({ flags: 8 })), 'a data descriptor'],
    ['has a file in the directory alone', zipOf([...plain, { name: 'b', only: 'central' }]), 'does not fit its files'],
    ['has a file that its directory hides', zipOf([...plain, { name: 'b', only: 'local' }]), 'does not fit its files'],
    ['has another name in its directory', zipOf([...plain, { name: 'b', central: { name: Buffer.from('c') } }]), 'does not fit its files'],
    [
      'has another coding of a name in its directory',
      zipOf([...plain, { name: 'ä', central: { flags: 0x800 } }]),
      'does not fit its files',
    ],
    ['has another size in its directory', zipOf([...plain, { name: 'b', central: { size: 1, packed: 1 } }]), 'does not fit its files'],
    ['has another checksum in its directory', zipOf(withMetadata({ central: { crc: 1 } })), 'does not fit its files'],
    ['has another packing in its directory', zipOf(withMetadata({ central: { method: 0 } })), 'does not fit its files'],
    ['has another place in its directory', zipOf(withMetadata({ offset: 0 })), 'does not fit its files'],
    [
      'lists a file twice in place of another',
      zipOf([{ name: 'b' }, { name: 'c', central: { name: Buffer.from('b') }, offset: 0 }, ...plain]),
      'does not fit its files',
    ],
    ['has a comment at a file', zipOf(withMetadata({ central: { comment: Buffer.from('x') } })), 'a comment at a file'],
    ['counts its files wrong', zipOf(plain, { entries: 2 }), 'an end that does not fit'],
    ['measures its directory wrong', zipOf(plain, { length: 1 }), 'an end that does not fit'],
    ['has its directory elsewhere', zipOf(plain, { offset: 0 }), 'an end that does not fit'],
    ['has two large fields', zipOf(withMetadata({ local: { extra: Buffer.concat([field(1, 1, 1), field(1, 2, 2)]) } })), 'two sizes'],
    ['has a large field beside sizes that it denies', zipOf(withMetadata({ local: { extra: field(1, 1, 1) } })), 'two sizes'],
    [
      'has a large field for one size alone',
      zipOf(withMetadata({ method: 0, local: { size: 0xffff_ffff, extra: field(1, metadata.length, 1) } })),
      'two sizes',
    ],
    ['has a large field of its directory with a number too many', zipOf(withMetadata({ central: { extra: field(1, 1) } })), 'two sizes'],
    ['lacks a large field', zipOf(withMetadata({ local: { size: 0xffff_ffff } })), 'two sizes'],
    ['has a malformed extra field', zipOf(withMetadata({ local: { extra: Buffer.from([1, 0, 9]) } })), 'malformed extra field'],
    [
      'has a large end of another length',
      zipOf(plain, { large: (record) => void record.writeBigUInt64LE(45n, 4) }),
      'an end that does not fit',
    ],
    [
      'has a large end for another directory',
      zipOf(plain, { large: (record) => void record.writeBigUInt64LE(1n, 48) }),
      'an end that does not fit',
    ],
    [
      'has a large end elsewhere',
      zipOf(plain, { large: (_, locator) => void locator.writeBigUInt64LE(1n, 8) }),
      'an end that does not fit',
    ],
    ['has sizes beyond all numbers', zipOf(plain, { large: (record) => record.fill(0xff, 24) }), 'larger than any disk'],
    ['has METADATA of other bytes', zipOf(withMetadata({ says: { crc: 1 } })), 'METADATA in its wheel is damaged'],
    [
      'has METADATA that goes on behind its size',
      zipOf(withMetadata({ packed: deflateRawSync(`${metadata}Name: victim\n`) })),
      'METADATA in its wheel is damaged',
    ],
    [
      'has METADATA that is a bomb',
      zipOf(withMetadata({ packed: deflateRawSync(Buffer.alloc(3_000_000)) })),
      'METADATA in its wheel is damaged',
    ],
    [
      'has METADATA too large to read',
      zipOf(withMetadata({ content: metadata + 'x'.repeat(5_000_000) })),
      'The METADATA in the wheel is larger than',
    ],
    ['has METADATA packed in another way', zipOf(withMetadata({ method: 14 })), 'packed in an unusual way'],
    ['has a stored file of two sizes', zipOf([...plain, { name: 'b', content: 'x', says: { size: 2 } }]), 'two sizes'],
    ['has a folder with contents', zipOf([...plain, { name: 'b/', content: 'x' }]), 'two sizes'],
    ['is cut', zipOf(plain).subarray(0, -1), 'cut short'],
    ['is a tar', tarGz([[name, metadata]]), 'something between its files'],
  ])('that %s is refused', async (_, bytes, problem) => {
    expect(await ofWheel(bytes)).toContain(problem);
  });

  it('that is cut anywhere is refused', async () => {
    const bytes = zipOf(plain);
    for (let at = 0; at < bytes.length; at += 1) expect(await ofWheel(bytes.subarray(0, at))).not.toBe('fits');
  });

  it('is not unpacked but for its METADATA: a bomb costs nothing, a million files are too many', async () => {
    const bomb = { name: 'zeros', method: 8, packed: deflateRawSync(Buffer.alloc(10_000_000)), says: { crc: 0, size: 0xffff_fffe } };
    expect(await ofWheel(zipOf([bomb, ...plain]))).toBe('fits');
    const one = zipOf([{ name: '000000' }]);
    const many = Array.from({ length: 100_001 }, (_, index) => {
      const record = Buffer.from(one.subarray(0, 36));
      record.write(String(index).padStart(6, '0'), 30);
      return record;
    });
    expect(await judged(wheel, Buffer.concat(many.slice(0, -1)))).toContain('cut short');
    expect(await judged(wheel, Buffer.concat(many))).toContain('more than 100000 files');
  });
});
