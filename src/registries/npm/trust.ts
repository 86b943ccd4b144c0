// `npm trust`: the list is read from the policy for who may know it; a change is refused with what to write into the policy.
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import type { Stated } from '../../core/publisher.ts';
import { refuse, type Refusal } from '../../core/refusal.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { Head, Reply, Route, Trust } from '../registry.ts';
import { nameOf, spelledName } from './path.ts';
import { json } from './reply.ts';
import { trustYaml } from './trust-yaml.ts';

const trustPath = new RegExp(`^/-/package/(${spelledName})/trust(?:/[^/]{1,200})?$`);
/** Bytes of a configuration. */
const bodyLimit = 8192;

/** What a request to a package's trusted publishers is; undefined for any other request. */
export function trust(head: Head): Route | undefined {
  const name = nameOf(trustPath.exec(head.path)?.[1] ?? '');
  if (name === undefined || head.query !== '') return undefined;
  if (head.method === 'GET' && head.path.endsWith('/trust')) return { kind: 'trust', name, answer };
  if (head.method === 'GET' || head.method === 'HEAD') return undefined;
  return {
    kind: 'policy',
    name,
    bodyLimit,
    refuse: (body, registry) => refuseChange(name, registry, head.method === 'POST' ? body : undefined),
  };
}

/** As the public registry answers it, and npm prints it; for a CI that npm does not know it prints type and id alone. */
function answer(trusted: readonly Trust[]): Reply {
  return json(
    200,
    trusted.map(({ publisher, provider }) => ({
      id: publisher.name,
      type: provider,
      claims: claimsOf(provider, publisher.from.fields),
      permissions: publisher.allow.map((action) => (action === 'publish' ? 'createPackage' : action)),
    })),
  );
}

/** Where npm looks for what it prints, by provider and key of `from:`. What is `any` is not said. */
const places: Readonly<Record<string, Readonly<Record<string, (value: string, all: readonly string[]) => [string, Json]>>>> = {
  github: {
    repository: (value) => ['repository', value],
    workflow: (value) => ['workflow_ref', { file: value }],
    environment: (value) => ['environment', value],
  },
  gitlab: {
    project_path: (value) => ['project_path', value],
    ci_file: (value) => ['ci_config_ref_uri', { file: value }],
    environment: (value) => ['environment', value],
  },
  circleci: {
    org_id: (value) => ['oidc.circleci.com/org-id', value],
    project_id: (value) => ['oidc.circleci.com/project-id', value],
    pipeline_definition_id: (value) => ['oidc.circleci.com/pipeline-definition-id', value],
    vcs_origin: (value) => ['oidc.circleci.com/vcs-origin', value],
    context_ids: (_, all) => ['oidc.circleci.com/context-ids', all],
  },
};

function claimsOf(provider: string, fields: ReadonlyMap<string, Stated>): JsonObject {
  const known = Object.hasOwn(places, provider) ? places[provider] : {};
  return Object.fromEntries(
    Object.entries(known ?? {}).flatMap(([key, place]) => {
      const stated = fields.get(key);
      return stated === undefined || stated === 'any' ? [] : [place(stated.join(' or '), stated)];
    }),
  );
}

/** Says nothing but what the caller said himself, as the policy would have it. */
function refuseChange(name: PackageName, registry: string, body: Uint8Array | undefined): Refusal {
  const yaml = body === undefined ? undefined : trustYaml(name, registry, configurationIn(body));
  const refusal = refuse('trust-in-policy', yaml ?? {});
  // A line that was cut is worse than none.
  return yaml !== undefined && !isWhole(refusal, yaml) ? refuse('trust-in-policy') : refusal;
}

function isWhole({ message }: Refusal, yaml: Readonly<Record<string, string>>): boolean {
  return Object.values(yaml).every((part) => message.includes(part));
}

/** The one configuration that npm sends, in a list. */
function configurationIn(body: Uint8Array): JsonObject {
  const parsed = parseStrictJson(Buffer.from(body).toString('utf8'), { maxDepth: 8, maxKeys: 64 });
  const value = parsed.ok ? parsed.value : null;
  const first = Array.isArray(value) ? (value[0] as Json | undefined) : value;
  return isJsonObject(first) ? first : {};
}
