// Claim sets in the shape that the CIs document, for tests of the pure parts.
import type { JsonObject } from '../../src/core/json.ts';

export const githubClaims: JsonObject = {
  jti: '5c3a-11',
  sub: 'repo:acme@11/ui@101:ref:refs/tags/v1.0.0',
  aud: 'npm:npm.acme.dev',
  ref: 'refs/tags/v1.0.0',
  sha: 'a'.repeat(40),
  repository: 'acme/ui',
  repository_owner: 'acme',
  actor_id: '7',
  repository_visibility: 'private',
  repository_id: '101',
  repository_owner_id: '11',
  run_id: '99',
  run_number: '3',
  run_attempt: '1',
  runner_environment: 'github-hosted',
  actor: 'mona',
  workflow: 'Release',
  head_ref: '',
  base_ref: '',
  event_name: 'push',
  ref_protected: 'true',
  ref_type: 'tag',
  workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0',
  workflow_sha: 'a'.repeat(40),
  job_workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0',
  job_workflow_sha: 'a'.repeat(40),
  environment: 'production',
  iss: 'https://token.actions.githubusercontent.com',
  nbf: 1_795_000_000,
  exp: 1_795_000_300,
  iat: 1_795_000_000,
};

export const gitlabClaims: JsonObject = {
  jti: 'd1',
  sub: 'project_path:acme/tools/ui:ref_type:tag:ref:v1.0.0',
  aud: 'npm:npm.acme.dev',
  iss: 'https://gitlab.com',
  namespace_id: '12',
  namespace_path: 'acme/tools',
  project_id: '47',
  project_path: 'acme/tools/ui',
  user_id: '5',
  user_login: 'mona',
  user_email: 'mona@acme.dev',
  user_access_level: 'maintainer',
  pipeline_id: '900',
  pipeline_source: 'push',
  job_id: '901',
  ref: 'v1.0.0',
  ref_type: 'tag',
  ref_path: 'refs/tags/v1.0.0',
  ref_protected: 'true',
  environment: 'production',
  environment_protected: 'true',
  runner_id: 3,
  runner_environment: 'gitlab-hosted',
  sha: 'b'.repeat(40),
  project_visibility: 'private',
  ci_config_ref_uri: 'gitlab.com/acme/tools/ui//.gitlab-ci.yml@refs/tags/v1.0.0',
  ci_config_sha: 'b'.repeat(40),
  nbf: 1_795_000_000,
  exp: 1_795_003_600,
  iat: 1_795_000_000,
};

const iat = 1_795_000_000;
const sha = 'c'.repeat(40);
const ids = {
  organisation: '6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11',
  project: 'b0a1c2d3-1111-4222-8333-444455556666',
  definition: 'd1e2f3a4-7777-4888-8999-aaaabbbbcccc',
  context: 'c7e1d2f3-5555-4666-8777-888899990000',
  run: '0d5d4c3b-2a19-4807-96f5-e4d3c2b1a009',
};

/** A CircleCI token (docs "OpenID Connect tokens with custom claims"), from the root issuer. */
export const circleciClaims: JsonObject = {
  iss: 'https://oidc.circleci.com',
  sub: `org/${ids.organisation}/project/${ids.project}/user/${ids.run}/vcs-origin/github.com/acme/ui/vcs-ref/refs/tags/v1.0.0`,
  aud: 'npm:npm.acme.dev',
  iat,
  exp: iat + 3600,
  'oidc.circleci.com/project-id': ids.project,
  'oidc.circleci.com/org-id': ids.organisation,
  'oidc.circleci.com/context-ids': ['a0000000-0000-4000-8000-000000000000', ids.context],
  'oidc.circleci.com/vcs-origin': 'github.com/acme/ui',
  'oidc.circleci.com/vcs-ref': 'refs/tags/v1.0.0',
  'oidc.circleci.com/ssh-rerun': false,
  'oidc.circleci.com/job-id': '11111111-1111-4111-8111-111111111111',
  'oidc.circleci.com/pipeline-id': '22222222-2222-4222-8222-222222222222',
  'oidc.circleci.com/workflow-id': ids.run,
  'oidc.circleci.com/pipeline-definition-id': ids.definition,
};

