import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../src/core/grant.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { formatToken } from '../../../src/core/upload-token.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import { requestsOf } from '../changes.ts';
import type { Route } from '../../../src/registries/registry.ts';
import { head } from './publishing.ts';

function route(method: string, path: string): Route {
  return npm.route(head(method, path, { 'content-type': 'application/json' }));
}

describe('an npm upload', () => {
  it.each(['/@acme%2fallowed', '/@acme%2Fallowed', '/@acme/allowed', '/%40acme%2fallowed', '/%40acme/allowed'])(
    'is PUT %s, whatever the spelling (PTH-01, PTH-02, npm.md E row 28)',
    (path) => {
      expect(route('PUT', path)).toEqual({ kind: 'upload', name: '@acme/allowed' });
    },
  );

  it('is PUT of an unscoped name', () => {
    expect(route('PUT', '/allowed')).toEqual({ kind: 'upload', name: 'allowed' });
  });

  it.each([
    ['PTH-03', '/@acme%252fallowed'],
    ['PTH-03', '/@acme%25252fallowed'],
    ['PTH-04', '/@acme%2fallowed/../@acme%2fvictim'],
    ['PTH-06', '/@acme%2fallowed%2f..%2f@acme%2fvictim'],
    ['PTH-07', '/@acme%2fallowed\\..\\@acme%2fvictim'],
    ['PTH-07', '/@acme%2fallowed%5c..%5cvictim'],
    ['PTH-08', '/@acme%2fallowed;/../victim'],
    ['PTH-08', '/allowed;x=1'],
    ['PTH-08', '/allowed%3b'],
    ['PTH-09', '//@acme%2fallowed'],
    ['PTH-09', '/./@acme%2fallowed'],
    ['PTH-09', '/@acme//allowed'],
    ['PTH-09', '/@acme%2fallowed/'],
    ['PTH-09', '/allowed/'],
    ['PTH-09', '/'],
    ['PTH-10', '/@acme%2fallowed#/../x'],
    ['PTH-10', '/@acme%2fallowed%23'],
    ['PTH-11', '/@acme%2fallowed?x=/@acme/victim/'],
    ['PTH-11', '/allowed?package=victim'],
    ['PTH-11', '/allowed?write=true'],
    ['PTH-12', '/allowed%00'],
    ['PTH-12', '/allowed%0a'],
    ['PTH-12', '/allowed%20'],
    ['PTH-12', '/allowed%7f'],
    ['PTH-12', '/allowed%0d%0aHost:x'],
    ['PTH-13', '/%c0%ae%c0%ae'],
    ['PTH-13', '/%ff'],
    ['PTH-13', '/%ed%a0%80'],
    ['PTH-15', '/%61llowed'],
    ['PTH-15', '/%41llowed'],
    ['PTH-15', '/@ac%6De%2fallowed'],
    ['PTH-16', '/@acme%ef%bc%8fallowed'],
    ['PTH-16', '/a%e2%88%95b'],
    ['PTH-17', '/@ACME%2fAllowed'],
    ['PTH-17', '/Foo'],
    ['PTH-18', '/__proto__'],
    ['PTH-18', '/constructor'],
    ['PTH-18', '/node_modules'],
    ['PTH-18', '/favicon.ico'],
    ['PTH-18', '/.bin'],
    ['PTH-18', '/_x'],
    ['PTH-18', '/-'],
    ['PTH-18', '/-rev'],
    ['PTH-18', '/~'],
    ['PTH-18', `/${'x'.repeat(215)}`],
    ['PTH-19', '/a b'],
    ['PTH-19', '@acme/x'],
    ['NPM-27', '/@acme%2f@acme%2fallowed'],
    ['NPM-27', '/@@acme%2fx'],
    ['NPM-27', '/@%2fallowed'],
    ['NPM-27', '/@acme%2f'],
    ['NPM-28', '/@%d0%b0cme%2fallowed'],
    ['npm.md E row 28', '/allowed%3fx'],
    ['npm.md E row 28', '/x%2fy'],
    ['PTH-20', `/${'a/'.repeat(4096)}`],
  ])('is refused at an odd path (%s: %j)', (_, path) => {
    expect(route('PUT', path)).toMatchObject({ kind: 'refused', refusal: { code: 'request-path' } });
  });
});

