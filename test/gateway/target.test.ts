import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinUpstream, readTarget } from '../../src/gateway/target.ts';

const accepted = (url: string): boolean => 'path' in readTarget(url);

describe('readTarget', () => {
  it.each([
    ['PTH-01 the npm form of a scoped name', '/@acme%2fallowed'],
    ['PTH-02 its upper-case form', '/@acme%2Fallowed'],
    ['PTH-02 its plain form', '/@acme/allowed'],
    ['PTH-02 a scope with an encoded @', '/%40acme%2fallowed'],
    ['the root', '/'],
    ['a search', '/-/v1/search?text=%40acme%20ui&size=20'],
    ['a tarball', '/@acme/ui/-/ui-1.0.0.tgz'],
    ["devpi's simple index", '/acme/prod/+simple/acme-ui/'],
    ["devpi's files", '/acme/prod/+f/abc/0123456789abc/acme_ui-1.0.0-py3-none-any.whl'],
    ['a local version', '/packages/acme-1.0%2Blocal.tar.gz'],
    ['a local version with a bare plus', '/packages/acme-1.0+local.tar.gz'],
    ['an epoch and old names', "/packages/1!2.0/~tilde/it's(old)*"],
    ['write=true', '/@acme%2fui?write=true'],
    ['dots that are no dot segments', '/.../a..b/.well-known'],
    ['a query with slashes and dots', '/x?next=/a/../b//c'],
  ])('accepts %s as it is', (_, url) => {
    const [path, query = ''] = url.split('?');
    expect(readTarget(url)).toEqual({ path, query });
  });

  it.each([
    ['PTH-03 double encoding', '/@acme%252fallowed'],
    ['PTH-03 triple encoding', '/@acme%25252fallowed'],
    ['PTH-04 dot segments', '/@acme%2fallowed/../@acme%2fvictim'],
    ['PTH-04 encoded dots', '/a/%2e%2e/b'],
    ['PTH-04 half encoded dots', '/a/.%2E/b'],
    ['PTH-06 dot segments behind encoded slashes', '/@acme%2fallowed%2f..%2f@acme%2fvictim'],
    ['PTH-07 backslashes', '/@acme%2fallowed\\..\\@acme%2fvictim'],
    ['PTH-07 encoded backslashes', '/a%5c..%5cb'],
    ['PTH-08 matrix parameters', '/allowed;x=1'],
    ['PTH-08 encoded matrix parameters', '/allowed%3b'],
    ['PTH-08 matrix parameters before dots', '/@acme%2fallowed;/../victim'],
    ['PTH-09 two slashes at the front', '//@acme%2fallowed'],
    ['PTH-09 three slashes', '///'],
    ['PTH-09 two slashes inside', '/@acme//allowed'],
    ['PTH-09 two slashes, one encoded', '/@acme%2f/allowed'],
    ['PTH-09 two slashes, the other encoded', '/@acme/%2fallowed'],
    ['PTH-09 a single dot', '/./@acme'],
    ['PTH-09 a dot at the end', '/a/.'],
    ['PTH-09 two dots at the end', '/a/..'],
    ['PTH-10 a fragment', '/@acme%2fallowed#/../x'],
    ['PTH-10 an encoded fragment', '/a%23b'],
    ['PTH-10 a fragment in the query', '/a?b#c'],
    ['PTH-11 an encoded question mark', '/a%3fwrite=true'],
    ['PTH-12 NUL', '/a%00b'],
    ['PTH-12 a line feed', '/a%0ab'],
    ['PTH-12 a header line', '/a%0d%0aHost:x'],
    ['PTH-12 a tab', '/a%09b'],
    ['PTH-12 a space', '/a%20b'],
    ['PTH-12 DEL', '/a%7fb'],
    ['PTH-13 overlong dots', '/%c0%ae%c0%ae/x'],
    ['PTH-13 an overlong slash', '/a%e0%80%afb'],
    ['PTH-13 a byte that is no UTF-8', '/a%ffb'],
    ['PTH-13 a lone surrogate', '/a%ed%a0%80'],
    ['PTH-15 a needlessly encoded letter', '/%61llowed'],
    ['PTH-15 a needlessly encoded tilde', '/%7euser'],
    ['PTH-16 a full-width slash', '/a%ef%bc%8fb'],
    ['PTH-16 a division slash', '/a%e2%88%95b'],
    ['PTH-19 raw UTF-8', '/caf\u00e9'],
    ['PTH-19 a raw NUL', '/a\u0000b'],
    ['PTH-19 a raw space', '/a b'],
    ['PTH-19 no slash', '@acme/allowed'],
    ['PTH-19 nothing', ''],
    ['PTH-20 16 KB', `/${'a'.repeat(16_384)}`],
    ['PTH-20 4,096 segments', '/a'.repeat(4096)],
    ['SMG-28 absolute-form', 'http://evil.example/x'],
    ['SMG-29 asterisk-form', '*'],
    ['a broken %XX', '/a%2'],
    ['a broken %XX with other digits', '/a%zzb'],
    ['an encoded pipe', '/a%7cb'],
    ['a raw quote', '/a"b'],
    ['non-ASCII in the query', '/a?b=\u00e9'],
    ['a space in the query', '/a?b c'],
    ['a long query', `/a?${'b'.repeat(5000)}`],
  ])('refuses %s', (_, url) => {
    expect(readTarget(url)).toMatchObject({ code: 'request-path' });
  });

  it.each([
    ...[
      '/%2e',
      '/%2E%2e',
      '/%2e./x',
      '/.%2e/x',
      '/x/%2e%2e',
      '/x%2f..',
      '/x/..%2f',
      '/x%2f.%2fy',
      '/x/%2e%2f',
      '/%2f',
      '/%2f%2fevil',
      '/x%2f',
      '/x/%2fy',
      '/x%2f%2fy',
    ].map((path) => ['PTH-05: dots and slashes in escapes', path]),
    ...['/..;/x', '/x;/..', '/..;x=1/y', '/;/x', '/x;', '/%3b/x', '/..%3b/x', '/.;/x', '/x/..;/..;/y'].map((path) => [
      'PTH-08: matrix parameters',
      path,
    ]),
    ...[
      '/..%00/x',
      '/x%00',
      '/%00/../x',
      '/x%00.tgz',
      '/x%0a',
      '/x%0d',
      '/x%0b',
      '/x%0c',
      '/x%1b',
      '/x%85',
      '/x%c2%85',
      '/x%e2%80%a8',
      '/x%ad',
      '/x%c2%a0',
      '/x%e2%80%8b',
      '/x%ef%bb%bf',
    ].map((path) => ['PTH-12: controls and blanks', path]),
    ...[
      '/%c0%2f',
      '/%c1%9c',
      '/%e0%40%ae',
      '/%fc%80%80%80%80%ae',
      '/%f8%80%80%80%ae',
      '/%80',
      '/%bf',
      '/%f4%90%80%80',
      '/%ed%b0%80',
      '/%c0',
      '/%e2%82',
      '/%2%65',
      '/%%32e',
      '/%25%32%65',
      '/%252e%252e/x',
      '/%c0%25ae',
    ].map((path) => ['PTH-13: what is no UTF-8', path]),
    ...[
      '/%u002e%u002e/x',
      '/%u2215x',
      '/%uff0ex',
      '/%U002e',
      '/%0x2e',
      '/%2',
      '/%',
      '/%2g',
      '/x%',
      '/%-1',
      '/% 2',
      '/&#46;&#46;/x',
      '/=2e/x%3',
    ]
      .filter((path) => path.includes('%'))
      .map((path) => ['PTH-14: escapes of other kinds', path]),
    ...['/%41', '/%7a', '/%30', '/%2d', '/%5f', '/%7E', '/@acme%2f%75i', '/%40acm%65/ui', '/simple/%61cme/'].map((path) => [
      'PTH-15: needless escapes',
      path,
    ]),
    ...['\uff0e\uff0e', '\u2024\u2024', '\u2025', '\u2044', '\u29f8', '\ufe68', '\uff3c', '\u3002', '\u00b7', '\u2215', '\u2571'].map(
      (text) => ['PTH-16: look-alikes', `/x/${encodeURIComponent(text)}/y`],
    ),
    ...['/x\ty', '/x\r', '/x\n', '/x\u007f', '/x<y>', '/x^y', '/x`y', '/x{y}', '/x|y', '/x"y', '/x[y]', '/\u0001', '/x\u00a0'].map(
      (path) => ['PTH-19: characters that belong into no path', path],
    ),
    ...[
      'http:/x',
      'http:x',
      '//x',
      '///x',
      '/\\x',
      '\\x',
      '\\\\x',
      './x',
      '../x',
      '~/x',
      'x',
      '?x',
      '#x',
      ' /x',
      '\t/x',
      '/x/../../../etc/passwd',
      'file:///etc/passwd',
      '/x#',
      '/#',
      '/x?#',
      '/x?a=\\"',
      '/x?<',
      '/x?a b',
      '/x?\u0000',
      '/x?\r\nHost:y',
    ].map((path) => ['PTH-19: targets of other forms', path]),
    ...[`/${'a/'.repeat(65)}`, `/${'%2fa'.repeat(65)}`, `/x?${'a'.repeat(4097)}`, `/${'a'.repeat(8192)}`].map((path) => [
      'PTH-20: lengths',
      path,
    ]),
  ])('beside %s: refuses %j', (_, url) => {
    expect(readTarget(url ?? '')).toMatchObject({ code: 'request-path' });
  });

  it.each([
    '/x.',
    '/x..',
    '/...',
    '/.x',
    '/..x',
    '/x.y.',
    '/-',
    '/_',
    '/~',
    '/@',
    '/:',
    '/a:b',
    '/a=b',
    '/a,b',
    '/a+b',
    '/a$b',
    "/a'b",
    '/a(b)',
    '/a*b',
    '/x?',
    '/x??',
    '/x?/../y',
    '/x?%2f..',
    '/x?%00',
    '/x?a=%ff&a=b',
    '/x?\\',
  ])('beside PTH-09: leaves %j as it stands', (url) => {
    const at = url.indexOf('?');
    expect(readTarget(url)).toEqual(at === -1 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) });
    expect(new URL(url.split('?')[0] ?? '', 'http://x').pathname).toBe(url.split('?')[0]);
  });

  it.each([
    ['beside PTH-21: a base path that is a prefix of a name', '/npm/', 'npmx/../x'],
    ['beside PTH-21: a slash in front', '/npm/', '/x'],
    ['beside PTH-21: a dot segment', '/npm/', '../x'],
    ['beside PTH-21: a dot segment in escapes', '/npm/', '%2e%2e/x'],
    ['beside PTH-21: an empty segment', '/npm/', 'a//b'],
    ['beside PTH-21: a line end', '/npm/', 'a\r\nb'],
  ])('%s below the upstream is a bug, and no request', (_, base, below) => {
    expect(() => joinUpstream(new URL(base, 'http://upstream.example'), below)).toThrow(/canonical/);
  });

  const alphabet = ['/', '.', '%', '2', 'e', 'f', '5', 'c', '@', ';', '\\', '#', '?', 'a', '%2f', '%2e', '%40', '..', '+'];
  const path = fc.array(fc.constantFrom(...alphabet), { maxLength: 14 }).map((parts) => `/${parts.join('')}`);

  it('PTH-27 accepts only paths that every parser reads as they stand: WHATWG, one decoding, two decodings', () => {
    let seen = 0;
    fc.assert(
      fc.property(path, (url) => {
        const target = readTarget(url);
        if (!('path' in target)) return;
        seen += 1;
        expect(new URL(target.path, 'http://x').pathname).toBe(target.path);
        expect(new URL(url, 'http://x').pathname).toBe(target.path);
        const decoded = decodeURIComponent(target.path);
        expect(decodeURIComponent(decoded)).toBe(decoded);
        const segments = decoded.split('/').slice(1);
        expect(segments.slice(0, -1)).not.toContain('');
        expect(segments).not.toContain('.');
        expect(segments).not.toContain('..');
        expect(new URL(decoded, 'http://x').pathname).toBe(decoded);
      }),
      { numRuns: 50_000, seed: 27 },
    );
    expect(seen).toBeGreaterThan(1000);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webUrl()), (url) => void readTarget(url)),
      { numRuns: 5000 },
    );
    expect(accepted('/')).toBe(true);
  });
});

describe('joinUpstream', () => {
  const upstream = new URL('http://devpi:3141/acme/prod/');

  it('PTH-21 joins below the base path without guessing', () => {
    expect(joinUpstream(upstream, '+simple/acme-ui/')).toBe('/acme/prod/+simple/acme-ui/');
    expect(joinUpstream(upstream, '')).toBe('/acme/prod/');
    expect(joinUpstream(new URL('http://verdaccio:4873/'), '@acme%2fui?write=true')).toBe('/@acme%2fui?write=true');
  });

  it.each(['../dev/x', '/x', '..%2fdev', 'a//b', 'a%2e', 'a\\b', 'a\r\nHost: x'])(
    'PTH-21 throws rather than send %j somewhere else',
    (below) => {
      expect(() => joinUpstream(upstream, below)).toThrow(/canonical/);
    },
  );
});
