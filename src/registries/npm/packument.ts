// A package's document as the upstream has it now: what every change of published versions is written from.
import { isJsonObject, own, type Json, type JsonObject } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import { refuse, type Refusal } from '../../core/refusal.ts';
import type { Probe, UpstreamRequest } from '../registry.ts';
import { pathOf } from './path.ts';

export interface Packument {
  /** Without what only describes the upstream's own files. */
  readonly document: JsonObject;
  readonly versions: ReadonlyMap<string, JsonObject>;
  readonly tags: ReadonlyMap<string, string>;
  /** CouchDB's revision; clients of a registry without them write `undefined`. */
  readonly revision: string;
}

/** Keys that a registry keeps for itself. With `_attachments` a change would be taken for a publish. */
const internal = new Set(['_attachments', '_distfiles', '_uplinks']);

/**
 * Asks for the document; undefined when there is no such package. With `write=true`, as npm does before a change: what a
 * registry behind adds from other registries is left out. Throws when the answer says neither: trouble of the upstream's.
 */
export async function readPackument(probe: Probe, name: PackageName): Promise<Packument | undefined> {
  const { status, body } = await probe(`${pathOf(name)}?write=true`, { accept: 'application/json' });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`the upstream answered ${status} to a request for the packument`);
  const document: Json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  const versions = isJsonObject(document) ? own(document, 'versions') : undefined;
  const tags = isJsonObject(document) ? own(document, 'dist-tags') : undefined;
  if (!isJsonObject(document) || !isJsonObject(versions) || !isJsonObject(tags) || own(document, 'name') !== name)
    throw new Error('the upstream answered a packument without name, versions or dist-tags');
  const revision = own(document, '_rev');
  return {
    document: Object.fromEntries(Object.entries(document).filter(([key]) => !internal.has(key))),
    versions: new Map(Object.entries(versions).map(([version, manifest]) => [version, manifestOf(version, manifest)])),
    tags: new Map(Object.entries(tags).flatMap(([tag, version]) => (typeof version === 'string' ? [[tag, version]] : []))),
    revision: typeof revision === 'string' && /^[\w.-]{1,128}$/.test(revision) ? revision : 'undefined',
  };
}

/** Verdaccio exits on a version that is none (npm study E10): none is sent back to it. */
function manifestOf(version: string, manifest: Json): JsonObject {
  if (!isJsonObject(manifest)) throw new Error(`the upstream answered a packument whose version ${version} is none`);
  return manifest;
}

/**
 * The refusal of a change that was made from an older document: what happened since would be undone. Verdaccio does not look
 * at revisions itself (npm study E20, E21).
 */
export function staleness(name: PackageName, read: string, { revision }: Packument): Refusal | undefined {
  return read === revision ? undefined : refuse('change-stale', { package: name, actual: read, expected: revision });
}

/**
 * The document as a whole, with these versions and dist-tags in place of its own. Whole, because registries take what is
 * missing for deleted: all versions that are not in it, and all stars (npm study E16, E17).
 */
export function putDocument(
  path: string,
  current: Packument,
  versions: ReadonlyMap<string, JsonObject>,
  tags: ReadonlyMap<string, string>,
): UpstreamRequest {
  const document = { ...current.document, 'dist-tags': Object.fromEntries(tags), versions: Object.fromEntries(versions) };
  return {
    method: 'PUT',
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify(document)),
  };
}

/** Versions that the upstream had before and has lost, other than those that were to go. */
export async function lost(probe: Probe, name: PackageName, before: Packument, gone: readonly string[]): Promise<readonly string[]> {
  const now = await readPackument(probe, name);
  return [...before.versions.keys()].filter((version) => !gone.includes(version) && now?.versions.has(version) !== true);
}
