// How commands print: padded columns, marks in colour where the terminal has any, JSON for programs.
import { toPrintable } from '../core/refusal.ts';
import type { Terminal } from './terminal.ts';

const codes = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;
export type Colour = keyof typeof codes;

export type Paint = (colour: Colour, text: string) => string;

/** A painter that leaves text as it is when `on` is false. */
export function painter(on: boolean): Paint {
  return (colour, text) => (on ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}

/** A result's mark, four columns wide: `ok`, `warn`, `FAIL`. */
export function mark(status: 'ok' | 'warn' | 'fail', paint: Paint): string {
  if (status === 'ok') return paint('green', 'ok  ');
  return status === 'warn' ? paint('yellow', 'warn') : paint('red', 'FAIL');
}

/** Columns two spaces apart; a row's last cell is not padded and widens no column. Cells are plain text: paint after, or the widths are wrong. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.slice(0, -1).forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Prints lines on stdout. */
export function print(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.out(`${lines.join('\n')}\n`);
}

/** Prints one JSON document on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** A value of a token or of a server's answer, safe for a terminal (JWT-48): no escape sequence gets through. */
export function shown(value: string | undefined, limit?: number): string {
  return value === undefined ? 'none' : toPrintable(value, limit);
}
