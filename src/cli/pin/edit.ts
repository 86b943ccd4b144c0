// Writes ids into the text of a policy file: a line is put in or a word replaced, everything else stays byte for byte.
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair, type YAMLMap } from 'yaml';
import { unknownId } from '../../core/pin.ts';

/** What `init` wrote beside an id that it did not know: no longer true. */
const notYetKnown = new RegExp(` *# ${unknownId}(?=\\r?$)`);

/** One id for one publisher. */
export interface Pin {
  readonly publisher: string;
  /** The key under `from:`. */
  readonly key: string;
  readonly value: string;
  /** Keys behind the last of which a key that is not there is put. */
  readonly behind: readonly string[];
}

export interface Edited {
  /** Lines of the file, each with those that stand for it afterwards. */
  readonly lines: readonly { readonly before: string; readonly after: readonly string[] }[];
  readonly text: string;
}

/**
 * The file with the pins.
 * @throws Error when the result would say anything but the file and the pins: then nothing may be written
 */
export function withPins(text: string, pins: readonly Pin[]): Edited {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const lines = text.split('\n').map((before) => ({ before, after: [before] }));
  const changes = pins.map((pin) => changeFor(document, pin, counter));
  // From the end: what is changed in a line moves what comes behind it.
  for (const { line, column, length, put, indent } of changes.toSorted((a, b) => b.line - a.line || b.column - a.column)) {
    const after = lines[line - 1]?.after ?? [];
    const [own = ''] = after;
    if (indent === undefined) after[0] = `${own.slice(0, column - 1)}${put}${own.slice(column - 1 + length).replace(notYetKnown, '')}`;
    else after.splice(1, 0, `${' '.repeat(indent)}${put}${own.endsWith('\r') ? '\r' : ''}`);
  }
  const edited = lines.flatMap(({ after }) => after).join('\n');
  if (!isDeepStrictEqual(parseDocument(edited).toJS(), expected(text, pins)))
    throw new Error('the ids cannot be put into a file of this form; write them by hand');
  return { lines, text: edited };
}

interface Change {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Characters that are replaced. */
  readonly length: number;
  readonly put: string;
  /** For a line of its own: how far in. */
  readonly indent?: number;
}

function changeFor(document: Document.Parsed, pin: Pin, counter: LineCounter): Change {
  const from = fromOf(document, pin.publisher);
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const present = pairOf(from, pin.key);
  if (present !== undefined) {
    const [start, end] = rangeOf(present.value);
    return { ...place(start), length: end - start, put: written(pin.value) };
  }
  const neighbour = pin.behind.map((key) => pairOf(from, key)).findLast((pair) => pair !== undefined);
  const [, end] = rangeOf(neighbour?.value);
  const line = `${pin.key}: ${written(pin.value)}`;
  if (from.flow === true) return { ...place(end), length: 0, put: `, ${line}` };
  return { ...place(end), length: 0, put: line, indent: place(rangeOf(neighbour?.key)[0]).column - 1 };
}

function fromOf(document: Document.Parsed, publisher: string): YAMLMap {
  const list: unknown = document.get('publishers');
  const item = isSeq(list) ? list.items.find((candidate) => isMap(candidate) && candidate.get('name') === publisher) : undefined;
  const from: unknown = isMap(item) ? item.get('from') : undefined;
  if (isMap(from)) return from;
  throw new Error(`publisher ${publisher} is not where it was`);
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** Where a node begins and where its value ends. */
function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as Node | undefined)?.range;
  if (range === undefined || range === null) throw new Error('the file changed while it was read');
  return [range[0], range[1]];
}

/** Digits that a double keeps stay plain, everything else is quoted. */
function written(value: string): string {
  return /^[1-9][0-9]{0,14}$/.test(value) ? value : JSON.stringify(value);
}

/** What the file has to say afterwards. */
function expected(text: string, pins: readonly Pin[]): unknown {
  const value = parseDocument(text).toJS() as { publishers: { name: string; from: Record<string, unknown> }[] };
  for (const { publisher, key, value: id } of pins) {
    const from = value.publishers.find(({ name }) => name === publisher)?.from;
    if (from !== undefined) from[key] = /^[1-9][0-9]{0,14}$/.test(id) ? Number(id) : id;
  }
  return value;
}
