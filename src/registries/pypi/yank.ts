// Takes a release away. Not what PEP 592 calls yanking: neither devpi nor pypiserver can leave a file in place and tell
// installers to pass over it. What they offer removes the files for good, each in its own way.
import { isJsonObject, own, type Json } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import { refuse, type Refusal } from '../../core/refusal.ts';
import type { Change, Plan, Probe, RegistrySettings, UpstreamRequest } from '../registry.ts';
import { isDevpi, listElsewhere } from './existing.ts';
import { parseFilename } from './filename.ts';
import { json } from './reply.ts';
import { parseVersion, type Version } from './version.ts';

/** The removal of one release of the project, in the way of the server behind. */
export function yank(name: PackageName, version: Version): Change {
  return {
    action: 'yank',
    name,
    tags: [],
    plan: async (probe, registry) => {
      const found = (await isDevpi(probe)) ? await inDevpi(probe, name, version) : await elsewhere(probe, registry, name, version);
      return found.requests.length > 0
        ? planOf(found, version)
        : refuse('change-not-there', { what: `release ${version.normal} of ${name}` });
    },
  };
}

interface Removal {
  readonly requests: readonly UpstreamRequest[];
  /** What is left of the release. */
  readonly left: (probe: Probe) => Promise<readonly string[]>;
}

function planOf({ requests, left }: Removal, version: Version): Plan {
  return {
    says: `remove release ${version.normal}`,
    version: version.normal,
    requests,
    done: json(200, {}),
    verify: async (probe): Promise<Refusal | undefined> => {
      const [one] = await left(probe);
      return one === undefined ? undefined : refuse('change-unverified', { problem: `${one} is still there` });
    },
  };
}

/** devpi: `DELETE <project>/<version>`, with the version as it is spelled there. It refuses on an index that is not volatile. */
async function inDevpi(probe: Probe, name: PackageName, version: Version): Promise<Removal> {
  const spellings = async (ask: Probe): Promise<readonly string[]> => {
    const { status, body } = await ask(`${name}?ignore_bases`, { accept: 'application/json' });
    if (status === 404) return [];
    const answer: Json = status === 200 ? JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) : null;
    const versions = isJsonObject(answer) ? own(answer, 'result') : undefined;
    if (!isJsonObject(versions)) throw new Error(`the upstream answered ${status} to a request for the versions of ${name}`);
    return Object.keys(versions).filter((one) => parseVersion(one)?.key === version.key);
  };
  const found = await spellings(probe);
  const requests = found.map((one): UpstreamRequest => ({
    method: 'DELETE',
    path: `${name}/${one}`,
    headers: { accept: 'application/json' },
  }));
  return { requests, left: spellings };
}

/**
 * pypiserver: `:action=remove_pkg`. It removes the files whose names spell project and version exactly so, and nothing is
 * folded there; so each spelling among the release's own files is named once.
 */
async function elsewhere(probe: Probe, registry: RegistrySettings, name: PackageName, version: Version): Promise<Removal> {
  const files = async (ask: Probe): Promise<readonly string[]> => {
    const listed = (await listElsewhere(ask, registry, name)) ?? [];
    return listed.map(({ filename }) => filename).filter((filename) => belongs(filename, name, version));
  };
  const spelled = new Map((await files(probe)).map((filename) => spelling(filename)).map((pair) => [pair.join('\n'), pair] as const));
  const requests = [...spelled.values()].map(([project, text]): UpstreamRequest => {
    const form = new URLSearchParams({ ':action': 'remove_pkg', name: project, version: text });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', path: '', headers, body: Buffer.from(form.toString()) };
  });
  return { requests, left: files };
}

function belongs(filename: string, name: PackageName, version: Version): boolean {
  const parsed = parseFilename(filename);
  return parsed.ok && parsed.distribution.project === name && parsed.distribution.version.key === version.key;
}

/** Project and version as the file name spells them; of a wheel with a build tag pypiserver takes that for a part of the version. */
function spelling(filename: string): readonly [string, string] {
  if (!filename.endsWith('.whl')) {
    const stem = filename.slice(0, -'.tar.gz'.length);
    const dash = stem.lastIndexOf('-');
    return [stem.slice(0, dash), stem.slice(dash + 1)];
  }
  const parts = filename.split('-');
  return [parts[0] ?? '', parts.slice(1, -3).join('-')];
}
