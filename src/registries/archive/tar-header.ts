// Reads a tar header block (POSIX.1-2001 ustar, GNU) and the records of a pax header, strictly.
import { invalid } from '../refused.ts';

/** Magic and version: POSIX, GNU, and the old format that had none. */
const posix = 'ustar\x0000';
const formats = [posix, 'ustar  \0', '\0'.repeat(8)];

export interface TarHeader {
  readonly type: string;
  readonly path: string;
  readonly link: string;
  /** Bytes of the entry's body. */
  readonly size: number;
}

/** Throws `UploadRefused` for a block that two readers of tar could read differently. */
export function readHeader(block: Buffer): TarHeader {
  checkSum(block);
  const magic = block.toString('latin1', 257, 265);
  if (!formats.includes(magic)) invalid('its tarball is of no known format');
  // Some readers take what stands there for a prefix whatever the format is (Python's does).
  if (magic !== posix && block.subarray(345, 500).some((byte) => byte !== 0)) invalid('its tarball has a prefix in a format without one');
  // The last 25 bytes of the field may be times (xstar), if the byte before them is zero.
  const prefix = magic === posix ? text(block, 345, block[475] === 0 ? 475 : 500) : '';
  const name = text(block, 0, 100);
  return {
    type: block.toString('latin1', 156, 157),
    path: prefix === '' ? name : `${prefix}/${name}`,
    link: text(block, 157, 257),
    size: octal(block, 124, 136),
  };
}

function checkSum(block: Buffer): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < 512; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  if (octal(block, 148, 156) !== sum) invalid('its tarball has a damaged header');
}

/** Text up to the first NUL, with nothing behind it that another reader could take for a part of it. */
function text(block: Buffer, from: number, to: number): string {
  const field = block.subarray(from, to);
  const end = field.indexOf(0);
  if (end === -1) return field.toString('utf8');
  if (field.subarray(end).some((byte) => byte !== 0)) invalid('its tarball has a file name with a NUL in it');
  return field.subarray(0, end).toString('utf8');
}

function octal(block: Buffer, from: number, to: number): number {
  const field = block.toString('latin1', from, to);
  if (!/^ *[0-7]*[\0 ]*$/.test(field)) invalid('its tarball has a number that is not octal');
  return Number.parseInt(`0${field.replaceAll(/[\0 ]/g, '')}`, 8);
}

/** What a pax header changes of the next entry. */
export interface Pax {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: string;
}

/** Reads the records `<length> <key>=<value>\n`. Throws `UploadRefused`. */
export function readPax(body: Buffer): Pax {
  const found = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const digits = /^([1-9][0-9]{0,5}) /.exec(body.toString('latin1', at, at + 8))?.[1];
    const end = at + Number(digits ?? 0);
    const record =
      digits !== undefined && end <= body.length && body[end - 1] === 0x0a
        ? body.toString('utf8', at + digits.length + 1, end - 1)
        : undefined;
    const equals = record?.indexOf('=') ?? -1;
    if (record === undefined || equals < 1) return invalid('its tarball has a malformed pax header');
    const key = record.slice(0, equals);
    if (found.has(key) || key.startsWith('GNU.sparse') || key === 'hdrcharset') invalid('its tarball has an ambiguous pax header');
    found.set(key, record.slice(equals + 1));
    at = end;
  }
  if ([found.get('path'), found.get('linkpath')].some((value) => value?.includes('\0') || value === ''))
    invalid('its tarball has a malformed pax header');
  return Object.fromEntries([...found].filter(([key]) => key === 'path' || key === 'linkpath' || key === 'size'));
}
