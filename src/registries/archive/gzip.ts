// Unpacks gzip (RFC 1952) of exactly one member: some readers stop behind the first, some go on, and would see other files.
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

const fixedHeader = 10;
const trailerLength = 8;
/** A file's name in the header, which `gzip` writes; npm's clients write none. */
const nameLimit = 1024;
const flagName = 8;
/** Bytes unpacked in one go: each is a turn of a thread. */
const smallestChunk = 16 * 1024;
const largestChunk = 256 * 1024;

export interface Unpacking {
  readonly data: (chunk: Buffer) => void;
  /** Called once at most; nothing is given afterwards. */
  readonly failed: (problem: string) => void;
}

/** Feed it pieces in order, each after the one before was taken. */
export class OneGzip {
  readonly #to: Unpacking;
  readonly #inflate: InflateRaw;
  /** The header so far; undefined when it has passed. */
  #header: Buffer | undefined = Buffer.alloc(0);
  #headerLength = 0;
  /** The last bytes that came, of which the trailer is the end. */
  #tail: Buffer = Buffer.alloc(0);
  #received = 0;
  #crc = 0;
  #unpacked = 0;
  #over = false;

  /** @param expected bytes that come at most, as far as anybody said */
  constructor(to: Unpacking, expected = largestChunk) {
    this.#to = to;
    this.#inflate = createInflateRaw({ chunkSize: Math.min(largestChunk, Math.max(smallestChunk, expected)) });
    this.#inflate.on('data', (chunk: Buffer) => {
      if (this.#over) return;
      this.#crc = crc32(chunk, this.#crc);
      this.#unpacked += chunk.length;
      to.data(chunk);
    });
    this.#inflate.on('error', () => this.#fail('is not gzip, or is damaged'));
  }

  async write(bytes: Buffer): Promise<void> {
    this.#received += bytes.length;
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-trailerLength)]).subarray(-trailerLength);
    const rest = this.#header === undefined ? bytes : this.#readHeader(Buffer.concat([this.#header, bytes]));
    if (rest.length > 0) await this.#settled((done) => this.#inflate.write(rest, done));
  }

  /** After the last piece: says by `failed` what is missing, or too much. */
  async end(): Promise<void> {
    await this.#settled((done) => this.#inflate.end(done));
    if (this.#over) return;
    const length = this.#headerLength + this.#inflate.bytesWritten + trailerLength;
    if (this.#header !== undefined || this.#received < length) return this.#fail('is not gzip, or is damaged');
    if (this.#received > length) return this.#fail('has bytes after its end');
    const fits = this.#tail.readUInt32LE(0) === this.#crc && this.#tail.readUInt32LE(4) === this.#unpacked % 2 ** 32;
    if (!fits) this.#fail('is not gzip, or is damaged');
  }

  /** Lets go of the unpacker. */
  destroy(): void {
    this.#over = true;
    this.#inflate.destroy();
  }

  /** The inflater takes no more once the member has ended: it closes then, and calls nobody back. */
  async #settled(act: (done: () => void) => void): Promise<void> {
    if (this.#inflate.closed || this.#inflate.readableEnded) return;
    await new Promise<void>((resolve) => {
      this.#inflate.once('close', resolve);
      act(() => {
        this.#inflate.off('close', resolve);
        resolve();
      });
    });
  }

  /** What comes behind the header; nothing as long as it is not complete. */
  #readHeader(bytes: Buffer): Buffer {
    this.#header = bytes;
    const begins = bytes.subarray(0, 3).equals(Buffer.from([0x1f, 0x8b, 8]).subarray(0, bytes.length));
    const flags = bytes[3] ?? 0;
    // Other flags add fields that no packer of npm's writes, and that readers skip in ways of their own.
    if (!begins || (flags & ~flagName) !== 0) this.#fail('is not gzip, or is damaged');
    const end = flags === flagName ? bytes.indexOf(0, fixedHeader) + 1 : fixedHeader;
    if (end > fixedHeader + nameLimit || (end === 0 && bytes.length > fixedHeader + nameLimit)) this.#fail('is not gzip, or is damaged');
    if (this.#over || end === 0 || bytes.length < Math.max(end, fixedHeader)) return Buffer.alloc(0);
    this.#header = undefined;
    this.#headerLength = end;
    return bytes.subarray(end);
  }

  #fail(problem: string): void {
    if (this.#over) return;
    this.destroy();
    this.#to.failed(problem);
  }
}
