import { describe, expect, it } from 'vitest';
import { headForClient, publicLocation } from '../../src/gateway/response.ts';
import { plainProtocol } from './registry.ts';

const registry = {
  url: new URL('https://pypi.acme.example/team/'),
  upstream: new URL('http://devpi:3141/acme/prod/'),
  protocol: plainProtocol('pypi'),
};
const read = { method: 'GET', credentialed: false };
const head = (headers: Record<string, string>, statusCode = 200, statusMessage = 'OK', request = read) =>
  headForClient({ statusCode, statusMessage, rawHeaders: Object.entries(headers).flat() }, registry, request);

describe('publicLocation', () => {
  it.each([
    ["the upstream's own origin", 'http://devpi:3141/acme/prod/+simple/x/', 'https://pypi.acme.example/team/+simple/x/'],
    ['a path on the upstream', '/acme/prod/+simple/x/?a=b', 'https://pypi.acme.example/team/+simple/x/?a=b'],
    [
      'the public host with the upstream path, as built from Host',
      'http://pypi.acme.example/acme/prod/x',
      'https://pypi.acme.example/team/x',
    ],
    ['the public URL itself', 'https://pypi.acme.example/team/x', 'https://pypi.acme.example/team/x'],
    ['a path of the upstream outside its base', '/root/pypi/x', 'https://pypi.acme.example/root/pypi/x'],
    ['a relative reference', '../x/', '../x/'],
    ['another origin, without a credential', 'https://cdn.example/f.whl?sig=1', 'https://cdn.example/f.whl?sig=1'],
  ])('rewrites %s', (_, location, expected) => {
    expect(publicLocation(location, registry, false)).toBe(expected);
  });

  it.each([
    ['another origin with a credential', 'http://internal:4873/x?token=1', true],
    ['a network-path reference with a credential', '//evil.example/x', true],
    ['a script', 'javascript:alert(1)', false],
    ['a user in the URL', 'http://u:p@devpi:3141/acme/prod/x', false],
    ['nonsense', 'http://[', false],
  ])('RSP-01 refuses %s', (_, location, credentialed) => {
    expect(publicLocation(location, registry, credentialed)).toBeUndefined();
  });

  it('leaves a public path alone that a root upstream built with its own knowledge of the prefix', () => {
    const rooted = { url: new URL('https://acme.example/npm/'), upstream: new URL('http://verdaccio:4873/') };
    expect(publicLocation('https://acme.example/npm/ui', rooted, false)).toBe('https://acme.example/npm/ui');
    expect(publicLocation('/ui', rooted, false)).toBe('https://acme.example/npm/ui');
  });
});

describe('headForClient', () => {
  it('RSP-03 names what leaves, and nothing else does', () => {
    const found = head({
      'Content-Type': 'a/b',
      ETag: '"e"',
      Server: 'x',
      'X-Anything': 'x',
      'Set-Cookie': 'a=b',
      Connection: 'close',
      Trailer: 'X',
    });
    expect(found?.headers).toEqual({ 'content-type': 'a/b', etag: '"e"' });
  });

  it('keeps the challenge for reads and for PyPI, not for writes on npm (SEC-10)', () => {
    const challenge = { 'WWW-Authenticate': 'Basic' };
    const put = { method: 'PUT', credentialed: true };
    expect(head(challenge, 401, '', put)?.headers).toHaveProperty('www-authenticate');
    const npm = { ...registry, protocol: plainProtocol('npm') };
    const raw = { statusCode: 401, statusMessage: '', rawHeaders: ['WWW-Authenticate', 'Basic'] };
    expect(headForClient(raw, npm, put)?.headers).toEqual({});
    expect(headForClient(raw, npm, read)?.headers).toHaveProperty('www-authenticate');
  });

  it.each([0, 99, 101, 199, 600, 999])('RSP-07 RSP-08 has nothing for status %i', (status) => {
    expect(head({}, status)).toBeUndefined();
  });

  it('RSP-09 keeps a reason phrase that clients read, and drops one that could be a header', () => {
    expect(head({}, 409, 'f.whl already exists in non-volatile index')?.reason).toBe('f.whl already exists in non-volatile index');
    expect(head({}, 200, 'O\u0080K')).not.toHaveProperty('reason');
    expect(head({}, 200, '')).not.toHaveProperty('reason');
  });
});
