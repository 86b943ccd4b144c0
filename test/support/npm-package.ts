// Writes small npm packages to publish.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp.ts';

export type NpmPackage = { readonly name: string; readonly version: string; readonly folder: string };

/** A package of two files in a fresh folder; `manifest` is merged over its package.json. */
export function npmPackage(name: string, version = '1.0.0', manifest: Record<string, unknown> = {}): NpmPackage {
  const folder = join(tempDir('package'), name.replace('/', '-').replace('@', ''));
  mkdirSync(folder);
  const document = { name, version, description: 'a package of the tests', license: 'MIT', main: 'index.js', ...manifest };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(document, null, 2)}\n`);
  writeFileSync(join(folder, 'index.js'), `module.exports = '${version}'\n`);
  writeFileSync(join(folder, 'README.md'), `# ${name}\n`);
  return { name, version, folder };
}
