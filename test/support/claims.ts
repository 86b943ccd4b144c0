// The claims of each CI's identity tokens, in exactly the shape the real issuers send them; pure builders.
import { randomInt, randomUUID } from 'node:crypto';

/** Claims as they stand in a token. An override of `undefined` leaves the claim out. */
export type TestClaims = Record<string, unknown>;

/** A claim as text; empty when it is not there. */
export function claimText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const SHA = '3f1c9d7e5b2a4f60817263544536271809abcdef';

/** How GitHub words `sub`: with ids (repositories created or renamed since 15 July 2026) or without. */
export type GithubSubject = 'immutable' | 'classic';

/**
 * A GitHub Actions token as documented: every id a string, `exp` 300 s after `iat`, `nbf` 600 s before it, a fresh `jti`.
 * `workflow_ref`, `job_workflow_ref`, `repository_owner`, `ref_type` and `sub` follow from the other overrides.
 * `environment: undefined` is a job without environment.
 */
export function githubClaims(overrides: TestClaims = {}, subject: GithubSubject = 'immutable'): TestClaims {
  const iat = Math.floor(Date.now() / 1000);
  const base: TestClaims = {
    aud: 'https://github.com/acme',
    ref: 'refs/heads/main',
    sha: SHA,
    repository: 'acme/ui',
    repository_owner_id: '11',
    repository_id: '101',
    repository_visibility: 'private',
    run_id: String(randomInt(10_000_000_000)),
    run_number: '10',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    actor: 'octocat',
    actor_id: '12',
    workflow: 'release',
    head_ref: '',
    base_ref: '',
    event_name: 'push',
    ref_protected: 'true',
    environment: 'release',
    ...overrides,
  };
  const repository = claimText(base['repository']);
  const ref = claimText(base['ref']);
  const workflowRef = base['workflow_ref'] ?? `${repository}/.github/workflows/release.yml@${ref}`;
  return present({
    jti: randomUUID(),
    ...base,
    repository_owner: repository.split('/')[0],
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    workflow_ref: workflowRef,
    workflow_sha: base['sha'],
    job_workflow_ref: workflowRef,
    job_workflow_sha: base['sha'],
    sub: githubSubject(base, subject),
    check_run_id: String(randomInt(10_000_000_000)),
    nbf: iat - 600,
    exp: iat + 300,
    iat,
    ...overrides,
  });
}

function githubSubject(claims: TestClaims, form: GithubSubject): string {
  const [owner = '', name = ''] = claimText(claims['repository']).split('/');
  const repository =
    form === 'immutable'
      ? `${owner}@${claimText(claims['repository_owner_id'])}/${name}@${claimText(claims['repository_id'])}`
      : `${owner}/${name}`;
  if (claims['environment'] !== undefined) {
    return `repo:${repository}:environment:${claimText(claims['environment'])}`;
  }
  if (claims['event_name'] === 'pull_request') return `repo:${repository}:pull_request`;
  return `repo:${repository}:ref:${claimText(claims['ref'])}`;
}

/**
 * A GitLab CI ID token (`id_tokens:`) as documented: ids are strings, `ref` is the short name and `ref_path` the full one,
 * `ref_protected` a string. Lives for the job's time-out (one hour). `ref` and `ref_type` move `ref_path`, `sub` and
 * `ci_config_ref_uri`.
 */
export function gitlabClaims(overrides: TestClaims = {}, host = 'gitlab.corp.example'): TestClaims {
  const iat = Math.floor(Date.now() / 1000);
  const path = claimText(overrides['project_path'] ?? 'acme/ui');
  const ref = claimText(overrides['ref'] ?? 'main');
  const refType = claimText(overrides['ref_type'] ?? 'branch');
  const refPath = `refs/${refType === 'tag' ? 'tags' : 'heads'}/${ref}`;
  const projectId = overrides['project_id'] ?? '101';
  const namespaceId = overrides['namespace_id'] ?? '11';
  const namespacePath = path.slice(0, path.lastIndexOf('/'));
  return present({
    project_id: projectId,
    project_path: path,
    namespace_id: namespaceId,
    namespace_path: namespacePath,
    user_id: '12',
    user_login: 'tanuki',
    user_email: 'tanuki@corp.example',
    user_access_level: 'maintainer',
    groups_direct: ['acme', 'acme/maintainers'],
    pipeline_id: String(randomInt(1_000_000_000)),
    pipeline_source: 'push',
    job_id: String(randomInt(1_000_000_000)),
    ref,
    ref_type: refType,
    ref_path: refPath,
    ref_protected: 'true',
    environment: 'release',
    environment_protected: 'true',
    deployment_tier: 'production',
    environment_action: 'start',
    runner_id: 1,
    runner_environment: 'self-hosted',
    sha: SHA,
    project_visibility: 'private',
    ci_config_ref_uri: `${host}/${path}//.gitlab-ci.yml@${refPath}`,
    ci_config_sha: SHA,
    job_project_id: projectId,
    job_project_path: path,
    job_namespace_id: namespaceId,
    job_namespace_path: namespacePath,
    jti: randomUUID(),
    iat,
    nbf: iat - 5,
    exp: iat + 3600,
    sub: `project_path:${path}:ref_type:${refType}:ref:${ref}`,
    aud: `https://${host}`,
    ...overrides,
  });
}

/** A CircleCI token (v1): the organisation's id is audience and part of the issuer; there is no `jti`. */
export function circleciClaims(overrides: TestClaims = {}): TestClaims {
  const iat = Math.floor(Date.now() / 1000);
  const organisation = claimText(overrides['aud'] ?? '6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11');
  const project = claimText(overrides['oidc.circleci.com/project-id'] ?? 'b0a1c2d3-1111-4222-8333-444455556666');
  return present({
    sub: `org/${organisation}/project/${project}/user/0d5d4c3b-2a19-4807-96f5-e4d3c2b1a009`,
    aud: organisation,
    iat,
    exp: iat + 3600,
    'oidc.circleci.com/project-id': project,
    'oidc.circleci.com/context-ids': ['c7e1d2f3-5555-4666-8777-888899990000'],
    'oidc.circleci.com/vcs-origin': 'git.corp.example/acme/ui',
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    'oidc.circleci.com/ssh-rerun': false,
    'oidc.circleci.com/job-id': randomUUID(),
    'oidc.circleci.com/pipeline-id': randomUUID(),
    'oidc.circleci.com/pipeline-definition-id': 'd1e2f3a4-7777-4888-8999-aaaabbbbcccc',
    'oidc.circleci.com/workflow-id': randomUUID(),
    'oidc.circleci.com/org-id': organisation,
    ...overrides,
  });
}

/** What an OIDC issuer of no particular CI sends: the registered claims of RFC 7519 and what the test adds. */
export function genericClaims(overrides: TestClaims = {}): TestClaims {
  const iat = Math.floor(Date.now() / 1000);
  return present({
    sub: 'job/release',
    aud: 'https://packages.acme.example',
    jti: randomUUID(),
    iat,
    nbf: iat,
    exp: iat + 600,
    ...overrides,
  });
}

function present(claims: TestClaims): TestClaims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
