// Follows a tarball while it is received: its text, its digests, and the package.json inside, with bounded memory.
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../core/json.ts';
import { refuse } from '../../core/refusal.ts';
import { UploadRefused } from '../registry.ts';
import { Base64Text } from './base64.ts';
import { readObject } from './document.ts';
import { OneGzip } from './gzip.ts';
import { breakOff, invalid } from './refused.ts';
import { TarReader } from './tar.ts';

/** Bytes that a tarball may unpack to: enough for any package, not for a bomb. */
const unpackedFloor = 64 * 1024 * 1024;
const unpackedCeiling = 2 * 1024 * 1024 * 1024;
const ratioLimit = 100;

/** What is known of a tarball that was read whole. */
export interface TarballFacts {
  readonly sha1: string;
  readonly sha256: string;
  readonly sha512: Buffer;
  readonly bytes: number;
  /** Its package.json. */
  readonly manifest: JsonObject;
  readonly text: Base64Text;
}

export class Tarball {
  readonly #text: Base64Text;
  readonly #hashes = { sha1: createHash('sha1'), sha256: createHash('sha256'), sha512: createHash('sha512') };
  readonly #tar = new TarReader();
  readonly #gzip: OneGzip;
  #bytes = 0;
  #unpacked = 0;
  #failure: Error | undefined;
  #unpacking: Promise<void> = Promise.resolve();

  /** @param announced bytes of the document around it, where they are known: buffers need not be larger */
  constructor(announced?: number) {
    this.#text = new Base64Text(announced);
    const failed = (problem: string): void => this.#fail(new UploadRefused(refuse('body-invalid', { problem: `its tarball ${problem}` })));
    this.#gzip = new OneGzip({ data: (chunk) => this.#unpack(chunk), failed }, announced);
  }

  /** Takes a piece of the base64 text. */
  append(piece: Uint8Array): void {
    this.#text.append(piece);
  }

  /** Works through what has been appended. Throws `UploadRefused`. */
  async advance(): Promise<void> {
    for (const bytes of this.#text.decode()) {
      for (const hash of Object.values(this.#hashes)) hash.update(bytes);
      this.#bytes += bytes.length;
      await this.#through();
      this.#unpacking = this.#gzip.write(bytes);
    }
  }

  /** When what was given to the unpacker is through; it has threads of its own. Throws `UploadRefused`. */
  async #through(): Promise<void> {
    await this.#unpacking;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** After the last piece. Throws `UploadRefused`. */
  async finish(): Promise<TarballFacts> {
    this.#text.end();
    await this.advance();
    await this.#through();
    if (this.#bytes === 0) invalid('its tarball is empty');
    await this.#gzip.end();
    if (this.#failure !== undefined) throw this.#failure;
    const manifest = readObject(this.#tar.end(), (phrase) => invalid(`the package.json in its tarball ${phrase}`));
    return {
      sha1: this.#hashes.sha1.digest('hex'),
      sha256: this.#hashes.sha256.digest('hex'),
      sha512: this.#hashes.sha512.digest(),
      bytes: this.#bytes,
      manifest,
      text: this.#text,
    };
  }

  /** Lets go of the unpacker, however the reading ended. */
  destroy(): void {
    this.#gzip.destroy();
  }

  #unpack(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#unpacked += chunk.length;
    const limit = Math.min(unpackedCeiling, Math.max(unpackedFloor, this.#bytes * ratioLimit));
    try {
      if (this.#unpacked > limit) breakOff('body-too-large', { what: 'The unpacked tarball', limit });
      this.#tar.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#gzip.destroy();
  }
}
