// Keeps the base64 text of a tarball as bytes, and gives what it stands for block by block.
import { invalid } from './refused.ts';

/** A multiple of four, so that a block of text is a whole number of bytes. */
const blockSize = 64 * 1024;

export class Base64Text {
  readonly #blocks: Buffer[] = [];
  #open: Buffer | undefined;
  #filled = 0;
  #decoded = 0;
  /** What a block stands for: one buffer for all, since thousands of new ones would keep the garbage collector at work. */
  readonly #bytes = Buffer.allocUnsafeSlow((blockSize / 4) * 3);
  #ended = false;

  /** Copies the piece: the blocks are all that stays in memory, however small the pieces are (DOS-07). */
  append(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      this.#open ??= Buffer.allocUnsafeSlow(blockSize);
      const part = piece.subarray(at, at + blockSize - this.#filled);
      this.#open.set(part, this.#filled);
      at += part.length;
      this.#filled += part.length;
      if (this.#filled === blockSize) this.#closeBlock();
    }
  }

  /**
   * The bytes of the blocks that are known not to be the last; after `end`, of all. Padding ends the text, so that a block
   * can only be judged when it is known whether another follows. Each is a view that is good until the next. Throws `UploadRefused` for what is no strict base64 (RFC 4648 4).
   */
  *decode(): Generator<Buffer> {
    for (let block = this.#next(); block !== undefined; block = this.#next()) {
      this.#decoded += 1;
      yield decodeBlock(block, this.#bytes, this.#ended && this.#decoded === this.#blocks.length);
    }
  }

  #next(): Buffer | undefined {
    const known = this.#ended || this.#filled > 0 ? this.#blocks.length : this.#blocks.length - 1;
    return this.#decoded < known ? this.#blocks[this.#decoded] : undefined;
  }

  /** After the last piece. */
  end(): void {
    if (this.#filled > 0) this.#closeBlock();
    this.#ended = true;
  }

  /** The text as it was received. */
  get text(): readonly Buffer[] {
    return this.#blocks;
  }

  #closeBlock(): void {
    if (this.#open !== undefined) this.#blocks.push(this.#open.subarray(0, this.#filled));
    this.#open = undefined;
    this.#filled = 0;
  }
}

/**
 * Node's decoder skips what it does not know and reads the alphabet of URLs too; only text that encodes back to itself is
 * taken (NPM-16). Whole groups do when nothing was skipped, and the two characters of URLs are not there; to encode them
 * again would be a string of 64 KiB for each block, and most of the collector's work.
 */
function decodeBlock(block: Buffer, into: Buffer, last: boolean): Buffer {
  const text = block.toString('latin1');
  const length = into.write(text, 'base64');
  const strict = last
    ? into.toString('base64', 0, length) === text
    : length * 4 === block.length * 3 && !block.includes(0x2d) && !block.includes(0x5f);
  return strict ? into.subarray(0, length) : invalid('its tarball is not strict base64');
}
