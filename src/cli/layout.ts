// Tables and prose within the width of a terminal. Cells are plain text: paint after, or the widths are wrong.
import { wrap } from '../core/wrap.ts';

/** Columns that are left to a cell, however narrow the terminal. */
const narrowest = 10;

/** Columns two spaces apart; a row's last cell is not padded and widens no column. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  return table(rows, undefined).flat();
}

/**
 * The same within `width` columns: cells that do not fit are broken into more lines, the widest columns first. Gives the
 * lines of each row. `undefined`: as wide as it gets.
 */
export function table(rows: readonly (readonly string[])[], width: number | undefined): string[][] {
  const widths: number[] = [];
  for (const row of rows) row.slice(0, -1).forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  if (width !== undefined) shrink(widths, width - longestLast(rows, width));
  return rows.map((row) => rowLines(row, widths, width));
}

/** What the last cells need, up to half of the terminal. */
function longestLast(rows: readonly (readonly string[])[], width: number): number {
  const longest = Math.max(0, ...rows.map((row) => row.at(-1)?.length ?? 0));
  return Math.min(longest, Math.floor(width / 2));
}

/** Takes from the widest column until all of them, each with its gap, fit into `room`. */
function shrink(widths: number[], room: number): void {
  for (;;) {
    const excess = widths.reduce((sum, one) => sum + one + 2, 0) - room;
    const widest = Math.max(0, ...widths);
    if (excess <= 0 || widest <= narrowest) return;
    const second = Math.max(narrowest, ...widths.filter((one) => one < widest));
    widths[widths.indexOf(widest)] = Math.max(second - 1, widest - excess, narrowest);
  }
}

function rowLines(row: readonly string[], widths: readonly number[], width: number | undefined): string[] {
  const last = row.length - 1;
  const before = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  const room = (i: number): number | undefined =>
    width === undefined ? undefined : i === last ? Math.max(narrowest, width - before) : widths[i];
  const cells = row.map((cell, i) => wrap(cell, room(i), { hard: true }));
  return Array.from({ length: Math.max(1, ...cells.map((lines) => lines.length)) }, (_, at) =>
    cells
      .map((lines, i) => (i === last ? (lines[at] ?? '') : (lines[at] ?? '').padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/**
 * Prose with its paragraphs and indentation kept, each paragraph filled anew to the width. Lines that begin with `$` are
 * commands and stay as they are.
 */
export function fill(text: string, width: number): string {
  const blocks: string[] = [];
  for (const line of text.split('\n')) {
    const before = blocks.at(-1);
    const indent = /^ */.exec(line)?.[0] ?? '';
    const joins =
      before !== undefined && before.trim() !== '' && line.trim() !== '' && !line.trim().startsWith('$') && !before.trim().startsWith('$');
    if (joins && indent === (/^ */.exec(before)?.[0] ?? '')) blocks[blocks.length - 1] = `${before} ${line.trim()}`;
    else blocks.push(line);
  }
  return blocks
    .flatMap((block) => (block.trim().startsWith('$') ? [block] : wrap(block, width, { indent: /^ */.exec(block)?.[0].length ?? 0 })))
    .join('\n');
}
