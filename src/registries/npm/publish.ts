// What a publish document says, with every place that names the package, the version or the file checked against the others.
import clean from 'semver/functions/clean.js';
import { isJsonObject, own, type Json, type JsonObject } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import { basename } from './name.ts';
import { breakOff, invalid } from '../refused.ts';
import { isVersion, tagProblem } from './tag.ts';
import type { TarballFacts } from './tarball.ts';

/** A publish document whose parts agree. */
export interface Publish {
  readonly name: PackageName;
  readonly version: string;
  readonly tags: readonly string[];
  /** The document as sent; only `rebuild.ts` decides what of it goes on. */
  readonly document: JsonObject;
  /** `versions[version]` as sent. */
  readonly manifest: JsonObject;
  /** `_attachments[<name>-<version>.tgz]` as sent. */
  readonly attachment: JsonObject;
}

/** The name that clients give the tarball: with the scope, although the registry stores it without. */
export function attachmentKey(name: string, version: string): string {
  return `${name}-${version}.tgz`;
}

/** The name under which the tarball is stored and installed. */
export function fileName(name: string, version: string): string {
  return `${basename(name)}-${version}.tgz`;
}

/** Checks all that the document says without its tarball (npm study E1 to E5, E10, E13 to E19). Throws `UploadRefused`. */
export function checkDocument(document: JsonObject, name: PackageName): Publish {
  refuseOtherActions(document);
  for (const key of ['constructor', 'toJSON', 'prototype']) if (Object.hasOwn(document, key)) invalid(`its JSON has the key ${key}`);
  refuseVariants(document, ['_id', 'name', 'versions', 'dist-tags', '_attachments', 'access', '_rev', 'readme'], 'its JSON');
  same('The document', own(document, 'name'), name);
  if (Object.hasOwn(document, '_id')) same('The `_id` of the document', own(document, '_id'), name);
  const [version, manifest] = onlyVersion(document);
  checkManifest(manifest, name, version);
  if (![undefined, null, 'public', 'restricted'].includes(own(document, 'access') as string | null | undefined))
    invalid('its `access` is neither public nor restricted');
  return { name, version, tags: tagsOf(document, version), document, manifest, attachment: onlyAttachment(document, name, version) };
}

/** Checks the tarball against the document (npm study E11, E12). Throws `UploadRefused`. */
export function checkTarball({ name, version, manifest, attachment }: Publish, facts: TarballFacts): void {
  const where = 'The package.json in the tarball';
  refuseVariants(facts.manifest, ['name', 'version'], 'the package.json in its tarball');
  same(where, own(facts.manifest, 'name'), name);
  const inside = own(facts.manifest, 'version');
  // npm itself publishes `v1.0.0` and `1.0.0+build` as 1.0.0 and leaves the file as it is.
  if (typeof inside !== 'string' || clean(inside, { loose: true }) !== version) same(where, inside, version);
  const length = own(attachment, 'length');
  if (length !== undefined && length !== facts.bytes) same('The `length` of the tarball', length, String(facts.bytes));
  const dist = own(manifest, 'dist');
  if (!isJsonObject(dist)) return;
  sameDigest('SHA-512', own(dist, 'integrity'), `sha512-${facts.sha512.toString('base64')}`);
  sameDigest('SHA-1', own(dist, 'shasum'), facts.sha1);
}

/** Other writes come to the same path and are told by their shape (npm study E15, E17, E19, E25). */
function refuseOtherActions(document: JsonObject): void {
  const versions = own(document, 'versions');
  if (versions === undefined && Object.hasOwn(document, 'users')) breakOff('upload-action', { action: 'star packages' });
  if (versions === undefined && Object.hasOwn(document, 'maintainers')) breakOff('upload-action', { action: 'change owners' });
  const manifests = isJsonObject(versions) ? Object.values(versions) : [];
  if (manifests.some((manifest) => isJsonObject(manifest) && Object.hasOwn(manifest, 'deprecated')))
    breakOff('upload-action', { action: 'deprecate what it publishes' });
  if (isJsonObject(versions) && hasNoTarball(document))
    breakOff('upload-action', { action: 'change or unpublish versions', how: 'A publish carries one version and its tarball.' });
}

/** True for the document by which `npm deprecate` changes versions: a text in one of them, and no tarball (npm study E17). */
export function isDeprecation(document: JsonObject): boolean {
  const versions = own(document, 'versions');
  const manifests = isJsonObject(versions) ? Object.values(versions) : [];
  return hasNoTarball(document) && manifests.some((manifest) => isJsonObject(manifest) && Object.hasOwn(manifest, 'deprecated'));
}

