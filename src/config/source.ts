// A policy file once read: its text, its lines, and what may be shown of them.
import type { Document, LineCounter } from 'yaml';
import type { Place } from '../core/publisher.ts';
import { showableLine } from './diagnostic.ts';
import type { Spot } from './locate.ts';

/** A file of the policy, parsed. */
export interface Source {
  /** As messages name it. */
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly lines: LineCounter;
  readonly document: Document.Parsed | undefined;
}

/** The line of the file as it may be shown. `line` counts from 1. */
export function sourceLine(source: Source, line: number): string {
  const start = source.lines.lineStarts[line - 1] ?? 0;
  const end = source.text.indexOf('\n', start);
  return showableLine(source.text.slice(start, end === -1 ? undefined : end).replace(/\r$/, ''));
}

/** The place of a spot, counted from 1. */
export function placeOf(source: Source, spot: Spot): Place {
  const { line, col } = source.lines.linePos(spot.offset);
  return { file: source.file, line: Math.max(1, line), column: Math.max(1, col) };
}
