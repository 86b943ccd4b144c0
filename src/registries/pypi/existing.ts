// What the upstream has of a project before an upload: asked of its simple index (PEP 503, PEP 691).
import type { PackageName } from '../../core/package-name.ts';
import type { Existing, Probe, RegistrySettings } from '../registry.ts';
import { parseFilename } from './filename.ts';
import { filesOf, type Listed } from './simple-page.ts';

/** devpi serves JSON, pypiserver HTML only. */
const headers = { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' };

/**
 * Looks for the project and the file. `simple` of the registry says where the index is; else devpi's and then pypiserver's
 * place is tried. Throws when the answer says neither yes nor no: trouble of the upstream's (P4).
 */
export async function existing(
  probe: Probe,
  registry: RegistrySettings,
  { name, file }: { readonly name: PackageName; readonly file: string },
): Promise<Existing> {
  const simple = registry.simple === undefined ? undefined : asFolder(registry.simple);
  if (simple !== undefined && simple !== '+simple/') return among((await list(probe, `${simple}${name}/`)) ?? [], file);
  const ofDevpi = await list(probe, `+simple/${name}/`);
  if (ofDevpi !== undefined)
    return among(
      ofDevpi.filter(({ url }) => isOwn(url, registry.upstream)),
      file,
    );
  if (await isDevpi(probe)) return 'no-package';
  const ofOthers = await list(probe, `simple/${name}/`);
  if (ofOthers !== undefined) return among(ofOthers, file);
  // A 404 from a server that has no index at this place would read as "nothing exists", and every file could be replaced.
  const root = await probe('simple/', headers);
  if (root.status !== 200) throw new Error('no simple index was found at +simple/ or simple/ below the upstream; set `simple`');
  return 'no-package';
}

/** The files of a project at a server that is not devpi, or undefined when it has no such project. */
export async function listElsewhere(probe: Probe, registry: RegistrySettings, name: PackageName): Promise<readonly Listed[] | undefined> {
  const simple = registry.simple === undefined ? 'simple/' : asFolder(registry.simple);
  return list(probe, `${simple}${name}/`);
}

/** A project that has no file is none yet. */
function among(listed: readonly Listed[], file: string): Existing {
  if (listed.length === 0) return 'no-package';
  const wanted = keyOf(file);
  return listed.some(({ filename }) => keyOf(filename) === wanted) ? 'exists' : 'no-version';
}

/** The same for names of the same file: `Acme.UI-1.0.tar.gz` is `acme_ui-1.0.0.tar.gz`. */
function keyOf(filename: string): string {
  const parsed = parseFilename(filename);
  return parsed.ok ? parsed.distribution.key : filename.toLowerCase();
}

/** The files of a project, or undefined when there is no such project. */
async function list(probe: Probe, path: string): Promise<Listed[] | undefined> {
  const { status, body } = await probe(path, headers);
  // 303: pypiserver sends installers on to its fallback index. Other redirects are a misconfiguration, and no answer.
  if (status === 404 || status === 303) return undefined;
  if (status !== 200) throw new Error(`the upstream answered ${status} to a request for ${path}`);
  return filesOf(body);
}

/**
 * devpi lists what an index inherits, too. A project that only a base has (a mirror of a public index, say) is not there
 * yet: under a pattern it may not be created, or its name could be taken over inside.
 */
function isOwn(url: string, upstream: URL): boolean {
  const [user = '', index = ''] = upstream.pathname
    .split('/')
    .filter((segment) => segment !== '')
    .slice(-2);
  // Relative to `…/<user>/<index>/+simple/<project>/`, as devpi writes it; a URL of another form is not devpi's, and counts.
  const path = new URL(url, `http://devpi.invalid/${user}/${index}/+simple/project/`).pathname;
  return path.includes(`/${user}/${index}/+f/`) || !/\/\+[ef]\//.test(path);
}

/** Whether devpi is behind. Throws when the upstream does not say. */
export async function isDevpi(probe: Probe): Promise<boolean> {
  const { status, body } = await probe('+api', { accept: 'application/json' });
  if (status >= 500 || status === 401 || status === 403) throw new Error(`the upstream answered ${status} to a request for +api`);
  return status === 200 && Buffer.from(body).toString('utf8').includes('"apiconfig"');
}

function asFolder(path: string): string {
  return path === '' ? '' : `${path.replace(/^\//, '').replace(/\/$/, '')}/`;
}
