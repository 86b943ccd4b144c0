// Which CI the job runs on, and what it has to say there to get an identity token. Variables and keys as each CI documents
// them; the pages under docs/ci/ have whole jobs.
import { ownVariable } from '../identity/variable.ts';

export interface Ci {
  readonly title: string;
  readonly here: (env: NodeJS.ProcessEnv) => boolean;
  /** Ecosystems whose clients find the identity token here by themselves. */
  readonly native: readonly ('npm' | 'pypi')[];
  /** What the job lacks when it has no identity token for this audience in this variable. */
  readonly lines: (audience: string, variable: string) => readonly string[];
}

const both = ['npm', 'pypi'] as const;
const permissions = (): readonly string[] => ['permissions: # of the job', '  contents: read', '  id-token: write'];

/** Where the job fetches the token itself and hands it on. */
const exported = (token: string) => (): readonly string[] => [`export ${ownVariable}="${token}"`];
const elsewhere = (): readonly string[] => [`export ${ownVariable}=…   # docs/ci/other.md`];

/** The first that is here is meant: Forgejo and Gitea set GitHub's variables as well. */
export const cis: readonly Ci[] = [
  { title: 'Forgejo Actions', here: is('FORGEJO_ACTIONS'), native: both, lines: () => ['enable-openid-connect: true # of the job'] },
  { title: 'Gitea Actions', here: is('GITEA_ACTIONS'), native: both, lines: permissions },
  { title: 'GitHub Actions', here: is('GITHUB_ACTIONS'), native: both, lines: permissions },
  {
    title: 'GitLab CI',
    here: is('GITLAB_CI'),
    native: both,
    lines: (audience, variable) => ['id_tokens: # in the job, beside script:', `  ${variable}: { aud: "${audience}" }`],
  },
  {
    title: 'CircleCI',
    here: is('CIRCLECI'),
    native: ['npm'],
    lines: (audience, variable) => [`export ${variable}="$(circleci run oidc get --root-issuer --claims '{"aud":"${audience}"}')"`],
  },
  {
    title: 'Buildkite',
    here: is('BUILDKITE'),
    native: [],
    lines: (audience) => exported(`$(buildkite-agent oidc request-token --audience '${audience}')`)(),
  },
  {
    title: 'Bitbucket Pipelines',
    here: has('BITBUCKET_BUILD_NUMBER'),
    native: [],
    lines: () => ['oidc: true', 'script:', `  - export ${ownVariable}="$BITBUCKET_STEP_OIDC_TOKEN"`],
  },
  { title: 'Semaphore', here: is('SEMAPHORE'), native: [], lines: exported('$SEMAPHORE_OIDC_TOKEN') },
  { title: 'Azure Pipelines', here: has('TF_BUILD'), native: [], lines: elsewhere },
  { title: 'Jenkins', here: has('JENKINS_URL'), native: [], lines: elsewhere },
  { title: 'TeamCity', here: has('TEAMCITY_VERSION'), native: [], lines: elsewhere },
  { title: 'Codefresh', here: has('CF_BUILD_ID'), native: [], lines: elsewhere },
];

/** The CI of this job; undefined when it is none of them. */
export function ciOf(env: NodeJS.ProcessEnv): Ci | undefined {
  return cis.find((ci) => ci.here(env));
}

function is(name: string): Ci['here'] {
  return (env) => env[name] === 'true';
}

function has(name: string): Ci['here'] {
  return (env) => env[name] !== undefined && env[name] !== '';
}
