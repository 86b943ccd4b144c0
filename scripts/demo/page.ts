// How the demo speaks: plain lines for a person, coloured on a terminal only.
import { stdout } from 'node:process';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof CODES;

// https://no-color.org: set and not empty turns colour off.
const coloured = stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';

/** The text in a colour, where there are colours. */
export function paint(colour: Colour, text: string): string {
  return coloured ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text;
}

/** One line. */
export function say(line = ''): void {
  stdout.write(`${line}\n`);
}

/** A line with a term on the left. */
export function row(term: string, text: string): void {
  say(`  ${paint('bold', term.padEnd(13))} ${text}`);
}

/** The beginning of an act. */
export function heading(number: number, title: string): void {
  say();
  say(paint('bold', `${number}. ${title}`));
}

/** A command as the job types it. */
export function command(text: string): void {
  say(`   ${paint('cyan', '$')} ${text}`);
}

/** What a client printed; each line indented. */
export function printed(lines: readonly string[]): void {
  for (const line of lines) say(`     ${line}`);
}

/** What happened, as the audit record has it. */
export function audited(line: string): void {
  say(`   ${paint('dim', 'audit:')} ${line}`);
}

/** What the act was to show, and did. */
export function shown(sentence: string): void {
  say(`   ${paint('green', 'ok')} ${sentence}`);
}

/** Something that is left out, or went wrong. */
export function warn(sentence: string): void {
  say(`${paint('yellow', 'note:')} ${sentence}`);
}

/** Seconds with one decimal. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
