// What a distribution says of itself, in the file: METADATA of a wheel, PKG-INFO of a source archive. Read as the file passes.
import { TarGz } from '../archive/tar-gz.ts';
import type { ArchiveReader } from '../archive/wanted.ts';
import { fold } from '../archive/wanted.ts';
import { Zip, type WantedEntry } from '../archive/zip.ts';
import { breakOff, invalid } from '../refused.ts';
import { UploadRefused } from '../registry.ts';
import { readCoreMetadata } from './core-metadata.ts';
import { fieldsLimit } from './fields.ts';
import type { Identity } from './form.ts';
import { packageName } from './name.ts';
import { parseVersion } from './version.ts';

/**
 * What is wrong is told after the last piece, by `check`: a client that has sent its upload reads the answer, one that is
 * interrupted in the middle of a large one tells of a broken connection.
 */
export class EmbeddedMetadata {
  readonly #identity: Identity;
  readonly #file: 'METADATA' | 'PKG-INFO';
  readonly #archive: ArchiveReader;
  #refused: UploadRefused | undefined;

  constructor(identity: Identity) {
    this.#identity = identity;
    const wheel = identity.distribution.kind === 'wheel';
    this.#file = wheel ? 'METADATA' : 'PKG-INFO';
    // What is longer would not fit into the form either, which repeats it.
    const limit = fieldsLimit;
    this.#archive = wheel
      ? new Zip(metadataOf(identity, limit))
      : new TarGz({ file: this.#file, lenient: /^pkg-info$/, limit, cutAnywhere: true });
  }

  /** Takes the next piece of the file. */
  async write(piece: Uint8Array): Promise<void> {
    if (this.#refused !== undefined) return;
    try {
      await this.#archive.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    } catch (error) {
      if (!(error instanceof UploadRefused)) throw error;
      this.#refused = error;
      this.destroy();
    }
  }

  /** After the last piece: the file is of the project and version that the form names (PY-17). Throws `UploadRefused`. */
  async check(): Promise<void> {
    if (this.#refused !== undefined) throw this.#refused;
    const { name, version } = readCoreMetadata(await this.#archive.end(), this.#file);
    this.#compare('Name', name, packageName(name) === this.#identity.name, this.#identity.name);
    this.#compare('Version', version, isVersion(version, this.#identity), this.#identity.version);
  }

  /** Lets go of the unpacker, however the reading ended. */
  destroy(): void {
    this.#archive.destroy();
  }

  #compare(field: string, actual: string, same: boolean, expected: string): void {
    if (!same)
      breakOff('body-mismatch', {
        where: `${field} in the ${this.#file} of the file`,
        actual: actual === '' ? 'nothing' : actual,
        expected,
      });
  }
}

function isVersion(text: string, { distribution }: Identity): boolean {
  return parseVersion(text)?.key === distribution.version.key;
}

/** The METADATA in the one `.dist-info` folder of the root, which is the project's; others below the root are somebody's copies. */
function metadataOf(identity: Identity, limit: number): WantedEntry {
  let folder: string | undefined;
  return {
    file: 'METADATA',
    limit,
    is: (path) => {
      const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
      const [top = '', file] = fold(path, 'wheel');
      if (!top.endsWith('.dist-info')) return false;
      folder ??= segments[0];
      // Installers look for the only one, or for the first that fits.
      if (segments[0] !== folder) invalid('its wheel has more than one .dist-info folder');
      if (!isOf(folder ?? '', identity))
        breakOff('body-mismatch', {
          where: 'The .dist-info folder of the wheel',
          actual: folder,
          expected: `${identity.name}-${identity.version}.dist-info`,
        });
      if (file === undefined && !path.endsWith('/')) invalid('its wheel has a file in the place of its .dist-info folder');
      if (segments.length !== 2 || file !== 'metadata') return false;
      return path === `${folder}/METADATA` || invalid('the METADATA in its wheel has an unusual path');
    },
  };
}

function isOf(folder: string, identity: Identity): boolean {
  const parts = /^(.+)-([^-]+)\.dist-info$/.exec(folder);
  return packageName(parts?.[1] ?? '') === identity.name && isVersion(parts?.[2] ?? '', identity);
}