/** A Buildkite token (docs "buildkite-agent oidc"), with the claims that `--claim` adds. */
export const buildkiteClaims: JsonObject = {
  iss: 'https://agent.buildkite.com',
  sub: 'organization:acme:pipeline:ui:ref:refs/tags/v1.0.0:commit:cccccccccccccccccccccccccccccccccccccccc:step:publish',
  aud: 'npm:npm.acme.dev',
  iat,
  nbf: iat,
  exp: iat + 300,
  jti: ids.run,
  organization_slug: 'acme',
  pipeline_slug: 'ui',
  build_number: 42,
  build_branch: 'v1.0.0',
  build_tag: 'v1.0.0',
  build_commit: sha,
  build_source: 'webhook',
  step_key: 'publish',
  job_id: '0184990a-477b-4fa8-9968-496074483cee',
  agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
  runner_environment: 'self-hosted',
  organization_id: ids.organisation,
  pipeline_id: ids.project,
  build_id: ids.definition,
  cluster_id: ids.context,
  cluster_name: 'Default',
  queue_id: ids.run,
  queue_key: 'default',
  'agent_tag:queue': 'default',
  'https://aws.amazon.com/tags': { principal_tags: { organization_slug: ['acme'] } },
};

/** A Bitbucket Pipelines token (repository settings, "OpenID Connect"); UUIDs stand in braces. */
export const bitbucketClaims: JsonObject = {
  iss: 'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
  sub: `{${ids.project}}:{${ids.context}}:{${ids.run}}`,
  aud: `ari:cloud:bitbucket::workspace/${ids.organisation}`,
  iat,
  exp: iat + 3600,
  repositoryUuid: `{${ids.project}}`,
  workspaceUuid: `{${ids.organisation}}`,
  branchName: 'main',
  deploymentEnvironmentUuid: `{${ids.context}}`,
  stepUuid: `{${ids.run}}`,
  pipelineUuid: `{${ids.definition}}`,
  pipelineRunUuid: '{33333333-3333-4333-8333-333333333333}',
};

/** An Azure Pipelines token, as Teleport's RFD 211 has it. */
export const azureDevopsClaims: JsonObject = {
  iss: `https://vstoken.dev.azure.com/${ids.organisation}`,
  sub: 'p://acme/tools/ui-release',
  aud: 'api://AzureADTokenExchange',
  iat,
  nbf: iat - 600,
  exp: iat + 299,
  jti: ids.run,
  org_id: ids.organisation,
  prj_id: ids.project,
  def_id: '7',
  rpo_id: ids.definition,
  rpo_uri: 'https://acme.visualstudio.com/tools/_git/ui',
  rpo_ver: sha,
  rpo_ref: 'refs/tags/v1.0.0',
  run_id: '120',
};

/** A service account's token from Google's metadata server, `format=full`. */
export const googleClaims: JsonObject = {
  iss: 'https://accounts.google.com',
  sub: '112233445566778899001',
  azp: '112233445566778899001',
  aud: 'npm:npm.acme.dev',
  iat,
  exp: iat + 3600,
  email: 'ui-release@acme-ci.iam.gserviceaccount.com',
  email_verified: true,
  google: { compute_engine: { project_id: 'acme-ci', project_number: 739419398126, zone: 'europe-west3-a', instance_name: 'builder-1' } },
};

