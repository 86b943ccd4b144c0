// What a publisher of each CI lets in and what not, claim by claim. GitHub, GitLab and generic: contract.test.ts, github-rows.test.ts.
import { describe, expect, test } from 'vitest';
import { assumeVerified } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { compile, providers, publisherKeys, tokenKeys, type Provider } from '../../src/providers/index.ts';
import { fixtures, ids } from './claims.ts';
import { publishers as all, type Stated } from './publishers.ts';

// GitHub, GitLab and generic have files of their own.
const publishers = Object.fromEntries(Object.entries(all).filter(([id]) => !['github', 'gitlab', 'generic'].includes(id)));

function providerOf(id: string): Provider {
  return providers.find((provider) => provider.id === id)!;
}

/** The fields at which a token fails. */
function failures(id: string, change: JsonObject, stated: Stated = publishers[id]!, without: readonly string[] = []): string[] {
  const fields = new Map(Object.entries(stated).map(([key, value]) => [key, value === 'any' ? ('any' as const) : [value].flat()] as const));
  const changed = Object.entries({ ...fixtures[id], ...change }).filter(([name]) => !without.includes(name));
  const checks = compile(providerOf(id), { fields })(assumeVerified('ci', Object.fromEntries(changed)));
  return checks.filter((check) => !check.ok).map((check) => check.field);
}

const other = '99999999-9999-4999-8999-999999999999';
const circle = (name: string, value: JsonObject[string]): JsonObject => ({ [`oidc.circleci.com/${name}`]: value });
const inCluster = (change: JsonObject): JsonObject => ({
  'kubernetes.io': { ...(fixtures['kubernetes']!['kubernetes.io'] as JsonObject), ...change },
});

