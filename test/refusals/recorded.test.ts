// docs/refusals: every refusal, and what every client shows of it. What was recorded says what the code says today;
// `npm run refusals` records anew what does not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusalKinds, type RefusalCode } from '../../src/core/refusal.ts';
import { ROOT } from '../support/components.ts';
import { indexPage, verdict } from './index.ts';
import { shows } from './mask.ts';
import { npmPages } from './npm/pages.ts';
import { hidden, recordedWith, sectionsOf } from './page.ts';
import { pypiPages } from './pypi/pages.ts';
import { fixedParts } from './words.ts';

const codes = Object.keys(refusalKinds) as RefusalCode[];
const textOf = (file: string): string => readFileSync(join(ROOT, 'docs', 'refusals', `${file}.md`), 'utf8');
const pages = [...npmPages(() => undefined), ...pypiPages(() => undefined)].map((page) => ({ ...page, text: textOf(page.file) }));

describe.each(pages)('docs/refusals/$file.md', (page) => {
  const sections = sectionsOf(page.text);

  test('was recorded with the versions that the tests run', () => expect(page.text).toContain(recordedWith(page)));

  test('has no credential in it, and nothing of the machine that recorded it', () => {
    expect(page.text).not.toMatch(/csgn_\w{9}|eyJ[\w-]{9}|127\.0\.0\.|\/tmp\/|\/root\/|zq\d\dq|\u001b/);
  });

  test.each(codes)('%s: shows the sentence and what to change, or says why not', (code) => {
    const section = sections.get(code) ?? '';
    const said = verdict(section);
    if (said === 'passes') return;
    if (said === 'never') {
      expect(section).toMatch(/^Not to be caused\. \S/);
      return;
    }
    if (said === 'hidden') expect(section.slice(section.lastIndexOf(hidden))).toContain(page.instead);
    // Hidden: it stands below the recording, and is held true in the same way.
    for (const part of [...fixedParts(code, 'sentence'), ...fixedParts(code, 'fix')]) expect(shows(section, part), part).toBe(true);
  });
});

test.each(codes)('%s is shown by one client at least, or no client can meet it, or those that meet it are told another way', (code) => {
  const said = pages.map(({ text }) => verdict(sectionsOf(text).get(code) ?? ''));
  expect(said.includes('shown') || said.every((each) => each === 'never'), said.join(' ')).toBe(true);
});

test('docs/refusals/index.md is up to date', () => expect(textOf('index')).toBe(indexPage(pages)));