function hasNoTarball(document: JsonObject): boolean {
  const attachments = own(document, '_attachments');
  return !isJsonObject(attachments) || Object.keys(attachments).length === 0;
}

/** The versions of a document that publishes nothing, each under its own name and this package's. Throws `UploadRefused`. */
export function checkVersions(document: JsonObject, name: PackageName): readonly (readonly [string, JsonObject])[] {
  refuseVariants(document, ['_id', 'name', 'versions', 'dist-tags', '_attachments', '_rev'], 'its JSON');
  if (!hasNoTarball(document)) invalid('it has a tarball');
  same('The document', own(document, 'name'), name);
  if (Object.hasOwn(document, '_id')) same('The `_id` of the document', own(document, '_id'), name);
  const versions = own(document, 'versions');
  return Object.entries(isJsonObject(versions) ? versions : {}).map(([version, manifest]) => {
    if (!isVersion(version)) return invalid(`${version} is not a version in the spelling of npm`);
    if (!isJsonObject(manifest)) return invalid(`its version ${version} is no JSON object`);
    checkManifest(manifest, name, version);
    return [version, manifest];
  });
}

function onlyVersion(document: JsonObject): [string, JsonObject] {
  const versions = own(document, 'versions');
  const entries = isJsonObject(versions) ? Object.entries(versions) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) return invalid(`it has ${entries.length} versions; exactly one is published at a time`);
  const [version, manifest] = entry;
  if (!isVersion(version)) return invalid(`${version} is not a version in the spelling of npm`);
  return isJsonObject(manifest) ? [version, manifest] : invalid('its version is no JSON object');
}

function checkManifest(manifest: JsonObject, name: string, version: string): void {
  refuseVariants(manifest, ['name', 'version', 'dist', 'deprecated'], 'its version');
  same('The version', own(manifest, 'name'), name);
  same('The version', own(manifest, 'version'), version);
  if (Object.hasOwn(manifest, '_id')) same('The `_id` of the version', own(manifest, '_id'), `${name}@${version}`);
}

function tagsOf(document: JsonObject, version: string): string[] {
  const tags = own(document, 'dist-tags');
  const entries = isJsonObject(tags) ? Object.entries(tags) : [];
  if (entries.length === 0 || entries.length > 16) invalid('it sets no dist-tag, or more than 16');
  for (const [tag, target] of entries) {
    const problem = tagProblem(tag) ?? (target === version ? undefined : 'does not point to the version that is published');
    if (problem !== undefined) breakOff('upload-dist-tag', { tag, problem });
  }
  return entries.map(([tag]) => tag);
}

/** One tarball, and perhaps the bundle of `npm publish --provenance`, which is left out (npm study E14, NPM-29). */
function onlyAttachment(document: JsonObject, name: string, version: string): JsonObject {
  const attachments = own(document, '_attachments');
  const expected = attachmentKey(name, version);
  let found: Json | undefined;
  for (const [key, attachment] of isJsonObject(attachments) ? Object.entries(attachments) : []) {
    if (key === `${name}-${version}.sigstore`) continue;
    if (key !== expected) breakOff('body-mismatch', { where: 'The attachment', actual: key, expected });
    found = attachment;
  }
  if (!isJsonObject(found)) return invalid('it has no tarball');
  return typeof own(found, 'data') === 'string' ? found : invalid('its tarball is no text');
}

/** Go's JSON takes `Name` for `name`, and `verſions` for `versions`: a registry written in Go would read another document. */
function refuseVariants(object: JsonObject, keys: readonly string[], subject: string): void {
  for (const key of Object.keys(object)) {
    const folded = key.toUpperCase().toLowerCase();
    if (folded !== key && keys.includes(folded)) invalid(`${subject} has the key ${key} in place of ${folded}`);
  }
}

function same(where: string, actual: Json | undefined, expected: string): void {
  if (actual !== expected) breakOff('body-mismatch', { where, actual: typeof actual === 'string' ? actual : kindOf(actual), expected });
}

function sameDigest(algorithm: string, said: Json | undefined, actual: string): void {
  if (said !== undefined && said !== actual)
    breakOff('body-digest', { algorithm, actual, expected: typeof said === 'string' ? said : kindOf(said) });
}

/** A value that is no text, as one may say it. */
function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
