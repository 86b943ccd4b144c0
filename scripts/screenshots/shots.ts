// The pictures: each page, and some of them in the dark, on a tablet and on a phone.
import type { Page } from 'playwright-core';
import type { Gallery } from './gallery.ts';

export interface Shot {
  /** Of its file. */
  readonly name: string;
  readonly path: string;
  /** Where nobody is let in without signing in; else with the month. */
  readonly of?: 'closed';
  readonly size?: 'desk' | 'tablet' | 'phone';
  readonly colours?: 'light' | 'dark';
  readonly prepare?: (page: Page, gallery: Gallery) => Promise<void>;
}

/** A group of refusals, unfolded. */
function unfolded(text: string): (page: Page) => Promise<void> {
  return async (page) => {
    await page.locator('summary', { hasText: text }).first().click();
    await page.locator('#main').focus();
  };
}

/** Claims of a job that differ in one thing from what publisher ui-release expects. */
async function tried(page: Page, { github }: Gallery): Promise<void> {
  const workflow = 'acme/ui/.github/workflows/release.yml@refs/tags/v2.0.0';
  const claims = {
    iss: github,
    repository: 'acme/ui',
    repository_id: '4711',
    repository_owner_id: '12',
    workflow_ref: workflow,
    job_workflow_ref: workflow,
    environment: 'staging',
    event_name: 'push',
    ref: 'refs/tags/v2.0.0',
  };
  await page.getByLabel('Package, with its registry').fill('npm:@acme/ui');
  await page.getByLabel('Identity token').fill(JSON.stringify(claims));
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.waitForSelector('.verdict');
}

/** The last request that was refused for its workflow. */
async function requested(page: Page): Promise<void> {
  await unfolded('Other workflow')(page);
  await page.locator('details[open] .facts a', { has: page.locator('code') }).click();
  await page.waitForURL('**/request?**');
}

export const shots: readonly Shot[] = [
  { name: 'overview', path: '/' },
  { name: 'overview-dark', path: '/', colours: 'dark' },
  { name: 'overview-tablet', path: '/', size: 'tablet' },
  { name: 'overview-phone', path: '/', size: 'phone', colours: 'dark' },
  { name: 'publishes', path: '/publishes' },
  { name: 'refusals', path: '/refusals', prepare: unfolded('Other workflow') },
  { name: 'refusals-phone', path: '/refusals', size: 'phone', prepare: unfolded('Other workflow') },
  { name: 'publishers', path: '/publishers' },
  { name: 'publisher', path: '/publisher?name=ui-release' },
  { name: 'try', path: '/try', prepare: tried },
  { name: 'migration', path: '/migration', prepare: unfolded('tried to publish it') },
  { name: 'migration-dark', path: '/migration', colours: 'dark' },
  { name: 'health', path: '/health' },
  { name: 'package', path: '/package?registry=npm&package=@acme%2Fui' },
  { name: 'request', path: '/refusals', prepare: requested },
  { name: 'sign-in', path: '/', of: 'closed' },
];
