// Follows a zip while it is received: every record in its place, nothing between, before or behind them, and the one file that
// is wanted. Readers from the front (by the records before each file) and from the end (by the directory) see the same then;
// PyPI checks the same since 2025 ("Preventing ZIP parser confusion attacks on Python package installers").
import { crc32, inflateRaw } from 'node:zlib';
import { breakOff, invalid } from '../refused.ts';
import type { ArchiveReader } from './wanted.ts';
import { centralLength, deflated, lengthsAfter, localLength, readCentral, readLocal, safe, stored, type ZipEntry } from './zip-entry.ts';
import { ZipLedger } from './zip-ledger.ts';

/** Signatures, as numbers that are read with the least byte first. */
const local = 0x04034b50;
const central = 0x02014b50;
const end64 = 0x06064b50;
const locator64 = 0x07064b50;
const end = 0x06054b50;

export interface WantedEntry {
  /** What it is called in refusals. */
  readonly file: string;
  /** Bytes. */
  readonly limit: number;
  /** Whether the file of this name is the one. Throws `UploadRefused` for a name that is not to be there. */
  readonly is: (name: string) => boolean;
}

/** What is needed next: bytes at once, or bytes that nobody looks at. */
type Ask = { readonly take: number } | { readonly skip: number };
type Reading<Value = void> = Generator<Ask, Value, Buffer>;

/** Where the directory is, and of how many entries. */
interface Directory {
  readonly entries: number;
  readonly length: number;
  readonly offset: number;
}

const nothing: Buffer = Buffer.alloc(0);

export class Zip implements ArchiveReader {
  readonly #wanted: WantedEntry;
  readonly #ledger = new ZipLedger();
  readonly #reading: Reading;
  /** Position of the next byte. */
  #at = 0;
  #left = 0;
  #taken: Buffer | undefined;
  #done = false;
  #found: { readonly entry: ZipEntry; readonly packed: Buffer } | undefined;

  constructor(wanted: WantedEntry) {
    this.#wanted = wanted;
    this.#reading = this.#read();
    this.#goOn(nothing);
  }

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#done) invalid('its wheel has bytes after its end');
      const length = Math.min(this.#left, bytes.length - at);
      if (this.#taken !== undefined) bytes.copy(this.#taken, this.#taken.length - this.#left, at, at + length);
      this.#left -= length;
      this.#at += length;
      at += length;
      if (this.#left === 0) this.#goOn(this.#taken ?? nothing);
    }
  }

  async end(): Promise<Buffer> {
    if (!this.#done) invalid('its wheel is cut short');
    if (this.#found === undefined) return invalid(`its wheel has no ${this.#wanted.file}`);
    const { entry, packed } = this.#found;
    const bytes = entry.method === stored ? packed : await inflate(packed, entry.size);
    const fits = bytes?.length === entry.size && crc32(bytes) === entry.crc;
    return fits ? bytes : invalid(`the ${this.#wanted.file} in its wheel is damaged`);
  }

  destroy(): void {
    this.#reading.return();
  }

  /** Hands over what was asked for, until something is asked for that did not come yet. */
  #goOn(bytes: Buffer): void {
    for (let given = bytes; ;) {
      const step = this.#reading.next(given);
      this.#done = step.done === true;
      if (step.done === true) return;
      const ask = step.value;
      this.#taken = 'take' in ask ? Buffer.alloc(ask.take) : undefined;
      this.#left = 'take' in ask ? ask.take : ask.skip;
      if (this.#left > 0) return;
      given = this.#taken ?? nothing;
    }
  }

  *#read(): Reading {
    let signature = yield* this.#signature();
    for (; signature === local; signature = yield* this.#signature()) yield* this.#file();
    const offset = this.#at - 4;
    for (; signature === central; signature = yield* this.#signature()) yield* this.#entry();
    if (signature !== end && signature !== end64) invalid('its wheel has something between its files, or is none');
    this.#ledger.settle();
    const directory: Directory = { entries: this.#ledger.listed, length: this.#at - 4 - offset, offset };
    const large = signature === end64;
    if (large) signature = yield* this.#end64(directory);
    if (signature !== end) invalid('its wheel has an end that does not fit its files');
    yield* this.#end(directory, large);
  }

  *#signature(): Reading<number> {
    return (yield { take: 4 }).readUInt32LE(0);
  }

  *#file(): Reading {
    const offset = this.#at - 4;
    const record = yield { take: localLength };
    const lengths = lengthsAfter(record, 'local');
    const entry = readLocal(record, yield { take: lengths.name }, yield { take: lengths.extra }, offset);
    this.#ledger.add(entry);
    const sizes = entry.method === stored ? entry.packed === entry.size : true;
    if (!sizes || (entry.name.endsWith('/') && entry.size > 0)) invalid('its wheel has two sizes for one file');
    if (!this.#wanted.is(entry.name)) return void (yield { skip: entry.packed });
    const { file, limit } = this.#wanted;
    if (this.#found !== undefined) invalid(`its wheel has more than one ${file}`);
    if (entry.method !== stored && entry.method !== deflated) invalid(`the ${file} in its wheel is packed in an unusual way`);
    if (Math.max(entry.size, entry.packed) > limit) breakOff('body-too-large', { what: `The ${file} in the wheel`, limit });
    this.#found = { entry, packed: yield { take: entry.packed } };
  }

  *#entry(): Reading {
    const record = yield { take: centralLength };
    const lengths = lengthsAfter(record, 'central');
    this.#ledger.list(readCentral(record, yield { take: lengths.name }, yield { take: lengths.extra }));
  }

  /** The large end, and where it says it is. Gives the signature that follows. */
  *#end64({ entries, length, offset }: Directory): Reading<number> {
    const begin = this.#at - 4;
    const record = yield { take: 52 };
    const words = [0, 20, 28, 36, 44].map((at) => safe(record.readBigUInt64LE(at)));
    // Of a fixed length, on one disk.
    const expected = [44, entries, entries, length, offset];
    const fits = words.every((word, index) => word === expected[index]) && record.readBigUInt64LE(12) === 0n;
    if (!fits || (yield* this.#signature()) !== locator64) invalid('its wheel has an end that does not fit its files');
    const locator = yield { take: 16 };
    const points = locator.readUInt32LE(0) === 0 && safe(locator.readBigUInt64LE(4)) === begin && locator.readUInt32LE(12) === 1;
    if (!points) invalid('its wheel has an end that does not fit its files');
    return yield* this.#signature();
  }

  /** @param large whether what does not fit was said before */
  *#end({ entries, length, offset }: Directory, large: boolean): Reading {
    const record = yield { take: 18 };
    const says = (value: number, expected: number, most: number): boolean => value === expected || (large && value === most);
    const fits =
      record.readUInt32LE(0) === 0 &&
      says(record.readUInt16LE(4), entries, 0xffff) &&
      says(record.readUInt16LE(6), entries, 0xffff) &&
      says(record.readUInt32LE(8), length, 0xffff_ffff) &&
      says(record.readUInt32LE(12), offset, 0xffff_ffff);
    if (!fits) invalid('its wheel has an end that does not fit its files');
    if (record.readUInt16LE(16) !== 0) invalid('its wheel has a comment at its end');
  }
}

/** Undefined when it unpacks to more, or is damaged. */
async function inflate(packed: Buffer, size: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    inflateRaw(packed, { maxOutputLength: size + 1 }, (error, bytes) => resolve(error === null ? bytes : undefined));
  });
}
