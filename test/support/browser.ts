// A real browser (Debian's Chromium, driven by playwright-core), and what a page in it must never do.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { requires } from './components.ts';
import { plainEnv } from './process.ts';

/** Starts it; half a second. Without its sandbox only where it would not start with one: as root. */
export function startBrowser(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: requires('chromium'), args, env: plainEnv() });
}

/** Widths of a desk, a tablet and a phone. */
export const sizes = {
  desk: { width: 1440, height: 900 },
  tablet: { width: 768, height: 1024 },
  phone: { width: 390, height: 844 },
} as const;

export interface Watched {
  readonly page: Page;
  /** What went wrong so far: violations of the content security policy, errors of scripts, requests to elsewhere or that failed. */
  readonly troubles: string[];
}

/** A page of the context that is watched. @param origin the only one that it may ask anything of */
export async function watchedPage(context: BrowserContext, origin: string): Promise<Watched> {
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`script: ${error.message}`));
  // A violation of the content security policy is an error on the console; so is a file that could not be fetched.
  page.on('console', (message) => {
    const isAnswer = /the server responded with a status of 4\d\d/.test(message.text()) && message.location().url === page.url();
    if (['error', 'warning'].includes(message.type()) && !isAnswer) troubles.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(origin).origin) troubles.push(`elsewhere: ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // Whoever goes on to another page waits for nothing of the one before.
    if (why !== 'net::ERR_ABORTED') troubles.push(`failed: ${request.url()} ${why}`);
  });
  return { page, troubles };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Violations of WCAG 2.2 A and AA and of good practice that axe finds in what is shown, a line each.
 * @param rules `looks`: only those that colours and sizes decide
 */
export async function accessibilityOf(page: Page, rules: keyof typeof only = 'all'): Promise<string[]> {
  // Through the debugger, which the page's content security policy does not concern.
  await page.evaluate(axe);
  const runOnly = JSON.stringify(only[rules]);
  const { passes, violations } = await page.evaluate<Results>(`axe.run(document, { runOnly: ${runOnly} })`);
  if (passes.length === 0) return ['axe looked at nothing'];
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`));
}

const only = {
  all: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  looks: { type: 'rule', values: ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'] },
} as const;

interface Results {
  readonly passes: readonly unknown[];
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
  }[];
}

/** What makes a page wider than the screen; nothing when it is not. */
export function overflowOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const over = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5);
    return [scrollWidth + ' of ' + clientWidth + ' px', ...over.slice(-3).map((element) => element.outerHTML.slice(0, 120))];
  })()`);
}
