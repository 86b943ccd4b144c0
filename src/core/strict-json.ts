// A strict JSON parser (RFC 8259 within RFC 7493): duplicate keys, deep nesting and floods of keys are refused, with their position.
import type { Json, JsonObject } from './json.ts';
import { parsePlainJson } from './plain-json.ts';

export interface JsonLimits {
  /** Objects and arrays inside one another; keep it below 1,000, the parser recurses. */
  readonly maxDepth: number;
  /** Keys in the whole document. */
  readonly maxKeys: number;
}

export type StrictJson = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: string };

/**
 * Parses one JSON document. What it accepts, `JSON.parse` reads the same way; it refuses in addition what two readers
 * could read differently: a key twice in one object at any level (JWT-23), lone surrogates, numbers beyond a double.
 * A key `__proto__` becomes an ordinary own property. Positions count UTF-16 units from 0. Never throws.
 */
export function parseStrictJson(text: string, limits: JsonLimits): StrictJson {
  const plain = parsePlainJson(text, limits);
  if (plain !== undefined) return { ok: true, value: plain };
  return readStrictJson(text, limits);
}

/** The same without a short cut, for whatever the short cut leaves, and to hold it against. */
export function readStrictJson(text: string, limits: JsonLimits): StrictJson {
  try {
    return { ok: true, value: new Reader(text, limits).document() };
  } catch (error) {
    if (error instanceof JsonProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

class JsonProblem extends Error {}

// A number may only be followed by what its caller expects, so `01` and `truex` fail there.
const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

class Reader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;
  #keys = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  document(): Json {
    const value = this.#value(1);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('unexpected text');
    return value;
  }

  #value(depth: number): Json {
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first !== '{' && first !== '[') return this.#scalar();
    if (depth > this.#limits.maxDepth) this.#fail(`more than ${this.#limits.maxDepth} levels`);
    this.#at += 1;
    return first === '{' ? this.#object(depth) : this.#array(depth);
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    if (this.#take('}')) return {};
    do {
      const key = this.#key(members);
      this.#expect(':');
      members.set(key, this.#value(depth + 1));
    } while (this.#take(','));
    this.#expect('}');
    // Defines own properties, whatever the key is; an assignment of `__proto__` would not.
    return Object.fromEntries(members);
  }

  #key(members: ReadonlyMap<string, Json>): string {
    this.#skipSpace();
    const start = this.#at;
    if (this.#text[start] !== '"') this.#fail('expected a key');
    const key = this.#string();
    if (members.has(key)) this.#fail(`duplicate key ${JSON.stringify(key.slice(0, 60))}`, start);
    this.#keys += 1;
    if (this.#keys > this.#limits.maxKeys) this.#fail(`more than ${this.#limits.maxKeys} keys`, start);
    return key;
  }

  #array(depth: number): readonly Json[] {
    const items: Json[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#take(','));
    this.#expect(']');
    return items;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1;
    this.#at = end + 1;
    const value = decodeString(this.#text.slice(start, this.#at));
    if (value === undefined) this.#fail('malformed string', start);
    return value;
  }

  #scalar(): Json {
    scalar.lastIndex = this.#at;
    const token = scalar.exec(this.#text)?.[0];
    if (token === undefined) this.#fail(this.#at < this.#text.length ? 'unexpected character' : 'unexpected end');
    const value = JSON.parse(token) as number | boolean | null;
    if (typeof value === 'number' && !Number.isFinite(value)) this.#fail('number out of range');
    this.#at += token.length;
    return value;
  }

  #skipSpace(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'end')) this.#at += 1;
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#fail(`expected \`${character}\``);
  }

  #fail(problem: string, position = this.#at): never {
    throw new JsonProblem(`${problem} at position ${position}`);
  }
}

/** The text between the quotes; undefined for unclosed strings, bad escapes, control characters and lone surrogates. */
function decodeString(literal: string): string | undefined {
  try {
    const value = JSON.parse(literal) as string;
    return value.isWellFormed() ? value : undefined;
  } catch {
    return undefined;
  }
}
