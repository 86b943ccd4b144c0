// Where a published version came from, as the record has it: for everybody, so without what is nobody's business.
import { own, type JsonObject } from '../core/json.ts';
import { toPrintable } from '../core/refusal.ts';
import { keyOf } from './shelves.ts';
import type { AuditStore } from './store.ts';

/** One file of a version. What its CI does not say is left out. */
export interface Origin {
  readonly file: string;
  readonly sha256?: string;
  readonly bytes?: number;
  /** ISO 8601 in UTC. */
  readonly published: string;
  readonly publishers?: readonly string[];
  readonly provider?: string;
  readonly repository?: string;
  readonly commit?: string;
  readonly ref?: string;
  readonly workflow?: string;
  readonly run?: string;
  readonly runUrl?: string;
}

export interface VersionOrigin {
  readonly registry: string;
  readonly package: string;
  readonly version: string;
  /** By name. */
  readonly files: readonly Origin[];
}

export type VersionName = Pick<VersionOrigin, 'registry' | 'package' | 'version'>;

/**
 * The origin of a version, or undefined when it is not known: never published through here, before records were kept, or
 * too long ago.
 * @throws AuditUnavailable
 */
export async function originOf(store: Pick<AuditStore, 'find'>, asked: VersionName): Promise<VersionOrigin | undefined> {
  const [registry, name, version] = [asked.registry, asked.package, asked.version].map((text) => toPrintable(text, 256));
  const tally = await store.find('versions', keyOf(registry, name, version));
  const files = [...(tally?.last ?? [])].flatMap(([file, [, kept]]) => read(file, kept) ?? []);
  if (files.length === 0) return undefined;
  return { ...asked, files: files.toSorted((a, b) => (a.file < b.file ? -1 : 1)) };
}

/** The actor and the environment stay here: names of people, and of what is inside. */
function read(file: string, kept: JsonObject): Origin | undefined {
  const published = textOf(kept, 'time');
  if (published === undefined) return undefined;
  const publishers = own(kept, 'publishers');
  const bytes = own(kept, 'bytes');
  const optional = {
    sha256: textOf(kept, 'sha256'),
    bytes: typeof bytes === 'number' ? bytes : undefined,
    publishers: Array.isArray(publishers) ? publishers.filter((one) => typeof one === 'string') : undefined,
    provider: textOf(kept, 'provider'),
    repository: textOf(kept, 'anchor'),
    commit: textOf(kept, 'commit'),
    ref: textOf(kept, 'ref'),
    workflow: textOf(kept, 'workflow'),
    run: textOf(kept, 'run'),
    runUrl: textOf(kept, 'runUrl'),
  };
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { file, published, ...known };
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = own(object, name);
  return typeof value === 'string' ? value : undefined;
}
