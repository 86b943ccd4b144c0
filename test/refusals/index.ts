// The page that leads to all others: which client shows which refusal.
import { refusalKinds, type RefusalCode } from '../../src/core/refusal.ts';
import { hidden, sectionsOf, type Page } from './page.ts';

/** What a page says of a code, in a word. */
export function verdict(section: string): 'shown' | 'hidden' | 'passes' | 'never' {
  if (!section.includes('```')) return 'never';
  if (section.includes(hidden)) return 'hidden';
  return section.includes('that succeeds.') ? 'passes' : 'shown';
}

const marks = { shown: 'shown', hidden: 'hidden', passes: 'tries again', never: '–' } as const;

/** docs/refusals/index.md, from the other pages. */
export function indexPage(pages: readonly (Pick<Page, 'file' | 'title'> & { readonly text: string })[]): string {
  const sections = pages.map(({ file, text }) => ({ file, of: sectionsOf(text) }));
  const cell = (code: RefusalCode, { file, of }: (typeof sections)[number]): string =>
    `[${marks[verdict(of.get(code) ?? '')]}](${file}.md#${code})`;
  const rows = (Object.keys(refusalKinds) as RefusalCode[])
    .toSorted()
    .map((code) => `| \`${code}\` | ${sections.map((each) => cell(code, each)).join(' | ')} |`);
  return `${[
    '# What each client shows of each refusal',
    intro,
    [`| code | ${pages.map(({ title }) => title).join(' | ')} |`, `|---|${pages.map(() => '---|').join('')}`, ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

const intro = [
  'Recorded with the real clients, every cell leads to what was on the screen. *shown*: the person reads what was refused and what to change.',
  '*hidden*: the client keeps it to itself; the page says what it was and how to see it all the same.',
  '*tries again*: the client gets there by itself. *–*: this client cannot be made to meet this refusal; the page says why.',
].join('\n');
