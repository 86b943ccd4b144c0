// Signing in by token, and by a header of a trusted proxy; forms of other sites.
import { describe, expect, onTestFinished, test } from 'vitest';
import { admin, type AdminRoom } from '../../src/admin/admin.ts';
import { createAttempts } from '../../src/admin/attempts.ts';
import type { AccessRule } from '../../src/admin/access.ts';
import { Secret, type SecretSource } from '../../src/core/secret.ts';
import { raw, startProxy } from '../support/proxy.ts';
import { asked, posted } from './ask.ts';
import { noon, roomOf, type TestRoom } from './room.ts';

const token = 'the-admin-token-of-tests';
const source = (value: string): SecretSource => ({ kind: 'value', value: new Secret(value) });
const withToken: AccessRule = { loopback: true, session: 3600, token: source(token) };
const html = { accept: 'text/html' };

/** Name and value of the session that an answer sets. */
const sessionOf = (cookies: readonly string[] | undefined): string =>
  cookies?.find((line) => /countersign-session=./.test(line))?.split(';')[0] ?? '';

async function signedIn(room: AdminRoom): Promise<string> {
  return sessionOf((await admin(room, posted('/login', { token, next: '/' }))).cookies);
}

describe('by token', () => {
  const room = (change: Partial<AccessRule> = {}, rest: Partial<AdminRoom> = {}): Promise<TestRoom> =>
    roomOf({ access: () => ({ ...withToken, ...change }), ...rest } as never);

  test('a browser is led to the page for it and back to where it wanted to', async () => {
    const here = await room();
    const away = await admin(here, asked('/publishes?package=%40acme%2Fui', html));
    expect([away.status, away.headers['location']]).toEqual([303, '/login?next=%2Fpublishes%3Fpackage%3D%2540acme%252Fui']);
    const reply = await admin(here, posted('/login', { token, next: '/publishes?package=%40acme%2Fui' }));
    expect([reply.status, reply.headers['location']]).toEqual([303, '/publishes?package=%40acme%2Fui']);
    const session = sessionOf(reply.cookies);
    expect((await admin(here, asked('/publishes', { ...html, cookie: session }))).status).toBe(200);
    expect((await admin(here, asked('/api/v1/summary', { cookie: `a=b; ${session}` }))).status).toBe(200);
    expect((await admin(here, asked('/login?next=/health', { ...html, cookie: session }))).headers['location']).toBe('/health');
    expect(here.said).toEqual(['signed in to the dashboard by token {"network":"127.0.0.1"}']);
  });

  test('nobody learns what there is before: every path leads there, the API says 401, styles are open', async () => {
    const here = await room();
    for (const path of ['/', '/nothing', '/publisher?name=x', '/try'])
      expect((await admin(here, asked(path, html))).headers['location']).toMatch(/^\/login\?next=/);
    for (const path of ['/api/v1/events', '/nothing', '/']) expect((await admin(here, asked(path))).status).toBe(401);
    const page = (await admin(here, asked('/login', html))).body;
    for (const asset of page.match(/\/assets\/[\w.-]+/g) ?? []) {
      const { status, headers } = await admin(here, asked(asset));
      expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    }
    expect((await admin(here, asked('/assets/nothing.css', html))).status).toBe(303);
  });

  test('the session is out of reach of scripts and other sites, and of http where the browser talks https', async () => {
    const [line = ''] = (await admin(await room(), posted('/login', { token }))).cookies ?? [];
    expect(line).toMatch(/^countersign-session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3600$/);
    const https = await admin(await room({ url: new URL('https://cs.acme.example/') }), posted('/login', { token }));
    expect(https.cookies?.[0]).toMatch(/^__Host-countersign-session=.*; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3600; Secure$/);
    const behind = { ...posted('/login', { token }), peer: { network: '192.0.2.1', trusted: true, secure: true } };
    expect((await admin(await room(), behind)).cookies?.[0]).toContain('; Secure');
  });

  test('it ends: after its time, with a new token, when it was changed by a bit, and for another purpose', async () => {
    const session = await signedIn(await room());
    const ask = async (rule: Partial<AccessRule>, cookie = session, now = noon) =>
      (await admin(await room(rule, { now: () => now }), asked('/', { ...html, cookie }))).status;
    expect(await ask({}, session, noon + 3_599_000)).toBe(200);
    expect(await ask({}, session, noon + 3_600_000)).toBe(303);
    expect(await ask({ token: source('another-token-of-tests') })).toBe(303);
    const [name = '', value = ''] = session.split('=');
    const [body = '', mac = ''] = value.split('.');
    const longer = Buffer.from(JSON.stringify({ until: 9e9 })).toString('base64url');
    for (const forged of [
      `${body}.`,
      body,
      `${body}.${mac}x`,
      `${longer}.${mac}`,
      `${body}.${mac}.${mac}`,
      '.',
      `.${mac}`,
      'x'.repeat(5000),
    ])
      expect(await ask({}, `${name}=${forged}`)).toBe(303);
    // Of two sessions one is of somebody else who could set a cookie.
    expect(await ask({}, `${session}; ${session}`)).toBe(303);
  });

  test('signing out takes it away', async () => {
    const { headers, cookies } = await admin(await room(), posted('/logout', {}));
    expect([headers['location'], cookies?.[0]]).toEqual([
      '/login',
      expect.stringContaining('countersign-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0'),
    ]);
  });

  test('another token is refused, and ten a minute are enough for everybody of one network', async () => {
    let elapsed = 0;
    const here = await room({}, { attempts: createAttempts(() => elapsed) });
    const attempt = (shown: string, network = '192.0.2.1') =>
      admin(here, { ...posted('/login', { token: shown }), peer: { network, trusted: false, secure: false } });
    for (let n = 0; n < 10; n += 1) expect((await attempt('wrong')).status).toBe(403);
    const late = await attempt(token);
    expect([late.status, late.headers['retry-after'], late.cookies]).toEqual([429, '6', []]);
    expect((await attempt(token, '192.0.2.2')).status).toBe(303);
    elapsed += 6_000;
    expect((await attempt(token)).status).toBe(303);
    expect(here.said.filter((line) => line.includes('refused')).length).toBe(10);
    expect(here.said.join()).not.toContain('wrong');
  });

  test.each(['', ' ', 'x'.repeat(5000), `${token}x`])('"%s" is none', async (shown) => {
    expect((await admin(await room(), posted('/login', { token: shown }))).status).toBe(403);
  });
});

