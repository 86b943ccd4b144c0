// Whether the directory at the end of a zip lists the very files that stand before it, in a memory that does not grow with them.
import { hash, randomBytes } from 'node:crypto';
import { invalid } from '../refused.ts';
import type { ZipEntry } from './zip-entry.ts';

/** Files of one wheel. The largest that are known have some thirty thousand. */
const entryLimit = 100_000;

export class ZipLedger {
  /** Nobody can choose names whose hashes go together. */
  readonly #key = randomBytes(16);
  /** Twelve bytes for each name. */
  readonly #names = new Set<string>();
  /** The sum of the hashes of all files, less those in the directory: zero when they are the same, whatever their order. */
  #balance = 0n;
  #listed = 0;

  get listed(): number {
    return this.#listed;
  }

  /** A file. Throws `UploadRefused` when there was one of this name. */
  add(entry: ZipEntry): void {
    // `a//b` and `./a/b` are the same file to whoever unpacks.
    const path = entry.name.split('/').filter((segment) => segment !== '' && segment !== '.');
    const name = hash('sha256', Buffer.concat([this.#key, Buffer.from(path.join('/'))]), 'buffer').toString('latin1', 0, 12);
    if (this.#names.has(name)) invalid('its wheel has two files of one name');
    this.#names.add(name);
    if (this.#names.size > entryLimit) invalid(`its wheel has more than ${entryLimit} files`);
    this.#balance += this.#number(entry);
  }

  /** An entry of the directory. */
  list(entry: ZipEntry): void {
    this.#listed += 1;
    this.#balance -= this.#number(entry);
  }

  /** After the last entry. Throws `UploadRefused`. */
  settle(): void {
    if (this.#listed !== this.#names.size || this.#balance !== 0n) invalid('its wheel has a directory that does not fit its files');
  }

  #number({ nameBytes, utf8, method, crc, packed, size, offset }: ZipEntry): bigint {
    const says = Buffer.from(`${Number(utf8)} ${method} ${crc} ${packed} ${size} ${offset} `);
    return BigInt(`0x${hash('sha256', Buffer.concat([this.#key, says, nameBytes]), 'hex')}`);
  }
}
