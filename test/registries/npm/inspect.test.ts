import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isChange } from '../../../src/registries/registry.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import {
  accepted,
  changed,
  incoming,
  inspect,
  manifest,
  name,
  publish,
  rebuiltBody,
  refusalOf,
  registry,
  tarball,
  version,
  without,
  type Change,
  type Draft,
  type Sent,
} from './publishing.ts';

const document = JSON.stringify(publish());

describe('an npm publish as clients send it', () => {
  it('is accepted, and says what it is', async () => {
    const upload = await accepted(document);
    expect(upload).toMatchObject({ name, version, file: 'widget-1.0.0.tgz', tags: ['latest'] });
    expect(upload.request).toMatchObject({ method: 'PUT', path: '@acme%2fwidget', headers: { 'content-type': 'application/json' } });
  });

  it.each<[string, Change]>([
    ['without `_id` (NPM-03)', (d) => without(d, '_id')],
    ['with attachments first, as Yarn sends it (NPM-30)', (d) => Object.assign(d, reversed(d))],
    [
      'with a tarball URL of another host, which yarn 1 sends (npm.md E row 8)',
      (_d, { dist }) => (dist['tarball'] = 'https://other.test/x.tgz'),
    ],
    ['with a tarball URL that is no URL (npm.md E row 9)', (_d, { dist }) => (dist['tarball'] = 5)],
    ['without `dist` (npm.md E row 12)', (_d, { manifest }) => without(manifest, 'dist')],
    [
      'with a provenance bundle, which is left out (NPM-29, npm.md E row 14)',
      (d) =>
        (d._attachments[`${name}-${version}.sigstore`] = {
          content_type: 'application/vnd.dev.sigstore.bundle+json;version=0.2',
          data: '{"mediaType":"x"}',
          length: 17,
        }),
    ],
    ['with `access` restricted', (d) => (d['access'] = 'restricted')],
    [
      'with the extra keys of bun (NPM-30)',
      (_d, { manifest }) => Object.assign(manifest, { _integrity: 'x', integrity: 'x', shasum: 'x' }),
    ],
    ['with U+2028 in its description', (d) => (d['description'] = 'a\u2028b')],
  ])('is accepted %s', async (_, change) => {
    const upload = await accepted(changed(change));
    const body = JSON.parse((await rebuiltBody(upload)).toString());
    expect(body.versions[version].dist.tarball).toBe('https://npm.acme.test/@acme/widget/-/widget-1.0.0.tgz');
    expect(Object.keys(body._attachments)).toEqual([`${name}-${version}.tgz`]);
  });
});

function reversed(d: Draft): object {
  const entries = Object.entries(d).toReversed();
  without(d, ...Object.keys(d));
  return Object.fromEntries(entries);
}

