import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isHost } from '../../src/gateway/headers.ts';
import { allowedForUpstream, publicHost } from '../../src/gateway/onward-headers.ts';
import { startFront, type Front } from './front.ts';
import { talk } from './raw-upstream.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront((req, res, head) => {
    req.resume();
    res.end(JSON.stringify({ body: head.body, host: head.host, headers: Object.fromEntries(head.headers) }));
  });
});
afterAll(() => front.close());

const host = 'Host: npm.acme.example\r\n';
const ask = async (text: string): Promise<string> => (await talk(front.port, text, 250)).text;
const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? '');

describe('readHead', () => {
  it.each([
    [
      'SMG-07 Transfer-Encoding twice',
      'POST / HTTP/1.1',
      `${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`,
      '0\r\n\r\n',
    ],
    ['SMG-05 Transfer-Encoding gzip, chunked', 'POST / HTTP/1.1', `${host}Transfer-Encoding: gzip, chunked\r\n`, '0\r\n\r\n'],
    ['SMG-01 both framings', 'POST / HTTP/1.1', `${host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n`, '0\r\n\r\nG'],
    ['SMG-10 Content-Length twice, the same', 'POST / HTTP/1.1', `${host}Content-Length: 2\r\nContent-Length: 2\r\n`, 'hi'],
    ['SMG-11 a chunked DELETE', 'DELETE / HTTP/1.1', `${host}Transfer-Encoding: chunked\r\n`, '0\r\n\r\n'],
    ['SMG-12 a chunked OPTIONS', 'OPTIONS / HTTP/1.1', `${host}Transfer-Encoding: chunked\r\n`, '0\r\n\r\n'],
    ['SMG-13 a GET with a length', 'GET / HTTP/1.1', `${host}Content-Length: 2\r\n`, 'hi'],
    ['SMG-13 a chunked GET', 'GET / HTTP/1.1', `${host}Transfer-Encoding: chunked\r\n`, '0\r\n\r\n'],
    ['SMG-13 a HEAD with a length', 'HEAD / HTTP/1.1', `${host}Content-Length: 2\r\n`, 'hi'],
    ['a DELETE with a length', 'DELETE / HTTP/1.1', `${host}Content-Length: 2\r\n`, 'hi'],
    ['SMG-25 Expect: 100-foo', 'PUT / HTTP/1.1', `${host}Expect: 100-foo\r\nContent-Length: 0\r\n`, ''],
    ['SMG-25 Expect twice', 'PUT / HTTP/1.1', `${host}Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 0\r\n`, ''],
    ['SMG-27 TRACE', 'TRACE / HTTP/1.1', host, ''],
    ['SMG-27 PROPFIND', 'PROPFIND / HTTP/1.1', host, ''],
    ['SMG-30 no Host', 'GET / HTTP/1.1', '', ''],
    ['SMG-30 an empty Host', 'GET / HTTP/1.1', 'Host:\r\n', ''],
    ['SMG-30 two Hosts', 'GET / HTTP/1.1', `${host}Host: evil.example\r\n`, ''],
    ['SMG-30 a Host with user and path', 'GET / HTTP/1.1', 'Host: a@b/c?d\r\n', ''],
    ['SMG-30 a Host with a tab', 'GET / HTTP/1.1', 'Host: a\tb\r\n', ''],
    ['SMG-30 a Host with port 99999', 'GET / HTTP/1.1', 'Host: a:99999\r\n', ''],
    ['SMG-30 a list of Hosts', 'GET / HTTP/1.1', 'Host: a, b\r\n', ''],
    ['HDR-10 Authorization twice', 'GET / HTTP/1.1', `${host}Authorization: Basic YTpi\r\nauthorization: Basic YTpi\r\n`, ''],
    ['HDR-10 Content-Type twice', 'PUT / HTTP/1.1', `${host}Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Length: 0\r\n`, ''],
    [
      'HDR-10 Content-Encoding twice',
      'PUT / HTTP/1.1',
      `${host}Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n`,
      '',
    ],
    [
      'HDR-10 Content-Disposition twice',
      'PUT / HTTP/1.1',
      `${host}Content-Disposition: a\r\nContent-Disposition: b\r\nContent-Length: 0\r\n`,
      '',
    ],
    ['SMG-21 a Content-Type of other bytes', 'PUT / HTTP/1.1', `${host}Content-Type: a/b\xe9\r\nContent-Length: 0\r\n`, ''],
    ['SMG-15 more than 100 headers', 'GET / HTTP/1.1', `${host}${'a: 1\r\n'.repeat(101)}`, ''],
    ['more than 16 KiB of headers', 'GET / HTTP/1.1', `${host}A: ${'x'.repeat(17_000)}\r\n`, ''],
  ])('refuses %s', async (_, line, headers, body) => {
    const text = await ask(`${line}\r\n${headers}\r\n${body}`);
    expect(statuses(text)[0]).toMatch(/^(400|405|417|431|505)$/);
  });

  it.each([
    [
      'SMG-06 Transfer-Encoding CHUNKED',
      'POST / HTTP/1.1',
      `${host}Transfer-Encoding: CHUNKED\r\n`,
      '2\r\nhi\r\n0\r\n\r\n',
      { kind: 'chunked' },
    ],
    ['a body with a length', 'PUT / HTTP/1.1', `${host}Content-Length: 2\r\n`, 'hi', { kind: 'length', bytes: 2 }],
    ['a DELETE as npm sends it', 'DELETE / HTTP/1.1', host, '', { kind: 'none' }],
    ['a DELETE with Content-Length: 0', 'DELETE / HTTP/1.1', `${host}Content-Length: 0\r\n`, '', { kind: 'length', bytes: 0 }],
    [
      'SMG-26 Upgrade, which is not followed',
      'GET / HTTP/1.1',
      `${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`,
      '',
      { kind: 'none' },
    ],
    ['Accept twice', 'GET / HTTP/1.1', `${host}Accept: a/b\r\nAccept: c/d\r\n`, '', { kind: 'none' }],
  ])('accepts %s', async (_, line, headers, body, framing) => {
    const text = await ask(`${line}\r\n${headers}\r\n${body}`);
    expect(statuses(text)).toEqual(['200']);
    expect(JSON.parse(/\{.*\}/.exec(text)?.[0] ?? '')).toMatchObject({ body: framing, host: 'npm.acme.example' });
  });

  it('HDR-09 HDR-12 does not read names with underscores and dots, nor trip over __proto__ and constructor', async () => {
    const odd = 'Content_Length: 5\r\nAuthorization_: x\r\nX.Forwarded.For: x\r\n__proto__: x\r\nconstructor: y\r\n';
    const text = await ask(`GET / HTTP/1.1\r\n${host}${odd}\r\n`);
    expect(JSON.parse(/\{.*\}/.exec(text)?.[0] ?? '').headers).toEqual({ host: 'npm.acme.example', constructor: 'y' });
  });

  it('knows host names from everything else', () => {
    for (const good of ['a', 'npm.acme.example', 'localhost:8080', '127.0.0.1', '[::1]:4873', 'a-b.c'])
      expect([good, isHost(good)]).toEqual([good, true]);
    for (const bad of ['', 'a_b', 'A', 'a..b', '-a', 'a:', 'a:0', 'a:65536', '[::1%25lo]', '.a', 'a.', 'a'.repeat(300)])
      expect([bad, isHost(bad)]).toEqual([bad, false]);
  });
});

