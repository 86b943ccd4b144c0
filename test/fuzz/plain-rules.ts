// The rules of the policy read plainly, one after the other, without a table: what `src/providers` has to agree with.
import { own, type Json, type JsonObject } from '../../src/core/json.ts';

export type ProviderId = 'github' | 'gitlab' | 'generic';

/** `from:` of a publisher. */
export interface From {
  readonly fields: Readonly<Record<string, 'any' | string[] | undefined>>;
  readonly events: string[] | undefined;
  readonly claims: readonly Free[] | undefined;
}

interface Free {
  readonly name: string;
  readonly kind: 'equals' | 'glob' | 'contains';
  readonly value: string;
  readonly anchor: boolean;
}

/** Whether a token with these claims meets every condition. */
export function rulesOf(provider: ProviderId, from: From, set: JsonObject): boolean {
  if (provider === 'generic') return (from.claims ?? []).every((free) => freely(free, own(set, free.name)));
  return provider === 'github' ? github(from, set) : gitlab(from, set);
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '\0 no text');
const ascii = (value: string): string =>
  value
    .split('')
    .map((c) => (c >= 'A' && c <= 'Z' ? c.toLowerCase() : c))
    .join('');
/** `any`, not stated, or one of the values. */
const oneOf = (stated: 'any' | string[] | undefined, fits: (value: string) => boolean): boolean =>
  stated === undefined || stated === 'any' || stated.some(fits);

function glob(pattern: string, value: string): boolean {
  const source = pattern.split('**').map((piece) =>
    piece
      .split('*')
      .map((plain) => plain.replaceAll(/[^\w]/g, String.raw`\$&`))
      .join('[^/]*'),
  );
  return new RegExp(`^${source.join('[^]*')}$`).test(value);
}

function github({ fields, events }: From, set: JsonObject): boolean {
  const is = (key: string) => (value: string) => text(own(set, key)) === value;
  const repository = text(own(set, 'repository'));
  const ref = text(own(set, 'ref'));
  const caller = text(own(set, 'workflow_ref'));
  const called = text(own(set, 'job_workflow_ref'));
  const [workflow, where] = [caller.slice(0, repository.length + 19), caller.slice(repository.length + 19)];
  const inPlace = ascii(workflow) === ascii(`${repository}/.github/workflows/`) && repository !== text(undefined);
  const pinned = `${called.slice(0, called.indexOf('@'))}@${text(own(set, 'job_workflow_sha'))}`;
  const event = text(own(set, 'event_name'));
  return [
    oneOf(fields['repository'], (value) => ascii(value) === ascii(repository)),
    oneOf(fields['repository_owner_id'], is('repository_owner_id')),
    oneOf(fields['repository_id'], is('repository_id')),
    oneOf(fields['workflow'], (file) => inPlace && where === `${file}@${ref}`),
    fields['called_workflow'] === undefined
      ? called === caller && called !== text(undefined)
      : oneOf(fields['called_workflow'], (value) => glob(value, called) || glob(value, pinned)),
    oneOf(fields['environment'], (value) => ascii(value) === ascii(text(own(set, 'environment')))),
    oneOf(fields['ref'], (value) => glob(value, ref)),
    oneOf(fields['ref_protected'], () => own(set, 'ref_protected') === 'true' || own(set, 'ref_protected') === true),
    oneOf(fields['runner_environment'], is('runner_environment')),
    oneOf(fields['repository_visibility'], is('repository_visibility')),
    oneOf(fields['actor_id'], is('actor_id')),
    (events ?? ['push', 'release', 'workflow_dispatch']).includes(event) && event !== 'pull_request_target',
  ].every(Boolean);
}

function gitlab({ fields, events }: From, set: JsonObject): boolean {
  const is = (key: string) => (value: string) => text(own(set, key)) === value;
  /** GitLab's ids came as numbers once. */
  const id = (key: string) => (value: string) => own(set, key) === value || own(set, key) === Number(value);
  const kinds: Readonly<Record<string, string>> = { tag: 'refs/tags/', branch: 'refs/heads/' };
  const built = `${kinds[text(own(set, 'ref_type'))]}${text(own(set, 'ref'))}`;
  const path = own(set, 'ref_path');
  const known = text(own(set, 'ref_type')) in kinds && text(own(set, 'ref')) !== text(undefined) && own(set, 'ref') !== '';
  const ref = known && (path === undefined || typeof path !== 'string' || path === built) ? built : '\0 none';
  const host = text(own(set, 'iss')).replace('https://', '');
  const project = text(own(set, 'project_path'));
  const jobIs = (value: string): boolean =>
    own(set, 'job_project_id') === undefined ? id('project_id')(value) : id('job_project_id')(value);
  const projectId = JSON.stringify(own(set, 'project_id') ?? null).replaceAll('"', '');
  const source = text(own(set, 'pipeline_source'));
  const uri = text(own(set, 'ci_config_ref_uri'));
  const start = `${host}/${project}//`;
  return [
    oneOf(fields['project_path'], (value) => ascii(value) === ascii(project)),
    oneOf(fields['namespace_id'], id('namespace_id')),
    oneOf(fields['project_id'], id('project_id')),
    fields['job_project_id'] === undefined ? /^[1-9][0-9]*$/.test(projectId) && jobIs(projectId) : oneOf(fields['job_project_id'], jobIs),
    oneOf(fields['ci_file'], (file) => ascii(uri.slice(0, start.length)) === ascii(start) && uri.slice(start.length) === `${file}@${ref}`),
    oneOf(fields['environment'], is('environment')),
    oneOf(fields['ref'], (value) => glob(value, ref)),
    fields['ref_protected'] === 'any' || ['true', true].includes(own(set, 'ref_protected') as string),
    oneOf(fields['environment_protected'], () => ['true', true].includes(own(set, 'environment_protected') as string)),
    oneOf(fields['runner_environment'], is('runner_environment')),
    (events ?? ['push', 'web']).includes(source) && source !== 'merge_request_event' && source !== 'external_pull_request_event',
  ].every(Boolean);
}

function freely({ kind, value }: Free, claim: Json | undefined): boolean {
  if (kind === 'contains') return Array.isArray(claim) && claim.includes(value);
  const whole = typeof claim === 'number' && Number.isSafeInteger(claim);
  const written = typeof claim === 'string' ? claim : typeof claim === 'boolean' || whole ? JSON.stringify(claim) : undefined;
  return written !== undefined && (kind === 'equals' ? written === value : glob(value, written));
}
