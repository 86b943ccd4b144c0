// One problem of the policy files, and how it is printed.
import type { Place } from '../core/publisher.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly place: Place;
  /** Characters that the caret underlines; at least 1. */
  readonly length: number;
  readonly message: string;
  readonly hint?: string;
  /** The line of the file, for the caret. */
  readonly source?: string;
}

/** How many characters of a source line are shown. */
const shownWidth = 160;

const colours = { error: '\u001b[31;1m', warning: '\u001b[33;1m', caret: '\u001b[36m' } as const;

/**
 * Prints diagnostics in the form `file:line:column  error  message`, each with its line and a caret where the line is
 * known. Ends with a line break unless the list is empty.
 */
export function printDiagnostics(list: readonly Diagnostic[], options: { readonly colour: boolean }): string {
  const paint = (text: string, colour: keyof typeof colours): string => (options.colour ? `${colours[colour]}${text}\u001b[0m` : text);
  return list
    .flatMap((diagnostic) => {
      const { file, line, column } = diagnostic.place;
      const lines = [`${file}:${line}:${column}  ${paint(diagnostic.severity, diagnostic.severity)}  ${diagnostic.message}`];
      const gutter = ' '.repeat(String(line).length + 1);
      if (diagnostic.source !== undefined) {
        const { text, at, length } = cutAround(diagnostic.source, column - 1, diagnostic.length);
        lines.push(` ${line} | ${text}`, `${gutter} | ${' '.repeat(at)}${paint('^'.repeat(length), 'caret')}`);
      }
      if (diagnostic.hint !== undefined) lines.push(`${gutter} = ${diagnostic.hint}`);
      return lines;
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** Long lines are cut around the caret, so that a minified file does not flood a terminal. */
function cutAround(source: string, column: number, length: number): { text: string; at: number; length: number } {
  const from = column + length <= shownWidth ? 0 : Math.max(0, column - 40);
  const text = source.slice(from, from + shownWidth);
  return { text, at: column - from, length: Math.max(1, Math.min(length, text.length - (column - from))) };
}

/**
 * A line of a policy file as it may be shown: characters that move the cursor or reorder text are replaced one for one,
 * and whatever stands after a key of a secret, or as the user part of a URL, is starred out (P1).
 */
export function showableLine(line: string): string {
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