/** A Forgejo 16 token (routers/api/actions/id_token.go): every value is a string. */
export const forgejoClaims: JsonObject = {
  iss: 'https://git.acme.example/api/actions',
  sub: 'repo:acme/ui:ref:refs/tags/v1.0.0',
  aud: 'npm:npm.acme.dev',
  iat,
  nbf: iat,
  exp: iat + 3600,
  actor: 'mona',
  actor_id: '7',
  base_ref: '',
  event_name: 'push',
  head_ref: '',
  ref: 'refs/tags/v1.0.0',
  ref_protected: 'true',
  ref_type: 'tag',
  repository: 'acme/ui',
  repository_id: '101',
  repository_owner: 'acme',
  repository_owner_id: '11',
  run_attempt: '1',
  run_id: '900',
  run_number: '12',
  sha,
  workflow: 'release.yml',
  workflow_ref: 'acme/ui/.forgejo/workflows/release.yml@refs/tags/v1.0.0',
};

/** A Gitea token (services/actions/oidc.go). */
export const giteaClaims: JsonObject = {
  ...forgejoClaims,
  iss: 'https://git.acme.example/api/actions/oidc',
  jti: ids.run,
  nbf: iat - 300,
  exp: iat + 300,
  repository_visibility: 'private',
  runner_environment: 'self-hosted',
  workflow_ref: 'acme/ui/.gitea/workflows/release.yml@refs/tags/v1.0.0',
  workflow_sha: sha,
  job_workflow_ref: 'acme/ui/.gitea/workflows/release.yml@refs/tags/v1.0.0',
  job_workflow_sha: sha,
};

/** A token of a Jenkins job that is a branch of a multibranch project (plug-in's README). */
export const jenkinsClaims: JsonObject = {
  iss: 'https://ci.acme.example/oidc',
  sub: 'https://ci.acme.example/job/acme/job/ui/job/release%252F1.x/',
  aud: 'npm:npm.acme.dev',
  iat,
  exp: iat + 3600,
  build_number: 42,
};

/** A Semaphore token (docs "OpenID Connect"). */
export const semaphoreClaims: JsonObject = {
  iss: 'https://acme.semaphoreci.com',
  sub: `org:acme:project:${ids.project}:repo:ui:ref_type:tag:ref:refs/tags/v1.0.0`,
  sub127: 'org:acme:project:…',
  aud: 'https://acme.semaphoreci.com',
  iat,
  nbf: iat,
  exp: iat + 86_400,
  jti: ids.run,
  branch: '',
  pr_branch: '',
  pr: '',
  ref: 'refs/tags/v1.0.0',
  ref_type: 'tag',
  tag: 'v1.0.0',
  repo: 'ui',
  repo_slug: 'acme/ui',
  prj_id: ids.project,
  wf_id: ids.definition,
  ppl_id: ids.context,
  job_id: ids.organisation,
  job_type: 'pipeline_job',
  trg: 'h:f-i:f',
  'https://aws.amazon.com/tags': { principal_tags: { prj_id: [ids.project] }, transitive_tag_keys: ['prj_id'] },
};

/** A Codefresh token (docs "OIDC in pipelines"). */
export const codefreshClaims: JsonObject = {
  iss: 'https://oidc.codefresh.io',
  sub: 'account:628a80b693a15c0f9c13ab75:pipeline:64f447c02199f903000gh20:scm_repo_url:https://github.com/acme/ui:scm_user_name:mona:scm_ref:v1.0.0',
  aud: 'npm:npm.acme.dev',
  iat,
  exp: iat + 300,
  account_id: '628a80b693a15c0f9c13ab75',
  account_name: 'acme',
  pipeline_id: '64f447c02199f903000aa200',
  pipeline_name: 'acme/ui-release',
  workflow_id: '64f45974d5c7bfc2fbb64e95',
  scm_repo_url: 'https://github.com/acme/ui',
  scm_user_name: 'mona',
  scm_ref: 'v1.0.0',
  runner_environment: 'hybrid',
  platform_url: 'https://g.codefresh.io',
};

/** A token of the OIDC plug-in for TeamCity (docs/configuration.md). */
export const teamcityClaims: JsonObject = {
  iss: 'https://teamcity.acme.example',
  sub: 'project:project5:build_type:bt12',
  aud: 'npm:npm.acme.dev',
  iat,
  nbf: iat,
  exp: iat + 600,
  jti: ids.run,
  build_type_external_id: 'Acme_Ui_Publish',
  build_type_internal_id: 'bt12',
  project_external_id: 'Acme_Ui',
  project_internal_id: 'project5',
  branch: 'refs/heads/main',
  trigger_type: 'vcsTrigger',
};

