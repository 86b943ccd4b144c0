// Which rows of the catalogue of hostile inputs stand in a test's title, and which were decided otherwise.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Every row of the catalogue, in its order: of the security study as `JWT-01`, of the npm study as `npm.md E1`. */
export function allRows(): string[] {
  return read('test/catalogue.ids.txt').trim().split('\n');
}

/** The rows that a text names; `MP-04 to MP-06` names three. */
export function rowsIn(text: string): string[] {
  const found: string[] = [];
  for (const [, group = '', from = '', to = from] of text.matchAll(/\b([A-Z]{2,3})-(\d{2,})\b(?: (?:to|…) \1-(\d{2,})\b)?/g)) {
    for (let n = Number(from); n <= Number(to); n += 1) found.push(`${group}-${String(n).padStart(2, '0')}`);
  }
  for (const [, row] of text.matchAll(/\bnpm\.md E(\d+)\b(?! to)/g)) found.push(`npm.md E${row}`);
  return found;
}

/** Rows of the table in `docs/threat-model.md` under "Decided otherwise than the catalogue": the first cell names them. */
export function decidedOtherwise(): Set<string> {
  const [, section = ''] = read('docs/threat-model.md').split(/^## Decided otherwise.*$/m);
  const [table = ''] = section.split(/^## /m);
  return new Set([...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = '']) => rowsIn(cell)));
}

/** Rows that the sources of the tests name outside comments: the titles, without running anything. */
export function namedInSources(): Set<string> {
  const sources = globSync('test/**/*.ts', { cwd: root, exclude: (name) => /node_modules|catalogue\.test/.test(name) });
  const rows = sources.flatMap((path) => {
    const code = read(path)
      .split('\n')
      .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line))
      .map((line) => line.replace(/\s\/\/ .*$/, ''))
      .join('\n');
    // The attacks of the npm study are a table, whose titles begin with its row.
    const attacks = [...code.matchAll(/^attacks\(\s*(\d+),/gm)].map(([, row]) => `npm.md E${row}`);
    return [...rowsIn(code), ...attacks];
  });
  return new Set(rows);
}

/** Rows that are neither in a title nor decided otherwise, in the catalogue's order. */
export function missingRows(): string[] {
  const covered = new Set([...namedInSources(), ...decidedOtherwise()]);
  return allRows().filter((row) => !covered.has(row));
}

/** The group of the row that a title stands beside (`beside SMG-03: …`): its neighbours, which the catalogue leaves to us. */
export function groupBeside(title: string): string | undefined {
  const [, row = ''] = /^beside ([A-Z]{2,3}-\d{2,}|npm\.md E\d+)\b/.exec(title) ?? [];
  return row.startsWith('npm.md') ? 'NPM' : row.split('-')[0] || undefined;
}
