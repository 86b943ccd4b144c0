// The dashboard in use: by keyboard, without a script, with one; and chosen colours that stay.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { setStage, type Stage } from '../../scripts/demo/stage.ts';
import { uiJob } from '../../scripts/demo/jobs.ts';
import { accessibilityOf, overflowOf, sizes, startBrowser, watchedPage } from '../support/browser.ts';
import { runClient } from '../support/clients.ts';
import { npmPackage } from '../support/npm-package.ts';
import { describeWith } from '../support/requirement.ts';

describeWith(
  'chromium',
  'verdaccio',
  'npm',
)('the dashboard in use', () => {
  let stage: Stage;
  let browser: Browser;
  beforeAll(async () => {
    [stage, browser] = await Promise.all([setStage(true), startBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  /** Opens a page; at the end of the test nothing may have gone wrong in it. */
  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: sizes.desk, ...options });
    const { page, troubles } = await watchedPage(context, stage.admin);
    onTestFinished(async () => {
      await context.close();
      expect(troubles).toEqual([]);
    });
    await page.goto(new URL(path, stage.admin).href);
    return page;
  }

  const visibleRows = (page: Page): Promise<number> => page.locator('tbody tr:visible').count();

  describe('by keyboard', () => {
    test('the first key leads past the navigation, and focus can be seen', async () => {
      const page = await open('/publishers');
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').innerText()).toBe('Skip to content');
      expect(await page.evaluate('document.activeElement.getBoundingClientRect().top')).toBeGreaterThan(0);
      await page.keyboard.press('Enter');
      expect(await page.locator(':focus').getAttribute('id')).toBe('main');
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').getAttribute('data-narrows')).not.toBeNull();
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    });

    test('an admin gets from the overview to what cures a refusal', async () => {
      const page = await open('/');
      await tabTo(page, 'Refusals');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/refusals');
      await page.locator('summary', { hasText: 'Other workflow' }).focus();
      await page.keyboard.press('Enter');
      const cure = page.locator('details[open]').getByRole('heading', { name: 'What cures it' });
      expect(await cure.isVisible()).toBe(true);
      // The YAML can be scrolled without a mouse.
      await page.keyboard.press('Tab');
      const reached: string[] = [];
      for (let i = 0; i < 12 && !reached.includes('PRE'); i += 1) {
        reached.push(await page.evaluate<string>('document.activeElement.tagName'));
        await page.keyboard.press('Tab');
      }
      expect(reached).toContain('PRE');
    });

    test('whoever knows the id of a request, or a package, types it and is there', async () => {
      const page = await open('/');
      await page.getByRole('searchbox', { name: 'Package or request id' }).focus();
      await page.keyboard.type('npm:@acme/forms');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/package?**');
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('@acme/forms');
    });
  });

  /** Presses Tab until the link of this name has the focus. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let i = 0; i < 20; i += 1) {
      await page.keyboard.press('Tab');
      if ((await page.locator(':focus').innerText()).trim() === name) return;
    }
    throw new Error(`no way to ${name}`);
  }

  describe('without a script', () => {
    const without = { javaScriptEnabled: false };

    test('filters, pages, disclosures and the trial of a token work, and nothing is there that does not', async () => {
      const page = await open('/publishes', without);
      expect(await page.locator('[data-narrows]:visible').count()).toBe(0);
      await page.getByLabel('Package', { exact: true }).fill('@acme/forms');
      await page.getByRole('button', { name: 'Filter' }).click();
      const names = await page.locator('tbody th, tbody .lead, tbody td:nth-child(2)').allInnerTexts();
      expect(names.length).toBeGreaterThan(3);
      expect(names.every((name) => name.includes('@acme/forms'))).toBe(true);
      await page.getByRole('link', { name: 'Clear' }).click();
      await page.getByRole('link', { name: 'Older' }).click();
      expect(await visibleRows(page)).toBeGreaterThan(10);
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Refusals' }).click();
      await page.locator('summary', { hasText: 'Other workflow' }).click();
      expect(await page.getByText('What cures it').first().isVisible()).toBe(true);
      await page.goto(new URL('/try', stage.admin).href);
      await page.getByLabel('Package, with its registry').fill('npm:@acme/ui');
      await page.getByLabel('Identity token').fill(JSON.stringify({ iss: stage.github.issuer, repository: 'acme/other' }));
      await page.getByRole('button', { name: 'Explain' }).click();
      expect(await page.getByRole('heading', { name: 'npm:@acme/ui would be refused' }).isVisible()).toBe(true);
    });

    test('dark is chosen by a button, stays chosen, and leads back to where it was chosen', async () => {
      const page = await open('/migration', without);
      const paper = (): Promise<unknown> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      const light = await paper();
      await page.getByRole('button', { name: 'Dark' }).click();
      expect(new URL(page.url()).pathname).toBe('/migration');
      expect(await page.getByRole('button', { name: 'Dark' }).getAttribute('aria-pressed')).toBe('true');
      expect(await paper()).not.toBe(light);
      await page.goto(new URL('/health', stage.admin).href);
      expect(await paper()).not.toBe(light);
    });
  });

  test('what the policy says to a token is there for everybody, in light and in dark', async () => {
    const page = await open('/try', { reducedMotion: 'reduce' });
    await page.getByLabel('Package, with its registry').fill('npm:@acme/ui');
    await page.getByLabel('Identity token').fill(JSON.stringify({ iss: stage.github.issuer, repository: 'acme/ui', repository_id: '1' }));
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.waitForSelector('.verdict');
    for (const summary of await page.locator('summary').all()) await summary.click();
    expect(await accessibilityOf(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize(sizes.phone);
    expect(await accessibilityOf(page, 'looks')).toEqual([]);
    expect(await overflowOf(page)).toEqual([]);
  });

  describe('with a script', () => {
    test('rows are narrowed down as somebody types, and how many are left is said', async () => {
      const page = await open('/publishers');
      const all = await visibleRows(page);
      await page.getByRole('searchbox', { name: 'Narrow down' }).fill('acme/ui github');
      expect(await visibleRows(page)).toBe(2);
      expect(await page.locator('output').innerText()).toBe(`2 of ${all} on this page`);
    });

    test('what is new comes by itself, what was opened stays open, and whoever reads can pause it', async () => {
      const page = await open('/');
      // The looks are as many seconds apart as they are: the page's clock is moved on.
      await page.clock.install();
      await page.reload();
      await page.locator('summary', { hasText: 'The same as a table' }).click();
      await page.locator('#main').focus();
      const { folder } = npmPackage('@acme/ui', '7.7.7');
      const publish = (): Promise<{ code: number; output: string }> =>
        runClient('npm', ['publish'], { cwd: folder, env: uiJob(stage.github, 'refs/tags/v7.7.7').env, npmrc: `registry=${stage.npm}` });
      const { code, output } = await publish();
      expect(code, output).toBe(0);
      await page.clock.runFor(15_500);
      const recent = page.locator('.recent li').first();
      await expect.poll(() => recent.innerText()).toContain('7.7.7');
      expect(await page.locator('details', { hasText: 'The same as a table' }).first().getAttribute('open')).not.toBeNull();
      expect(await page.getByRole('status').innerText()).toContain('Updated');

      await page.getByRole('button', { name: 'Pause' }).click();
      await page.locator('#main').focus();
      let asked = 0;
      page.on('request', () => (asked += 1));
      await page.clock.runFor(60_000);
      expect(asked).toBe(0);
      expect(await page.getByRole('status').innerText()).toBe('Paused');
    });
  });
});