describe('forms of other sites (CWE-352)', () => {
  const forms = [
    posted('/login', { token }),
    posted('/logout', {}),
    posted('/theme', { theme: 'dark', back: '/' }),
    posted('/try', { package: 'npm:x', token: '{}' }),
  ];
  test.each([
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    [{ origin: 'http://localhost:9090', 'sec-fetch-site': 'same-site' }],
    [{ origin: 'null', 'sec-fetch-site': undefined }],
    [{ origin: undefined, 'sec-fetch-site': undefined }],
    [{ origin: 'http://127.0.0.1:9091', 'sec-fetch-site': undefined }],
    [{ origin: 'http://127.0.0.1:9090.evil.example', 'sec-fetch-site': undefined }],
    [{ 'sec-fetch-site': 'none' }],
  ])('are refused: %o', async (headers) => {
    const here = await roomOf({ access: () => withToken });
    for (const form of forms) {
      const reply = await admin(here, { ...form, headers: { ...form.headers, ...headers } });
      expect([reply.status, reply.cookies ?? []]).toEqual([403, []]);
    }
  });

  test('those of ours are not, also behind a proxy under another name, and of browsers that say less', async () => {
    const here = await roomOf({ access: () => ({ ...withToken, url: new URL('https://cs.acme.example/') }) });
    const theme = (headers: Record<string, string | undefined>) =>
      admin(here, { ...posted('/theme', { theme: 'dark', back: '/' }), headers: { host: 'countersign:9090', ...headers } });
    expect((await theme({ origin: 'https://cs.acme.example' })).status).toBe(303);
    expect((await theme({ origin: 'http://countersign:9090' })).status).toBe(303);
    expect((await theme({ origin: 'https://other.example' })).status).toBe(403);
  });

  test('a session is not made for a visit from elsewhere, and not lost either: the page asks again from here', async () => {
    const here = await roomOf({ access: () => withToken });
    const away = { ...html, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const reply = await admin(here, asked('/request?id=00000000000000aa', away));
    expect([reply.status, reply.body]).toEqual([200, expect.stringContaining('<meta http-equiv="refresh" content="0"')]);
    expect((await admin(here, asked('/request?id=00000000000000aa', { ...html, 'sec-fetch-site': 'same-origin' }))).status).toBe(303);
  });
});

describe('by a proxy in front', () => {
  const rule: AccessRule = { loopback: false, session: 3600, trustedHeader: 'x-forwarded-user' };
  const visit = async (headers: Record<string, string | readonly string[]>, trusted: boolean, change: Partial<AccessRule> = {}) => {
    const request = { ...asked('/', html), peer: { network: '10.0.0.7', trusted, secure: true } };
    return admin(await roomOf({ access: () => ({ ...rule, ...change }) }), { ...request, headers: { ...request.headers, ...headers } });
  };

  test('whoever it names is in, with the name on the page', async () => {
    const reply = await visit({ 'x-forwarded-user': 'ada@acme.example' }, true);
    expect([reply.status, reply.body]).toEqual([200, expect.stringContaining('ada@acme.example')]);
  });

  test.each([
    ['nobody is named', {}, true],
    ['an empty name', { 'x-forwarded-user': '' }, true],
    ['two names, of which the client may have sent one', { 'x-forwarded-user': 'ada, mallory' }, true],
    ['a header that came twice', { 'x-forwarded-user': ['ada', 'mallory'] }, true],
    ['somebody else says so', { 'x-forwarded-user': 'ada' }, false],
    ['another header', { 'x-user': 'ada' }, true],
  ])('%s: refused', async (_, headers, trusted) => {
    const reply = await visit(headers, trusted);
    expect([reply.status, reply.body]).toEqual([403, expect.stringContaining('nobody is named')]);
  });

  test('with a token beside it the token still opens, and the header only from the proxy', async () => {
    const both = { token: source(token) };
    expect((await visit({ authorization: `Bearer ${token}` }, false, both)).status).toBe(200);
    expect((await visit({ 'x-forwarded-user': 'ada' }, false, both)).status).toBe(303);
  });

  test('HDR-08 the program believes it from the address of the proxy, and from no other', async () => {
    const program = await startProxy({
      policy: (_, port) => ({
        server: { trusted_proxies: ['127.0.0.2/32'], admin: { listen: `127.0.0.1:${port}`, trusted_header: 'X-Forwarded-User' } },
        issuers: { github: {} },
        registries: { npm: { protocol: 'npm', url: 'http://127.0.0.1:1/', upstream: 'http://127.0.0.1:2/', credential: 'none' } },
        publishers: [],
      }),
    });
    onTestFinished(() => program.close());
    const port = Number(new URL(program.admin).port);
    const visitFrom = (localAddress: string) =>
      raw({ port, localAddress }, 'GET', '/', { host: `127.0.0.1:${port}`, accept: 'text/html', 'X-Forwarded-User': 'ada@acme.example' });
    const letIn = await visitFrom('127.0.0.2');
    expect([letIn.status, letIn.body]).toEqual([200, expect.stringContaining('ada@acme.example')]);
    expect((await visitFrom('127.0.0.3')).status).toBe(403);
  });
});
