// Writes tar.gz and zip archives of a few small files, byte by byte, so that tests can also build broken ones.
import { crc32, gzipSync } from 'node:zlib';

/** Path in the archive and content. */
export type ArchiveEntry = readonly [path: string, content: string | Uint8Array];

/** A gzipped ustar archive. */
export function tarGz(entries: readonly ArchiveEntry[]): Buffer {
  const blocks = entries.flatMap(([path, content]) => {
    const data = Buffer.from(content);
    return [tarHeader(path, data.length), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${(1_700_000_000).toString(8).padStart(11, '0')}\0`, 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar', 257);
  header.write('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A zip archive whose files are stored, not compressed. */
export function zip(entries: readonly ArchiveEntry[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, content] of entries) {
    const name = Buffer.from(path);
    const data = Buffer.from(content);
    const shared = zipFields(name, data);
    const head = Buffer.concat([Buffer.from('504b03041400', 'hex'), shared, name]);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(0o100644 * 0x10000, 6);
    where.writeUInt32LE(offset, 10);
    local.push(head, data);
    central.push(Buffer.from('504b010214031400', 'hex'), shared, where, name);
    offset += head.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

// Flags, method, time, date, CRC, both sizes, name length, extra length: the same run of fields in both kinds of header.
function zipFields(name: Buffer, data: Buffer): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(0x0800, 0);
  fields.writeUInt16LE(0x5821, 6);
  fields.writeUInt32LE(crc32(data), 8);
  fields.writeUInt32LE(data.length, 12);
  fields.writeUInt32LE(data.length, 16);
  fields.writeUInt16LE(name.length, 20);
  return fields;
}
