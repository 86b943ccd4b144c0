// Follows a tar.gz while it is received: what it unpacks to, with bounded memory, and the one file that is wanted.
import { refuse } from '../../core/refusal.ts';
import { breakOff } from '../refused.ts';
import { UploadRefused } from '../registry.ts';
import { OneGzip } from './gzip.ts';
import { TarReader } from './tar.ts';
import type { ArchiveReader, Wanted } from './wanted.ts';

/** Bytes that an archive may unpack to: enough for any package, not for a bomb. */
const unpackedFloor = 64 * 1024 * 1024;
const unpackedCeiling = 2 * 1024 * 1024 * 1024;
const ratioLimit = 100;

export class TarGz implements ArchiveReader {
  readonly #tar: TarReader;
  readonly #gzip: OneGzip;
  #bytes = 0;
  #unpacked = 0;
  #failure: Error | undefined;
  #unpacking: Promise<void> = Promise.resolve();

  /** @param announced bytes of what is received, where they are known: buffers need not be larger */
  constructor(wanted: Wanted, announced?: number) {
    this.#tar = new TarReader(wanted);
    const failed = (problem: string): void => this.#fail(new UploadRefused(refuse('body-invalid', { problem: `its tarball ${problem}` })));
    this.#gzip = new OneGzip({ data: (chunk) => this.#unpack(chunk), failed }, announced);
  }

  /** Comes back when the piece before is through: the unpacker has threads of its own. The piece must not change any more. */
  async write(bytes: Buffer): Promise<void> {
    await this.#through();
    this.#bytes += bytes.length;
    this.#unpacking = this.#gzip.write(bytes);
  }

  async #through(): Promise<void> {
    await this.#unpacking;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async end(): Promise<Buffer> {
    await this.#through();
    await this.#gzip.end();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#tar.end();
  }

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
