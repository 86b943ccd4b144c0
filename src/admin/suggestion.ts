// YAML for the policy from what the record says of a run: to be read, completed and committed by an administrator.
import type { AuditEntry } from '../audit/entry.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Field, Provider } from '../providers/index.ts';

type Seen = Pick<AuditEntry, 'issuer' | 'anchor' | 'workflow' | 'environment' | 'ref' | 'registry' | 'package'> & {
  readonly ids?: unknown;
};

/**
 * A publisher for the run of a record; undefined where too little is known. What the record does not have is left empty
 * with what it is, and an empty value does not load: nothing is trusted by omission.
 */
export function suggestedPublisher(seen: Seen, { issuers, publishers }: Pick<Configuration, 'issuers' | 'publishers'>): string | undefined {
  const provider = issuers.get(seen.issuer ?? '')?.provider;
  if (provider === undefined || seen.issuer === undefined || seen.anchor === undefined) return undefined;
  const needed = provider.fields.filter(
    (field) => field.required || (field.step === 'repository' && known(field, seen, provider) !== undefined),
  );
  const lines = needed.map((field) => fieldLine(field, known(field, seen, provider)));
  return [
    `- name: ${yaml(
      nameFor(
        seen.anchor,
        publishers.map(({ name }) => name),
      ),
    )}`,
    '  from:',
    `    issuer: ${yaml(seen.issuer)}`,
    ...lines.map((line) => `    ${line}`),
    '  publish:',
    `    ${yaml(registryOf(seen))}: [${seen.package === undefined ? '' : yaml(seen.package)}]`,
  ].join('\n');
}

function registryOf({ registry }: Seen): string {
  return registry?.split(',')[0] ?? '';
}

/** Anchors whose text in the record is the value that the policy states. */
const plainAnchors = ['repository', 'project_path', 'job', 'email', 'role', 'spiffe_id'];
const anchorsInTwo = ['organization_slug', 'organization'];

function known(field: Field, seen: Seen, provider: Provider): string | undefined {
  const { anchor = '', workflow, environment, ref } = seen;
  if (field.step === 'anchor') {
    if (provider.anchor.length === 1) return plainAnchors.includes(field.key) ? anchor : undefined;
    const parts = anchor.split('/');
    const inTwo = anchorsInTwo.includes(provider.anchor[0] ?? '') && parts.length === provider.anchor.length;
    return inTwo ? parts[provider.anchor.indexOf(field.key)] : undefined;
  }
  if (field.key === 'workflow') return workflow;
  if (field.key === 'environment') return environment ?? 'any';
  if (field.key === 'ref') return ref === undefined ? undefined : pattern(ref);
  return proved(seen.ids, field.key);
}

/** `repository_id 4711` of the record's `ids`. */
function proved(ids: unknown, key: string): string | undefined {
  const found: unknown = Array.isArray(ids) ? ids.find((id) => typeof id === 'string' && id.startsWith(`${key} `)) : undefined;
  return typeof found === 'string' ? found.slice(key.length + 1) : undefined;
}

/** A tag that names a version stands for the tags of all versions. */
function pattern(ref: string): string {
  return ref.replace(/^(refs\/tags\/(?:[A-Za-z][\w-]*[-@/])?v?)\d[^/]*$/, '$1*');
}

function fieldLine({ key, describe, compare }: Field, value: string | undefined): string {
  if (compare === 'digits' && /^[1-9][0-9]{0,14}$/.test(value ?? '')) return `${key}: ${value}`;
  // A star that a claim brought would be a pattern: nobody's choice but the administrator's.
  const usable = value === undefined || value === '' || (value.includes('*') && key !== 'ref') ? undefined : value;
  return usable === undefined ? `${key}: ""   # ${describe}` : `${key}: ${yaml(usable)}`;
}

function nameFor(anchor: string, taken: readonly string[]): string {
  const base =
    (anchor.split('/').at(-1) ?? '')
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 50) || 'publisher';
  const name = taken.includes(base) ? `${base}-release` : base;
  return taken.includes(name) ? `${name}-2` : name;
}

/** A value as YAML reads it back, on one line, whatever is in it. */
export function yaml(value: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_./@-]*\*?$/.test(value) && !/^(?:true|false|null|yes|no|on|off)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}
