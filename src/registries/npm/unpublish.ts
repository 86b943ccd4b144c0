// `npm unpublish`: of one version, first the document without it and then its tarball; or the whole package at once.
import rsort from 'semver/functions/rsort.js';
import { isJsonObject, own } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import { isRefusal, refuse, type Refusal } from '../../core/refusal.ts';
import type { Change, Head, Plan, Probe, Route, UpstreamRequest } from '../registry.ts';
import { contentProblem } from './content.ts';
import { readObject } from './document.ts';
import { basename } from './name.ts';
import { lost, putDocument, readPackument, staleness, type Packument } from './packument.ts';
import { pathOf } from './path.ts';
import { checkVersions, fileName } from './publish.ts';
import { asValue, breakOff, invalid } from '../refused.ts';
import { json } from './reply.ts';
import { isVersion } from './tag.ts';

/** Bytes of a whole document. */
const documentLimit = 8 * 1024 * 1024;

type Manage = Extract<Route, { kind: 'manage' }>;
type Planned = (probe: Probe, current: Packument) => Promise<Plan | Refusal> | Plan | Refusal;

/** The three requests, by their paths below the package: `/-rev/<revision>`, `/-/<file>/-rev/<revision>`. Undefined for any other. */
export function unpublish(head: Head, name: PackageName, rest: string): Manage | undefined {
  const [, file, revision] = /^(?:\/-\/([^/%]+))?\/-rev\/([\w.-]{1,128})$/.exec(rest) ?? [];
  if (revision === undefined) return undefined;
  if (head.method === 'PUT' && file === undefined) {
    return manage(name, documentLimit, (body) => {
      const problem = contentProblem(head);
      return problem ?? withoutVersion(name, revision, body);
    });
  }
  if (head.method !== 'DELETE') return undefined;
  return manage(name, 0, () => change(name, revision, file === undefined ? wholePackage(name) : tarball(name, file)));
}

function manage(name: PackageName, bodyLimit: number, read: Manage['read']): Manage {
  return { kind: 'manage', action: 'unpublish', name, bodyLimit, read };
}

/** Each change is made from what the upstream has now, and only if that is what the client has seen. */
function change(name: PackageName, revision: string, planned: Planned): Change {
  return {
    action: 'unpublish',
    name,
    tags: [],
    plan: async (probe) => {
      const current = await readPackument(probe, name);
      if (current === undefined) return refuse('change-not-there', { what: `package ${name}` });
      return staleness(name, revision, current) ?? planned(probe, current);
    },
  };
}

function withoutVersion(name: PackageName, revision: string, body: Uint8Array): Change | Refusal {
  const kept = asValue(() => keptIn(name, body));
  return isRefusal(kept) ? kept : change(name, revision, (_, current) => removal(name, kept, current));
}

/** The versions that the client's document has left. Throws `UploadRefused`. */
function keptIn(name: PackageName, body: Uint8Array): ReadonlySet<string> {
  const document = readObject(body, (phrase) => invalid(`its JSON ${phrase}`));
  // `npm owner` comes by the same path.
  if (!isJsonObject(own(document, 'versions'))) breakOff('upload-action', { action: 'change owners or stars' });
  return new Set(checkVersions(document, name).map(([version]) => version));
}

/** Exactly one version goes. Of the document that the client sent nothing but this is taken. */
function removal(name: PackageName, kept: ReadonlySet<string>, current: Packument): Plan | Refusal {
  const gone = [...current.versions.keys()].filter((version) => !kept.has(version));
  const [version] = gone;
  const unknown = [...kept].find((one) => !current.versions.has(one));
  if (unknown !== undefined) return refuse('change-not-there', { what: `version ${unknown} of ${name}` });
  if (version === undefined || gone.length > 1) {
    return refuse('body-invalid', { problem: `it leaves out ${gone.length} versions; exactly one is unpublished at a time` });
  }
  const versions = new Map([...current.versions].filter(([one]) => one !== version));
  const tags = new Map([...current.tags].filter(([, target]) => target !== version));
  // npm gives `latest` to the highest that is left; a package without `latest` cannot be installed by its name.
  const highest = rsort([...versions.keys()].filter(isVersion)).at(0);
  if (highest === undefined) return refuse('body-invalid', { problem: 'it leaves no version; the last one goes with the whole package' });
  if (!tags.has('latest') && current.tags.has('latest')) tags.set('latest', highest);
  return {
    says: `unpublish ${version}`,
    version,
    requests: [putDocument(`${pathOf(name)}/-rev/${current.revision}`, current, versions, tags)],
    done: json(200, { ok: 'nothing to change' }),
    verify: async (probe) => {
      const missing = await lost(probe, name, current, [version]);
      return missing.length === 0 ? undefined : refuse('change-unverified', { problem: `version ${missing.join(', ')} is gone, too` });
    },
  };
}

/** The tarball of a version that the document has no more: the second half of what npm does. */
function tarball(name: PackageName, file: string): Planned {
  return (_, current) => {
    const version = file.slice(basename(name).length + 1, -'.tgz'.length);
    if (!isVersion(version) || file !== fileName(name, version))
      return refuse('body-mismatch', { where: 'The path', actual: file, expected: `a tarball of ${name}` });
    if (current.versions.has(version)) return refuse('upload-action', { action: 'remove the tarball of a version that is published' });
    return removed(`unpublish the tarball of ${version}`, `${pathOf(name)}/-/${file}/-rev/${current.revision}`, version);
  };
}

function wholePackage(name: PackageName): Planned {
  return (_, current) =>
    removed(`unpublish the package: ${[...current.versions.keys()].join(', ')}`, `${pathOf(name)}/-rev/${current.revision}`);
}

function removed(says: string, path: string, version?: string): Plan {
  const request: UpstreamRequest = { method: 'DELETE', path, headers: { accept: 'application/json' } };
  return { says, ...(version === undefined ? {} : { version }), requests: [request], done: json(200, { ok: 'nothing to change' }) };
}
