// The publisher that `npm trust` asks for, as one line of YAML to put under `publishers:`. npm cannot say who owns the
// repository, nor from which ref: the line says `any` there, which `countersign check` lists for whoever reviews it.
import { isJsonObject, own, type Json, type JsonObject } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import { basename } from './name.ts';

/** Keys of `from:` with the claim that npm puts there; undefined: `any`. */
type Field = readonly [key: string, path?: readonly string[]];

const circleci = (name: string): readonly string[] => [`oidc.circleci.com/${name}`];

const forms: Readonly<Record<string, readonly Field[]>> = {
  github: [
    ['repository', ['repository']],
    ['repository_owner_id'],
    ['workflow', ['workflow_ref', 'file']],
    ['environment', ['environment']],
    ['ref'],
  ],
  gitlab: [
    ['project_path', ['project_path']],
    ['namespace_id'],
    ['ci_file', ['ci_config_ref_uri', 'file']],
    ['environment', ['environment']],
    ['ref'],
  ],
  circleci: [
    ['project_id', circleci('project-id')],
    ['org_id', circleci('org-id')],
    ['pipeline_definition_id', circleci('pipeline-definition-id')],
    ['vcs_origin', circleci('vcs-origin')],
    ['context_ids', circleci('context-ids')],
    ['ref'],
  ],
};

/** The parts of the line, for the refusal's sentence; undefined when there is no publisher in what was sent. */
export function trustYaml(
  name: PackageName,
  registry: string,
  configuration: JsonObject,
): { readonly name: string; readonly from: string; readonly more: string; readonly publish: string } | undefined {
  const type = own(configuration, 'type');
  const form = typeof type === 'string' && Object.hasOwn(forms, type) ? forms[type] : undefined;
  if (form === undefined || typeof type !== 'string') return undefined;
  const fields = form.map(([key, path]) => [key, path === undefined ? 'any' : written(claimIn(configuration, path))] as const);
  // The first of each is its anchor, which cannot be `any`.
  if (fields.some(([, value]) => value === undefined) || fields[0]?.[1] === 'any') return undefined;
  const said = fields.map(([key, value]) => `${key}: ${value}`);
  return {
    name: `${basename(name)}-${type}`.slice(0, 64),
    // In two parts: a sentence takes no long values.
    from: [`issuer: ${type}`, ...said.slice(0, 2)].join(', '),
    more: said.slice(2).join(', '),
    publish: `${registry}: [${JSON.stringify(name)}]`,
  };
}

function claimIn(configuration: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = own(configuration, 'claims');
  for (const key of path) value = isJsonObject(value) ? own(value, key) : undefined;
  return value;
}

/** In quotes, so that `on` and `12` stay texts. Undefined for what cannot stand in a header, or would mean something else. */
function written(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return 'any';
  if (Array.isArray(value)) {
    const all = value.map((one: Json) => written(one));
    return all.some((one) => one === undefined || one === 'any') ? undefined : `[${all.join(', ')}]`;
  }
  return typeof value === 'string' && /^[\x20-\x7e]{1,150}$/.test(value) && value !== 'any' && !value.includes('*')
    ? JSON.stringify(value)
    : undefined;
}
