// A policy file once read: its text, its lines, and what may be shown of them.
import type { Place } from '../core/publisher.ts';
import { showableLine } from './diagnostic.ts';
import type { Path, Spot } from './locate.ts';

/** A file of the policy, parsed. */
export interface Source {
  /** As messages name it. */
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly lines: Lines;
  /** What the file says; undefined when it cannot be read. */
  readonly value: () => unknown;
  /** The place of the value at a path, or of its key. */
  readonly locate: (path: Path, part: 'key' | 'value') => Spot;
  /** Lets go of what was read of the text, where it is quickly read again. */
  readonly forget: () => void;
}

/** Where the lines of a text begin; counted when it is first asked. */
export class Lines {
  readonly #text: string;
  #starts: readonly number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where a line begins; lines count from 1. */
  start(line: number): number {
    return this.#all()[line - 1] ?? 0;
  }

  /** The line and column of a character, counted from 1. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    const starts = this.#all();
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  #all(): readonly number[] {
    if (this.#starts !== undefined) return this.#starts;
    const starts = [0];
    for (let at = this.#text.indexOf('\n'); at !== -1; at = this.#text.indexOf('\n', at + 1)) starts.push(at + 1);
    return (this.#starts = starts);
  }
}

/** The line of the file as it may be shown. `line` counts from 1. */
export function sourceLine(source: Source, line: number): string {
  const start = source.lines.start(line);
  const end = source.text.indexOf('\n', start);
  return showableLine(source.text.slice(start, end === -1 ? undefined : end).replace(/\r$/, ''));
}

/** The place of a spot, counted from 1. */
export function placeOf(source: Source, spot: Spot): Place {
  return { file: source.file, ...source.lines.placeOf(spot.offset) };
}
