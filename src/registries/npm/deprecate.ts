// `npm deprecate`: the client sends the whole document back with a text in some versions. Only those texts are taken from it.
import { own, type JsonObject } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import { isRefusal, refuse, type Refusal } from '../../core/refusal.ts';
import type { Change, Plan, Probe } from '../registry.ts';
import { lost, putDocument, readPackument, staleness, type Packument } from './packument.ts';
import { pathOf } from './path.ts';
import { checkVersions } from './publish.ts';
import { asValue, invalid } from '../refused.ts';
import { json } from './reply.ts';

/** Characters of the longest text that is shown at an installation. */
const textLimit = 2000;

/** The change that a document without tarball asks for when it has `deprecated` in a version. Whether it may is asked before it is read further. */
export function deprecation(document: JsonObject, name: PackageName): Change {
  const revision = own(document, '_rev');
  return {
    action: 'deprecate',
    name,
    tags: [],
    plan: async (probe) => {
      const texts = asValue(() => textsOf(document, name));
      return isRefusal(texts) ? texts : plan(probe, name, texts, typeof revision === 'string' ? revision : undefined);
    },
  };
}

/** The texts by version. Throws `UploadRefused`. */
function textsOf(document: JsonObject, name: PackageName): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [version, manifest] of checkVersions(document, name)) {
    const text = own(manifest, 'deprecated');
    if (text === undefined) continue;
    if (typeof text !== 'string') return invalid(`what it says of version ${version} as deprecated is no text`);
    if (text.length > textLimit || /\p{Cc}/u.test(text))
      return invalid(`what it says of version ${version} as deprecated has line breaks, or more than ${textLimit} characters`);
    texts.set(version, text);
  }
  return texts;
}

async function plan(
  probe: Probe,
  name: PackageName,
  texts: ReadonlyMap<string, string>,
  revision: string | undefined,
): Promise<Plan | Refusal> {
  const current = await readPackument(probe, name);
  if (current === undefined) return refuse('change-not-there', { what: `package ${name}` });
  // Texts of other versions come along as they were when the client read them: what was changed since must not be undone.
  const stale = revision === undefined ? undefined : staleness(name, revision, current);
  if (stale !== undefined) return stale;
  const unknown = [...texts.keys()].find((version) => !current.versions.has(version));
  if (unknown !== undefined) return refuse('change-not-there', { what: `version ${unknown} of ${name}` });
  const changed = new Map([...texts].filter(([version, text]) => text !== textOf(current, version)));
  const [only] = changed.keys();
  const versions = new Map(
    [...current.versions].map(([version, manifest]) => {
      const text = changed.get(version);
      return [version, text === undefined ? manifest : { ...manifest, deprecated: text }];
    }),
  );
  return {
    says: changed.size === 0 ? 'deprecate nothing that is not so already' : sayings(changed),
    ...(changed.size === 1 && only !== undefined ? { version: only } : {}),
    requests: changed.size === 0 ? [] : [putDocument(pathOf(name), current, versions, current.tags)],
    done: json(200, { ok: 'nothing to change', success: true }),
    verify: (again) => verify(again, name, current, changed),
  };
}

/** `''` where nothing is said: undeprecating is the empty text. */
function textOf({ versions }: Packument, version: string): string {
  const text = own(versions.get(version) ?? {}, 'deprecated');
  return typeof text === 'string' ? text : '';
}

function sayings(changed: ReadonlyMap<string, string>): string {
  return [...changed].map(([version, text]) => (text === '' ? `undeprecate ${version}` : `deprecate ${version}: ${text}`)).join('; ');
}

async function verify(
  probe: Probe,
  name: PackageName,
  before: Packument,
  changed: ReadonlyMap<string, string>,
): Promise<Refusal | undefined> {
  const missing = await lost(probe, name, before, []);
  if (missing.length > 0) return refuse('change-unverified', { problem: `version ${missing.join(', ')} is gone` });
  const now = await readPackument(probe, name);
  const other = [...changed].find(([version, text]) => now === undefined || textOf(now, version) !== text);
  return other === undefined
    ? undefined
    : refuse('change-unverified', { problem: `version ${other[0]} is not deprecated as it was asked for` });
}