/** A projected service account token (Kubernetes docs "Managing Service Accounts"). */
export const kubernetesClaims: JsonObject = {
  iss: 'https://kubernetes.acme.example',
  sub: 'system:serviceaccount:ci:ui-release',
  aud: ['npm:npm.acme.dev'],
  iat,
  nbf: iat,
  exp: iat + 600,
  jti: ids.run,
  'kubernetes.io': {
    namespace: 'ci',
    node: { name: 'node-1', uid: ids.definition },
    pod: { name: 'ui-release-x7k2p', uid: ids.context },
    serviceaccount: { name: 'ui-release', uid: ids.project },
    warnafter: iat + 500,
  },
};

/** A JWT-SVID of SPIRE (SPIFFE standard "JWT-SVID"). */
export const spiffeClaims: JsonObject = {
  iss: 'https://spire.acme.example',
  sub: 'spiffe://acme.example/ci/ui-release',
  aud: ['npm:npm.acme.dev'],
  iat,
  exp: iat + 300,
};

/** A token of `sts:GetWebIdentityToken` (AWS docs "Understanding token claims"). */
export const awsClaims: JsonObject = {
  iss: `https://${ids.organisation}.tokens.sts.global.api.aws`,
  sub: 'arn:aws:iam::123456789012:role/ui-release',
  aud: 'npm:npm.acme.dev',
  iat,
  exp: iat + 300,
  jti: ids.run,
  'https://sts.amazonaws.com/': {
    aws_account: '123456789012',
    source_region: 'eu-central-1',
    org_id: 'o-a1b2c3d4e5',
    ou_path: ['o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/'],
    principal_tags: { team: 'ui' },
    request_tags: { job: 'release' },
    ec2_source_instance_arn: 'arn:aws:ec2:eu-central-1:123456789012:instance/i-0123456789abcdef0',
    lambda_source_function_arn: 'arn:aws:lambda:eu-central-1:123456789012:function:release',
  },
};

/** An ActiveState token, as the tests of PyPI have it. */
export const activestateClaims: JsonObject = {
  iss: 'https://platform.activestate.com/api/v1/oauth/oidc',
  sub: 'org:acme:project:ui',
  aud: 'npm:npm.acme.dev',
  iat,
  nbf: iat,
  exp: iat + 900,
  jti: ids.run,
  organization: 'acme',
  organization_id: ids.organisation,
  project: 'ui',
  project_id: ids.project,
  project_path: 'acme/ui',
  project_visibility: 'public',
  actor: 'mona',
  actor_id: ids.context,
  builder: 'pypi-publisher',
  ingredient: 'ui',
  artifact_id: ids.definition,
};

/** What every OIDC issuer sends (RFC 7519, OpenID Connect Core). */
export const genericClaims: JsonObject = {
  iss: 'https://ci.acme.example',
  sub: 'job/release',
  aud: 'npm:npm.acme.dev',
  iat,
  exp: iat + 600,
};

/** By provider: the fixture of the contract test. */
export const fixtures: Readonly<Record<string, JsonObject>> = {
  github: githubClaims,
  gitlab: gitlabClaims,
  'azure-devops': azureDevopsClaims,
  bitbucket: bitbucketClaims,
  buildkite: buildkiteClaims,
  circleci: circleciClaims,
  codefresh: codefreshClaims,
  forgejo: forgejoClaims,
  gitea: giteaClaims,
  google: googleClaims,
  jenkins: jenkinsClaims,
  kubernetes: kubernetesClaims,
  semaphore: semaphoreClaims,
  spiffe: spiffeClaims,
  teamcity: teamcityClaims,
  aws: awsClaims,
  activestate: activestateClaims,
  generic: genericClaims,
};

export { ids };
