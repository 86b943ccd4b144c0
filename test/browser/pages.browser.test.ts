// Every page of the dashboard in a real browser, with a month of records: readable by everybody, on every screen, and made of
// nothing but what the content security policy lets in.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { pages as pagesByPath } from '../../src/admin/pages.ts';
import { setStage, type Stage } from '../../scripts/demo/stage.ts';
import { accessibilityOf, overflowOf, sizes, startBrowser, watchedPage } from '../support/browser.ts';
import { describeWith } from '../support/requirement.ts';

/** What a link to a page has; those of requests are looked up in the record. */
const queries: Readonly<Record<string, string>> = {
  '/publisher': '?name=charts',
  '/package': '?registry=npm&package=@acme%2Fui',
};
const targets = [
  ...Object.keys(pagesByPath)
    .filter((path) => path !== '/request')
    .map((path) => `${path}${queries[path] ?? ''}`),
  '/publisher?name=nightly-reports',
  '/publishes?package=@acme%2Fforms&kind=long-lived',
  '/publishes?package=nothing-of-this-name',
  '/refusals?anchor=nobody',
  '/request?outcome=uploaded',
  '/request?outcome=refused',
  '/nowhere',
];

describeWith('chromium', 'verdaccio')('every page', () => {
  let stage: Stage;
  let browser: Browser;
  const addresses = new Map<string, string>();
  beforeAll(async () => {
    [stage, browser] = await Promise.all([setStage(true), startBrowser()]);
    for (const target of targets) addresses.set(target, new URL(await found(target), stage.admin).href);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  /** `/request?outcome=…` is that of the latest record with this outcome. */
  async function found(target: string): Promise<string> {
    const outcome = /^\/request\?outcome=(.+)$/.exec(target)?.[1];
    if (outcome === undefined) return target;
    const answer = await fetch(new URL(`/api/v1/events?limit=1&outcome=${outcome}`, stage.admin));
    const { events } = (await answer.json()) as { events: { request: string }[] };
    return `/request?id=${events[0]?.request}`;
  }

  test.each(targets)(
    '%s has nothing that shuts anybody out, in light and in dark, and is as wide as the screen and no wider',
    async (target) => {
      const context = await browser.newContext({ viewport: sizes.desk, reducedMotion: 'reduce' });
      onTestFinished(() => context.close());
      const { page, troubles } = await watchedPage(context, stage.admin);
      await page.goto(addresses.get(target) ?? '');
      // What is folded away is looked at, too.
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      for (const [colorScheme, size, rules] of [
        ['light', sizes.desk, 'all'],
        ['dark', sizes.desk, 'looks'],
        ['dark', sizes.phone, 'looks'],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(size);
        expect(await accessibilityOf(page, rules), `${colorScheme} at ${size.width} px`).toEqual([]);
      }
      for (const size of [...Object.values(sizes), { width: 320, height: 700 }]) {
        await page.setViewportSize(size);
        expect(await overflowOf(page), `at ${size.width} px`).toEqual([]);
      }
      expect(troubles).toEqual([]);
    },
  );
});
