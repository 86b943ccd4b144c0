// Twenty and more CI set-ups with one mistake each, as people made them. Those that concern the exchange meet the real
// proxy with tokens of the test issuers; the others are what `doctor` finds in the job.
import type { CiIssuer } from '../support/issuer.ts';
import type { Proxy } from '../support/proxy.ts';
import { uiJob } from '../support/ui-job.ts';
import type { JobFolder } from '../cli/job-folder.ts';
import type { Shown } from './case.ts';

/** What the jobs meet. */
export interface World {
  readonly proxy: Proxy;
  readonly github: CiIssuer;
  readonly gitlab: CiIssuer;
  readonly circleci: CiIssuer;
  /** Of GitHub's kind, and not in the policy. */
  readonly stranger: CiIssuer;
  /** An address that answers https with a certificate of its own authority. */
  readonly untrusted: string;
}

export interface BrokenJob extends Shown {
  readonly job: (world: World) => JobFolder | Promise<JobFolder>;
}

const manifest = { 'package.json': '{ "name": "@acme/ui", "version": "1.0.0" }' };
const npm = '@acme/ui';
const workflow = 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0';

/** A job of GitHub with these claims, which publishes @acme/ui from a folder in which everything is right. */
export function onGithub({ proxy, github }: World, claims: Record<string, unknown> = {}, more: JobFolder = {}): JobFolder {
  const { files, env, ...rest } = more;
  return {
    args: ['--url', proxy.url],
    ...rest,
    files: { ...manifest, '.npmrc': `registry=${proxy.url}\n`, ...files },
    env: { ...github.githubEnv({ ...uiJob, environment: 'production', ...claims }), ...env },
  };
}

/** The same of GitLab: one token for the whole job, in the variable that npm reads. */
function onGitlab({ proxy, gitlab }: World, claims: Record<string, unknown> = {}, env: Record<string, string> = {}): JobFolder {
  const token = gitlab.sign(
    gitlab.gitlabClaims({
      aud: 'npm:127.0.0.1',
      project_path: 'acme/tools/ui',
      namespace_id: '21',
      project_id: '34',
      environment: 'release',
      ref: 'v1.0.0',
      ref_type: 'tag',
      ...claims,
    }),
  );
  return {
    args: ['--url', proxy.url],
    files: { ...manifest, '.npmrc': `registry=${proxy.url}\n` },
    env: { CI: 'true', GITLAB_CI: 'true', NPM_ID_TOKEN: token, ...env },
  };
}

