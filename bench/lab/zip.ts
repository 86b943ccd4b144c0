// A zip around a file of any size that is never held whole: what stands in front of it, and what behind.
import { crc32 } from 'node:zlib';

interface Member {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
}

export interface Frame {
  readonly before: Buffer;
  readonly after: Buffer;
}

/** The large file comes first, the small one behind it; both are stored. */
export function zipAround(large: Member, small: { readonly name: string; readonly content: string }): Frame {
  const content = Buffer.from(small.content);
  const second = { name: small.name, size: content.length, crc: crc32(content) };
  const before = record('504b03041400', large);
  const local = record('504b03041400', second);
  const at = before.length + large.size;
  const directory = Buffer.concat([record('504b010214031400', large, 0), record('504b010214031400', second, at)]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  for (const place of [8, 10]) end.writeUInt16LE(2, place);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at + local.length + content.length, 16);
  return { before, after: Buffer.concat([local, content, directory, end]) };
}

/** @param offset where its file begins: of the records in the directory alone */
function record(begin: string, { name, size, crc }: Member, offset?: number): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt32LE(crc, 8);
  fields.writeUInt32LE(size, 12);
  fields.writeUInt32LE(size, 16);
  fields.writeUInt16LE(Buffer.byteLength(name), 20);
  const where = Buffer.alloc(offset === undefined ? 0 : 14);
  if (offset !== undefined) where.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from(begin, 'hex'), fields, where, Buffer.from(name)]);
}
