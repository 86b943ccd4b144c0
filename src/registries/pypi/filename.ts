// File names of distributions: wheels (PyPA binary distribution format) and source archives (PEP 625 and what came before).
import type { PackageName } from '../../core/package-name.ts';
import { packageName } from './name.ts';
import { parseVersion, type Version } from './version.ts';

export interface Distribution {
  readonly kind: 'wheel' | 'sdist';
  readonly project: PackageName;
  readonly version: Version;
  /** Python tags of a wheel (`py2.py3` is two), in lower case; empty for a source archive. */
  readonly pythonTags: readonly string[];
  /** The same text for names of the same file: project and version in their canonical forms, tags in lower case. */
  readonly key: string;
}

/** A file name, or the sentence that says what is wrong with it. */
export type Parsed = { readonly ok: true; readonly distribution: Distribution } | { readonly ok: false; readonly problem: string };

const sdistEnd = '.tar.gz';
const wheelEnd = '.whl';

/** Characters that no server takes for a path, a quote or a separator of header parameters (MP-54, MP-55). */
const characters = /^[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}$/;

/**
 * Reads the file name of a wheel or a source archive. One that pypiserver or devpi would read as another project or
 * version is refused: pypiserver stores by its own guess and looks at nothing else (PY-10, PY-11).
 */
export function parseFilename(filename: string): Parsed {
  if (!characters.test(filename)) return problem('may have letters, digits and `. _ + ! -` only');
  if (filename.endsWith(wheelEnd)) return parseWheel(filename);
  if (filename.endsWith(sdistEnd)) return parseSdist(filename);
  return problem('ends neither in .whl nor in .tar.gz');
}

function parseWheel(filename: string): Parsed {
  const parts = filename.slice(0, -wheelEnd.length).split('-');
  if (parts.length !== 5 && parts.length !== 6) return problem('has not the five or six parts of a wheel');
  const [name = '', versionText = ''] = parts;
  const build = parts.length === 6 ? (parts[2] ?? '') : undefined;
  const tags = parts.slice(-3);
  const project = packageName(name);
  const version = fileVersion(versionText);
  if (project === undefined) return problem('does not begin with a project name');
  if (version === undefined) return problem('has no version of PEP 440 after the project');
  if (build !== undefined && !/^\d[A-Za-z0-9_.]*$/.test(build)) return problem('has a build tag that does not begin with a digit');
  if (!tags.every((tag) => /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/.test(tag))) return problem('has a tag that is none');
  const rest = [...(build === undefined ? [] : [build]), ...tags].join('-').toLowerCase();
  const pythonTags = (tags[0] ?? '').toLowerCase().split('.');
  return { ok: true, distribution: { kind: 'wheel', project, version, pythonTags, key: `${project} ${version.key} ${rest}` } };
}

function parseSdist(filename: string): Parsed {
  const stem = filename.slice(0, -sdistEnd.length);
  const dash = stem.lastIndexOf('-');
  const project = packageName(stem.slice(0, Math.max(dash, 0)));
  const version = fileVersion(stem.slice(dash + 1));
  if (project === undefined) return problem('does not begin with a project name');
  if (version === undefined) return problem('has no version of PEP 440 after the last `-`');
  if (readsOtherwise(stem, dash)) {
    return problem('could be read as a file of another project or version; build it with `_` in place of `-` in the project (PEP 625)');
  }
  return { ok: true, distribution: { kind: 'sdist', project, version, pythonTags: [], key: `${project} ${version.key} sdist` } };
}

/** In a file name a version begins with its digits: readers look for the first `-` before a digit. */
function fileVersion(text: string): Version | undefined {
  return /^\d/.test(text) ? parseVersion(text) : undefined;
}

function problem(text: string): Parsed {
  return { ok: false, problem: text };
}

/**
 * True when pypiserver or devpi could cut the name of a source archive elsewhere than at its last `-`. Both guess:
 * pypiserver cuts at the first `-` and digits, devpi at the first `-` that leaves something like a version, and both drop
 * what looks like a platform. pip, on a page with the files of many projects, cuts at any `-` that leaves a version, and
 * takes `v1-2` for one (1.post2). A name as PEP 625 has it (one `-`) gives them nothing to guess. `test/registries/pypi`
 * compares this with the real functions.
 */
function readsOtherwise(stem: string, dash: number): boolean {
  const project = stem.slice(0, dash);
  const version = stem.slice(dash + 1);
  if (/-\d/.test(project) || leavesVersion(stem, dash)) return true;
  if (/\.(?:win|linux-|macosx-)|-(?:py|cp|ip|pp|jy)[23]/i.test(`${project}-`)) return true;
  const severalDashes = project.includes('-');
  if (severalDashes && stem.includes('.') && !/^\d+[a-z_.!+]/i.test(version)) return true;
  return severalDashes && /[.-](?:cp\d|py\d|macosx|linux|sunos|solaris|irix|aix|cygwin|win)/i.test(version);
}

/** Whether something behind an earlier `-` is a version as a whole. */
function leavesVersion(stem: string, dash: number): boolean {
  for (let at = stem.indexOf('-'); at >= 0 && at < dash; at = stem.indexOf('-', at + 1)) {
    if (parseVersion(stem.slice(at + 1)) !== undefined) return true;
  }
  return false;
}
