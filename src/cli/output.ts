// How commands print: text and tables that fit the terminal, marks in colour where it has any, JSON for programs.
import { toPrintable } from '../core/refusal.ts';
import type { Terminal } from './terminal.ts';

const codes = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;
export type Colour = keyof typeof codes;

export type Paint = (colour: Colour, text: string) => string;

/** A painter that leaves text as it is when `on` is false. */
export function painter(on: boolean): Paint {
  return (colour, text) => (on ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}

/** How something was found. `skip`: it was not looked at, and why is said. */
export type Status = 'ok' | 'warn' | 'fail' | 'skip';

/** A result's mark, four columns wide: `ok`, `warn`, `FAIL`, `skip`. */
export function mark(status: Status, paint: Paint): string {
  if (status === 'ok') return paint('green', 'ok  ');
  if (status === 'skip') return paint('dim', 'skip');
  return status === 'warn' ? paint('yellow', 'warn') : paint('red', 'FAIL');
}

/** A value of a token or of a server's answer, safe for a terminal (JWT-48): no escape sequence gets through. */
export function shown(value: string | undefined, limit?: number): string {
  return value === undefined ? 'none' : toPrintable(value, limit);
}

/** `3 errors`, `1 registry`. */
export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Prints lines on stdout. */
export function print(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.out(`${lines.join('\n')}\n`);
}

/** Prints one JSON document on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}
