// One hash over files and folders, so that a change of any is seen. A policy may be tens of megabytes and is looked at every
// few seconds: what has not been touched since it was read is not read again.
import { createHash, hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { fileState, readRegularFile } from './read-file.ts';

/** Of files, by path: in which state they were read, and what they held then. */
export type KnownFiles = Map<string, { readonly state: string; readonly print: string }>;

/** Bytes of one file that count; what is longer no reader of ours accepts. */
const longest = 4 * 1024 * 1024;

/** Bytes that are read before others have their turn. */
const perTurn = 1024 * 1024;

/**
 * Milliseconds that a file was left alone before its times are believed: a change within one tick of the file system's
 * clock leaves them as they are, and that clock may be another machine's.
 */
const longEnough = 10_000;

/**
 * A hash over what the files hold and which names are in the folders. Never rejects: what cannot be read counts with its
 * problem, so that a file that goes away is a change like any other.
 * @param known kept from one call to the next
 * @param rest milliseconds without a change after which a file need not be read again while its state is the same
 */
export async function fingerprint(
  files: Iterable<string>,
  folders: Iterable<string> = [],
  known: KnownFiles = new Map(),
  rest = longEnough,
): Promise<string> {
  const all = createHash('sha256');
  const wanted = new Set(files);
  let bytes = 0;
  for (const file of wanted) {
    const state = fileState(file);
    const before = known.get(file);
    if (before !== undefined && before.state === state?.text) {
      all.update(before.print);
      continue;
    }
    const read = readRegularFile(file, longest);
    const print = `${file}\0${read.ok ? hash('sha256', read.bytes) : read.problem}\0`;
    all.update(print);
    if (read.ok && state !== undefined && Date.now() - state.changed > rest) known.set(file, { state: state.text, print });
    else known.delete(file);
    bytes += read.ok ? read.bytes.length : 0;
    if (bytes < perTurn) continue;
    bytes = 0;
    await turn();
  }
  for (const file of known.keys()) if (!wanted.has(file)) known.delete(file);
  for (const folder of new Set(folders)) all.update(`${folder}\0${namesIn(folder).join('\0')}\0\0`);
  return all.digest('hex');
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
