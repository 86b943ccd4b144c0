// YAML as policy files are written, read many times faster than by the parser of all of YAML, which keeps every token: maps
// and lists, plain and simply quoted values, comments. Everything else is for `parse.ts`.
import { plainKeyEnd, plainScalar, plainScalarEnd } from './plain-scalar.ts';
import { PlainSpots } from './plain-spots.ts';

const newline = 0x0a;
const space = 0x20;
const quote = 0x22;
const hash = 0x23;
const apostrophe = 0x27;
const comma = 0x2c;
const dash = 0x2d;
const bracket = 0x5b;
const bracketEnd = 0x5d;
const brace = 0x7b;
const braceEnd = 0x7d;

/** A text of the plain kind: its value, and where each part of it stands. */
export interface PlainYaml {
  readonly value: unknown;
  readonly spots: PlainSpots;
}

/**
 * The value of a text in which `textProblems` found none. Undefined when anything in it is not of the plain kind or would
 * have to be reported: the whole text has to go to the parser then. What is accepted, the parser reads the same way (POL-03
 * to POL-08); test/config/plain-yaml.test.ts holds the two against each other.
 */
export function readPlainYaml(text: string): PlainYaml | undefined {
  try {
    return new PlainReader(text).document();
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

const notPlain = new Error('not of the plain kind');

function decline(): never {
  throw notPlain;
}

class PlainReader {
  readonly #text: string;
  readonly #spots: PlainSpots;
  /** Where the content of this line begins, and at which column; the column is -1 behind the last line. */
  #at = 0;
  #column = 0;
  /** Where what was read last ends, and where the line behind it begins. */
  #end = 0;
  #behind = 0;

  constructor(text: string) {
    this.#text = text;
    this.#spots = new PlainSpots(text.length);
  }

  document(): PlainYaml {
    this.#from(0);
    const value = this.#block();
    // A line that is further in than the one above, and should not be, ends every map and list around it.
    return this.#column === -1 ? { value, spots: this.#spots } : decline();
  }

  #next(): void {
    this.#from(this.#text.indexOf('\n', this.#end) + 1);
  }

  /** Goes to the next line, from this one on, that has more than a comment. The text ends with a line break. */
  #from(line: number): void {
    const text = this.#text;
    this.#behind = line;
    for (let start = line; start < text.length; start = text.indexOf('\n', this.#at) + 1) {
      this.#at = this.#behindSpaces(start);
      const code = text.charCodeAt(this.#at);
      if (code === newline || code === hash) continue;
      this.#column = this.#at - start;
      return;
    }
    this.#column = -1;
  }

  #behindSpaces(at: number): number {
    let behind = at;
    while (this.#text.charCodeAt(behind) === space) behind += 1;
    return behind;
  }

  #block(): unknown {
    return this.#isItem() ? this.#list() : this.#map();
  }

  #isItem(): boolean {
    return this.#text.charCodeAt(this.#at) === dash && this.#text.charCodeAt(this.#at + 1) === space;
  }

  #list(): unknown[] {
    const column = this.#column;
    const mark = this.#spots.open(this.#at);
    const items: unknown[] = [];
    do {
      const at = this.#behindSpaces(this.#at + 1);
      if (this.#keyEnd(at) === undefined) items.push(this.#inLine(at));
      else {
        this.#column += at - this.#at;
        this.#at = at;
        items.push(this.#map());
      }
    } while (this.#column === column && this.#isItem());
    this.#spots.close(mark, this.#behind);
    return items;
  }

  #map(): Record<string, unknown> {
    const column = this.#column;
    const mark = this.#spots.open(this.#at);
    const map: Record<string, unknown> = {};
    do {
      const key = this.#key(this.#at, map);
      const at = this.#behindSpaces(this.#end);
      map[key] = this.#isLineEnd(at) ? this.#below(column) : this.#inLine(at);
    } while (this.#column === column);
    this.#spots.close(mark, this.#behind);
    return map;
  }

  /** The value of a key that stands alone on its line: a list may begin below the key itself. */
  #below(column: number): unknown {
    this.#next();
    if (this.#column > column) return this.#block();
    return this.#column === column && this.#isItem() ? this.#list() : decline();
  }

  /** A key that the map does not have yet (POL-03), and its ":". */
  #key(at: number, map: Readonly<Record<string, unknown>>): string {
    const end = this.#keyEnd(at) ?? decline();
    const key = this.#text.slice(at, end);
    if (Object.hasOwn(map, key)) decline();
    this.#spots.leaf(at, end);
    this.#end = end + 1;
    return key;
  }

  #keyEnd(at: number): number | undefined {
    const end = plainKeyEnd(this.#text, at);
    const code = this.#text.charCodeAt((end ?? 0) + 1);
    return code === space || code === newline ? end : undefined;
  }

  #isLineEnd(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    return code === newline || (code === hash && this.#text.charCodeAt(at - 1) === space);
  }

  /** A value that takes up the rest of the line. */
  #inLine(at: number): unknown {
    const value = this.#value(at, false);
    if (!this.#isLineEnd(this.#behindSpaces(this.#end))) decline();
    this.#next();
    return value;
  }

  #value(at: number, flow: boolean): unknown {
    const code = this.#text.charCodeAt(at);
    if (code === quote) return this.#quoted(at, '"');
    if (code === apostrophe) return this.#quoted(at, "'");
    if (code === bracket) return this.#flowList(at);
    if (code === brace) return this.#flowMap(at);
    const end = plainScalarEnd(this.#text, at, flow) ?? decline();
    this.#spots.leaf(at, end);
    this.#end = end;
    return plainScalar(this.#text.slice(at, end)) ?? decline();
  }

  /** Without escapes: no backslash, and behind an apostrophe twice nothing ends. */
  #quoted(at: number, mark: string): string {
    const end = this.#text.indexOf(mark, at + 1);
    const value = end === -1 ? decline() : this.#text.slice(at + 1, end);
    this.#end = end + 1;
    if (value.includes('\n') || (mark === '"' && value.includes('\\'))) decline();
    this.#spots.leaf(at, this.#end);
    return value;
  }

  #flowList(at: number): unknown[] {
    const items: unknown[] = [];
    this.#flow(at, bracketEnd, (start) => items.push(this.#value(start, true)));
    return items;
  }

  #flowMap(at: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    this.#flow(at, braceEnd, (start) => {
      const key = this.#key(start, map);
      map[key] = this.#value(this.#behindSpaces(this.#end), true);
    });
    return map;
  }

  /** What stands between brackets on one line, without a comma behind the last. */
  #flow(at: number, last: number, read: (at: number) => unknown): void {
    const mark = this.#spots.open(at);
    let next = this.#behindSpaces(at + 1);
    let code = this.#text.charCodeAt(next);
    while (code !== last) {
      read(next);
      next = this.#behindSpaces(this.#end);
      code = this.#text.charCodeAt(next);
      if (code === last) break;
      if (code !== comma) decline();
      next = this.#behindSpaces(next + 1);
      code = this.#text.charCodeAt(next);
      if (code === last) decline();
    }
    this.#end = next + 1;
    this.#spots.close(mark, this.#end);
  }
}