describe('an npm publish that names something else', () => {
  it.each<[string, Change, string]>([
    ['NPM-02, npm.md E row 1: another name at the top', (d) => (d['name'] = '@acme/victim'), 'body-mismatch'],
    ['NPM-03, npm.md E row 2: another `_id`', (d) => (d['_id'] = '@acme/victim'), 'body-mismatch'],
    ['NPM-13, npm.md E row 3: another name in the version', (_d, { manifest }) => (manifest['name'] = '@acme/victim'), 'body-mismatch'],
    ['npm.md E row 3: another `_id` in the version', (_d, { manifest }) => (manifest['_id'] = '@acme/victim@1.0.0'), 'body-mismatch'],
    ['NPM-13, npm.md E row 4: another version in the version', (_d, { manifest }) => (manifest['version'] = '2.0.0'), 'body-mismatch'],
    ['NPM-11: a list as name', (d) => (d['name'] = [name]), 'body-mismatch'],
    ['NPM-11: an object as name', (d) => (d['name'] = { toString: name }), 'body-mismatch'],
    ['NPM-11: no name', (d) => without(d, 'name'), 'body-mismatch'],
    ['NPM-09: a byte order mark before the name', (d) => (d['name'] = `\ufeff${name}`), 'body-mismatch'],
    ['NPM-27: the scope in upper case', (d) => (d['name'] = '@ACME/widget'), 'body-mismatch'],
    ['NPM-28: a look-alike scope', (d) => (d['name'] = '@\u0430cme/widget'), 'body-mismatch'],
    ['npm.md E row 7: a case variant of `name`, which Go reads', (d) => (d['NAME'] = '@acme/victim'), 'body-invalid'],
    ['npm.md E row 7: a variant of `versions` by Unicode folding, which Go reads', (d) => (d['ver\u017fions'] = {}), 'body-invalid'],
    [
      'npm.md D: a case variant of `name` in the version, which Gitea reads',
      (_d, { manifest }) => (manifest['Name'] = '@acme/victim'),
      'body-invalid',
    ],
    ['NPM-10: constructor at the top', (d) => Object.assign(d, { constructor: { name: 'x' } }), 'body-invalid'],
    ['NPM-10: toJSON at the top', (d) => (d['toJSON'] = 'x'), 'body-invalid'],
  ])('is refused: %s', async (_, change, code) => {
    expect((await refusalOf(changed(change))).code).toBe(code);
  });

  it.each([
    ['victim-1.0.0.tgz'],
    ['../x.tgz'],
    ['../../escape.tgz'],
    ['@acme/victim-1.0.0.tgz'],
    ['@acme/widget-2.0.0.tgz'],
    ['a/b/@acme/widget-1.0.0.tgz'],
    ['@acme/widget-1.0.0.tgz\u0000'],
    ['widget-1.0.0.tgz'],
    ['noext'],
    ['package.json'],
    ['..'],
    [''],
  ])('is refused: attachment %j (NPM-14, npm.md E rows 5 and 6)', async (key) => {
    const refusal = await refusalOf(changed((d, { attachment }) => (d._attachments = { [key]: attachment })));
    expect(refusal.code).toBe('body-mismatch');
  });

  it.each([['v1.0.0'], ['1.0.0+b'], [' 1.0.0'], ['1.0.0 '], ['01.0.0'], ['not-semver'], [`1.0.0-${'a'.repeat(300)}`]])(
    'is refused: version key %j (NPM-13, npm.md E row 4)',
    async (key) => {
      const refusal = await refusalOf(changed((d, { manifest }) => (d.versions = { [key]: { ...manifest, version: key } })));
      expect(refusal.code).toBe('body-invalid');
    },
  );
});

describe('an npm write of another shape', () => {
  it.each<[string, Change, string]>([
    ['NPM-12, npm.md E row 13: two versions', (d) => (d.versions['1.0.1'] = { name, version: '1.0.1' }), 'exactly one'],
    ['NPM-12: no versions', (d) => (d.versions = {}), 'exactly one'],
    ['NPM-12: two tarballs', (d) => (d._attachments['other-1.0.0.tgz'] = { data: 'AAAA' }), 'more than one tarball'],
    ['NPM-12: a tarball without data', (d) => (d._attachments[`${name}-${version}.tgz`] = {}), 'no text'],
    ['npm.md E row 10: a text as version', (d) => (d.versions[version] = 'x'), 'no JSON object'],
    ['npm.md E row 10: a list as version', (d) => (d.versions[version] = []), 'no JSON object'],
    ['npm.md E row 10: null as version', (d) => (d.versions[version] = null), 'no JSON object'],
    ['npm.md E row 15: no attachments', (d) => without(d, '_attachments'), 'may not change or unpublish versions'],
    [
      'npm.md E row 19: deprecated in a publish',
      (_d, { manifest }) => (manifest['deprecated'] = 'old'),
      'may not deprecate what it publishes',
    ],
    [
      'NPM-19, npm.md E row 25: starring',
      (d) => {
        without(d, 'versions', '_attachments');
        d['users'] = { bot: true };
      },
      'may not star packages',
    ],
    [
      'changing owners',
      (d) => {
        without(d, 'versions', '_attachments');
        d['maintainers'] = [{ name: 'eve' }];
      },
      'may not change owners',
    ],
    ['an unknown access', (d) => (d['access'] = 'everyone'), '`access`'],
  ])('is refused with a sentence that says so: %s', async (_, change, sentence) => {
    expect((await refusalOf(changed(change))).message).toContain(sentence);
  });

  it.each<[string, unknown]>([
    ['another version', { latest: '0.9.0' }],
    ['null', { latest: version, old: null }],
    ['a version as name', { '1.0.0': version }],
    ['a range as name', { '>=1': version }],
    ['an x-range as name', { x: version }],
    ['300 characters', { ['t'.repeat(300)]: version }],
    ['a reserved word', { constructor: version }],
    ['a path', { 'a/b': version }],
  ])('is refused: a dist-tag with %s (NPM-17, npm.md E row 16)', async (_, tags) => {
    expect((await refusalOf(changed((d) => (d['dist-tags'] = tags)))).code).toBe('upload-dist-tag');
  });

  it('is refused without any dist-tag (NPM-17)', async () => {
    expect((await refusalOf(changed((d) => (d['dist-tags'] = {})))).code).toBe('body-invalid');
  });
});

