// A trusted publisher of each CI, for its fixture in claims.ts.
import { stringify } from 'yaml';
import { fixtures, ids } from './claims.ts';

export type Stated = Readonly<Record<string, string | readonly string[]>>;

/** What a publisher for the fixture of each CI states under `from:`. */
export const publishers: Readonly<Record<string, Stated>> = {
  github: {
    repository: 'acme/ui',
    repository_owner_id: '11',
    repository_id: '101',
    workflow: 'release.yml',
    environment: 'production',
    ref: 'refs/tags/v*',
  },
  gitlab: {
    project_path: 'acme/tools/ui',
    namespace_id: '12',
    project_id: '47',
    ci_file: '.gitlab-ci.yml',
    environment: 'production',
    ref: 'refs/tags/v*',
  },
  circleci: {
    project_id: ids.project,
    org_id: ids.organisation,
    pipeline_definition_id: ids.definition,
    context_ids: ids.context,
    vcs_origin: 'github.com/acme/ui',
    ref: 'refs/tags/v*',
  },
  buildkite: {
    organization_slug: 'acme',
    pipeline_slug: 'ui',
    organization_id: ids.organisation,
    pipeline_id: ids.project,
    step_key: 'publish',
    ref: 'refs/tags/v*',
  },
  bitbucket: {
    repository_uuid: ids.project,
    workspace_uuid: ids.organisation,
    environment_uuid: ids.context,
    ref: 'refs/heads/main',
  },
  'azure-devops': { project_id: ids.project, pipeline_id: '7', repository_id: ids.definition, ref: 'refs/tags/v*' },
  google: { email: 'ui-release@acme-ci.iam.gserviceaccount.com', service_account_id: '112233445566778899001' },
  forgejo: { repository: 'acme/ui', repository_owner_id: '11', repository_id: '101', workflow: 'release.yml', ref: 'refs/tags/v*' },
  gitea: { repository: 'acme/ui', repository_owner_id: '11', repository_id: '101', workflow: 'release.yml', ref: 'refs/tags/v*' },
  jenkins: { job: 'https://ci.acme.example/job/acme/job/ui/', branch: 'release/*' },
  semaphore: { project_id: ids.project, repository: 'acme/ui', ref: 'refs/tags/v*' },
  codefresh: {
    pipeline_id: '64f447c02199f903000aa200',
    account_id: '628a80b693a15c0f9c13ab75',
    repository: 'https://github.com/acme/ui',
    scm_ref: 'v*',
  },
  teamcity: {
    build_configuration: 'Acme_Ui_Publish',
    project_internal_id: 'project5',
    build_configuration_internal_id: 'bt12',
    branch: 'refs/heads/main',
  },
  kubernetes: { namespace: 'ci', service_account: 'ui-release', service_account_uid: ids.project },
  spiffe: { spiffe_id: 'spiffe://acme.example/ci/ui-release' },
  aws: { role: 'arn:aws:iam::123456789012:role/ui-release', organization_id: 'o-a1b2c3d4e5', source_region: 'eu-central-1' },
  activestate: {
    organization: 'acme',
    project: 'ui',
    organization_id: ids.organisation,
    project_id: ids.project,
    actor_id: ids.context,
  },
  generic: { subject: 'job/release' },
};

/** A policy with that publisher of this CI, for an npm and a PyPI registry; `audiences` of the issuer where they are needed. */
export function policyFor(id: string, change: Stated = {}, issuer: Readonly<Record<string, unknown>> = {}): string {
  const { iss, aud } = fixtures[id]!;
  const fixed = ['azure-devops', 'bitbucket', 'semaphore'].includes(id) ? { audiences: [aud] } : {};
  const registry = (protocol: string, url: string, upstream: string): object => ({ protocol, url, upstream, credential: 'none' });
  return stringify({
    issuers: { ci: { provider: id, issuer: iss, ...fixed, ...issuer } },
    registries: {
      npm: registry('npm', 'https://npm.acme.dev/', 'http://verdaccio:4873/'),
      pypi: registry('pypi', 'https://pypi.acme.dev/acme/prod/', 'http://devpi:3141/acme/prod/'),
    },
    publishers: [
      { name: 'ui-release', from: { issuer: 'ci', ...publishers[id], ...change }, publish: { npm: ['@acme/ui'], pypi: ['acme-ui'] } },
    ],
  });
}
