// docs/registries: what is tried and what is not is said on every page, and nowhere else than it is true.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './support/components.ts';

const folder = join(ROOT, 'docs', 'registries');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const pages = globSync('*.md', { cwd: folder })
  .filter((file) => file !== 'index.md')
  .toSorted();
/** Page, and whether the index calls it tried. */
const rows = new Map(
  [...read('index.md').matchAll(/^\| \[[^\]]+\]\((\S+)\) \| [^|]+ \| ([^|]+) \|/gm)].map(([, file = '', tried = '']) => [file, tried]),
);
/** Whether the tests can start that server. */
const started = (file: string): boolean => existsSync(join(ROOT, 'test', 'support', `${basename(file, '.md')}.ts`));

test('the index has every page', () => {
  expect([...rows.keys()].toSorted()).toEqual(pages);
});

test.each(pages)('%s says whether it was tried, as the index does, and it was when the tests start that server', (file) => {
  const tried = started(file);
  expect(rows.get(file)).toMatch(tried ? /^yes, [\d.]+$/ : /^\*\*no\*\*$/);
  expect(read(file)).toMatch(tried ? /^Tried with /m : /^\*\*Not tried\*\*: /m);
});

test.each(pages.filter((file) => rows.get(file) === '**no**'))(
  '%s has a policy, and says of every claim where it is from and how sure it is',
  (file) => {
    const text = read(file);
    expect(text).toContain('# countersign.yaml');
    const claims = [...text.matchAll(/^\| what \| source \| how sure \|\n\|[-|]+\n([^]*?)\n\n/gm)].flatMap(([, table = '']) =>
      table.split('\n'),
    );
    expect(claims.length).toBeGreaterThan(4);
    for (const claim of claims) expect(claim).toMatch(/\| (?:\*\*not known\*\*|documented|read|reported|from memory)[^|]*\|$/);
  },
);
