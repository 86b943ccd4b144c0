// Signing in at a real OIDC provider: authorization code with PKCE, and who of its accounts is let in.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { createRelyingParty } from '../../src/oidc/relying-party.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { freePort } from '../support/ports.ts';
import { startProxy, type Policy, type Proxy } from '../support/proxy.ts';
import { BrowserLike } from './browser-like.ts';
import { policyOf } from './room.ts';

describe('at a provider', () => {
  let proxy: Proxy;
  let provider: OidcProvider;
  const accounts = {
    ada: { password: 'lovelace', claims: { email: 'Ada@acme.example', email_verified: true } },
    grace: { password: 'hopper', claims: { email: 'grace@elsewhere.example', email_verified: true, groups: ['platform', 'all'] } },
    mallory: { password: 'm', claims: { email: 'mallory@elsewhere.example', email_verified: true, groups: ['all'] } },
    eve: { password: 'e', claims: { email: 'ada@acme.example', email_verified: false } },
  };
  const policyFor = (issuer: string, emails: readonly string[], adminPort: number): Policy => ({
    server: {
      admin: {
        listen: `127.0.0.1:${adminPort}`,
        url: `http://127.0.0.1:${adminPort}/`,
        login: {
          issuer,
          client_id: 'countersign',
          client_secret: '${CLIENT_SECRET}',
          insecure: true,
          emails,
          groups: ['platform'],
          scopes: ['email', 'groups'],
        },
      },
    },
    issuers: { github: {} },
    registries: { npm: { protocol: 'npm', url: 'http://127.0.0.1:1/', upstream: 'http://127.0.0.1:2/', credential: 'none' } },
    publishers: [],
  });
  const start = async (emails = ['*@acme.example']): Promise<{ proxy: Proxy; provider: OidcProvider }> => {
    // The provider wants to know the way back, and Countersign the provider: one port is chosen first.
    const adminPort = await freePort();
    const made = await startOidcProvider({ redirectUri: `http://127.0.0.1:${adminPort}/login/back`, accounts });
    const policy = (): Policy => policyFor(made.issuer, emails, adminPort);
    const started = await startProxy({
      policy,
      env: { CLIENT_SECRET: made.clientSecret },
      ready: async () => (await fetch(`http://127.0.0.1:${adminPort}/healthz`)).ok,
    });
    return { proxy: { ...started, admin: `http://127.0.0.1:${adminPort}/` }, provider: made };
  };
  beforeAll(async () => void ({ proxy, provider } = await start()), 60_000);
  afterAll(() => Promise.all([proxy.close(), provider.close()]));

  /** Goes to a page, signs in at the provider, and comes back. */
  async function signIn(browser: BrowserLike, account: string, password: string, at: Proxy = proxy) {
    const page = await browser.visit(new URL('/login/provider?next=/health', at.admin));
    expect(page.body).toContain('Sign in at the provider of tests');
    return browser.visit(page.url, { form: { account, password } });
  }

  test('whose e-mail address is on the list is in, and goes on from a page of ours', async () => {
    const browser = new BrowserLike();
    const door = await browser.visit(proxy.admin);
    expect(door.body).toContain(`Sign in at ${new URL(provider.issuer).host}`);
    const back = await signIn(browser, 'ada', 'lovelace');
    expect([back.status, back.body]).toEqual([200, expect.stringContaining('<meta http-equiv="refresh" content="0;url=/health"')]);
    const cookie = browser.cookie('127.0.0.1', 'countersign-session');
    expect(cookie?.attributes).toMatch(/HttpOnly; SameSite=Strict/);
    expect(browser.cookie('127.0.0.1', 'countersign-sign-in')).toBeUndefined();
    const page = await browser.visit(new URL('/health', proxy.admin));
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('ada@acme.example')]);
    await expect.poll(() => proxy.output()).toContain('signed in to the dashboard at the provider');
    expect(proxy.output()).not.toContain(cookie?.value);
  });

  test('whose group is on the list, too', async () => {
    const browser = new BrowserLike();
    await signIn(browser, 'grace', 'hopper');
    expect((await browser.visit(proxy.admin)).status).toBe(200);
  });

  test.each([
    ['mallory', 'm', 'neither on the list'],
    ['eve', 'e', 'with an address that nobody verified'],
  ])('%s is not: %s', async (account, password) => {
    const browser = new BrowserLike();
    const back = await signIn(browser, account, password);
    expect([back.status, back.body]).toEqual([403, expect.stringContaining('not among those that may look')]);
    expect((await browser.visit(proxy.admin)).url.pathname).toBe('/login');
  });

  test('who is turned away there is told so', async () => {
    const back = await signIn(new BrowserLike(), 'ada', 'wrong');
    expect([back.status, back.body]).toEqual([
      403,
      expect.stringContaining('The provider did not sign you in: wrong account or password.'),
    ]);
  });

  test('the provider is asked with PKCE, a state and a nonce, and nothing of them is in the open', async () => {
    const browser = new BrowserLike();
    const sent = await browser.ask(new URL('/login/provider', proxy.admin));
    const { searchParams } = new URL(sent.headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'countersign',
      scope: 'openid email groups',
      code_challenge_method: 'S256',
      redirect_uri: `${proxy.admin}login/back`,
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    const kept = JSON.parse(
      Buffer.from(browser.cookie('127.0.0.1', 'countersign-sign-in')?.value.split('.')[0] ?? '', 'base64url').toString(),
    ) as { verifier: string };
    expect(createHash('sha256').update(kept.verifier).digest('base64url')).toBe(searchParams.get('code_challenge'));
    expect(browser.cookie('127.0.0.1', 'countersign-sign-in')?.sameSite).toBe('Lax');
  });

  test('an answer to a sign-in of another browser, an old one, or a code that was used is refused', async () => {
    const [browser, other] = [new BrowserLike(), new BrowserLike()];
    const page = await browser.visit(new URL('/login/provider', proxy.admin));
    const answer = await browser.untilLedTo(proxy.admin, await browser.ask(page.url, { form: { account: 'ada', password: 'lovelace' } }));
    await other.ask(new URL('/login/provider', proxy.admin));
    expect((await other.ask(answer)).status).toBe(403);
    const forged = new URL(answer);
    forged.searchParams.set('iss', 'https://evil.example');
    const state = browser.cookie('127.0.0.1', 'countersign-sign-in')?.value ?? '';
    expect((await browser.ask(forged)).status).toBe(403);
    browser.setCookie('127.0.0.1', 'countersign-sign-in', state);
    expect((await browser.ask(answer)).status).toBe(200);
    // The same answer again, with the cookie that was taken away: the provider knows the code.
    browser.setCookie('127.0.0.1', 'countersign-sign-in', state);
    expect((await browser.ask(answer)).status).toBe(502);
    await expect.poll(() => proxy.output()).toContain('the provider for signing in to the dashboard could not be used');
  });

  test('with the secret in the body, and the claims in the ID token, as other providers have it', async () => {
    const redirectUri = 'http://127.0.0.1:1/login/back';
    const another = await startOidcProvider({ redirectUri, accounts, authMethod: 'client_secret_post', claimsInIdToken: true });
    const { login } = await policyOf(stringify(policyFor(another.issuer, ['*@acme.example'], 9090)), {
      CLIENT_SECRET: another.clientSecret,
    }).then(({ server }) => server.admin);
    if (login === undefined) throw new Error('no login');
    const party = createRelyingParty(login);
    onTestFinished(() => another.close());
    onTestFinished(party.close);
    const verifier = 'v'.repeat(43);
    const begun = await party.begin({
      redirectUri,
      state: 's',
      nonce: 'n',
      challenge: createHash('sha256').update(verifier).digest('base64url'),
    });
    const browser = new BrowserLike();
    const page = await browser.visit(begun as URL);
    const answer = await browser.untilLedTo(redirectUri, await browser.ask(page.url, { form: { account: 'ada', password: 'lovelace' } }));
    const code = answer.searchParams.get('code') ?? '';
    expect(await party.redeem({ code, redirectUri, verifier, nonce: 'n' })).toMatchObject({
      claims: { sub: 'ada', email: 'Ada@acme.example', email_verified: true },
    });
    expect(await party.redeem({ code, redirectUri, verifier, nonce: 'n' })).toEqual({
      problem: expect.stringContaining('answered status 400'),
    });
  });

  test('beside JWK-10: however many begin to sign in, a provider that is away is asked once in a while, and used again when it is back', async () => {
    let [asked, away, time] = [0, true, 1_000_000];
    const server = createServer((_, res) => {
      asked += 1;
      const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const document = { issuer: at, authorization_endpoint: `${at}/authorize`, token_endpoint: `${at}/token` };
      res.writeHead(away ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { login } = (await policyOf(stringify(policyFor(issuer, ['*@acme.example'], 9090)), { CLIENT_SECRET: 'x'.repeat(32) })).server
      .admin;
    if (login === undefined) throw new Error('no login');
    const party = createRelyingParty(login, () => time);
    onTestFinished(party.close);
    const begin = (): Promise<unknown> => party.begin({ redirectUri: 'http://127.0.0.1:1/', state: 's', nonce: 'n', challenge: 'c' });
    for (const answer of await Promise.all(Array.from({ length: 50 }, begin))) expect(answer).toHaveProperty('problem');
    for (let i = 0; i < 50; i += 1) expect(await begin()).toHaveProperty('problem');
    expect(asked).toBe(1);
    [away, time] = [false, time + 3_001];
    for (const answer of await Promise.all(Array.from({ length: 50 }, begin))) expect(answer).toBeInstanceOf(URL);
    expect(asked).toBe(2);
  });

  test('P6 while it is away who is in stays so, until he is taken off the list', { timeout: 60_000 }, async () => {
    const another = await start(['ada@acme.example']);
    onTestFinished(() => another.proxy.close());
    const browser = new BrowserLike();
    await signIn(browser, 'ada', 'lovelace', another.proxy);
    await another.provider.close();
    expect((await browser.visit(another.proxy.admin)).status).toBe(200);
    const port = Number(new URL(another.proxy.admin).port);
    await another.proxy.reload(() => policyFor(another.provider.issuer, ['bob@acme.example'], port));
    expect((await browser.visit(another.proxy.admin)).url.pathname).toBe('/login');
    const begun = await new BrowserLike().ask(new URL('/login/provider', another.proxy.admin));
    expect([begun.status, begun.body]).toEqual([502, expect.stringContaining('The provider could not be used')]);
  });
});
