// The one file of an archive that is read, and the paths by which somebody could find another one in its place.
import { invalid } from '../refused.ts';

export interface Wanted {
  /** As the formats spell it. */
  readonly file: string;
  /** Every folded name that some disk takes for it. */
  readonly lenient: RegExp;
  /** Bytes. */
  readonly limit: number;
  /**
   * A long name may be cut behind a slash where the header repeats it. npm's older readers take such a file for a folder;
   * Python's and uv's do so in the oldest format alone.
   */
  readonly cutAnywhere?: true;
}

/** Follows an archive while it is received; keeps the wanted file. Every method throws `UploadRefused`. */
export interface ArchiveReader {
  readonly write: (bytes: Buffer) => Promise<void> | void;
  /** The wanted file, after the last piece. */
  readonly end: () => Promise<Buffer>;
  /** Lets go of what is held, however the reading ended. */
  readonly destroy: () => void;
}

/** Whether a registry or an installer that looks for the file looks there: in the root or right below a folder of it. */
export function isWanted({ lenient }: Wanted, folded: readonly string[]): boolean {
  return folded.length <= 2 && lenient.test(folded.at(-1) ?? '');
}

const pathLimit = 4096;

/**
 * Segments of the path as the most lenient file system would see them: without case, in any Unicode form, without characters
 * that show nothing (HFS+), without what follows a colon (streams of NTFS) and trailing dots and spaces (Windows).
 * @param archive what it is called in refusals
 */
export function fold(path: string, archive: string): string[] {
  if (path.length > pathLimit) invalid(`its ${archive} has a file name longer than ${pathLimit} characters`);
  const segments = path.split(/[/\\]/).filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..') || /^(?:[/\\]|[A-Za-z]:)/.test(path)) invalid(`its ${archive} has a file outside its folder`);
  return segments.map(foldSegment);
}

/** Linear in the segment: archives may have very many, very long ones (DOS-13). */
function foldSegment(segment: string): string {
  const plain = /^[ -~]*$/.test(segment) ? segment : segment.normalize('NFKC').replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  const colon = plain.indexOf(':', 1);
  let end = colon === -1 ? plain.length : colon;
  while (end > 0 && (plain[end - 1] === '.' || plain[end - 1] === ' ')) end -= 1;
  return plain.slice(0, end).toLowerCase();
}
