// The pictures in docs/screenshots: one of each page at least, small enough to be kept, and none that nobody takes.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pages } from '../../src/admin/pages.ts';
import { shots } from '../../scripts/screenshots/shots.ts';
import { ROOT } from '../support/components.ts';

const folder = join(ROOT, 'docs', 'screenshots');
const files = readdirSync(folder).toSorted();

test('there is one of each page and of signing in, and those that `npm run screenshots` takes are all', () => {
  const names = Object.keys(pages).map((path) => (path === '/' ? 'overview' : path.slice(1)));
  for (const name of [...names, 'sign-in']) expect(files).toContain(`${name}.png`);
  expect(files).toEqual(shots.map(({ name }) => `${name}.png`).toSorted());
});

test('each is as wide as the screen it is of, and all of them are less than 2 MB', () => {
  for (const { name, size = 'desk' } of shots) {
    const width = readFileSync(join(folder, `${name}.png`)).readUInt32BE(16);
    expect([name, width]).toEqual([name, { desk: 1440, tablet: 768, phone: 780 }[size]]);
  }
  expect(files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)).toBeLessThan(2_000_000);
});