describe('allowedForUpstream', () => {
  const registry = { url: new URL('https://npm.acme.example/') };
  const own = { authorization: 'Basic YTpi', cookie: 's=1', 'npm-otp': '123456' };
  const given = (headers: Record<string, string>, onward: { credential: 'own' | 'none'; address?: string } = { credential: 'own' }) =>
    allowedForUpstream(new Map(Object.entries({ host: 'evil.example', ...headers })), registry, onward);

  it('beside HDR-13: a header without a value does not go on', () => {
    expect(given({ 'content-type': '', accept: '' })).toEqual(given({}));
  });

  it('HDR-04 to HDR-07, SMG-24, SMG-26: nothing goes on that speaks to a proxy or claims to come from one', () => {
    const hostile = [
      'keep-alive te trailer upgrade http2-settings expect proxy-connection proxy-authorization forwarded via x-forwarded-for x-forwarded-host',
      'x-forwarded-prefix x-forwarded-user x-forwarded-uri x-forwarded-groups x-real-ip true-client-ip cf-connecting-ip x-client-ip x-envoy-original-path',
      'x-original-url x-rewrite-url x-http-method-override x-http-method x-method-override x-outside-url x-devpi-auth x-devpi-absolute-urls x-remote-user',
      'x-auth-request-user client-ip',
    ]
      .join(' ')
      .split(' ');
    expect(given(Object.fromEntries(hostile.map((name) => [name, 'evil'])))).toEqual({
      host: 'npm.acme.example',
      'x-forwarded-proto': 'https',
    });
  });

  it.each([
    ['HDR-01: httpoxy', 'proxy proxy-host proxy-user proxy-features'],
    [
      'HDR-05: who sits in front',
      'fly-client-ip fastly-ff incap-client-ip akamai-origin-hop x-akamai-edgescape x-appengine-user-ip x-azure-clientip cf-ipcountry cf-visitor cf-worker x-istio-attributes x-nginx-proxy cdn-loop early-data surrogate-capability x-forwarded x-forwarded-client-cert x-forwarded-ssl x-forwarded-scheme x-forwarded-path',
    ],
    [
      'HDR-06: another URL or method',
      'x-url x-request-uri x-base-url base-url x-http-host-override x-http-destinationurl x-override-url x-original-uri x-original-host x-original-method x-rewrite-path x-http-method-override x-accel-internal x-accel-redirect x-sendfile-type x-middleware-subrequest destination overwrite depth lock-token x-copy-from',
    ],
    [
      'HDR-08: who the user is',
      'remote-user remote-groups remote-email remote-name x-remote-user x-remote-groups x-user x-username x-email x-groups x-roles x-user-id x-auth-user x-auth-username x-auth-email x-auth-groups x-auth-roles auth-user x-sso-user x-proxy-remote-user x-vouch-user x-vouch-idp-accesstoken x-authentik-username x-pomerium-jwt-assertion x-pomerium-claim-email x-goog-iap-jwt-assertion x-goog-authenticated-user-email x-ms-client-principal-name x-ms-token-aad-id-token x-amzn-oidc-identity x-amzn-oidc-data cf-access-jwt-assertion cf-access-authenticated-user-email tailscale-user-login tailscale-headers-info teleport-jwt-assertion x-consumer-id x-consumer-username x-credential-identifier x-anonymous-consumer gap-auth x-token-subject',
    ],
    [
      'HDR-08: which certificate the client has',
      'client-cert client-cert-chain ssl-client-cert ssl-client-verify ssl-client-subject-dn x-ssl-client-cert x-ssl-cert x-client-cert x-client-dn x-client-verify x-tls-client-cert x-arr-clientcert x-arr-ssl',
    ],
  ])('beside %s: nothing of it goes on', (_, names) => {
    expect(given(Object.fromEntries(names.split(' ').map((name) => [name, 'evil'])))).toEqual({
      host: 'npm.acme.example',
      'x-forwarded-proto': 'https',
    });
  });

  it('beside HDR-08: credentials of a client’s own, of any registry, go on', () => {
    const own = {
      'private-token': 'x',
      'job-token': 'x',
      'deploy-token': 'x',
      'x-jfrog-art-api': 'x',
      'x-auth-token': 'x',
      'x-api-key': 'x',
      'x-nuget-apikey': 'x',
    };
    expect(given(own)).toMatchObject(own);
  });

  it("keeps what npm and pip say of themselves, and the client's own credential", () => {
    const usual = {
      accept: '*/*',
      'user-agent': 'npm/12',
      'npm-command': 'publish',
      'if-none-match': '"x"',
      range: 'bytes=0-1',
      'accept-encoding': 'gzip',
    };
    expect(given({ ...usual, ...own })).toMatchObject({ ...usual, ...own });
  });

  it('TOK-24 takes every credential off a request that goes on anonymously', () => {
    expect(Object.keys(given(own, { credential: 'none' }))).toEqual(['host', 'x-forwarded-proto']);
  });

  it('HDR-02 drops what Connection nominates, HDR-03 but not what the message is', () => {
    const headers = given({
      connection: 'close, X-A, Content-Type, Content-Length',
      'x-a': '1',
      'content-type': 'a/b',
      'content-length': '3',
    });
    expect(headers).toEqual({ host: 'npm.acme.example', 'x-forwarded-proto': 'https', 'content-type': 'a/b', 'content-length': '3' });
  });

  it('writes framing and forwarding headers anew, never appended', () => {
    const headers = given({ 'transfer-encoding': 'ChunkeD', 'x-forwarded-for': '1.2.3.4' }, { credential: 'own', address: '10.0.0.9' });
    expect(headers).toMatchObject({ 'transfer-encoding': 'chunked', 'x-forwarded-for': '10.0.0.9' });
    expect(given({}, { credential: 'own', address: 'evil\r\nx: y' })).not.toHaveProperty('x-forwarded-for');
  });

  it('HDR-13 drops values that are not printable ASCII', () => {
    expect(given({ 'user-agent': 'caf\u00e9', referer: 'a\u0000b' })).toEqual({ host: 'npm.acme.example', 'x-forwarded-proto': 'https' });
  });

  it('throws on a public host that makes Verdaccio exit (an underscore is enough)', () => {
    expect(() => publicHost(new URL('http://verdaccio_1:4873/'))).toThrow(/public host/);
  });
});
