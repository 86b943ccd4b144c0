// Keeps the base64 text of a tarball as bytes, and gives what it stands for block by block.
import { invalid } from '../refused.ts';

/** Bytes of text that are decoded at a time: multiples of four, so that each stands for a whole number of bytes. */
const stepSize = 64 * 1024;
/** Blocks after the first: what is unpacked and sent on goes in pieces of this size, and most packages need one small block. */
const blockSize = 8 * stepSize;

/** Takes the place of a block's bytes; two, so that one can be worked on while the next is filled. */
type Spare = [Buffer, Buffer];

export class Base64Text {
  readonly #blocks: Buffer[] = [];
  #open: Buffer | undefined;
  #filled = 0;
  #decoded = 0;
  /** Used again for every block of the size: thousands of new buffers would keep the garbage collector at work. */
  #spare: Spare = [Buffer.alloc(0), Buffer.alloc(0)];
  #ended = false;
  readonly #first: number;

  /** @param expected bytes of text at most, as far as anybody said: a small package is given a small block */
  constructor(expected = stepSize) {
    this.#first = Math.min(stepSize, Math.ceil(Math.max(expected, 4) / 4) * 4);
  }

  /** Copies the piece: the blocks are all that stays in memory, however small the pieces are (DOS-07). */
  append(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const open = (this.#open ??= Buffer.allocUnsafeSlow(this.#blocks.length === 0 ? this.#first : blockSize));
      const part = piece.subarray(at, at + open.length - this.#filled);
      open.set(part, this.#filled);
      at += part.length;
      this.#filled += part.length;
      if (this.#filled === open.length) this.#closeBlock();
    }
  }

  /**
   * The bytes of the blocks that are known not to be the last; after `end`, of all. Padding ends the text, so that a block
   * can only be judged when it is known whether another follows. Each is a view that is good until the next but one. Throws `UploadRefused` for what is no strict base64 (RFC 4648 4).
   */
  *decode(): Generator<Buffer> {
    for (let block = this.#next(); block !== undefined; block = this.#next()) {
      this.#decoded += 1;
      yield decodeBlock(block, this.#buffer((block.length / 4) * 3), this.#ended && this.#decoded === this.#blocks.length);
    }
  }

  #next(): Buffer | undefined {
    const known = this.#ended || this.#filled > 0 ? this.#blocks.length : this.#blocks.length - 1;
    return this.#decoded < known ? this.#blocks[this.#decoded] : undefined;
  }

  /** The one of the two that was not given last. */
  #buffer(size: number): Buffer {
    const [last, other] = this.#spare;
    const bytes = other.length >= size ? other : Buffer.allocUnsafeSlow(Math.ceil(size));
    this.#spare = [bytes, last];
    return bytes;
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

/** In steps, for a string of the whole block would be too large for the young generation. */
function decodeBlock(block: Buffer, into: Buffer, last: boolean): Buffer {
  let length = 0;
  for (let at = 0; at < block.length; at += stepSize)
    length += decodeStep(block.subarray(at, at + stepSize), into.subarray(length), last && at + stepSize >= block.length);
  return into.subarray(0, length);
}

/**
 * Node's decoder skips what it does not know and reads the alphabet of URLs too; only text that encodes back to itself is
 * taken (NPM-16). Whole groups do when nothing was skipped, and the two characters of URLs are not there; to encode them
 * again would be a string of 64 KiB for each block, and most of the collector's work.
 */
function decodeStep(text: Buffer, into: Buffer, last: boolean): number {
  const said = text.toString('latin1');
  const length = into.write(said, 'base64');
  const strict = last
    ? into.toString('base64', 0, length) === said
    : length * 4 === text.length * 3 && !text.includes(0x2d) && !text.includes(0x5f);
  return strict ? length : invalid('its tarball is not strict base64');
}
