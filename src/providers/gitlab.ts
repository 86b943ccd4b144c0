// GitLab CI, on gitlab.com and self-managed. Claims: GitLab docs, "OpenID Connect (OIDC) authentication using ID tokens".
import { claimText, claim, stringClaim, type VerifiedClaims } from '../core/claims.ts';
import { foldAscii } from './conditions.ts';
import type { Field, Provider } from './provider.ts';

const read = (name: string) => (claims: VerifiedClaims) => stringClaim(claims, name);
const readId = (name: string) => (claims: VerifiedClaims) => {
  const value = claimText(claim(claims, name));
  return value !== undefined && /^[1-9][0-9]*$/.test(value) ? value : undefined;
};
const readFlag = (name: string) => (claims: VerifiedClaims) => {
  const value = claim(claims, name);
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
};

/** The full ref. `ref` is the short name and `ref_type` its kind; `ref_path`, where sent, has to say the same. */
function fullRef(claims: VerifiedClaims): string | undefined {
  const name = stringClaim(claims, 'ref');
  const kind = stringClaim(claims, 'ref_type');
  const path = stringClaim(claims, 'ref_path');
  const prefix = kind === 'tag' ? 'refs/tags/' : kind === 'branch' ? 'refs/heads/' : undefined;
  if (!name || prefix === undefined) return undefined;
  const built = `${prefix}${name}`;
  return path === undefined || path === built ? built : undefined;
}

/**
 * The CI file's path, from `ci_config_ref_uri` = `<host>/<project_path>//<file>@<ref_path>`. Both ends are compared with
 * other claims, never searched for: branch names and file names may contain `@` and `//` (CLM-47).
 */
function ciFile(claims: VerifiedClaims): string | undefined {
  const whole = stringClaim(claims, 'ci_config_ref_uri');
  const project = stringClaim(claims, 'project_path');
  const issuer = stringClaim(claims, 'iss');
  const ref = fullRef(claims);
  if (whole === undefined || project === undefined || issuer === undefined || ref === undefined) return undefined;
  const prefix = `${issuer.replace(/^https?:\/\//, '')}/${project}//`;
  const suffix = `@${ref}`;
  if (foldAscii(whole.slice(0, prefix.length)) !== foldAscii(prefix) || !whole.endsWith(suffix)) return undefined;
  const file = whole.slice(prefix.length, whole.length - suffix.length);
  return /\.ya?ml$/.test(file) ? file : undefined;
}

const fields: readonly Field[] = [
  {
    key: 'project_path',
    describe: 'Full path of the project with all groups, for example acme/tools/ui. Case does not matter.',
    step: 'anchor',
    compare: 'fold',
    required: true,
    any: false,
    code: 'publisher-none',
    read: read('project_path'),
    problem: (value) =>
      /^[^/\s*]+(\/[^/\s*]+)+$/.test(value) ? undefined : 'write the full path with every group, for example acme/tools/ui',
  },
  {
    key: 'namespace_id',
    describe: 'Numeric id of the group or user that owns the project. A renamed and retaken group has another one.',
    step: 'owner',
    compare: 'digits',
    required: true,
    any: true,
    code: 'publisher-owner-id',
    read: readId('namespace_id'),
    what: 'namespace id',
  },
  {
    key: 'project_id',
    describe: 'Numeric id of the project. A deleted and recreated project has another one.',
    step: 'repository',
    compare: 'digits',
    required: false,
    any: true,
    code: 'publisher-repository-id',
    read: readId('project_id'),
    what: 'project id',
  },
  {
    // A fork's merge request that runs in the target project has the target's project_* claims (GitLab 563038, CLM-44).
    key: 'job_project_id',
    describe: 'Numeric id of the project whose commit the job runs; the project itself unless stated.',
    step: 'repository',
    compare: 'digits',
    required: false,
    any: false,
    code: 'publisher-claim',
    read: (claims) => (claim(claims, 'job_project_id') === undefined ? readId('project_id')(claims) : readId('job_project_id')(claims)),
    absent: readId('project_id'),
  },
  {
    key: 'ci_file',
    describe: 'Path of the CI file in the project itself, for example .gitlab-ci.yml. Case matters.',
    step: 'workflow',
    compare: 'exact',
    required: false,
    any: true,
    code: 'publisher-workflow',
    read: ciFile,
    what: 'CI file',
    problem: (value) =>
      /\.ya?ml$/.test(value) && !value.startsWith('/') ? undefined : 'write the path in the project, for example .gitlab-ci.yml',
  },
  {
    key: 'environment',
    describe: 'GitLab environment of the job, or any. Case matters.',
    step: 'environment',
    compare: 'exact',
    required: true,
    any: true,
    code: 'publisher-environment',
    read: read('environment'),
  },
  {
    key: 'ref',
    describe: 'Full git ref of the pipeline, for example refs/tags/v*; a pattern, or any.',
    step: 'ref',
    compare: 'pattern',
    required: true,
    any: true,
    code: 'publisher-ref',
    read: fullRef,
    what: 'refs',
    problem: (value) => (value.startsWith('refs/') ? undefined : 'write the full ref, for example refs/tags/v* or refs/heads/main'),
  },
  {
    // Whoever can push to an unprotected ref could otherwise publish; so this is on unless the publisher turns it off.
    key: 'ref_protected',
    describe: 'true (the default): only protected branches and tags. any: also others.',
    step: 'ref',
    compare: 'exact',
    required: false,
    any: true,
    flag: true,
    code: 'publisher-claim',
    read: readFlag('ref_protected'),
    absent: () => 'true',
  },
  {
    key: 'environment_protected',
    describe: 'true: only protected environments.',
    step: 'environment',
    compare: 'exact',
    required: false,
    any: true,
    flag: true,
    code: 'publisher-claim',
    read: readFlag('environment_protected'),
  },
  {
    key: 'runner_environment',
    describe: 'gitlab-hosted or self-hosted.',
    step: 'rest',
    compare: 'exact',
    required: false,
    any: true,
    code: 'publisher-claim',
    read: read('runner_environment'),
  },
];

