// GitLab CI, on gitlab.com and self-managed. Claims: GitLab docs, "OpenID Connect (OIDC) authentication using ID tokens".
import { claim, stringClaim, type VerifiedClaims } from '../core/claims.ts';
import { globAsRegex, indent, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import { foldAscii } from './conditions.ts';
import type { Field, Provider } from './provider.ts';
import { images, publishLines, refsOf, statedOf } from './snippet.ts';
import { derived, field, flag, number, refProblem, runOf, shown, text } from './table.ts';

/** The full ref. `ref` is the short name and `ref_type` its kind; `ref_path`, where sent, has to say the same. */
const fullRef = derived(['ref', 'ref_type', 'ref_path'], (claims) => {
  const name = stringClaim(claims, 'ref');
  const kind = stringClaim(claims, 'ref_type');
  const path = stringClaim(claims, 'ref_path');
  const prefix = kind === 'tag' ? 'refs/tags/' : kind === 'branch' ? 'refs/heads/' : undefined;
  if (!name || prefix === undefined) return undefined;
  const built = `${prefix}${name}`;
  return path === undefined || path === built ? built : undefined;
});

/**
 * The CI file's path, from `ci_config_ref_uri` = `<host>/<project_path>//<file>@<ref_path>`. Both ends are compared with
 * other claims, never searched for: branch names and file names may contain `@` and `//` (CLM-47).
 */
const ciFile = derived(['ci_config_ref_uri', 'project_path', 'iss', ...fullRef.claims], (claims) => {
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
});

/**
 * The project that the job runs in. For the merge request of a fork that runs in the target project, one of `project_*`
 * and `job_project_*` is the fork and the other the target (GitLab issue 563038): they have to be the same (CLM-44).
 */
const jobProject = derived(['job_project_id', 'project_id'], (claims) =>
  number(claim(claims, 'job_project_id') === undefined ? 'project_id' : 'job_project_id')(claims),
);

const fields: readonly Field[] = [
  field(
    'project_path',
    'anchor',
    text('project_path'),
    'Full path of the project with all groups, for example acme/tools/ui. Case does not matter.',
    {
      compare: 'fold',
      problem: (value) =>
        /^[^/\s*]+(\/[^/\s*]+)+$/.test(value) ? undefined : 'write the full path with every group, for example acme/tools/ui',
    },
  ),
  field(
    'namespace_id',
    'owner',
    number('namespace_id'),
    'Numeric id of the group or user that owns the project. A renamed and retaken group has another one.',
    { compare: 'digits', required: true, what: 'namespace id' },
  ),
  field('project_id', 'repository', number('project_id'), 'Numeric id of the project. A deleted and recreated project has another one.', {
    compare: 'digits',
    what: 'project id',
  }),
  field('job_project_id', 'repository', jobProject, 'Numeric id of the project that the job runs in; the project itself unless stated.', {
    compare: 'digits',
    any: false,
    code: 'publisher-claim',
    absent: number('project_id'),
  }),
  field('ci_file', 'workflow', ciFile, 'Path of the CI file in the project itself, for example .gitlab-ci.yml. Case matters.', {
    what: 'CI file',
    problem: (value) =>
      /\.ya?ml$/.test(value) && !value.startsWith('/') ? undefined : 'write the path in the project, for example .gitlab-ci.yml',
  }),
  field('environment', 'environment', text('environment'), 'GitLab environment of the job, or any. Case matters.', { required: true }),
  field('ref', 'ref', fullRef, 'Full git ref of the pipeline, for example refs/tags/v*; a pattern, or any.', {
    compare: 'pattern',
    required: true,
    what: 'refs',
    problem: refProblem,
  }),
  // Whoever can push to an unprotected ref could otherwise publish; so this is on unless the publisher turns it off.
  field('ref_protected', 'ref', flag('ref_protected'), 'true (the default): only protected branches and tags. any: also others.', {
    flag: true,
    code: 'publisher-claim',
    absent: () => 'true',
  }),
  field('environment_protected', 'environment', flag('environment_protected'), 'true: only protected environments.', {
    flag: true,
    code: 'publisher-claim',
  }),
  field('runner_environment', 'rest', text('runner_environment'), 'gitlab-hosted or self-hosted.'),
];

const branchOrTag = ['refs/heads/**', 'refs/tags/**'];
const mergeRequest = "a merge request can come from a fork and run a stranger's code; publish from a branch or tag pipeline.";
const startedByOthers = 'whoever holds a trigger token or API token of the project can start such a pipeline.';

export const gitlab: Provider = {
  id: 'gitlab',
  title: 'GitLab CI',
  issuers: ['https://gitlab.com'],
  issuerForm: '`https://<host>`',
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
      'job_metadata',
      'deployment_tier',
      'deployment_action',
      'environment_action',
      'runner_id',
      'sha',
      'ci_config_sha',
      'project_visibility',
    ],
    weak: [
      'aud',
      'ref',
      'ref_type',
      'ref_path',
      'sha',
      'pipeline_source',
      'user_id',
      'user_login',
      'user_email',
      'namespace_id',
      'namespace_path',
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
    // `fullRef` knows branches and tags; whatever else a pipeline runs on has no ref here.
    refs: Object.fromEntries(['push', 'web', 'trigger', 'api', 'pipeline', 'schedule'].map((source) => [source, branchOrTag])),
  },
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: true,
  audience: 'job',
  audienceHint: (audience) =>
    `In .gitlab-ci.yml set \`id_tokens: { ${audience.startsWith('npm:') ? 'NPM' : audience.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_ID_TOKEN: { aud: "${audience}" } }\`.`,
  tags: true,
  snippet: { native: () => 'gitlab', files: (request) => [ciFileOf(request)] },
  anchorText: (claims) => stringClaim(claims, 'project_path') ?? 'this project',
  run,
};