export const brokenJobs: readonly BrokenJob[] = [
  {
    title: 'The workflow file has another ending',
    met: 'B1 1',
    wrong: '# .github/workflows/release.yaml; the policy says release.yml',
    language: 'yaml',
    job: (world) => {
      const renamed = workflow.replace('.yml', '.yaml');
      return onGithub(world, { workflow_ref: renamed, job_workflow_ref: renamed });
    },
    cause: /expects workflow release\.yml; this job runs release\.yaml/,
    cure: /Rename the file, or change `workflow` of the publisher/,
  },
  {
    title: 'The job has no environment, and the publisher asks for one',
    met: 'B1 2',
    wrong: 'jobs:\n  publish:\n    permissions: { contents: read, id-token: write }',
    language: 'yaml',
    job: (world) => onGithub(world, { environment: undefined }),
    cause: /requires environment production; the token carries none/,
    cure: /Add `environment: production` to the job that publishes/,
  },
  {
    title: "GitLab's environment in another case",
    met: 'B1 2',
    wrong: 'publish:\n  environment: Release',
    language: 'yaml',
    job: (world) => onGitlab(world, { environment: 'Release' }),
    cause: /requires environment release; this job uses Release/,
    cure: /Use that environment in the job that publishes, or\s+change\s+`environment`/,
  },
  {
    title: 'The job is defined in a reusable workflow',
    met: 'B1 3',
    wrong: 'jobs:\n  publish:\n    uses: acme/ci/.github/workflows/publish.yml@v2',
    language: 'yaml',
    job: (world) => onGithub(world, { job_workflow_ref: 'acme/ci/.github/workflows/publish.yml@refs/tags/v2' }),
    cause: /The job is defined in the reusable workflow acme\/ci\/\.github\/workflows\/publish\.yml@refs\/tags\/v2/,
    cure: /Add `called_workflow: acme\/ci\/\.github\/workflows\/publish\.yml@refs\/tags\/v2` to the publisher/,
  },
  {
    title: 'The job may not ask for an identity token',
    met: 'B1 4',
    wrong: 'jobs:\n  publish:\n    runs-on: ubuntu-latest',
    language: 'yaml',
    job: (world) => ({ ...onGithub(world), env: { CI: 'true', GITHUB_ACTIONS: 'true' } }),
    cause: /no identity token for audience npm:127\.0\.0\.1/,
    cure: /permissions: # of the job\n\s+contents: read\n\s+id-token: write/,
  },
  {
    title: 'npm is too old, and says ENEEDAUTH',
    met: 'B1 5',
    wrong: '- uses: actions/setup-node@v6\n  with: { node-version: 22 }   # npm 10',
    language: 'yaml',
    job: (world) => onGithub(world, {}, { programs: { npm: '10.9.2' } }),
    cause: /npm 10\.9\.2, needs 11\.5\.1 or newer/,
    cure: /npm install -g npm@\^11\.5\.1/,
  },
  {
    title: 'setup-node wrote its placeholder',
    met: 'B1 6',
    wrong: '- uses: actions/setup-node@v6\n  with: { node-version: 24, registry-url: "https://npm.acme.example/" }',
    language: 'yaml',
    job: (world) => onGithub(world, {}, { env: { NODE_AUTH_TOKEN: 'XXXXX-XXXXX-XXXXX-XXXXX' } }),
    cause: /NODE_AUTH_TOKEN is the placeholder of actions\/setup-node/,
    cure: /actions\/setup-node: without registry-url/,
  },
  {
    title: 'Yarn 1',
    met: 'B1 9',
    wrong: '{ "name": "@acme/ui", "packageManager": "yarn@1.22.22" }',
    language: 'json',
    job: (world) =>
      onGithub(
        world,
        {},
        { files: { 'package.json': '{ "name": "@acme/ui", "packageManager": "yarn@1.22.22" }' }, programs: { yarn: '1.22.22' } },
      ),
    cause: /yarn 1\.22\.22, needs 4\.0\.0 or newer/,
    cure: /corepack prepare yarn@4 --activate/,
  },
  {
    title: 'twine, which knows no trusted publishing elsewhere',
    met: 'B1 9',
    wrong: 'twine upload dist/*',
    language: 'sh',
    job: (world) =>
      onGithub(
        world,
        {},
        {
          files: { 'pyproject.toml': '' },
          programs: { twine: 'twine version 6.2.0' },
          args: ['--url', `${world.proxy.url}py/`, '--client', 'twine'],
        },
      ),
    cause: /twine 6\.2\.0/,
    cure: /TWINE_PASSWORD="\$\(countersign mint --url \S+\)"/,
  },
  {
    title: 'The repository was renamed',
    met: 'B1 10',
    wrong: '# github.com/acme/ui is github.com/acme/design-system now',
    language: 'yaml',
    job: (world) => {
      const renamed = workflow.replace('acme/ui', 'acme/design-system');
      return onGithub(world, { repository: 'acme/design-system', workflow_ref: renamed, job_workflow_ref: renamed });
    },
    cause: /Publisher ui-release knows this repository, by its id, as acme\/ui; the token says acme\/design-system/,
    cure: /change `repository:` to acme\/design-system/,
  },
  {
    title: 'No publisher names this repository',
    met: 'B1 10',
    wrong: '# a job of acme/website; no publisher has repository: acme/website',
    language: 'yaml',
    job: (world) => {
      const other = workflow.replace('acme/ui', 'acme/website');
      return onGithub(world, { repository: 'acme/website', repository_id: '777', workflow_ref: other, job_workflow_ref: other });
    },
    cause: /No trusted publisher lets acme\/website publish @acme\/ui/,
    cure: /An administrator can add one to the policy file/,
  },
  {
    title: 'Somebody took over the name of the owner',
    met: 'B1 10',
    wrong: '# acme was renamed; somebody else registered acme and made a repository ui',
    language: 'yaml',
    job: (world) => onGithub(world, { repository_owner_id: '666', repository_id: '6660' }),
    cause: /acme\/ui belongs to owner id 666, which is not the one that publisher ui-release was made for/,
    cure: /If you moved it, an administrator can update `repository_owner_id`/,
  },
  {
    title: 'Another package of the monorepo',
    met: 'B1 11',
    wrong: '{ "name": "@acme/icons" }',
    language: 'json',
    job: (world) => onGithub(world, {}, { files: { 'package.json': '{ "name": "@acme/icons" }' } }),
    cause: /acme\/ui may publish @acme\/ui, not @acme\/icons/,
    cure: /Add @acme\/icons to publisher ui-release, or give it its own publisher/,
  },
  {
    title: 'A self-managed CI that the policy does not list',
    met: 'B1 12, 18',
    wrong: 'issuers:\n  github: {}\n  gitlab: { … }',
    language: 'yaml',
    job: (world) => ({ ...onGithub(world), env: world.stranger.githubEnv({ ...uiJob, environment: 'production' }) }),
    cause: /Issuer http:\S+ is not one that this proxy trusts/,
    cure: /An administrator has to list self-managed servers under `issuers:`/,
  },
  {
    title: 'The issuer with a slash at its end',
    met: 'B1 12',
    wrong: 'issuers:\n  github: { issuer: "https://token.ghe.acme.example" }   # the tokens say …/',
    language: 'yaml',
    job: (world) => {
      const claims = { ...uiJob, environment: 'production', aud: 'npm:127.0.0.1', iss: `${world.github.issuer}/` };
      const env = { GITHUB_ACTIONS: 'true', COUNTERSIGN_ID_TOKEN: world.github.sign(world.github.githubClaims(claims)) };
      return { ...onGithub(world), env };
    },
    cause: /differs from a trusted one only by the final slash; they are different issuers/,
    cure: /write `issuer:` exactly as the token does/,
  },
  {
    title: 'A CircleCI job that was started again with SSH',
    met: 'B1 13',
    wrong: '# CircleCI: Rerun job with SSH',
    language: 'yaml',
    job: ({ proxy, circleci }) => ({
      args: ['--url', proxy.url],
      files: { ...manifest, '.npmrc': `registry=${proxy.url}\n` },
      env: {
        CI: 'true',
        CIRCLECI: 'true',
        COUNTERSIGN_ID_TOKEN: circleci.sign({ ...circleci.circleciClaims({ 'oidc.circleci.com/ssh-rerun': true }), aud: 'npm:127.0.0.1' }),
      },
    }),
    cause: /expects `ssh_rerun` false; the token has true/,
    cure: /Change the job \(start it again without SSH\)/,
  },
  {
    title: "GitLab's id_tokens at the wrong level",
    met: 'B1 15',
    wrong: 'publish:\n  variables:\n    id_tokens: { NPM_ID_TOKEN: { aud: "npm:npm.acme.example" } }\n  script: [npm publish]',
    language: 'yaml',
    job: (world) => ({ ...onGitlab(world), env: { CI: 'true', GITLAB_CI: 'true' } }),
    cause: /no identity token for audience npm:127\.0\.0\.1/,
    cure: /id_tokens: # in the job, beside script:\n\s+NPM_ID_TOKEN: \{ aud: "npm:127\.0\.0\.1" \}/,
  },
  {
    title: "GitLab's token for another audience",
    met: 'B1 15',
    wrong: 'publish:\n  id_tokens:\n    NPM_ID_TOKEN: { aud: "https://npm.acme.example" }',
    language: 'yaml',
    job: (world) => onGitlab(world, { aud: 'https://npm.acme.example' }),
    cause: /the token is for https:\/\/npm\.acme\.example, the exchange expects npm:127\.0\.0\.1/,
    cure: /NPM_ID_TOKEN: \{ aud: "npm:127\.0\.0\.1" \}/,
  },
  {
    title: 'From a branch, where tags publish',
    met: 'more',
    wrong: 'on:\n  push: { branches: [main] }',
    language: 'yaml',
    job: (world) => {
      const onMain = workflow.replace('refs/tags/v1.0.0', 'refs/heads/main');
      return onGithub(world, { ref: 'refs/heads/main', ref_type: 'branch', workflow_ref: onMain, job_workflow_ref: onMain });
    },
    cause: /allows refs refs\/tags\/v\*; this run is on refs\/heads\/main/,
    cure: /Publish from an allowed ref, or change the publisher/,
  },
  {
    title: 'On a schedule',
    met: 'more',
    wrong: 'on:\n  schedule: [{ cron: "0 3 * * *" }]',
    language: 'yaml',
    job: (world) => onGithub(world, { event_name: 'schedule' }),
    cause: /Runs started by schedule may not publish; publisher ui-release allows push, release, workflow_dispatch/,
    cure: /Start the run by one of these, or list the event under `events:`/,
  },
  {
    title: 'A registry with a path, without a slash at its end',
    met: 'B1 5',
    wrong: 'registry=https://npm.acme.example/npm/team',
    language: 'ini',
    job: (world) =>
      onGithub(world, {}, { args: ['--url', `${world.proxy.url}npm/team/`], files: { '.npmrc': `registry=${world.proxy.url}npm/team\n` } }),
    cause: /registry in \.npmrc does not end with a slash/,
    cure: /registry=\S+\/npm\/team\/$/m,
  },
  {
    title: "A scope's registry with a path",
    met: 'B1 5',
    wrong: '@acme:registry=https://npm.acme.example/npm/team/',
    language: 'ini',
    job: (world) =>
      onGithub(
        world,
        {},
        { args: ['--url', `${world.proxy.url}npm/team/`], files: { '.npmrc': `@acme:registry=${world.proxy.url}npm/team/\n` } },
      ),
    cause: /@acme:registry in \.npmrc has a path[^]*npm then sends the exchange without the identity token/,
    cure: /registry=\S+\/npm\/team\/$/m,
  },
  {
    title: 'An old token in .npmrc',
    met: 'B1 6',
    wrong: 'registry=https://npm.acme.example/\n//npm.acme.example/:_authToken=…',
    language: 'ini',
    job: (world) =>
      onGithub(world, {}, { files: { '.npmrc': `registry=${world.proxy.url}\n//${world.proxy.host}/:_authToken=an-old-token\n` } }),
    cause: /holds a static token\n\s+When the exchange is refused the client takes it without a word/,
    cure: /# remove from \.npmrc: \/\/127\.0\.0\.1:\d+\/:_authToken/,
  },
  {
    title: 'An identity token that was used before',
    met: 'more',
    wrong: 'NPM_ID_TOKEN=…   # of the first try, kept in a variable',
    language: 'sh',
    job: async (world) => {
      const token = world.github.sign(world.github.githubClaims({ ...uiJob, environment: 'production', aud: 'npm:127.0.0.1' }));
      const exchange = `${world.proxy.url}-/npm/v1/oidc/token/exchange/package/${npm.replace('/', '%2f')}`;
      await fetch(exchange, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      return { ...onGithub(world), env: { GITHUB_ACTIONS: 'true', COUNTERSIGN_ID_TOKEN: token } };
    },
    cause: /This identity token was already exchanged for this package/,
    cure: /Ask the CI for a new identity token for each exchange/,
  },
  {
    title: 'A certificate that the job does not trust',
    met: 'B1 18',
    wrong: 'countersign doctor --url https://npm.acme.internal/   # its certificate is of the company',
    language: 'sh',
    job: (world) => onGithub(world, {}, { args: ['--url', world.untrusted], files: { '.npmrc': `registry=${world.untrusted}\n` } }),
    cause: /its certificate is not trusted/,
    cure: /NODE_EXTRA_CA_CERTS=/,
  },
];
