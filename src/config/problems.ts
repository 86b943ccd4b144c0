// Collects the problems of all files, so that they are reported at once.
import type { Diagnostic } from './diagnostic.ts';
import type { Spot } from './locate.ts';
import { rules, type RuleCode } from './rules.ts';
import { placeOf, sourceLine, type Source } from './source.ts';

/** What is wrong; its severity is the rule's, and so is the hint of a warning that has none of its own. */
export interface Finding {
  readonly code: RuleCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

export class Problems {
  readonly #list: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  /** Places of texts with a variable that is not known. */
  readonly #unknown = new Set<string>();

  add(source: Source, spot: Spot, finding: Finding): void {
    const place = placeOf(source, spot);
    const line = sourceLine(source, place.line);
    this.#push({
      ...judged(finding),
      place,
      length: Math.max(1, spot.length),
      ...(line.trim() === '' ? {} : { source: line }),
    });
  }

  /** A problem of a file as a whole. */
  addFile(file: string, finding: Finding): void {
    this.#push({ ...judged(finding), place: { file, line: 1, column: 1 }, length: 1 });
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
    const text = `${line}:${column}:${file}`;
    const key = `${text}\n${diagnostic.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    // What is wrong with a text whose variable is not known follows from that.
    if (diagnostic.code === 'variable') this.#unknown.add(text);
    else if (this.#unknown.has(text)) return;
    this.#list.push(diagnostic);
  }
}

function judged({ code, message, hint: own }: Finding): Pick<Diagnostic, 'severity' | 'code' | 'message' | 'hint'> {
  const { severity, help } = rules[code];
  const hint = own ?? (severity === 'warning' ? help : undefined);
  return { severity, code, message, ...(hint === undefined ? {} : { hint }) };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
