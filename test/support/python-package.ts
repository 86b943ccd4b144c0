// Writes small Python distribution files (a wheel and an sdist) to upload, without a build backend.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarGz, zip } from './archive.ts';
import type { ArchiveEntry } from './archive.ts';
import { tempDir } from './temp.ts';

export type PythonPackage = {
  /** The project's folder, with a pyproject.toml; the files are in its `dist/`. */
  readonly folder: string;
  readonly wheel: string;
  readonly sdist: string;
  readonly files: readonly string[];
};

/** A pure-Python project of one module; `metadata` adds lines to METADATA and PKG-INFO, `ballast` random bytes to the sdist. */
export function pythonPackage(name: string, version = '1.0.0', metadata: readonly string[] = [], ballast = 0): PythonPackage {
  const folder = tempDir('project');
  const dist = join(folder, 'dist');
  mkdirSync(dist);
  const module = name.toLowerCase().replaceAll(/[-_.]+/g, '_');
  const info = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`, 'Summary: a project of the tests'];
  const header = `${[...info, ...metadata].join('\n')}\n\nA description.\n`;
  const source = `__version__ = "${version}"\n`;
  const wheel = join(dist, `${module}-${version}-py3-none-any.whl`);
  const sdist = join(dist, `${module}-${version}.tar.gz`);
  const pyproject = `[project]\nname = "${name}"\nversion = "${version}"\nrequires-python = ">=3.8"\n`;
  writeFileSync(join(folder, 'pyproject.toml'), pyproject);
  writeFileSync(wheel, wheelBytes(module, version, header, source));
  const inside: ArchiveEntry[] = [
    ['PKG-INFO', header],
    ['pyproject.toml', pyproject],
    [`${module}.py`, source],
  ];
  if (ballast > 0) inside.push(['ballast', randomBytes(ballast)]);
  writeFileSync(sdist, tarGz(inside.map(([path, content]) => [`${module}-${version}/${path}`, content])));
  return { folder, wheel, sdist, files: [wheel, sdist] };
}

function wheelBytes(module: string, version: string, metadata: string, source: string): Buffer {
  const info = `${module}-${version}.dist-info`;
  const entries: ArchiveEntry[] = [
    [`${module}.py`, source],
    [`${info}/METADATA`, metadata],
    [`${info}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: countersign-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
  ];
  const record = entries.map(([path, content]) => {
    const digest = createHash('sha256').update(content).digest('base64url');
    return `${path},sha256=${digest},${Buffer.byteLength(content)}`;
  });
  return zip([...entries, [`${info}/RECORD`, `${[...record, `${info}/RECORD,,`].join('\n')}\n`]]);
}