describe('what no upload token may do', () => {
  it.each([
    ['npm.md E row 21', 'DELETE', '/@acme%2fallowed', 'unpublish'],
    ['NPM-22', 'PUT', '/@acme%2fallowed/-/allowed-9.9.9.tgz/x', 'upload a tarball without its manifest'],
    ['npm.md E row 23', 'PUT', '/@acme%2fallowed/latest', 'change a dist-tag by this path'],
    ['npm.md E row 23', 'POST', '/-/package/@acme%2fallowed/dist-tags', 'change dist-tags by this path'],
    ['npm.md E row 23', 'POST', '/-/package/@acme%2fallowed/dist-tags/x', 'change dist-tags by this path'],
    ['npm.md E row 24', 'PUT', '/-/package/@acme/allowed/dist-tags/x', 'change dist-tags by this path'],
    ['npm.md B', 'POST', '/-/package/@acme%2fallowed/access', 'change the access of a package'],
    ['NPM-17', 'PUT', '/-/package/@acme%2fallowed/dist-tags/1.0.0', 'change the dist-tag 1.0.0, which reads as a version range'],
  ])('%s: %s %s', (_, method, path, what) => {
    expect(route(method, path)).toEqual({ kind: 'write', what, name: '@acme/allowed' });
  });

  it.each([
    ['npm.md E row 26', 'PUT', '/-/user/org.couchdb.user:bob', 'log in or create users', true],
    ['npm.md E row 26', 'PUT', '/-/user/org.couchdb.user:bob%40acme.test', 'log in or create users', true],
    ['npm.md B', 'POST', '/-/v1/login', 'log in', true],
    ['npm.md E row 27', 'POST', '/-/verdaccio/sec/login', 'log in', true],
    ['npm.md E row 27', 'POST', '/-/npm/v1/tokens', 'create or revoke other tokens', true],
    ['npm.md B', 'DELETE', '/-/user/token/npm_abc', 'create or revoke other tokens', true],
    ['npm audit', 'POST', '/-/npm/v1/security/advisories/bulk', 'ask for an audit', true],
    ['npm.md E row 27', 'POST', '/-/npm/v1/user', 'change a profile', undefined],
    ['npm.md B', 'PUT', '/-/team/acme/devs/package', 'change teams', undefined],
    ['npm.md A.2', 'POST', '/-/stage/package/@acme%2fw', 'stage versions', undefined],
    ['npm.md A.3', 'PUT', '/-/pnpr/v0/publish', 'publish in batches', undefined],
    ['npm.md E row 30', 'PUT', '/-/stage', 'stage versions', undefined],
    ['TOK-15', 'POST', '/-/all', 'POST to this path', undefined],
  ])('%s: %s %s', (_, method, path, what, harmless) => {
    expect(route(method, path)).toEqual({ kind: 'write', what, ...(harmless === undefined ? {} : { harmless }) });
  });

  it.each([
    ['PUT', '/-/%70ackage/@acme%2fallowed/dist-tags/x'],
    ['PUT', '/-/package/@ac%6de%2fallowed/dist-tags/x'],
    ['PUT', '/-/package/@acme%2fallowed/dist-tags/x?y=1'],
    ['PUT', '/-/package/@ACME%2fallowed/dist-tags/x'],
    ['POST', '/-/team/x?a=/@acme/victim/'],
    ['PUT', '/-/user/a%2fb'],
    ['PUT', '/-/user/%e9'],
    ['DELETE', '/-/user%5ctoken/x'],
  ])('%s %s is refused (PTH-06, PTH-11, PTH-13, PTH-15, PTH-17)', (method, path) =>
    expect(route(method, path)).toMatchObject({ kind: 'refused' }),
  );
});

async function tagRequest(method: string, tag: string, body: string): Promise<unknown> {
  const found = route(method, `/-/package/@acme%2fallowed/dist-tags/${tag}`);
  if (found.kind !== 'manage') return found.kind;
  const built = await requestsOf(found, body);
  return isRefusal(built) ? built.code : built[0];
}

