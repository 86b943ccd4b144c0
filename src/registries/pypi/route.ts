// What a request below a Python index's URL is.
import type { PackageName } from '../../core/package-name.ts';
import type { Head, Route } from '../registry.ts';
import { packageName } from './name.ts';
import { parseVersion } from './version.ts';
import { yank } from './yank.ts';

/**
 * Uploads are POSTs to the registry's own URL, which is what clients are given as the upload URL; `/legacy/`, `/simple/`
 * and the like below it are none (PTH-23). A query is refused as an upload: `:action` would be read from it, too. A release is
 * removed at devpi's address for that, `DELETE <project>/<version>`, whatever is behind.
 */
export function route(head: Head): Route {
  if (head.method === 'GET' || head.method === 'HEAD') return { kind: 'read', ...named(projectRead(head.path)) };
  const here = head.path === '/' || head.path === '';
  if (head.method === 'POST' && here && head.query === '') return { kind: 'upload' };
  // devpi removes projects and versions by their path. Any other write could be an upload that names another in its body.
  const [project = '', version = '', ...rest] = segments(head.path);
  const name = head.method === 'DELETE' ? packageName(project) : undefined;
  const release = parseVersion(version);
  if (name !== undefined && head.query === '' && release !== undefined && rest.length === 0)
    return { kind: 'manage', action: 'yank', name, bodyLimit: 0, read: () => yank(name, release) };
  return { kind: 'write', what: describe(head, here), ...named(name) };
}

/** The project of `/simple/<project>/`, of devpi's `/+simple/<project>/`, or of `/<project>/`. */
function projectRead(path: string): PackageName | undefined {
  const [first = '', second = '', ...deeper] = segments(path);
  // What lies deeper is for the server to say, and for nobody to read with the service credential.
  if (deeper.length > 0) return undefined;
  if (first === 'simple' || first === '+simple') return packageName(second);
  return second === '' ? packageName(first) : undefined;
}

/** Completes "an upload token may not …". */
function describe({ method, path }: Head, here: boolean): string {
  if (method === 'POST' && here) return 'upload with a query in the URL';
  if (path === '/+login') return 'log in';
  if (method === 'POST' && path.endsWith('/refresh')) return 'refresh an index';
  if (method === 'POST') return `post to ${path}; uploads go to the URL of the registry itself`;
  if (method === 'DELETE') return here ? 'delete an index' : 'remove files or projects';
  if (method === 'PUSH') return 'push releases';
  if (method === 'PUT' || method === 'PATCH') return 'change users, indexes or files';
  return `send ${method} requests`;
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function named(name: PackageName | undefined): { name?: PackageName } {
  return name === undefined ? {} : { name };
}
