// Reads the tar inside a tarball as it is unpacked, keeps the one file that is wanted, and refuses what could hide another.
import { breakOff, invalid } from '../refused.ts';
import { Links } from './tar-links.ts';
import { readHeader, readPax, type Pax, type TarHeader } from './tar-header.ts';
import { fold, isWanted, type Wanted } from './wanted.ts';

const blockSize = 512;
const extensionLimit = 64 * 1024;
const entryLimit = 200_000;
/** Links are remembered, so that there may not be many, nor long ones. */
const linkLimit = 1000;

/** Not `7`, which some readers take for a file and some pass over. */
const file = new Set(['0', '\0']);
const known = new Set([...file, '1', '2', '5']);

export class TarReader {
  readonly #wanted: Wanted;
  readonly #block = Buffer.alloc(blockSize);
  #filled = 0;
  /** Bytes of the current body, and of its padding, that are still to come. */
  #body = 0;
  #padding = 0;
  #kept: Buffer[] | undefined;
  #keep: (body: Buffer) => void = () => {};
  #zeros = 0;
  #entries = 0;
  /** The entry before said something of the next one. */
  #extended = false;
  #pax: Pax = {};
  #long: { path?: string; link?: string } = {};
  readonly #links = new Links();
  #found: Buffer | undefined;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** Reads on. Throws `UploadRefused`. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#body > 0) at += this.#readBody(chunk, at);
      else if (this.#padding > 0) at += this.#skipPadding(chunk, at);
      else at += this.#readBlock(chunk, at);
    }
  }

  /** The bytes of the wanted file, after the last chunk. Throws `UploadRefused` when there is none. */
  end(): Buffer {
    if (this.#filled > 0 || this.#body > 0 || this.#padding > 0 || this.#zeros < 2) invalid('its tarball is cut short');
    return this.#found ?? invalid(`its tarball has no ${this.#wanted.file}`);
  }

  #readBody(chunk: Uint8Array, at: number): number {
    const length = Math.min(this.#body, chunk.length - at);
    this.#kept?.push(Buffer.from(chunk.subarray(at, at + length)));
    this.#body -= length;
    if (this.#body === 0) this.#finishBody();
    return length;
  }

  #skipPadding(chunk: Uint8Array, at: number): number {
    const length = Math.min(this.#padding, chunk.length - at);
    this.#padding -= length;
    return length;
  }

  #readBlock(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + blockSize - this.#filled);
    this.#block.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled === blockSize) {
      this.#filled = 0;
      this.#header();
    }
    return part.length;
  }

  #header(): void {
    if (this.#block.every((byte) => byte === 0)) {
      if (this.#extended) invalid('its tarball says something of an entry that does not follow');
      this.#zeros += 1;
      return;
    }
    // Some readers stop at the end mark, some read on behind it.
    if (this.#zeros > 0) invalid('its tarball goes on after its end');
    this.#entries += 1;
    if (this.#entries > entryLimit) invalid(`its tarball has more than ${entryLimit} entries`);
    const header = readHeader(this.#block);
    this.#body = header.size;
    this.#padding = (blockSize - (header.size % blockSize)) % blockSize;
    this.#kept = undefined;
    this.#extended = this.#extension(header);
    if (!this.#extended) this.#entry(header);
    if (this.#body === 0) this.#finishBody();
  }

  /** Takes an entry that only says something about the next one. */
  #extension(header: TarHeader): boolean {
    const read: Record<string, (body: Buffer) => void> = {
      x: (body) => (this.#pax = this.#once(Object.keys(this.#pax).length === 0) && readPax(body)),
      g: (body) => (Object.keys(readPax(body)).length > 0 ? invalid('its tarball has a global pax header that names files') : undefined),
      L: (body) => (this.#long.path = this.#once(this.#long.path === undefined) && longName(body)),
      K: (body) => (this.#long.link = this.#once(this.#long.link === undefined) && longName(body)),
    };
    const keep = Object.hasOwn(read, header.type) ? read[header.type] : undefined;
    if (keep !== undefined) this.#collect(header, extensionLimit, keep);
    return keep !== undefined;
  }

  #once(first: boolean): true {
    return first || invalid('its tarball names one entry twice');
  }

  #collect(header: TarHeader, limit: number, keep: (body: Buffer) => void): void {
    if (header.size > limit) breakOff('body-too-large', { what: `A header or the ${this.#wanted.file} in the tarball`, limit });
    this.#kept = [];
    this.#keep = keep;
  }

  #finishBody(): void {
    if (this.#kept === undefined) return;
    const body = Buffer.concat(this.#kept);
    this.#kept = undefined;
    this.#keep(body);
  }

  #entry(header: TarHeader): void {
    const pax = this.#pax;
    const long = this.#long;
    this.#pax = {};
    this.#long = {};
    if (!known.has(header.type)) invalid('its tarball has an entry of an unusual type');
    const path = pax.path ?? long.path ?? header.path;
    // A folder to those who know the oldest format, and then what follows is read from another place.
    const cut = path !== header.path && header.type === '0' && this.#wanted.cutAnywhere === true;
    if (file.has(header.type) && (/[/\\]$/.test(path) || (header.path.endsWith('/') && !cut)))
      invalid('its tarball has a file whose name ends in a slash');
    if (!file.has(header.type) && header.size > 0) invalid('its tarball has a link or folder with contents');
    if (pax.size !== undefined && pax.size !== String(header.size)) invalid('its tarball has two sizes for one entry');
    if (pax.path !== undefined && long.path !== undefined) invalid('its tarball names one entry twice');
    const folded = fold(path, 'tarball');
    this.#checkLinks(header, folded);
    const wanted = isWanted(this.#wanted, folded);
    // Who does not know these extensions goes by the header. A name that was cut to fit it is none of a wanted file.
    if (path !== header.path && isWanted(this.#wanted, fold(header.path, 'tarball')) && !wanted)
      invalid('its tarball names one entry twice');
    if (wanted) this.#find(header, path);
  }

  #find(header: TarHeader, path: string): void {
    const { file: name, limit } = this.#wanted;
    // npm, GitLab and installers look for it in different folders; a case-insensitive disk finds PACKAGE.JSON too.
    if (this.#found !== undefined) invalid(`its tarball has more than one ${name}`);
    if (!file.has(header.type) || !/^[^/\\.][^/\\]*\/[^/\\]+$/.test(path) || !path.endsWith(`/${name}`))
      invalid(`its ${name} has an unusual path`);
    this.#found = Buffer.alloc(0);
    this.#collect(header, limit, (body) => (this.#found = body));
  }

  /** A file behind a link lands where the link points, which may be at the wanted one. */
  #checkLinks(header: TarHeader, folded: readonly string[]): void {
    if (this.#links.leadsTo(folded)) invalid('its tarball has a file in the place of a link');
    if (header.type !== '1' && header.type !== '2') return;
    this.#links.add(folded);
    if (this.#links.size > linkLimit) invalid(`its tarball has more than ${linkLimit} links`);
  }
}

function longName(body: Buffer): string {
  const end = body.indexOf(0);
  if (end < 1 || body.subarray(end).some((byte) => byte !== 0)) invalid('its tarball has a malformed long name');
  return body.toString('utf8', 0, end);
}
