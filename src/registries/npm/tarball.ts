// Follows a tarball while it is received: its text, its digests, and the package.json inside, with bounded memory.
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../core/json.ts';
import { TarGz } from '../archive/tar-gz.ts';
import { invalid } from '../refused.ts';
import { Base64Text } from './base64.ts';
import { readObject } from './document.ts';

/** npm, GitLab and installers look for it in different folders; Windows knows it by a short name, too. */
const manifest = { file: 'package.json', lenient: /^(?:package\.json|packag~\d\.jso)$/, limit: 1024 * 1024 };

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
  readonly #archive: TarGz;
  #bytes = 0;

  /** @param announced bytes of the document around it, where they are known: buffers need not be larger */
  constructor(announced?: number) {
    this.#text = new Base64Text(announced);
    this.#archive = new TarGz(manifest, announced);
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
      await this.#archive.write(bytes);
    }
  }

  /** After the last piece. Throws `UploadRefused`. */
  async finish(): Promise<TarballFacts> {
    this.#text.end();
    await this.advance();
    if (this.#bytes === 0) invalid('its tarball is empty');
    const found = await this.#archive.end();
    return {
      sha1: this.#hashes.sha1.digest('hex'),
      sha256: this.#hashes.sha256.digest('hex'),
      sha512: this.#hashes.sha512.digest(),
      bytes: this.#bytes,
      manifest: readObject(found, (phrase) => invalid(`the package.json in its tarball ${phrase}`)),
      text: this.#text,
    };
  }

  /** Lets go of the unpacker, however the reading ended. */
  destroy(): void {
    this.#archive.destroy();
  }
}
