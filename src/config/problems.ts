// Collects the problems of all files, so that they are reported at once.
import type { Diagnostic } from './diagnostic.ts';
import type { Spot } from './locate.ts';
import { placeOf, sourceLine, type Source } from './source.ts';

export class Problems {
  readonly #list: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  add(source: Source, spot: Spot, severity: Diagnostic['severity'], message: string, hint?: string): void {
    const place = placeOf(source, spot);
    const line = sourceLine(source, place.line);
    this.#push({
      severity,
      place,
      length: Math.max(1, spot.length),
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(line.trim() === '' ? {} : { source: line }),
    });
  }

  /** A problem of a file as a whole. */
  addFile(file: string, severity: Diagnostic['severity'], message: string, hint?: string): void {
    this.#push({ severity, place: { file, line: 1, column: 1 }, length: 1, message, ...(hint === undefined ? {} : { hint }) });
  }

  get failed(): boolean {
    return this.#list.some((diagnostic) => diagnostic.severity === 'error');
  }

  /** Everything found, by file, line and column. */
  list(): readonly Diagnostic[] {
    return this.#list.toSorted(
      (a, b) =>
        compareText(a.place.file, b.place.file) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column ||
        compareText(a.severity, b.severity),
    );
  }

  #push(diagnostic: Diagnostic): void {
    const { file, line, column } = diagnostic.place;
    const key = JSON.stringify([file, line, column, diagnostic.message]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#list.push(diagnostic);
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
