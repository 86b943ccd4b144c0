// The versions of the clients, from the files that pin them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/components.ts';

/** `npm-12` → `npm 12.2.0`. */
export function npmVersion(alias: string, called: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'test', 'clients', 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return `${called} ${manifest.dependencies[alias]?.split('@').at(-1) ?? ''}`;
}

/** `twine` → `twine 6.2.0`. */
export function pythonVersion(name: string): string {
  const pinned = readFileSync(join(ROOT, 'test', 'clients', 'requirements.txt'), 'utf8');
  return `${name} ${new RegExp(`^${name}==(\\S+)`, 'm').exec(pinned)?.[1] ?? ''}`;
}
