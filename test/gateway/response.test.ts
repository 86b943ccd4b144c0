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

  it.each([
    ['a scheme with a tab in it', 'h\tttp://evil.example/x', true],
    ['slashes with a tab between them', '/\t/evil.example/x', true],
    ['backslashes', '\\\\evil.example\\x', true],
    ['a scheme without slashes', 'https:evil.example', true],
    ['three slashes', 'http:///evil.example', true],
    ['a data URL', 'data:text/html,x', false],
    ['a file', 'file:///etc/passwd', false],
    ['a view of the source', 'view-source:http://devpi:3141/acme/prod/', false],
    ['another port of the upstream', 'http://devpi:3142/acme/prod/x', true],
    ['the upstream by https', 'https://devpi:3141/acme/prod/x', true],
    ['the upstream with a dot', 'http://devpi.:3141/acme/prod/x', true],
    ['the upstream as user', 'http://devpi:3141@evil.example/', true],
  ])('beside RSP-01: refuses %s', (_, location, credentialed) => {
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

  it.each([
    [
      "the upstream's own origin",
      '<http://devpi:3141/acme/prod/x?page=2>; rel="next"',
      '<https://pypi.acme.example/team/x?page=2>; rel="next"',
    ],
    [
      'two targets',
      '</acme/prod/a>; rel=prev, </acme/prod/b>; rel=next',
      '<https://pypi.acme.example/team/a>; rel=prev, <https://pypi.acme.example/team/b>; rel=next',
    ],
    ['a relative one', '<?page=2>; rel=next', '<?page=2>; rel=next'],
  ])('beside RSP-03: Link to %s leads to us', (_, link, expected) => {
    expect(head({ Link: link })?.headers).toEqual({ link: [expected] });
  });

  it.each([
    ['Link', '<javascript:alert(1)>; rel=next'],
    ['Link', '<http://u:p@devpi:3141/>; rel=next'],
    ['Content-Location', 'http://devpi:3141/acme/prod/x'],
    ['Refresh', '0; url=http://evil.example/'],
    ['SourceMap', 'http://devpi:3141/x.map'],
    ['X-Accel-Redirect', '/internal/x'],
    ['X-Sendfile', '/etc/passwd'],
    ['Upgrade', 'h2c'],
    ['Trailer', 'Content-Length'],
    ['Content_Length', '5'],
    ['Set-Cookie2', 'a=b'],
    ['Authorization', 'Basic x'],
    ['Proxy-Authorization', 'Basic x'],
    ['Proxy-Status', 'x'],
    ['NEL', '{}'],
    ['Report-To', '{}'],
    ['Service-Worker-Allowed', '/'],
    ['Timing-Allow-Origin', '*'],
    ['X-Devpi-Master-UUID', 'x'],
  ])('beside RSP-03: %s: %s stays inside', (name, value) => {
    expect(head({ [name]: value })?.headers).toEqual({});
  });

  it('beside RSP-08: nothing for a coding stated twice; a length is none on a 204', () => {
    const raw = { statusCode: 200, statusMessage: 'OK', rawHeaders: ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'] };
    expect(headForClient(raw, registry, read)).toBeUndefined();
    expect(head({ 'Content-Length': '5' }, 204)?.headers).toEqual({});
    expect(head({ 'Content-Length': '5' }, 304)?.headers).toEqual({ 'content-length': '5' });
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