describe('each CI', () => {
  test('has a publisher here', () => {
    expect(Object.keys(all).toSorted()).toEqual(providers.map(({ id }) => id).toSorted());
  });

  test.each(Object.keys(publishers))('CLM-01 %s: a token as documented passes', (id) => {
    expect(failures(id, {})).toEqual([]);
  });

  test.each(Object.entries(publishers))('%s: without any one claim that its publisher binds, a token is refused', (id, stated) => {
    const provider = providerOf(id);
    for (const field of provider.fields.filter(({ key }) => stated[key] !== undefined)) {
      expect(failures(id, {}, stated, field.read.claims), field.key).toContain(field.key);
    }
  });

  test.each([
    ['circleci', 'another project of the organization (CLM-61)', circle('project-id', other), ['project_id']],
    ['circleci', 'another organization', circle('org-id', other), ['org_id']],
    ['circleci', 'a fork', circle('vcs-origin', 'github.com/mallory/ui'), ['vcs_origin']],
    ['circleci', 'another case of the repository', circle('vcs-origin', 'github.com/Acme/UI'), []],
    ['circleci', 'other contexts', circle('context-ids', [other]), ['context_ids']],
    ['circleci', 'no context', circle('context-ids', []), ['context_ids']],
    ['circleci', 'a context that is no list (CLM-65)', circle('context-ids', ids.context), ['context_ids']],
    ['circleci', 'a list with something else in it', circle('context-ids', [ids.context, 1]), ['context_ids']],
    ['circleci', 'a job that was started again with SSH', circle('ssh-rerun', true), ['ssh_rerun']],
    ['circleci', 'nothing about SSH', circle('ssh-rerun', null), ['ssh_rerun']],
    ['circleci', 'a branch that is named like a tag', circle('vcs-ref', 'refs/heads/v1.0.0'), ['ref']],
    ['buildkite', 'another form of sub (CLM-48)', { sub: 'acme' }, []],
    ['buildkite', 'a branch that is named like the tag', { build_tag: null }, ['ref']],
    ['buildkite', 'an empty tag', { build_tag: '' }, ['ref']],
    ['buildkite', 'another step', { step_key: 'test' }, ['step_key']],
    ['buildkite', 'a step without a key', { step_key: null }, ['step_key']],
    ['buildkite', 'a build that a person started', { build_source: 'ui' }, ['events']],
    ['buildkite', 'a retaken organization', { organization_id: other }, ['organization_id']],
    ['buildkite', 'another case of a slug', { pipeline_slug: 'UI' }, ['pipeline_slug']],
    ['bitbucket', 'a UUID without braces', { repositoryUuid: ids.project }, []],
    ['bitbucket', 'a UUID in upper case', { repositoryUuid: `{${ids.project.toUpperCase()}}` }, []],
    ['bitbucket', 'two UUIDs', { repositoryUuid: `{${ids.project}}:{${other}}` }, ['repository_uuid']],
    ['bitbucket', 'no environment', { deploymentEnvironmentUuid: null }, ['environment_uuid']],
    ['bitbucket', 'another branch', { branchName: 'main/x' }, ['ref']],
    ['azure-devops', 'the number as a number', { def_id: 7 }, []],
    ['azure-devops', 'another pipeline', { def_id: '8' }, ['pipeline_id']],
    ['azure-devops', 'a fraction', { def_id: 7.5 }, ['pipeline_id']],
    ['azure-devops', 'a pull request (CLM-24)', { rpo_ref: 'refs/pull/7/merge' }, ['ref']],
    ['google', 'an e-mail that is verified in words', { email_verified: 'true' }, ['email']],
    ['google', 'an e-mail that is verified by number', { email_verified: 1 }, ['email']],
    ['google', 'an e-mail that is not verified', { email_verified: false }, ['email']],
    ['google', 'a recreated account', { sub: '112233445566778899002' }, ['service_account_id']],
    ['google', 'another case of the e-mail', { email: 'UI-release@acme-ci.iam.gserviceaccount.com' }, ['email']],
    ['forgejo', 'the other folder', { workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0' }, []],
    ['forgejo', 'another folder (CLM-12)', { workflow_ref: 'acme/ui/.gitea/workflows/release.yml@refs/tags/v1.0.0' }, ['workflow']],
    [
      'forgejo',
      'a file that hides in its ref (CLM-13)',
      { workflow_ref: 'acme/ui/.forgejo/workflows/x@release.yml@refs/tags/v1.0.0' },
      ['workflow'],
    ],
    ['forgejo', 'an owner id that is a number (CLM-02)', { repository_owner_id: 11 }, ['repository_owner_id']],
    ['forgejo', 'pull_request_target (CLM-20)', { event_name: 'pull_request_target' }, ['events']],
    [
      'forgejo',
      'another case of the repository (CLM-10)',
      { repository: 'Acme/UI', workflow_ref: 'Acme/UI/.forgejo/workflows/release.yml@refs/tags/v1.0.0' },
      [],
    ],
    [
      'gitea',
      'a called workflow that is not named (CLM-17)',
      { job_workflow_ref: 'mallory/x/.gitea/workflows/y.yml@refs/heads/main' },
      ['called_workflow'],
    ],
    ['gitea', 'a retaken owner (CLM-03)', { repository_owner_id: '12' }, ['repository_owner_id']],
    ['jenkins', 'a job beside the project', { sub: 'https://ci.acme.example/job/acme/job/other/' }, ['job', 'branch']],
    ['jenkins', 'another branch', { sub: 'https://ci.acme.example/job/acme/job/ui/job/main/' }, ['branch']],
    [
      'jenkins',
      'a project within the branch',
      { sub: 'https://ci.acme.example/job/acme/job/ui/job/release%252F1/job/x/' },
      ['job', 'branch'],
    ],
    ['jenkins', 'a subject that is no address', { sub: 'acme/ui' }, ['job', 'branch', 'pull_requests']],
    [
      'jenkins',
      'an address with something after it',
      { sub: 'https://ci.acme.example/job/acme/job/ui/job/release%252F1/?x' },
      ['job', 'branch', 'pull_requests'],
    ],
    [
      'jenkins',
      'a percent sign that encodes nothing',
      { sub: 'https://ci.acme.example/job/acme/job/ui/job/release%25/' },
      ['branch', 'pull_requests'],
    ],
    ['semaphore', 'a pull request', { ref_type: 'pull-request', ref: 'refs/pull/7/head' }, ['ref', 'events']],
    ['semaphore', 'a debug job', { job_type: 'debug_job' }, ['job_type']],
    ['semaphore', 'another project', { prj_id: other }, ['project_id']],
    ['semaphore', 'another repository of the project', { repo_slug: 'mallory/ui' }, ['repository']],
    ['codefresh', 'a pull request', { scm_pull_request_target_branch: 'main' }, ['pull_requests']],
    ['codefresh', 'a pull request told oddly', { scm_pull_request_target_branch: null }, ['pull_requests']],
    ['codefresh', 'a fork', { scm_repo_url: 'https://github.com/mallory/ui' }, ['repository']],
    ['codefresh', 'another pipeline of that name', { pipeline_id: '64f447c02199f903000aa201' }, ['pipeline_id']],
    ['teamcity', 'a build that a person started', { trigger_type: 'user' }, ['events']],
    ['teamcity', 'a build configuration made anew', { build_type_internal_id: 'bt13' }, ['build_configuration_internal_id']],
    ['teamcity', 'another project of that id', { project_internal_id: 'project6' }, ['project_internal_id']],
    ['teamcity', 'another branch', { branch: 'refs/heads/main2' }, ['branch']],
    ['teamcity', 'a branch that is only called so', { branch: 'main' }, ['branch']],
    ['codefresh', 'a build that a person started', { initiator: 'mona' }, ['manual']],
    ['kubernetes', 'another namespace', inCluster({ namespace: 'ci2' }), ['namespace']],
    ['kubernetes', 'another account', inCluster({ serviceaccount: { name: 'default', uid: ids.project } }), ['service_account']],
    ['kubernetes', 'a recreated account', inCluster({ serviceaccount: { name: 'ui-release', uid: other } }), ['service_account_uid']],
    [
      'kubernetes',
      'an account in a list',
      inCluster({ serviceaccount: [{ name: 'ui-release' }] }),
      ['service_account', 'service_account_uid'],
    ],
    [
      'kubernetes',
      'a claim with dots in its name instead (CLM-63)',
      { 'kubernetes.io': null, 'kubernetes.io.namespace': 'ci' },
      ['namespace', 'service_account', 'service_account_uid'],
    ],
    [
      'kubernetes',
      'names that every object inherits (CLM-63)',
      inCluster({ serviceaccount: {} }),
      ['service_account', 'service_account_uid'],
    ],
    ['spiffe', 'another path', { sub: 'spiffe://acme.example/ci/ui-release/x' }, ['spiffe_id']],
    ['spiffe', 'another trust domain', { sub: 'spiffe://evil.example/ci/ui-release' }, ['spiffe_id']],
    ['aws', 'another account', { sub: 'arn:aws:iam::210987654321:role/ui-release' }, ['role']],
    [
      'aws',
      'another organization',
      { 'https://sts.amazonaws.com/': { org_id: 'o-zzzzzzzzzz', source_region: 'eu-central-1' } },
      ['organization_id'],
    ],
    ['activestate', 'another project', { project: 'icons', project_id: other }, ['project', 'project_id']],
    ['activestate', 'another account', { actor_id: other }, ['actor_id']],
    ['activestate', 'another builder', { builder: 'docker' }, ['builder']],
  ] as const)('%s: %s', (id, _, change, expected) => {
    expect(failures(id, change as JsonObject)).toEqual(expected);
  });

  test.each(Object.entries(publishers))(
    'POL-28 %s: its publisher is among those that its token is checked against, by the narrowest anchor',
    (id, stated) => {
      const provider = providerOf(id);
      const fields = new Map(Object.entries(stated).map(([key, value]) => [key, [value].flat()] as const));
      const keys = publisherKeys(provider, { fields })!;
      const own = tokenKeys(provider, assumeVerified('ci', fixtures[id]!));
      expect(keys.filter((key) => own.includes(key))).not.toEqual([]);
      expect(keys[0]).toContain(`${provider.anchor.at(-1)}=`);
    },
  );

  test('a publisher may name several contexts of which the job uses one (CLM-65)', () => {
    expect(failures('circleci', {}, { ...publishers['circleci'], context_ids: [other, ids.context] })).toEqual([]);
  });

  test('a Jenkins job is named by its own address, too, and a pull request never stands for a branch', () => {
    const own = 'https://ci.acme.example/job/acme/job/ui/';
    expect(failures('jenkins', { sub: own }, { job: own, branch: 'any' })).toEqual([]);
    const pull = 'https://ci.acme.example/job/acme/job/ui/job/PR-7/';
    expect(failures('jenkins', { sub: pull }, { job: own, branch: 'any' })).toEqual(['pull_requests']);
    expect(failures('jenkins', { sub: pull }, { job: own, branch: '*', pull_requests: 'any' })).toEqual([]);
  });
});

describe('the run', () => {
  const run = (id: string, change: JsonObject = {}): ReturnType<Provider['run']> =>
    providerOf(id).run(assumeVerified('ci', { ...fixtures[id], ...change }));

  test.each([
    [
      'buildkite',
      { anchor: 'acme/ui', ref: 'refs/tags/v1.0.0', run: '42', workflow: 'publish' },
      'https://buildkite.com/acme/ui/builds/42#0184990a-477b-4fa8-9968-496074483cee',
    ],
    [
      'circleci',
      { anchor: ids.project, ref: 'refs/tags/v1.0.0', run: ids.run },
      `https://app.circleci.com/workflow/${ids.run}/job/11111111-1111-4111-8111-111111111111`,
    ],
    ['bitbucket', { anchor: ids.project, ref: 'refs/heads/main', environment: ids.context }, undefined],
    ['azure-devops', { anchor: `${ids.project}/7`, ref: 'refs/tags/v1.0.0', run: '120' }, undefined],
    ['google', { anchor: 'ui-release@acme-ci.iam.gserviceaccount.com' }, undefined],
    [
      'forgejo',
      { anchor: 'acme/ui', actor: 'mona', workflow: 'release.yml', run: '900' },
      'https://git.acme.example/acme/ui/actions/runs/12',
    ],
    [
      'gitea',
      { anchor: 'acme/ui', actor: 'mona', workflow: 'release.yml', run: '900' },
      'https://git.acme.example/acme/ui/actions/runs/900',
    ],
    ['jenkins', { workflow: 'release/1.x', run: '42' }, 'https://ci.acme.example/job/acme/job/ui/job/release%252F1.x/42/'],
    ['semaphore', { anchor: 'acme/ui', ref: 'refs/tags/v1.0.0' }, `https://acme.semaphoreci.com/workflows/${ids.definition}`],
    ['codefresh', { anchor: 'acme/ui-release', actor: 'mona' }, 'https://g.codefresh.io/build/64f45974d5c7bfc2fbb64e95'],
    ['teamcity', { anchor: 'Acme_Ui_Publish', workflow: 'refs/heads/main' }, undefined],
    ['kubernetes', { anchor: 'ci/ui-release', workflow: 'ui-release-x7k2p' }, undefined],
    ['spiffe', { anchor: 'spiffe://acme.example/ci/ui-release' }, undefined],
    ['aws', { anchor: 'arn:aws:iam::123456789012:role/ui-release' }, undefined],
    ['activestate', { anchor: 'acme/ui', actor: 'mona' }, undefined],
  ] as const)('%s is told with what its token says, and its page where that can be known', (id, facts, runUrl) => {
    expect(run(id)).toMatchObject(facts);
    expect(run(id).runUrl).toBe(runUrl);
  });

  test('a Buildkite build without a tag is of its branch, whether the claim is null or empty', () => {
    for (const build_tag of [null, '']) expect(run('buildkite', { build_tag, build_branch: 'main' }).ref).toBe('refs/heads/main');
  });

  test.each([
    ['https://token.actions.githubusercontent.com', 'https://github.com'],
    ['https://token.actions.githubusercontent.com/acme-corp', 'https://github.com'],
    ['https://github.corp.example/_services/token', 'https://github.corp.example'],
    ['https://token.actions.acme.ghe.com', 'https://acme.ghe.com'],
    ['https://token.actions.acme.ghe.com/acme-corp', 'https://acme.ghe.com'],
  ])('a run of GitHub’s issuer %s is at %s', (iss, server) => {
    expect(run('github', { iss }).runUrl).toBe(`${server}/acme/ui/actions/runs/99`);
  });
});
