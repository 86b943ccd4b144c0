// Builds zips record by record, so that each can say something else than the others do.
import { crc32, deflateRawSync } from 'node:zlib';

export interface Member {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly method?: number;
  readonly flags?: number;
  /** Bytes as they stand in the archive, whatever the content is. */
  readonly packed?: Buffer;
  /** Said in both records. */
  readonly says?: Partial<Said>;
  /** Said in one of them. */
  readonly local?: Partial<Said>;
  readonly central?: Partial<Said>;
  /** Unix mode. */
  readonly mode?: number;
  readonly before?: Buffer;
  readonly offset?: number;
  readonly only?: 'local' | 'central';
}

interface Said {
  readonly name: Buffer;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly method: number;
  readonly flags: number;
  readonly extra: Buffer;
  readonly comment: Buffer;
}

export interface Frame {
  readonly before?: Buffer;
  readonly beforeDirectory?: Buffer;
  readonly afterDirectory?: Buffer;
  readonly after?: Buffer;
  readonly comment?: string;
  readonly entries?: number;
  readonly offset?: number;
  readonly length?: number;
  /** The directory in another order. */
  readonly reversed?: boolean;
  /** The large end, with a change. */
  readonly large?: (record: Buffer, locator: Buffer) => void;
}

const sentinel = 0xffff_ffff;
export const name = 'allowed-1.0.dist-info/METADATA';
export const metadata = 'Metadata-Version: 2.1\nName: allowed\nVersion: 1.0\nSummary: x\n\nName: victim\n';

/** The plain wheel: a module, its METADATA, its RECORD. */
export const plain: readonly Member[] = [
  { name: 'allowed.py', content: 'x = 1\n'.repeat(200), method: 8 },
  { name, content: metadata, method: 8 },
  { name: 'allowed-1.0.dist-info/RECORD', content: 'allowed.py,,\n' },
];

/** `plain` with its METADATA changed. */
export function withMetadata(changes: Partial<Member>): Member[] {
  return plain.map((member) => (member.name === name ? { ...member, ...changes } : member));
}

export function zipOf(members: readonly Member[], frame: Frame = {}): Buffer {
  const parts: Buffer[] = [frame.before ?? Buffer.alloc(0)];
  const listed: Buffer[] = [];
  for (const member of members) {
    if (member.before !== undefined) parts.push(member.before);
    const offset = member.offset ?? size(parts);
    const said = saidOf(member);
    if (member.only !== 'central') parts.push(local({ ...said, ...member.local }), packedOf(member));
    if (member.only !== 'local') listed.push(central({ ...said, ...member.central }, offset, member.mode ?? 0o100644));
  }
  parts.push(frame.beforeDirectory ?? Buffer.alloc(0));
  const offset = frame.offset ?? size(parts);
  const directory = Buffer.concat(frame.reversed === true ? listed.toReversed() : listed);
  parts.push(directory, frame.afterDirectory ?? Buffer.alloc(0));
  const ending = { entries: frame.entries ?? listed.length, length: frame.length ?? directory.length, offset };
  if (frame.large !== undefined) parts.push(largeEnd(ending, size(parts), frame.large));
  return Buffer.concat([...parts, end(ending, frame), frame.after ?? Buffer.alloc(0)]);
}

export function field(id: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * words.length);
  bytes.writeUInt16LE(id, 0);
  bytes.writeUInt16LE(8 * words.length, 2);
  words.forEach((word, index) => bytes.writeBigUInt64LE(BigInt(word), 4 + 8 * index));
  return bytes;
}

/** Both sizes in the large field, as Python writes them with `force_zip64`. */
export function large(content: string): { readonly local: Partial<Said> } {
  return { local: { packed: sentinel, size: sentinel, extra: field(1, content.length, content.length) } };
}

function packedOf({ packed, method, content = '' }: Member): Buffer {
  return packed ?? (method === 8 ? deflateRawSync(content) : Buffer.from(content));
}

function saidOf(member: Member): Said {
  const content = Buffer.from(member.content ?? '');
  const plainly = {
    name: Buffer.from(member.name),
    crc: crc32(content),
    packed: packedOf(member).length,
    size: content.length,
    method: member.method ?? 0,
    flags: member.flags ?? 0,
    extra: Buffer.alloc(0),
    comment: Buffer.alloc(0),
  };
  return { ...plainly, ...member.says };
}

function shared({ name: called, crc, packed, size: unpacked, method, flags, extra }: Said): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(flags, 0);
  fields.writeUInt16LE(method, 2);
  fields.writeUInt32LE(crc, 8);
  fields.writeUInt32LE(packed, 12);
  fields.writeUInt32LE(unpacked, 16);
  fields.writeUInt16LE(called.length, 20);
  fields.writeUInt16LE(extra.length, 22);
  return fields;
}

function local(said: Said): Buffer {
  return Buffer.concat([Buffer.from('504b03041400', 'hex'), shared(said), said.name, said.extra]);
}

function central(said: Said, offset: number, mode: number): Buffer {
  const where = Buffer.alloc(14);
  where.writeUInt16LE(said.comment.length, 0);
  where.writeUInt32LE(mode * 0x10000, 6);
  where.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('504b010214031400', 'hex'), shared(said), where, said.name, said.extra, said.comment]);
}

function largeEnd(says: Required<Pick<Frame, 'entries' | 'length' | 'offset'>>, at: number, change: NonNullable<Frame['large']>): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  for (const place of [24, 32]) record.writeBigUInt64LE(BigInt(says.entries), place);
  record.writeBigUInt64LE(BigInt(says.length), 40);
  record.writeBigUInt64LE(BigInt(says.offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(at), 8);
  locator.writeUInt32LE(1, 16);
  change(record, locator);
  return Buffer.concat([record, locator]);
}

function end(says: Required<Pick<Frame, 'entries' | 'length' | 'offset'>>, { comment = '', large: isLarge }: Frame): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  for (const place of [8, 10]) record.writeUInt16LE(isLarge === undefined ? says.entries : 0xffff, place);
  record.writeUInt32LE(isLarge === undefined ? says.length : sentinel, 12);
  record.writeUInt32LE(isLarge === undefined ? says.offset : sentinel, 16);
  record.writeUInt16LE(comment.length, 20);
  return Buffer.concat([record, Buffer.from(comment)]);
}

function size(parts: readonly Buffer[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
