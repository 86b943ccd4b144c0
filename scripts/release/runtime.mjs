// What of package-lock.json is there at run time.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export function manifest() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

export function lockFile() {
  return JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
}

/**
 * The packages that an installation without development dependencies has, by their path in node_modules; with `needs`, the paths of
 * what each of them needs. Not what npm's flags say but what is reached from the dependencies, and both have to agree.
 */
export function runtimePackages({ packages } = lockFile()) {
  const found = new Map();
  const needsOf = (path) => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path];
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    return names.map((name) => resolve(packages, path, name)).filter((at) => at !== undefined);
  };
  const roots = Object.keys(packages[''].dependencies).map((name) => resolve(packages, '', name));
  for (const queue = [...roots]; queue.length > 0;) {
    const path = queue.pop();
    if (found.has(path)) continue;
    const needs = needsOf(path);
    found.set(path, { ...packages[path], name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), path, needs });
    queue.push(...needs);
  }
  const flagged = Object.entries(packages).filter(
    ([path, { dev, devOptional, optional, peer }]) => path !== '' && !dev && !devOptional && !optional && !peer,
  );
  const lost = flagged.filter(([path]) => !found.has(path)).map(([path]) => path);
  if (lost.length > 0) throw new Error(`package-lock.json has run-time packages that nothing needs: ${lost.join(', ')}`);
  return { direct: roots, packages: [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** Where Node finds `name` from a package at this path: the nearest node_modules. */
function resolve(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}
