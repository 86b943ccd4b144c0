// Reads a file the way a hostile path cannot misuse: regular files only, bounded, without waiting for a pipe (POL-26).
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

export type FileRead =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly worldWritable: boolean }
  | { readonly ok: false; readonly problem: string };

const codes: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this process',
  EPERM: 'may not be read by this process',
  EISDIR: 'is a directory',
  ENOTDIR: 'does not exist: part of its path is no directory',
  ELOOP: 'is a loop of symbolic links',
  ENXIO: 'is not a regular file',
};

/**
 * Reads a regular file of at most `limit` bytes. Never throws; a problem completes "<path> …". `O_NONBLOCK` keeps a FIFO
 * without a writer from hanging the process, and the size is counted while reading, because `/proc` and `/dev` lie about it.
 */
export function readRegularFile(path: string, limit: number): FileRead {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (stat.isDirectory()) return { ok: false, problem: 'is a directory' };
    if (!stat.isFile()) return { ok: false, problem: 'is not a regular file' };
    const bytes = readAtMost(handle, limit, stat.size);
    if (bytes === undefined) return { ok: false, problem: `is larger than ${limit} bytes` };
    return { ok: true, bytes, worldWritable: (stat.mode & 0o002) !== 0 };
  } catch (error) {
    return { ok: false, problem: fileProblem(error) };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** What a file is, without a look into it. */
export interface FileState {
  /** Changes with every change of the file that the file system's clock can tell. */
  readonly text: string;
  /** Milliseconds since 1970, when its content or anything about it changed last. */
  readonly changed: number;
}

/** Undefined for what cannot be opened or is no regular file. It is opened, because that makes NFS ask its server. */
export function fileState(path: string): FileState | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle, { bigint: true });
    const { dev, ino, mode, size, mtimeNs, ctimeNs } = stat;
    const changed = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
    return stat.isFile() ? { text: `${dev} ${ino} ${mode} ${size} ${mtimeNs} ${ctimeNs}`, changed } : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** @param expected bytes; one buffer takes them all when it is right */
function readAtMost(handle: number, limit: number, expected: number): Uint8Array | undefined {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(Math.min(Math.max(4096, expected + 1 - total), limit + 1 - total));
    const count = readSync(handle, chunk, 0, chunk.length, null);
    if (count === 0) return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    total += count;
    if (total > limit) return undefined;
    chunks.push(chunk.subarray(0, count));
  }
}

/** What an error of node:fs means for the path, in words that complete "<path> …". */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return codes[code] ?? `cannot be read (${code || 'unknown error'})`;
}
