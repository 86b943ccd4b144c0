// One problem of the policy files, and how it is printed: place, message and code, the line with a caret, what to do.
import type { Place } from '../core/publisher.ts';
import { wrap } from '../core/wrap.ts';
import type { RuleCode } from './rules.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Which rule it is about; stable, for programs. */
  readonly code: RuleCode;
  readonly place: Place;
  /** Characters that the caret underlines; at least 1. */
  readonly length: number;
  readonly message: string;
  readonly hint?: string;
  /** The line of the file, for the caret. */
  readonly source?: string;
}

/** How many characters of a source line are shown at most. */
const shownWidth = 160;

const colours = { error: '\u001b[31;1m', warning: '\u001b[33;1m', caret: '\u001b[36m' } as const;

export interface Form {
  readonly colour: boolean;
  /** Columns; undefined: nothing is wrapped. */
  readonly width?: number | undefined;
}

/**
 * Prints diagnostics in the form `file:line:column  error  message [code]`, each with its line and a caret where the line
 * is known. Ends with a line break unless the list is empty.
 */
export function printDiagnostics(list: readonly Diagnostic[], form: Form): string {
  return list
    .flatMap((diagnostic) => diagnosticLines(diagnostic, form))
    .map((line) => `${line}\n`)
    .join('');
}

/** Problems that are told at most while serving: nobody reads ten thousand, and printing them takes longer than finding them. */
export const mostTold = 200;

/** The first of a list of warnings, and how many more there are. */
export function printSomeWarnings(list: readonly Diagnostic[], form: Form): string {
  const some = printDiagnostics(list.slice(0, mostTold), form);
  return list.length <= mostTold ? some : `${some}and ${list.length - mostTold} more warnings; countersign check shows them all\n`;
}

function diagnosticLines(diagnostic: Diagnostic, { colour, width }: Form): string[] {
  const paint = (text: string, as: keyof typeof colours): string => (colour ? `${colours[as]}${text}\u001b[0m` : text);
  const { severity, code, message, hint, source, length } = diagnostic;
  const { file, line, column } = diagnostic.place;
  const head = wrap(`${file}:${line}:${column}  ${severity}  ${message} [${code}]`, width, { indent: 4 });
  const lines = [head.join('\n').replace(new RegExp(`(?<=[ \n])${severity}(?= )`), paint(severity, severity))];
  const gutter = ' '.repeat(String(line).length + 1);
  if (source !== undefined) {
    const room = Math.min(shownWidth, (width ?? Infinity) - gutter.length - 3);
    const { text, at, length: carets } = cutAround(source, column - 1, length, room);
    lines.push(` ${line} | ${text}`, `${gutter} | ${' '.repeat(at)}${paint('^'.repeat(carets), 'caret')}`);
  }
  if (hint !== undefined) lines.push(...wrap(`${gutter} = ${hint}`, width, { indent: gutter.length + 3 }));
  return lines;
}

/** Long lines are cut around the caret, so that a minified file does not flood a terminal. */
function cutAround(source: string, column: number, length: number, room: number): { text: string; at: number; length: number } {
  const from = column + length <= room ? 0 : Math.max(0, column - Math.min(40, Math.floor(room / 4)));
  const text = source.slice(from, from + room);
  return { text, at: column - from, length: Math.max(1, Math.min(length, text.length - (column - from))) };
}

/**
 * A line of a policy file as it may be shown: characters that move the cursor or reorder text are replaced one for one,
 * and whatever stands after a key of a secret, or as the user part of a URL, is starred out (P1).
 */
export function showableLine(line: string): string {
  if (!/[^\x20-\x7e]|bearer|password|secret|token|record_mac|credential|:\/\//i.test(line)) return line;
  const printable = line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  return printable
    .replaceAll(
      /((?:\b|_)(?:bearer|password|secret|token|record_mac(?:_also)?)["']?\s*:\s*["']?)(.*)$/gi,
      (whole, key: string, value: string) => (/^\$\{\w*\}["']?[\s}]*$/.test(value) ? whole : `${key}${'*'.repeat(value.length)}`),
    )
    .replaceAll(
      /(\bcredential["']?\s*:\s*["']?)(?!none\b|\{)(\S.*)$/gi,
      (_, key: string, value: string) => `${key}${'*'.repeat(value.length)}`,
    )
    .replaceAll(/(:\/\/)(\S+)(?=@)/g, (_, slashes: string, user: string) => `${slashes}${'*'.repeat(user.length)}`);
}