function run(claims: VerifiedClaims): ReturnType<Provider['run']> {
  const project = stringClaim(claims, 'project_path') ?? '';
  const job = shown(claims, 'job_id');
  return runOf(project, {
    actor: stringClaim(claims, 'user_login'),
    commit: stringClaim(claims, 'sha'),
    ref: fullRef(claims),
    workflow: ciFile(claims),
    environment: stringClaim(claims, 'environment'),
    run: shown(claims, 'pipeline_id'),
    runUrl: job === undefined ? undefined : `${stringClaim(claims, 'iss') ?? ''}/${project}/-/jobs/${job}`,
  });
}

/** GitLab has the tokens in the variables that the file names; jobs stop at the first failure by themselves. */
function ciFileOf({ from, script }: SnippetRequest): SnippetFile {
  const environment = statedOf(from, 'environment');
  const { tags, branches } = refsOf(from);
  const events = from.events ?? ['push'];
  const source = events.includes('push') ? '' : ` && $CI_PIPELINE_SOURCE == "${events[0] ?? ''}"`;
  const rule = (variable: string) => (glob: string) =>
    `  - if: ${yamlText(`$${variable} =~ /${globAsRegex(glob).replaceAll('/', String.raw`\/`)}/${source}`)}`;
  const job = [
    `image: ${images[script.toolchain]}`,
    'rules:',
    ...tags.map(rule('CI_COMMIT_TAG')),
    ...branches.map(rule('CI_COMMIT_BRANCH')),
    ...(environment === undefined ? [] : [`environment: ${yamlText(environment)}`]),
    ...(script.token === undefined ? [] : ['id_tokens:', `  ${script.token.variable}:`, `    aud: ${yamlText(script.token.audience)}`]),
    'script:',
    '  - |',
    ...indent([...script.build, ...publishLines(script, { assign: () => [] })], 4),
  ];
  const path = statedOf(from, 'ci_file') ?? '.gitlab-ci.yml';
  return { path, language: 'yaml', text: `${['publish:', ...indent(job, 2)].join('\n')}\n` };
}