const mergeRequest = "a merge request can come from a fork and run a stranger's code; publish from a branch or tag pipeline.";
const startedByOthers = 'whoever holds a trigger token or API token of the project can start such a pipeline.';

export const gitlab: Provider = {
  id: 'gitlab',
  title: 'GitLab CI',
  issuers: ['https://gitlab.com'],
  claims: {
    required: [
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'project_path',
      'project_id',
      'namespace_id',
      'ref',
      'ref_type',
      'ref_protected',
      'pipeline_source',
      'ci_config_ref_uri',
    ],
    checked: ['environment', 'environment_protected', 'ref_path', 'runner_environment', 'job_project_id'],
    unchecked: [
      'sub',
      'namespace_path',
      'user_id',
      'user_login',
      'user_email',
      'user_access_level',
      'user_identities',
      'groups_direct',
      'pipeline_id',
      'job_id',
      'job_project_path',
      'job_namespace_id',
      'job_namespace_path',
      'deployment_tier',
      'deployment_action',
      'environment_action',
      'runner_id',
      'sha',
      'ci_config_sha',
      'project_visibility',
    ],
  },
  anchor: ['project_path'],
  fields,
  events: {
    claim: 'pipeline_source',
    byDefault: ['push', 'web'],
    risky: {
      trigger: startedByOthers,
      api: startedByOthers,
      pipeline: startedByOthers,
      schedule: "it runs with the rights of the schedule's owner.",
    },
    never: { merge_request_event: mergeRequest, external_pull_request_event: mergeRequest },
  },
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: true,
  audienceHint: (audience) =>
    `In .gitlab-ci.yml set \`id_tokens: { ${audience.startsWith('npm:') ? 'NPM' : audience.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_ID_TOKEN: { aud: "${audience}" } }\`.`,
  anchorText: (claims) => stringClaim(claims, 'project_path') ?? 'this project',
  run: (claims) => {
    const project = stringClaim(claims, 'project_path') ?? '';
    const job = claimText(claim(claims, 'job_id'));
    const entries: [string, string | undefined][] = [
      ['actor', stringClaim(claims, 'user_login')],
      ['commit', stringClaim(claims, 'sha')],
      ['ref', fullRef(claims)],
      ['workflow', ciFile(claims)],
      ['environment', stringClaim(claims, 'environment')],
      ['run', claimText(claim(claims, 'pipeline_id'))],
      ['runUrl', job === undefined ? undefined : `${stringClaim(claims, 'iss') ?? ''}/${project}/-/jobs/${job}`],
    ];
    return { anchor: project, ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
  },
};
