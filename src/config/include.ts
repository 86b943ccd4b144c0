// `include:`, further files with publishers: found by `*` within a folder, and never outside the policy's own folder.
import { readdirSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { matches, toPattern } from '../core/pattern.ts';
import type { Cursor } from './cursor.ts';
import { quote } from './did-you-mean.ts';
import { fileProblem } from './read-file.ts';

/** More files than this are a mistake in a glob. */
const mostFiles = 1000;

/** A file to include. */
export interface IncludedFile {
  /** As messages name it: relative to the policy's folder. */
  readonly shown: string;
  readonly path: string;
}

/**
 * The files that a list of globs names, sorted, each once. Problems are reported at the glob. Names are checked as text
 * and files by their real path: neither `../x` nor a symbolic link leads out of the folder (POL-26).
 * @param searched is told each folder whose names were looked through
 */
export function includedFiles(list: Cursor, folder: string, searched: (folder: string) => void): readonly IncludedFile[] {
  const found = new Map<string, IncludedFile>();
  for (const item of list.items) {
    if (typeof item.value !== 'string') continue;
    const segments = item.value.replace(/^\.\//, '').split('/');
    if (item.value.startsWith('/') || segments.some((segment) => /^\.{0,2}$/.test(segment) || segment.includes('\\'))) {
      item.error('write a path relative to this file and below its folder, without ".."', 'for example teams/*.yaml');
      continue;
    }
    if (segments.some((segment) => segment.includes('**') || toPattern(segment) === undefined)) {
      item.error('only * within a name is special', 'for example teams/*.yaml');
      continue;
    }
    const paths = expand(folder, segments, searched);
    if (paths.length === 0) item.warn('include-empty', `${quote(item.value)} names no file`);
    for (const path of paths) add(item, folder, path, found);
  }
  if (found.size > mostFiles) return list.error(`more than ${mostFiles} files`) ?? [];
  return [...found.values()];
}

function add(item: Cursor, folder: string, path: string, found: Map<string, IncludedFile>): void {
  const shown = relative(folder, path);
  try {
    const real = realpathSync(path);
    const root = realpathSync(folder);
    if (!real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) item.error(`${quote(shown)} leads out of the folder of this file`);
    else if (!found.has(real)) found.set(real, { shown, path });
  } catch (error) {
    item.error(`${quote(shown)} ${fileProblem(error)}`);
  }
}

/** Paths that the segments name; a segment without `*` is taken as it is, whether or not it exists. */
function expand(folder: string, segments: readonly string[], searched: (folder: string) => void): readonly string[] {
  let paths: readonly string[] = [folder];
  for (const segment of segments) {
    if (segment.includes('*')) for (const path of paths) searched(path);
    paths = segment.includes('*')
      ? paths.flatMap((path) => namesIn(path, segment).map((name) => join(path, name)))
      : paths.map((path) => join(path, segment));
  }
  return paths;
}

/** Names that begin with a dot are left out, as shells do: editors and Kubernetes keep copies under such names. */
function namesIn(folder: string, segment: string): readonly string[] {
  const pattern = toPattern(segment);
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && pattern !== undefined && matches(pattern, name))
      .toSorted();
  } catch {
    return [];
  }
}
