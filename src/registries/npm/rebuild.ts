// The document that goes on: written anew from the checked values, around the base64 text as it was received.
import type { Run } from '../../core/grant.ts';
import { own, type Json, type JsonObject } from '../../core/json.ts';
import type { Incoming } from '../registry.ts';
import { attachmentKey, fileName, type Publish } from './publish.ts';
import type { TarballFacts } from './tarball.ts';

/** A body in pieces, so that no part of it is ever as large as the whole. */
export interface Rebuilt {
  /** Bytes. */
  readonly length: number;
  readonly pieces: readonly Buffer[];
}

/** Writes the canonical publish document (npm study, end of part E). */
export function rebuild(publish: Publish, facts: TarballFacts, incoming: Incoming): Rebuilt {
  const { name, version, document } = publish;
  const head = {
    _id: name,
    name,
    ...kept(document, ['description', 'readme', 'readmeFilename']),
    'dist-tags': Object.fromEntries(publish.tags.map((tag) => [tag, version])),
    versions: { [version]: manifestOf(publish, facts, incoming) },
    access: own(document, 'access') ?? null,
  };
  const key = JSON.stringify(attachmentKey(name, version));
  const before = `${JSON.stringify(head).slice(0, -1)},"_attachments":{${key}:{"content_type":"application/octet-stream","data":"`;
  const pieces = [Buffer.from(before), ...facts.text.text, Buffer.from(`","length":${facts.bytes}}}}`)];
  return { length: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces };
}

/** Text fields of the document's top that npm sends; the rest is for the registry to say. */
function kept(document: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(
    keys.flatMap((key): [string, Json][] => {
      const value = own(document, key);
      return typeof value === 'string' ? [[key, value]] : [];
    }),
  );
}

/** Facts about the publishing client. All other keys with `_` are a registry's own, and would be believed (npm study E34). */
const clientFacts = new Set(['_nodeVersion', '_npmVersion', '_hasShrinkwrap']);
/** Keys by which a registry tells an installer what it found or decided. */
const registryFacts = new Set(['dist', 'deprecated', 'approver', 'hasInstallScript', 'integrity', 'shasum']);

function manifestOf({ name, version, manifest }: Publish, facts: TarballFacts, incoming: Incoming): JsonObject {
  const sent = Object.entries(manifest).filter(([key]) => (key.startsWith('_') ? clientFacts.has(key) : !registryFacts.has(key)));
  return {
    ...Object.fromEntries(sent),
    name,
    version,
    _id: `${name}@${version}`,
    ...(incoming.run === undefined ? {} : { _npmUser: publisherOf(incoming.run, incoming.publishers) }),
    dist: {
      integrity: `sha512-${facts.sha512.toString('base64')}`,
      shasum: facts.sha1,
      tarball: `${incoming.registry.url.href}${name}/-/${fileName(name, version)}`,
    },
  };
}

/** Who published, where pnpm's trust policy looks for it (`_npmUser.trustedPublisher`) and where people see it. */
function publisherOf({ anchor, workflow, ref, commit, runUrl }: Run, publishers: readonly string[]): JsonObject {
  const facts = Object.entries({ anchor, workflow, ref, commit, runUrl }).filter((fact): fact is [string, string] => fact[1] !== undefined);
  return { name: 'trusted-publisher', trustedPublisher: { id: publishers.join(','), ...Object.fromEntries(facts) } };
}
