// The environment variables a CI job has, so that stock clients believe they run there; pure.
import { claimText } from './claims.ts';
import type { TestClaims } from './claims.ts';

/** Environment of a child process. */
export type CiEnv = Record<string, string>;

/** What a GitHub Actions job with `id-token: write` has in its environment. */
export function githubJobEnv(claims: TestClaims, requestUrl: string, requestToken: string): CiEnv {
  const text = (name: string): string => claimText(claims[name]);
  const ref = text('ref');
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    ACTIONS_ID_TOKEN_REQUEST_URL: requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_API_URL: 'https://api.github.com',
    GITHUB_REPOSITORY: text('repository'),
    GITHUB_REPOSITORY_ID: text('repository_id'),
    GITHUB_REPOSITORY_OWNER: text('repository_owner'),
    GITHUB_REPOSITORY_OWNER_ID: text('repository_owner_id'),
    GITHUB_REF: ref,
    GITHUB_REF_NAME: ref.replace(/^refs\/(heads|tags)\//, ''),
    GITHUB_REF_TYPE: text('ref_type'),
    GITHUB_REF_PROTECTED: text('ref_protected'),
    GITHUB_SHA: text('sha'),
    GITHUB_RUN_ID: text('run_id'),
    GITHUB_RUN_NUMBER: text('run_number'),
    GITHUB_RUN_ATTEMPT: text('run_attempt'),
    GITHUB_ACTOR: text('actor'),
    GITHUB_ACTOR_ID: text('actor_id'),
    GITHUB_WORKFLOW: text('workflow'),
    GITHUB_WORKFLOW_REF: text('workflow_ref'),
    GITHUB_WORKFLOW_SHA: text('workflow_sha'),
    GITHUB_EVENT_NAME: text('event_name'),
    RUNNER_ENVIRONMENT: text('runner_environment'),
  };
}

/**
 * What a GitLab job with `id_tokens:` has. `tokens` maps a variable name to its one token for the whole job.
 */
export function gitlabJobEnv(claims: TestClaims, tokens: Readonly<Record<string, string>>): CiEnv {
  const text = (name: string): string => claimText(claims[name]);
  return {
    CI: 'true',
    GITLAB_CI: 'true',
    CI_PROJECT_ID: text('project_id'),
    CI_PROJECT_PATH: text('project_path'),
    CI_PROJECT_VISIBILITY: text('project_visibility'),
    CI_PIPELINE_ID: text('pipeline_id'),
    CI_PIPELINE_SOURCE: text('pipeline_source'),
    CI_JOB_ID: text('job_id'),
    CI_COMMIT_SHA: text('sha'),
    CI_COMMIT_REF_NAME: text('ref'),
    ...(claims['ref_type'] === 'tag' ? { CI_COMMIT_TAG: text('ref') } : {}),
    ...tokens,
  };
}

/** What a CircleCI job has; npm takes `NPM_ID_TOKEN` there. */
export function circleciJobEnv(tokens: Readonly<Record<string, string>>): CiEnv {
  return { CI: 'true', CIRCLECI: 'true', ...tokens };
}

/**
 * The variables in which clients look for a token of this audience: npm, pnpm and yarn always in `NPM_ID_TOKEN`; the
 * Python clients in the audience's own name, upper-cased, with `_` for what is not a letter or digit.
 */
export function idTokenVariable(audience: string): string {
  if (audience.startsWith('npm:')) return 'NPM_ID_TOKEN';
  return `${audience.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_ID_TOKEN`;
}
