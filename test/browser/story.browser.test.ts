// The story: a job publishes through the real proxy to a real registry, another is refused, and an admin finds both in the
// browser, with where it came from and what cures it.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forkJob, uiJob, type Job } from '../../scripts/demo/jobs.ts';
import { setStage, type Stage } from '../../scripts/demo/stage.ts';
import { accessibilityOf, overflowOf, sizes, startBrowser, watchedPage } from '../support/browser.ts';
import { runClient, type ClientRun } from '../support/clients.ts';
import { npmPackage } from '../support/npm-package.ts';
import { describeWith } from '../support/requirement.ts';

describeWith(
  'chromium',
  'verdaccio',
  'npm',
)('a publish, seen', () => {
  let stage: Stage;
  let browser: Browser;
  let page: Page;
  let troubles: string[];
  beforeAll(async () => {
    [stage, browser] = await Promise.all([setStage(false), startBrowser()]);
    ({ page, troubles } = await watchedPage(await browser.newContext({ viewport: sizes.desk, reducedMotion: 'reduce' }), stage.admin));
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  const at = (path: string): Promise<unknown> => page.goto(new URL(path, stage.admin).href);
  const pagesOf = ['/', '/publishes', '/refusals', '/publishers', '/migration', '/health'];

  function publish(version: string, job: Job): Promise<ClientRun> {
    const { folder } = npmPackage('@acme/ui', version);
    return runClient('npm', ['publish'], { cwd: folder, env: job.env, npmrc: `registry=${stage.npm}` });
  }

  test('before anything happened each page says what to do', async () => {
    for (const path of pagesOf) {
      await at(path);
      expect(await page.getByText('Sample data').count()).toBe(0);
      expect(await accessibilityOf(page), path).toEqual([]);
      expect(await overflowOf(page), path).toEqual([]);
    }
    await at('/');
    expect(await page.locator('#main').innerText()).toContain('countersign snippet');
    await at('/migration');
    expect(await page.locator('#main').innerText()).toContain('long_lived_tokens: warn');
  });

  test('P7 what a job published is found with its commit, its run and its digest', async () => {
    const { code, output } = await publish('1.0.0', uiJob(stage.github, 'refs/tags/v1.0.0'));
    expect(code, output).toBe(0);
    const uploaded = stage.audit().find(({ outcome }) => outcome === 'uploaded');
    await at('/');
    await page.getByRole('link', { name: '@acme/ui 1.0.0' }).click();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('@acme/ui');
    const row = page.locator('tr', { hasText: '1.0.0' }).first();
    for (const words of ['acme/ui', uploaded?.commit?.slice(0, 7), 'v1.0.0', 'ui-release', 'octocat'])
      expect(await row.innerText()).toContain(words);
    await at(`/request?id=${uploaded?.request}`);
    for (const words of [uploaded?.sha256, uploaded?.commit?.slice(0, 7), uploaded?.run, uploaded?.token])
      expect(await page.locator('#main').innerText()).toContain(words);
    // The exchange that the upload token came from is one click away.
    await page.getByRole('link', { name: /exchange/ }).click();
    expect(await page.locator('#main').innerText()).toContain('token minted');
  });

  test('P8 why another was refused is found by the id that npm printed, with the line that cures it', async () => {
    const { code, output } = await publish('1.1.0', uiJob(stage.github, 'refs/heads/main'));
    expect(code).not.toBe(0);
    const [id = output] = /\b[0-9a-f]{16}\b/.exec(output) ?? [];
    await at('/');
    await page.getByRole('searchbox', { name: 'Package or request id' }).fill(id);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/request?**');
    const words = await page.locator('#main').innerText();
    for (const part of ['Publisher ui-release allows refs refs/tags/v*', 'refs/heads/main', 'Publish from a ref that fits', 'from:'])
      expect(words).toContain(part);

    await publish('1.1.0', forkJob(stage.github, 'refs/tags/v1.1.0'));
    await at('/refusals?anchor=acme%2Ffork');
    await page.locator('summary').first().click();
    const cure = await page.locator('.cure').innerText();
    expect(cure).toContain('If acme/fork is to publish it');
    expect(cure).toContain('repository_id: 4899');
  });

  test('nothing of it went wrong in the browser', () => {
    expect(troubles).toEqual([]);
  });
});
