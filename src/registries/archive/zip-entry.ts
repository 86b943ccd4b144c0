// Reads one record about a file of a zip (APPNOTE.TXT 4.3.7, 4.3.12), strictly: both kinds say the same of an entry.
import { invalid } from '../refused.ts';

/** What a record says of its file. */
export interface ZipEntry {
  readonly name: string;
  /** As they stand there: some readers decode them otherwise. */
  readonly nameBytes: Buffer;
  readonly utf8: boolean;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the archive, and bytes unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its local record begins. */
  readonly offset: number;
}

export const stored = 0;
export const deflated = 8;

/** Bytes of a record behind its signature. */
export const localLength = 26;
export const centralLength = 42;

const flagUtf8 = 0x800;
/** Two bits that say how hard was packed, and the one for UTF-8. Encryption, patches, and sizes that come later are not read. */
const harmless = 0x6 | flagUtf8;
const flagLater = 0x8;
const extraZip64 = 1;
/** Info-ZIP's second name, which some readers take instead of the first. */
const extraName = 0x7075;
const sentinel = 0xffff_ffff;

/** Bytes of the name and of the extra fields that follow a record. */
export function lengthsAfter(record: Buffer, kind: 'local' | 'central'): { readonly name: number; readonly extra: number } {
  const at = kind === 'local' ? 22 : 24;
  return { name: record.readUInt16LE(at), extra: record.readUInt16LE(at + 2) };
}

/** The record in front of a file. Throws `UploadRefused`. */
export function readLocal(record: Buffer, name: Buffer, extra: Buffer, offset: number): ZipEntry {
  const entry = readShared(record, 2, name);
  const words = zip64(extra);
  if (words === undefined && entry.packed !== sentinel && entry.size !== sentinel) return { ...entry, offset };
  // Readers that stream go by the place of a number, others by which of the two is missing: it has to be the same.
  const missing = entry.packed === sentinel && entry.size === sentinel;
  const [size = -1, packed = -1] = words ?? [];
  if (packed < 0 || (!missing && (size !== entry.size || packed !== entry.packed))) invalid('its wheel has two sizes for one file');
  return { ...entry, size, packed, offset };
}

/** The record in the directory at the end. Throws `UploadRefused`. */
export function readCentral(record: Buffer, name: Buffer, extra: Buffer): ZipEntry {
  const entry = readShared(record, 4, name);
  if (record.readUInt16LE(28) !== 0 || record.readUInt16LE(30) !== 0) invalid('its wheel has a comment at a file, or is in pieces');
  // Unix, and a type of link: pip writes a file of text in its place, others a link.
  if (record[1] === 3 && record.readUInt32LE(34) >>> 28 === 0o12) invalid('its wheel has a symbolic link');
  const words = [...(zip64(extra) ?? [])];
  const large = (value: number): number => (value === sentinel ? (words.shift() ?? invalid('its wheel has a file without a size')) : value);
  const [size, packed, offset] = [large(entry.size), large(entry.packed), large(record.readUInt32LE(38))];
  if (words.length > 0) invalid('its wheel has two sizes for one file');
  return { ...entry, size, packed, offset };
}

function readShared(record: Buffer, at: number, nameBytes: Buffer): Omit<ZipEntry, 'offset'> {
  const flags = record.readUInt16LE(at);
  // As PyPI does: whoever reads from the front has to guess where such a file ends.
  if ((flags & flagLater) !== 0) invalid('its wheel has a file whose size follows it (a data descriptor)');
  if ((flags & ~harmless) !== 0) invalid('its wheel has an encrypted file, or one of an unusual kind');
  return {
    name: text(nameBytes),
    nameBytes,
    utf8: (flags & flagUtf8) !== 0,
    method: record.readUInt16LE(at + 2),
    crc: record.readUInt32LE(at + 8),
    packed: record.readUInt32LE(at + 12),
    size: record.readUInt32LE(at + 16),
  };
}

function text(bytes: Buffer): string {
  const name = bytes.toString('utf8');
  if (name === '' || !Buffer.from(name, 'utf8').equals(bytes)) invalid('its wheel has a file name that is not UTF-8');
  if (/[\0-\x1f\x7f\\]/.test(name)) invalid('its wheel has a file name with a backslash or a control character');
  return name;
}

/** The numbers of the one zip64 field, if there is one. */
function zip64(extra: Buffer): readonly number[] | undefined {
  let found: number[] | undefined;
  for (let at = 0; at < extra.length;) {
    const end = at + 4 <= extra.length ? at + 4 + extra.readUInt16LE(at + 2) : Infinity;
    if (end > extra.length) return invalid('its wheel has a malformed extra field');
    const id = extra.readUInt16LE(at);
    if (id === extraName) invalid('its wheel names one file twice');
    if (id === extraZip64) {
      if (found !== undefined || (end - at - 4) % 8 !== 0) return invalid('its wheel has two sizes for one file');
      found = [];
      for (let word = at + 4; word < end; word += 8) found.push(safe(extra.readBigUInt64LE(word)));
    }
    at = end;
  }
  return found;
}

/** A 64-bit number that JavaScript can count with; there is no larger file. */
export function safe(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : invalid('its wheel says it is larger than any disk');
}
