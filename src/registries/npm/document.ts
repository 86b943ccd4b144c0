// Builds a JSON value from bytes as they arrive, refusing what two parsers could read differently.
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Fail } from '../refused.ts';
import { JsonTokens, type TokenSink } from './tokens.ts';

/** Asked where a string begins, with the keys that lead to it: takes the string's raw bytes, or undefined. */
export type TakeString = (path: readonly string[]) => ((piece: Uint8Array) => void) | undefined;

const depthLimit = 64;
/** Values and keys in one document. */
const countLimit = 200_000;
const keyLimit = 4096;

interface ObjectFrame {
  readonly kind: 'object';
  readonly value: Record<string, Json>;
  key: string;
}
interface ArrayFrame {
  readonly kind: 'array';
  readonly value: Json[];
}
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing';

/** Reads one JSON document in UTF-8. Throws `UploadRefused`. Objects have no prototype and each key once (NPM-10, npm study E7). */
export class DocumentReader {
  readonly #tokens: JsonTokens;
  readonly #takeString: TakeString;
  readonly #fail: Fail;
  readonly #stack: (ObjectFrame | ArrayFrame)[] = [];
  #expected: Expected = 'value';
  #root: Json | undefined;
  #count = 0;

  /** @param fail breaks off; its phrase completes "the document …" */
  constructor(fail: Fail, takeString: TakeString = () => undefined) {
    this.#fail = fail;
    this.#takeString = takeString;
    const sink: TokenSink = {
      punctuation: (character) => this.#punctuation(character),
      string: (text) => this.#string(text),
      bare: (text) => this.#bare(text),
      opaque: () => (this.#expected === 'value' ? this.#takeString(this.#path()) : undefined),
      fail,
    };
    this.#tokens = new JsonTokens(sink);
  }

  push(chunk: Uint8Array): void {
    this.#tokens.push(chunk);
  }

  /** The whole document, after its last byte. */
  end(): Json {
    this.#tokens.end();
    if (this.#root === undefined || this.#expected !== 'nothing') return this.#fail('ends early');
    return this.#root;
  }

  #path(): string[] {
    return this.#stack.map((frame) => (frame.kind === 'object' ? frame.key : '[]'));
  }

  #punctuation(character: string): void {
    const frame = this.#stack.at(-1);
    if (character === '{' || character === '[') this.#open(character);
    else if (character === ':' && this.#expected === ':') this.#expected = 'value';
    else if (character === ',' && this.#expected === ', or end') this.#expected = frame?.kind === 'object' ? 'key' : 'value';
    else if (character === '}' && frame?.kind === 'object' && (this.#expected === 'key or }' || this.#expected === ', or end'))
      this.#close();
    else if (character === ']' && frame?.kind === 'array' && (this.#expected === 'value or ]' || this.#expected === ', or end'))
      this.#close();
    else this.#fail('is malformed');
  }

  #open(character: '{' | '['): void {
    if (this.#stack.length >= depthLimit) this.#fail(`is nested deeper than ${depthLimit}`);
    const frame: ObjectFrame | ArrayFrame =
      character === '{' ? { kind: 'object', value: Object.create(null) as Record<string, Json>, key: '' } : { kind: 'array', value: [] };
    this.#put(frame.value);
    this.#stack.push(frame);
    this.#expected = character === '{' ? 'key or }' : 'value or ]';
  }

  #close(): void {
    this.#stack.pop();
    this.#expected = this.#stack.length === 0 ? 'nothing' : ', or end';
  }

  #string(text: string): void {
    if (this.#expected === 'key' || this.#expected === 'key or }') this.#key(text);
    else this.#put(text);
  }

  #key(key: string): void {
    const frame = this.#stack.at(-1);
    if (frame?.kind !== 'object') return this.#fail('is malformed');
    if (key.length > keyLimit) this.#fail(`has a key longer than ${keyLimit} characters`);
    if (key === '__proto__') this.#fail('has the key __proto__');
    if (Object.hasOwn(frame.value, key)) this.#fail(`has the key ${key} twice in one object`);
    this.#tally();
    frame.key = key;
    this.#expected = ':';
  }

  #bare(text: string): void {
    if (text === 'true' || text === 'false') return this.#put(text === 'true');
    if (text === 'null') return this.#put(null);
    const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
    this.#put(Number.isFinite(number) ? number : this.#fail('has a number that is none'));
  }

  #put(value: Json): void {
    if (this.#expected !== 'value' && this.#expected !== 'value or ]') this.#fail('is malformed');
    this.#tally();
    const frame = this.#stack.at(-1);
    if (frame === undefined) this.#root = value;
    else if (frame.kind === 'object') frame.value[frame.key] = value;
    else frame.value.push(value);
    this.#expected = frame === undefined ? 'nothing' : ', or end';
  }

  #tally(): void {
    this.#count += 1;
    if (this.#count > countLimit) this.#fail(`has more than ${countLimit} keys and values`);
  }
}

/** Reads a whole document that must be an object. Throws `UploadRefused`. */
export function readObject(bytes: Uint8Array, fail: Fail): JsonObject {
  const reader = new DocumentReader(fail);
  reader.push(bytes);
  const value = reader.end();
  return isJsonObject(value) ? value : fail('is no JSON object');
}
