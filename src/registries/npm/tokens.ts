// Cuts JSON (RFC 8259) into tokens while its bytes arrive, and hands one long string on without keeping it.
import { breakOff, type Fail } from '../refused.ts';

/** What the tokens are given to. */
export interface TokenSink {
  /** One of `{ } [ ] : ,`. */
  readonly punctuation: (character: string) => void;
  readonly string: (text: string) => void;
  /** A number or a literal, not yet checked. */
  readonly bare: (text: string) => void;
  /** Where a string begins: takes its raw bytes piece by piece instead, or undefined. */
  readonly opaque: () => ((piece: Uint8Array) => void) | undefined;
  /** Breaks off. The phrase completes "its JSON …". */
  readonly fail: Fail;
}

/** Bytes outside opaque strings: a manifest with two readmes has some 100 KiB. */
const restLimit = 8 * 1024 * 1024;
/** Bytes of white space: clients write none (NPM-09). */
const spaceLimit = 64 * 1024;
const bareLimit = 64;

const quote = 0x22;
const backslash = 0x5c;

export class JsonTokens {
  readonly #sink: TokenSink;
  #state: 'between' | 'bare' | 'string' | 'opaque' = 'between';
  /** The token so far: a copy, because a chunk of one byte may hold on to a buffer of 64 KiB. */
  #token = Buffer.allocUnsafeSlow(256);
  #length = 0;
  #escaped = false;
  #piece: (bytes: Uint8Array) => void = () => {};
  #rest = 0;
  #space = 0;

  constructor(sink: TokenSink) {
    this.#sink = sink;
  }

  /** Reads on. Throws `UploadRefused`. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const from = at;
      if (this.#state === 'between') at = this.#between(chunk, at);
      else if (this.#state === 'bare') at = this.#bare(chunk, at);
      else if (this.#state === 'string') at = this.#string(chunk, at);
      else {
        at = this.#opaque(chunk, at);
        continue;
      }
      this.#rest += at - from;
      if (this.#rest > restLimit) breakOff('body-too-large', { what: 'The upload without its tarball', limit: restLimit });
    }
  }

  /** After the last chunk. */
  end(): void {
    if (this.#state === 'bare') this.#finishBare();
    else if (this.#state !== 'between') breakOff('body-incomplete');
  }

  #between(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.#space += 1;
      if (this.#space > spaceLimit) this.#sink.fail('has too much white space');
    } else if (byte === quote) this.#openString();
    else if (byte === 0x7b || byte === 0x7d || byte === 0x5b || byte === 0x5d || byte === 0x3a || byte === 0x2c)
      this.#sink.punctuation(String.fromCharCode(byte));
    else if (isBare(byte)) {
      this.#state = 'bare';
      return at;
    } else this.#sink.fail(byte === 0xef ? 'has a byte order mark' : 'is malformed');
    return at + 1;
  }

  #openString(): void {
    const piece = this.#sink.opaque();
    this.#state = piece === undefined ? 'string' : 'opaque';
    if (piece !== undefined) this.#piece = piece;
  }

  #bare(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && isBare(chunk[at] ?? 0)) at += 1;
    this.#keep(chunk, from, at);
    if (this.#length > bareLimit) this.#sink.fail('has a number of too many digits');
    if (at < chunk.length) this.#finishBare();
    return at;
  }

  #finishBare(): void {
    this.#state = 'between';
    this.#sink.bare(this.#take());
  }

  #string(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) {
        this.#keep(chunk, from, at);
        this.#state = 'between';
        this.#sink.string(this.#unescape(this.#take()));
        return at + 1;
      }
    }
    this.#keep(chunk, from, chunk.length);
    return chunk.length;
  }

  #opaque(chunk: Uint8Array, from: number): number {
    const end = chunk.indexOf(quote, from);
    this.#piece(chunk.subarray(from, end === -1 ? chunk.length : end));
    if (end === -1) return chunk.length;
    this.#state = 'between';
    this.#sink.string('');
    return end + 1;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#token.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#token.length * 2));
      larger.set(this.#token.subarray(0, this.#length));
      this.#token = larger;
    }
    this.#token.set(chunk.subarray(from, to), this.#length);
    this.#length = length;
  }

  #take(): string {
    const bytes = this.#token.subarray(0, this.#length);
    this.#length = 0;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.#sink.fail('is not UTF-8');
    }
  }

  /** The text that the inside of a JSON string stands for; half a surrogate pair stands for none (NPM-09). */
  #unescape(raw: string): string {
    let text: string;
    try {
      text = String(JSON.parse(`"${raw}"`));
    } catch {
      return this.#sink.fail('has a malformed string');
    }
    return text.isWellFormed() ? text : this.#sink.fail('has a string with half a surrogate pair');
  }
}

/** Characters of numbers and literals. */
function isBare(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