describe('neighbours of what an npm publish says it is', () => {
  const top =
    (key: string, value: unknown): Change =>
    (d) =>
      (d[key] = value);
  const inVersion =
    (key: string, value: unknown): Change =>
    (_d, { manifest }) =>
      (manifest[key] = value);
  const inDist =
    (key: string, value: unknown): Change =>
    (_d, { dist }) =>
      (dist[key] = value);
  const asLength =
    (value: unknown): Change =>
    (_d, { attachment }) =>
      (attachment['length'] = value);
  const tag = (tag: string): [string, Change] => [
    `NPM-17: the dist-tag ${JSON.stringify(tag.slice(0, 30))}`,
    (d) => (d['dist-tags'] = { [tag]: version }),
  ];
  const versionKey = (key: string): [string, Change] => [
    `NPM-13: the version ${JSON.stringify(key.slice(0, 30))}`,
    (d, { manifest }) => (d.versions = { [key]: { ...manifest, version: key } }),
  ];
  const key = (of: string): [string, Change] => [
    `NPM-14: the attachment ${JSON.stringify(of)}`,
    (d, { attachment }) => (d._attachments = { [of]: attachment }),
  ];
  const other = '@acme/victim';
  it.each<[string, Change]>([
    ...[
      `${name} `,
      ` ${name}`,
      `${name}\0`,
      name.toUpperCase(),
      name.replace('/', '%2f'),
      name.slice(1),
      'widget',
      `${name}/`,
      `/${name}`,
      `${name}@${version}`,
      '@\u0430cme/widget',
      'npm:@acme/widget',
      '',
    ].map((text): [string, Change] => [`NPM-02: the name ${JSON.stringify(text)}`, top('name', text)]),
    ...[null, '', 5, [], {}, `${name}@${version}`, name.toUpperCase(), [name]].map((value): [string, Change] => [
      `NPM-03: _id ${JSON.stringify(value)}`,
      top('_id', value),
    ]),
    ...[null, '', [name], { name }, other].map((value): [string, Change] => [
      `NPM-04: the name of the version ${JSON.stringify(value)}`,
      inVersion('name', value),
    ]),
    ...[null, '', other, name, `${name}@1.0.1`, `${other}@${version}`].map((value): [string, Change] => [
      `NPM-04: _id of the version ${JSON.stringify(value)}`,
      inVersion('_id', value),
    ]),
    ...[
      'Name',
      'NAME',
      '_Id',
      'Versions',
      'Dist-Tags',
      '_Attachments',
      'Access',
      '_Rev',
      'Readme',
      'acce\u017fs',
      '_rev'.toUpperCase(),
    ].map((text): [string, Change] => [`NPM-10: the key ${text} at the top`, top(text, other)]),
    ...['Name', 'Version', 'Dist', 'Deprecated', 'ver\u017fion', 'di\u017ft'].map((text): [string, Change] => [
      `NPM-10: the key ${text} in the version`,
      inVersion(text, other),
    ]),
    ...['constructor', 'prototype', 'toJSON'].map((text): [string, Change] => [`NPM-10: the key ${text} at the top`, top(text, {})]),
    ...[['a'], 'a', 1, null, true].map((value): [string, Change] => [`NPM-12: versions ${JSON.stringify(value)}`, top('versions', value)]),
    ...[['a'], 'a', 1, null, [{}]].map((value): [string, Change] => [
      `NPM-12: _attachments ${JSON.stringify(value)}`,
      top('_attachments', value),
    ]),
    ...[[1], 'text', null, true].map((value): [string, Change] => [
      `NPM-12: the attachment is ${JSON.stringify(value)}`,
      (d) => (d._attachments = { [`${name}-${version}.tgz`]: value }),
    ]),
    ...[5, null, ['AAAA'], {}, true].map((value): [string, Change] => [
      `NPM-16: data that is ${JSON.stringify(value)}`,
      (_d, { attachment }) => (attachment['data'] = value),
    ]),
    ...[
      '1',
      '1.0',
      '1.0.0.0',
      '1.x',
      '*',
      'latest',
      '^1.0.0',
      '>=1.0.0',
      '1.0.0 || 2.0.0',
      '1.0.0 - 2.0.0',
      'V1.0.0',
      '=1.0.0',
      '1.0.0-',
      '1.0.0+',
      '1.0.0-01',
      '1.0.0-a..b',
      '1.0.0-\u0430',
      '1.0.0\n',
      '1.0.0\0',
      '\uff11.0.0',
      '1.0.0-a+b',
      '99999999999999999999.0.0',
      '1.0.0/../2.0.0',
      '..',
      'constructor',
      'toString',
      '1e0.0.0',
      '0x1.0.0',
      '-1.0.0',
      '1.0.0-\u00e9',
    ].map(versionKey),
    ...[
      '1',
      '1.0',
      '1.0.0',
      'v1',
      '01',
      '1.0.0beta',
      'v01.2',
      '1.x',
      'x',
      'X',
      '*',
      '~1',
      '^1',
      '>1',
      '1 - 2',
      '1||2',
      'latest ',
      ' latest',
      'la test',
      'latest/',
      '../latest',
      'latest%2f',
      'l\u0430test',
      '',
      '.',
      '..',
      '-x',
      '_x',
      '.x',
      '@x',
      'a@b',
      'a:b',
      'a,b',
      'a;b',
      'a?b',
      'a#b',
      'a\\b',
      'a"b',
      "a'b",
      'a<b',
      'a\nb',
      'constructor',
      'prototype',
      'toString',
      'valueOf',
      'hasOwnProperty',
      'toLocaleString',
      'isPrototypeOf',
      'propertyIsEnumerable',
      't'.repeat(129),
    ].map(tag),
    ...[['latest'], 'latest', 5, null, true, []].map((value): [string, Change] => [
      `NPM-17: dist-tags ${JSON.stringify(value)}`,
      top('dist-tags', value),
    ]),
    ...[[version], { version }, 1, true, '', 'latest', `v${version}`, `${version} `, `${version}-rc.1`].map((value): [string, Change] => [
      `NPM-17: latest is ${JSON.stringify(value)}`,
      top('dist-tags', { latest: value }),
    ]),
    [
      'NPM-17: seventeen tags',
      (d) => (d['dist-tags'] = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${'abcdefghijklmnopq'[i]}`, version]))),
    ],
    ...[null, false, '', 'old', {}, []].map((value): [string, Change] => [
      `NPM-18: deprecated ${JSON.stringify(value)}`,
      inVersion('deprecated', value),
    ]),
    [
      'NPM-19: users without versions',
      (d) => {
        without(d, 'versions');
        d['users'] = {};
      },
    ],
    ...[
      `${name}-${version}.tgz `,
      `${name}-${version}.TGZ`,
      `${name}-${version}.tar.gz`,
      `${name}-${version}`,
      `${name}_${version}.tgz`,
      `${name}-v${version}.tgz`,
      `./${name}-${version}.tgz`,
      `widget-${version}.tgz`,
      `@acme%2fwidget-${version}.tgz`,
      `${name}-${version}.tgz/x`,
      `${name}-${version}.tgz?x`,
      `${name}-1.0.00.tgz`,
      `${name}-${version}-1.tgz`,
      `${name}-${version}.sigstore.tgz`,
      `${name}-2.0.0.sigstore`,
      `${other}-${version}.sigstore`,
    ].map(key),
    ...[-1, 0, 1.5, '300', null, true, 1e300, [300], {}, ''].map((value): [string, Change] => [
      `NPM-15: the length ${JSON.stringify(value)}`,
      asLength(value),
    ]),
    ...['', null, [], {}, 5, 'sha512-', 'sha512', 'md5-AAAA', 'sha256-AAAA', 'sha384-AAAA', 'SHA512-AAAA'].map(
      (value): [string, Change] => [`NPM-15: the integrity ${JSON.stringify(value)}`, inDist('integrity', value)],
    ),
    ['NPM-15: two integrities, one of them right', (_d, { dist }) => (dist['integrity'] = `${String(dist['integrity'])} sha512-AAAA`)],
    ['NPM-15: an integrity with an option', (_d, { dist }) => (dist['integrity'] = `${String(dist['integrity'])}?x`)],
    ['NPM-15: an integrity without padding', (_d, { dist }) => (dist['integrity'] = String(dist['integrity']).replace(/=+$/, ''))],
    [
      'NPM-15: an integrity in URL-safe base64',
      (_d, { dist }) => (dist['integrity'] = `sha512-${Buffer.from(String(dist['integrity']).slice(7), 'base64').toString('base64url')}`),
    ],
    ['NPM-15: a shasum in upper case', (_d, { dist }) => (dist['shasum'] = String(dist['shasum']).toUpperCase())],
    ...['', null, [], 5, '0'.repeat(39), 'x'.repeat(40)].map((value): [string, Change] => [
      `NPM-15: the shasum ${JSON.stringify(value)}`,
      inDist('shasum', value),
    ]),
    ...['Public', '', 'private', 5, [], {}, true].map((value): [string, Change] => [
      `NPM-30: access ${JSON.stringify(value)}`,
      top('access', value),
    ]),
  ])('beside %s: refused', async (_, change) => {
    expect((await refusalOf(changed(change))).status).toBeGreaterThanOrEqual(400);
  });

  it.each<[string, Change]>([
    ['npm.md E35: a tarball at the top, too', top('tarball', 'x')],
    ['npm.md E34: a list of versions published before', top('time', { [version]: '1999-01-01' })],
    ['npm.md E34: attestations', inDist('attestations', { url: 'https://evil.example' })],
    ['npm.md E34: npm-signature', inDist('npm-signature', 'forged')],
    ['npm.md E34: fileCount and unpackedSize', inDist('unpackedSize', 1)],
    ['npm.md E34: _npmUser at the top', top('_npmUser', { name: 'forged' })],
    ['npm.md E34: _npmOperationalInternal', inVersion('_npmOperationalInternal', { host: 'forged' })],
    ['npm.md E34: a revision', top('_rev', '1-forged')],
    ['npm.md E34: hasInstallScript', inVersion('hasInstallScript', false)],
    ['npm.md E34: _hasInstallScript', inVersion('_hasInstallScript', false)],
  ])('beside %s: left out', async (_, change) => {
    const before = JSON.parse((await rebuiltBody(await accepted(document))).toString()) as object;
    expect(JSON.parse((await rebuiltBody(await accepted(changed(change)))).toString())).toEqual(before);
  });
});

describe('the declared type and size of an npm publish', () => {
  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/json;charset=UTF-8'],
    ['application/json; charset="utf-8"'],
    ['Application/JSON'],
  ])('accepts %s (NPM-06)', async (type) => {
    expect((await accepted(document, { headers: { 'content-type': type } })).version).toBe(version);
  });

  it.each([
    ['application/json; charset=utf-7'],
    ['application/json; charset=utf-16le'],
    ['application/json; charset=utf-32'],
    ['application/json; charset=latin1'],
    ['application/json; charset=utf-8; charset=utf-7'],
    ['application/vnd.npm.install-v1+json'],
    ['text/json'],
    ['application/json;'],
    ['application/json, application/json'],
    ['application/json, multipart/form-data; boundary=B'],
  ])('refuses %s (NPM-05, NPM-06, NPM-08, npm.md E row 32)', async (type) => {
    expect((await refusalOf(document, { headers: { 'content-type': type } })).code).toBe('body-type');
  });

  it.each([
    '',
    'application/json;;',
    'application/json; charset',
    'application/json; charset=',
    "application/json; charset='utf-8'",
    'application/json; charset=utf8',
    'application/json; charset=utf-8;',
    'application/json; charset=utf-8; q=1',
    'application/json; charset="utf-\\8"',
    'application/json; charset*=utf-8',
    'application/json; charset=UTF-8-MAC',
    'application/json; version=1',
    'application/json;\tx=y',
    'application/json5',
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/x-ndjson',
    'application/json+utf-7',
    'application/*',
    '*/json',
    'json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=B',
    'multipart/mixed; boundary=B',
    'application/octet-stream',
    ' application/json',
    'application /json',
  ])('beside NPM-08: refuses the type %s', async (type) => {
    expect((await refusalOf(document, { headers: { 'content-type': type } })).code).toBe('body-type');
  });

  it.each(['GZIP', 'zstd', 'compress', 'aws-chunked', 'identity;q=1', 'identity,', '"gzip"', 'x-identity', 'gzip '])(
    'beside NPM-07: refuses Content-Encoding %s',
    async (encoding) => {
      expect((await refusalOf(document, { headers: { 'content-encoding': encoding } })).code).toBe('body-encoding');
    },
  );

  it.each([['gzip'], ['deflate'], ['br'], ['x-gzip'], ['gzip, gzip'], ['identity, gzip']])(
    'refuses Content-Encoding %s (NPM-07, npm.md E row 31)',
    async (encoding) => {
      expect((await refusalOf(document, { headers: { 'content-encoding': encoding } })).code).toBe('body-encoding');
    },
  );

  it('accepts Content-Encoding identity (NPM-07)', async () => {
    expect((await accepted(document, { headers: { 'content-encoding': 'identity' } })).version).toBe(version);
  });

  it('refuses an announced length over the limit before it reads a byte (npm.md E row 37, DOS-07)', async () => {
    const unread: Sent = { headers: { 'content-length': '1001' }, registry: registry({ maxUpload: 1000 }) };
    expect((await refusalOf('', unread)).code).toBe('body-too-large');
  });

  it('refuses a body over the limit that announced nothing (DOS-07)', async () => {
    expect((await refusalOf(document, { registry: registry({ maxUpload: 500 }), chunk: 10 })).code).toBe('body-too-large');
  });

  it('refuses a body shorter than announced', async () => {
    expect((await refusalOf(document, { headers: { 'content-length': String(document.length + 1) } })).code).toBe('body-incomplete');
  });
});

describe('the digests of an npm publish (NPM-15, npm.md E row 12)', () => {
  it.each<[string, Change, string]>([
    ['integrity', (_d, { dist }) => (dist['integrity'] = `sha512-${'A'.repeat(86)}==`), 'body-digest'],
    ['an integrity of another kind', (_d, { dist }) => (dist['integrity'] = 'sha1-AAAA'), 'body-digest'],
    ['shasum', (_d, { dist }) => (dist['shasum'] = '0'.repeat(40)), 'body-digest'],
    ['length', (_d, { attachment }) => (attachment['length'] = 1), 'body-mismatch'],
  ])('refuses a wrong %s', async (_, change, code) => {
    expect((await refusalOf(changed(change))).code).toBe(code);
  });
});

describe('the verdict on an npm publish', () => {
  const refusedDocument = changed((_d, { manifest }) => (manifest['name'] = '@acme/victim'));

  it('is the same wherever the body is cut into chunks (NPM-31)', async () => {
    const whole = await rebuiltBody(await accepted(document));
    const others: number[] = [];
    for (let size = 1; size < document.length; size += 1) {
      const body = await rebuiltBody(await accepted(document, { chunk: size }));
      if (!body.equals(whole)) others.push(size);
    }
    expect(others).toEqual([]);
  });

  it('is the same refusal wherever the body is cut into chunks', async () => {
    const codes = new Set<string>();
    for (let size = 1; size < refusedDocument.length; size += 7) codes.add((await refusalOf(refusedDocument, { chunk: size })).code);
    expect([...codes]).toEqual(['body-mismatch']);
  });

  it('is a refusal for every body cut short (P9)', async () => {
    const taken: number[] = [];
    for (let length = 0; length < document.length; length += 1)
      if (!isRefusal(await inspect(document.slice(0, length)))) taken.push(length);
    expect(taken).toEqual([]);
  });
});

describe('memory for a large npm upload', () => {
  it('stays within twice the document (DOS-07)', async () => {
    const file = tarball([manifest(), { path: 'package/random', content: randomBytes(24 * 1024 * 1024) }]);
    const [before = '', after = ''] = JSON.stringify(publish((_d, { attachment }) => (attachment['data'] = '*'), file)).split('*');
    const text = 4 * Math.ceil(file.length / 3);
    const start = process.memoryUsage().rss;
    let peak = start;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(before);
      for (let at = 0; at < file.length; at += 48 * 1024) {
        peak = Math.max(peak, process.memoryUsage().rss);
        yield Buffer.from(file.subarray(at, at + 48 * 1024).toString('base64'));
      }
      yield Buffer.from(after);
    }
    const result = await npm.inspect({ ...incoming(''), body: body() });
    if (isRefusal(result) || isChange(result)) throw new Error('it is no upload');
    for await (const piece of result.rebuild()) peak = Math.max(peak, process.memoryUsage().rss - piece.length);
    expect(peak - start).toBeLessThan(2 * text);
  });
});
