// Pages of docs/ of which parts are generated: each block between its two markers, compared as a whole with the file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/requirement.ts';

/** Path of a page. */
export function pagePath(name: string): string {
  return join(ROOT, 'docs', name);
}

/**
 * The page with its generated blocks filled in; `vitest run -u` writes it. Throws when the page lacks a block, or has one
 * that nothing generates.
 */
export function filledIn(name: string, blocks: Readonly<Record<string, string>>): string {
  const seen = new Set<string>();
  const page = readFileSync(pagePath(name), 'utf8').replaceAll(
    /(<!-- generated: ([a-z ]+) -->\n)[^]*?(<!-- end -->)/g,
    (_, start: string, block: string, end: string) => {
      const content = blocks[block];
      if (content === undefined) throw new Error(`docs/${name}: nothing generates "${block}"`);
      seen.add(block);
      return `${start}${content}\n${end}`;
    },
  );
  const lacking = Object.keys(blocks).filter((block) => !seen.has(block));
  if (lacking.length > 0) throw new Error(`docs/${name} lacks the blocks ${lacking.join(', ')}`);
  return page;
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** A block of preformatted text. */
export function preformatted(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
