// Signing in with a real browser: by the admin token, and at a real OIDC provider; and what the page for it is like.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { accessibilityOf, overflowOf, sizes, startBrowser, watchedPage, type Watched } from '../support/browser.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { freePort } from '../support/ports.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { describeWith } from '../support/requirement.ts';

const token = 'the admin token of this test';

describeWith('chromium')('signing in', () => {
  let proxy: Proxy;
  let provider: OidcProvider;
  let browser: Browser;
  let admin = '';
  beforeAll(async () => {
    const port = await freePort();
    admin = `http://127.0.0.1:${port}/`;
    const accounts = { ada: { password: 'lovelace', claims: { email: 'ada@acme.example', email_verified: true } } };
    [provider, browser] = await Promise.all([startOidcProvider({ redirectUri: `${admin}login/back`, accounts }), startBrowser()]);
    const { issuer, clientId, clientSecret } = provider;
    const login = { issuer, insecure: true, client_id: clientId, client_secret: '${CLIENT_SECRET}', emails: ['*@acme.example'] };
    proxy = await startProxy({
      policy: () => ({
        server: { admin: { listen: `127.0.0.1:${port}`, url: admin, token: '${ADMIN_TOKEN}', login } },
        issuers: { github: {} },
        registries: { npm: { protocol: 'npm', url: 'http://127.0.0.1:1/', upstream: 'http://127.0.0.1:2/', credential: 'none' } },
        publishers: [],
      }),
      env: { CLIENT_SECRET: clientSecret, ADMIN_TOKEN: token },
      ready: async () => (await fetch(`${admin}healthz`)).ok,
    });
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([proxy?.close(), provider?.close()]);
  });

  async function opened(path: string): Promise<Watched> {
    const context = await browser.newContext({ viewport: sizes.desk, reducedMotion: 'reduce' });
    onTestFinished(() => context.close());
    const watched = await watchedPage(context, admin);
    await watched.page.goto(new URL(path, admin).href);
    return watched;
  }

  test('the page for it has nothing that shuts anybody out, and fits', async () => {
    const { page, troubles } = await opened('/refusals');
    expect(new URL(page.url()).pathname).toBe('/login');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const size of Object.values(sizes)) {
        await page.setViewportSize(size);
        expect(await overflowOf(page)).toEqual([]);
      }
      expect(await accessibilityOf(page), colorScheme).toEqual([]);
    }
    expect(troubles).toEqual([]);
  });

  test('by token it leads to the page that was asked for, and out again', async () => {
    const { page, troubles } = await opened('/refusals?anchor=acme%2Fui');
    await page.getByLabel('Admin token').fill('another token than this one');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').innerText()).toBe('This is not the admin token.');
    await page.getByLabel('Admin token').fill(token);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/refusals?anchor=acme%2Fui');
    expect(await page.evaluate('document.cookie')).not.toContain('session');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/login');
    await page.goto(new URL('/health', admin).href);
    expect(new URL(page.url()).pathname).toBe('/login');
    expect(troubles).toEqual([]);
  });

  test('at a provider whoever is on the list is in, under a cookie that another site does not get sent', async () => {
    const { page } = await opened('/health');
    await page.getByRole('link', { name: /^Sign in at/ }).click();
    await page.getByLabel('Account').fill('ada');
    await page.getByLabel('Password').fill('lovelace');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${admin}health`);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Health');
    expect(await page.getByTitle('ada@acme.example').count()).toBe(1);
    const [session] = (await page.context().cookies()).filter(({ name }) => name === 'countersign-session');
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  });
});
