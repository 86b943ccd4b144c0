// `npm run screenshots`: takes docs/screenshots anew, from a real Countersign with the made-up month of the demo in its record.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { ROOT } from '../test/support/components.ts';
import { sizes, startBrowser } from '../test/support/browser.ts';
import { startGallery, type Gallery } from './screenshots/gallery.ts';
import { shots, type Shot } from './screenshots/shots.ts';
import { withFewColours } from './screenshots/palette.ts';

const folder = join(ROOT, 'docs', 'screenshots');
/** Pixels of a picture at most: what is further down, nobody looks at in a README. */
const tallest = { desk: 1_080, tablet: 1_180, phone: 1_000 };
/** Of the page for signing in. */
const door = 480;

const [gallery, browser] = await Promise.all([startGallery(), startBrowser()]);
try {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));
  for (const shot of shots) await take(browser, gallery, shot);
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  console.log(`${shots.length} pictures, ${Math.ceil(bytes / 1024)} KiB, in docs/screenshots`);
} finally {
  await browser.close();
  await gallery.close();
}

async function take(by: Browser, at: Gallery, { name, path, of, size = 'desk', colours = 'light', prepare }: Shot): Promise<void> {
  const context = await by.newContext({
    viewport: sizes[size],
    colorScheme: colours,
    reducedMotion: 'reduce',
    deviceScaleFactor: size === 'phone' ? 2 : 1,
  });
  const page = await context.newPage();
  await page.goto(new URL(path, of === 'closed' ? at.closed : at.open).href);
  await prepare?.(page, at);
  await page.evaluate('scrollTo(0, 0)');
  const height = of === 'closed' ? door : await page.evaluate<number>('document.documentElement.scrollHeight');
  await page.setViewportSize({ width: sizes[size].width, height: Math.min(height, tallest[size]) });
  await page.mouse.move(0, 0);
  withFewColours(await page.screenshot(), join(folder, `${name}.png`));
  await context.close();
}
