// Takes the chunked framing off an upstream's answer (RFC 9112 7.1), byte for byte by its grammar.

/** Bytes of one chunk's line, and of all trailers: some servers write extensions, none writes many (SMG-16). */
const maxLine = 1024;

/** A size, and perhaps extensions, which mean nothing to us. No sign, no space, no `0x`, no number that overflows (SMG-17). */
const sizeLine = /^([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?)*$/;
/** Never one that says where a message ends. */
const trailerLine = /^(?!(?:content-length|transfer-encoding):)[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/i;

export class Chunks {
  #state: 'size' | 'data' | 'data end' | 'trailers' | 'done' = 'size';
  #line = '';
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  #trailers = 0;

  /** Whether the last chunk, and the trailers, which are dropped, have been read. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /**
   * Reads on, at most to the end of the body.
   * @param data is given each piece of the body, a view of `bytes`
   * @returns how many of the bytes were read, or undefined when they are not of the grammar
   */
  read(bytes: Buffer, data: (piece: Buffer) => void): number | undefined {
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const piece = bytes.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#state = 'data end';
        data(piece);
        continue;
      }
      const end = bytes.indexOf(0x0a, at);
      this.#line += bytes.toString('latin1', at, end === -1 ? bytes.length : end + 1);
      if (this.#line.length + this.#trailers > maxLine) return undefined;
      if (end === -1) return bytes.length;
      at = end + 1;
      // A line that ends in LF alone ends elsewhere for another reader.
      if (!this.#line.endsWith('\r\n') || !this.#take(this.#line.slice(0, -2))) return undefined;
      this.#line = '';
    }
    return at;
  }

  /** Takes a line; false when it may not stand here. */
  #take(line: string): boolean {
    if (this.#state === 'data end') {
      this.#state = 'size';
      return line === '';
    }
    if (this.#state === 'size') {
      const size = sizeLine.exec(line)?.[1];
      this.#left = Number.parseInt(size ?? '0', 16);
      this.#state = this.#left === 0 ? 'trailers' : 'data';
      return size !== undefined;
    }
    this.#trailers += line.length;
    if (line === '') this.#state = 'done';
    return line === '' || trailerLine.test(line);
  }
}