describe('dist-tags (NPM-23)', () => {
  it('are set by a request of ours', async () => {
    expect(route('PUT', '/-/package/%40acme%2Fallowed/dist-tags/next')).toMatchObject({
      kind: 'manage',
      action: 'dist_tag',
      name: '@acme/allowed',
    });
    expect(await tagRequest('PUT', 'next', '"1.0.0"')).toEqual({
      method: 'PUT',
      path: '-/package/@acme%2fallowed/dist-tags/next',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from('"1.0.0"'),
    });
  });

  it('are removed by a request of ours', async () => {
    expect(await tagRequest('DELETE', 'next', '')).toEqual({
      method: 'DELETE',
      path: '-/package/@acme%2fallowed/dist-tags/next',
      headers: { accept: 'application/json' },
    });
  });

  it.each([
    '1.0.0',
    '"v1.0.0"',
    '"1.0.0+b"',
    '"latest"',
    '""',
    '{"version":"1.0.0"}',
    '"1.0.0""2.0.0"',
    '"1.\\u0030.0"',
    '',
    `"${'1'.repeat(500)}"`,
  ])('are not set to %s', async (body) => {
    expect(await tagRequest('PUT', 'next', body)).toBe('body-invalid');
  });

  it('are not set by a body of another type', () => {
    const found = npm.route(head('PUT', '/-/package/w/dist-tags/next', { 'content-type': 'application/json; charset=utf-7' }));
    expect(found.kind === 'manage' && found.read(Buffer.from('"1.0.0"'))).toMatchObject({ code: 'body-type' });
  });

  it('are not removed where that is `latest`, or with a body', async () => {
    expect(await tagRequest('DELETE', 'latest', '')).toBe('upload-dist-tag');
    expect(await tagRequest('DELETE', 'next', '"1.0.0"')).toBe('body-invalid');
  });

  it.each(['1.0.0', 'v1', 'x', '%3E=1', 'a%20b', 't'.repeat(129), 'constructor', '-x', '.x'])(
    'cannot be called %s (NPM-17)',
    async (tag) => {
      expect(await tagRequest('PUT', tag, '"1.0.0"')).toBe('write');
    },
  );
});

describe('reads from an npm registry', () => {
  it.each([
    '/@acme%2fw',
    '/@acme/w',
    '/@acme%2fw?write=true',
    '/@acme/w/-/w-1.0.0.tgz',
    '/@acme%2fw/1.0.0',
    '/-/package/@acme%2fw/dist-tags',
  ])('GET %s has a name', (path) => {
    expect(route('GET', path)).toEqual({ kind: 'read', name: '@acme/w' });
  });

  it.each([
    '/',
    '/-/v1/search?text=x',
    '/-/npm/v1/tokens',
    '/@acme%252fw',
    '/@ac%6de%2fw',
    '/w?x=/@acme/victim/',
    '/w;x',
    '/Foo',
    '/w%2f..%2fv',
    '/w/-/..%2fx',
    '/-/all',
    '/w/',
    '/a/b/c/d',
  ])('GET %s has none, and never gets the service credential (PTH-11, PTH-27)', (path) =>
    expect(route('GET', path)).toEqual({ kind: 'read' }),
  );

  it('HEAD is a read', () => {
    expect(route('HEAD', '/@acme%2fw')).toEqual({ kind: 'read', name: '@acme/w' });
  });

  const grants: Grant[] = [{ registry: 'npm', publisher: 'ui-release', packages: [], allow: ['publish'] }];
  it.each([
    ['/-/package/@acme%2fw/visibility', { public: false }],
    ['/-/package/%40acme%2fw/visibility', { public: false }],
    ['/-/package/w/visibility', { public: false }],
    ['/-/whoami', { username: 'trusted-publisher:ui-release' }],
    ['/-/ping', {}],
  ])('GET %s is answered here for the holder of an upload token', (path, answer) => {
    const found = route('GET', path);
    expect(found.kind === 'local' && JSON.parse(found.answer(grants).body)).toEqual(answer);
  });
});

describe('npm logout', () => {
  it('gives an upload token back', () => {
    const token = formatToken(new Uint8Array(32).fill(1));
    expect(route('DELETE', `/-/user/token/${token}`)).toMatchObject({ kind: 'revoke', token, done: { status: 200 } });
    expect(route('DELETE', '/-/user/token/csgn_damaged')).toMatchObject({ kind: 'revoke' });
  });

  it('beside SEC-15: gives back the same token in the form of the PyPI dialect', () => {
    const token = formatToken(new Uint8Array(32).fill(1));
    expect(route('DELETE', `/-/user/token/pypi-${token}`)).toMatchObject({ kind: 'revoke', token });
  });
});
