// Who publishes what in the made-up month.
import type { TestClaims } from '../../../test/support/claims.ts';

/** A workload that one of the policy's publishers trusts. */
export interface Workload {
  readonly weight: number;
  readonly publisher: string;
  readonly issuer: 'github' | 'gitlab' | 'jenkins';
  readonly registry: 'npm' | 'pypi';
  readonly packages: readonly string[];
  readonly anchor: string;
  readonly actors: readonly string[];
  readonly workflow?: string;
  readonly environment?: string;
  /** `v1.2.3` where its tags have a `v`; a branch otherwise. */
  readonly ref: 'v' | 'bare' | 'main';
  readonly client: string;
  /** Days before today from which on it publishes; the whole month unless said. */
  readonly from?: number;
  readonly until?: number;
}

const [ada, grace, linus, margaret] = ['ada-l', 'grace-h', 'linus-p', 'mhamilton'] as const;
const npm12 = 'npm/12.2.0 node/v24.21.0 linux x64 workspaces/false ci/github-actions';
const pnpm = 'pnpm/11.4.0 npm/? node/v24.21.0 linux x64';
const uv = 'uv/0.11.3 {"installer":{"name":"uv"}}';
const twine = 'twine/6.2.0 requests/2.32.5 CPython/3.13.9';

export const workloads: readonly Workload[] = [
  {
    weight: 9,
    publisher: 'ui-release',
    issuer: 'github',
    registry: 'npm',
    packages: ['@acme/ui', '@acme/ui-kit', '@acme/ui-forms'],
    anchor: 'acme/ui',
    actors: [ada, grace, linus],
    workflow: 'release.yml',
    environment: 'production',
    ref: 'v',
    client: npm12,
  },
  {
    weight: 3,
    publisher: 'ui-release',
    issuer: 'github',
    registry: 'pypi',
    packages: ['acme-ui'],
    anchor: 'acme/ui',
    actors: [ada, grace],
    workflow: 'release.yml',
    environment: 'production',
    ref: 'v',
    client: uv,
  },
  {
    weight: 10,
    publisher: 'ui-canary',
    issuer: 'github',
    registry: 'npm',
    packages: ['@acme/ui-canary'],
    anchor: 'acme/ui',
    actors: [ada, grace, linus, margaret],
    workflow: 'canary.yml',
    ref: 'main',
    client: npm12,
  },
  {
    weight: 5,
    publisher: 'tools',
    issuer: 'gitlab',
    registry: 'pypi',
    packages: ['acme-tools'],
    anchor: 'acme/tools',
    actors: [margaret, linus],
    environment: 'release',
    ref: 'bare',
    client: twine,
  },
  {
    weight: 5,
    publisher: 'icons',
    issuer: 'github',
    registry: 'npm',
    packages: ['@acme/icons', '@acme/icons-react'],
    anchor: 'acme/icons',
    actors: [grace, 'iris-v'],
    workflow: 'release.yml',
    ref: 'v',
    client: pnpm,
    from: 17,
  },
  {
    weight: 3,
    publisher: 'charts',
    issuer: 'github',
    registry: 'npm',
    packages: ['@acme/charts'],
    anchor: 'acme/charts',
    actors: [linus, 'iris-v'],
    workflow: 'publish.yml',
    ref: 'main',
    client: npm12,
    from: 20,
    until: 3,
  },
];

/** Somebody who still has a long-lived token. */
export interface Holder {
  readonly weight: number;
  readonly registry: 'npm' | 'pypi';
  readonly package: string;
  readonly client: string;
  readonly address: string;
  readonly until?: number;
}

const [oldNpm, yarn1] = ['npm/8.19.4 node/v16.20.2 linux x64', 'yarn/1.22.22 npm/? node/v18.20.4 linux x64'] as const;

/** Fewer by the week: the move goes on. */
export const holders: readonly Holder[] = [
  { weight: 4, registry: 'npm', package: '@acme/icons', client: oldNpm, address: '10.20.4.17', until: 18 },
  { weight: 2, registry: 'npm', package: '@acme/icons-react', client: oldNpm, address: '10.20.4.17', until: 18 },
  { weight: 3, registry: 'npm', package: '@acme/charts', client: yarn1, address: '10.20.4.31', until: 21 },
  { weight: 3, registry: 'npm', package: '@acme/forms', client: oldNpm, address: '10.20.4.17' },
  { weight: 2, registry: 'npm', package: '@acme/grid', client: oldNpm, address: '10.20.9.2' },
  { weight: 2, registry: 'npm', package: 'acme-cli', client: yarn1, address: '10.20.4.31' },
  { weight: 1, registry: 'npm', package: '@acme/i18n', client: oldNpm, address: '10.20.9.2' },
];

/** A job that is refused: what its identity token says, and for what it was shown. */
export interface Stranger {
  readonly weight: number;
  readonly registry: 'npm' | 'pypi';
  readonly package: string;
  readonly claims: TestClaims;
  readonly client: string;
}

const acme = { repository: 'acme/ui', repository_id: '4711', repository_owner_id: '12', environment: 'production' } as const;
const tag = 'refs/tags/v4.2.0';
const file = (repository: string, name: string, ref: string): { workflow_ref: string; ref: string } => ({
  workflow_ref: `${repository}/.github/workflows/${name}@${ref}`,
  ref,
});

export const strangers: readonly Stranger[] = [
  { weight: 6, registry: 'npm', package: '@acme/ui', client: npm12, claims: { ...acme, ...file('acme/ui', 'build.yml', tag) } },
  {
    weight: 4,
    registry: 'npm',
    package: '@acme/ui',
    client: npm12,
    claims: { ...acme, ...file('acme/ui', 'release.yml', 'refs/heads/main') },
  },
  {
    weight: 3,
    registry: 'npm',
    package: '@acme/ui-kit',
    client: npm12,
    claims: { ...acme, ...file('acme/ui', 'release.yml', tag), environment: undefined },
  },
  { weight: 2, registry: 'npm', package: '@acme/icons', client: npm12, claims: { ...acme, ...file('acme/ui', 'release.yml', tag) } },
  {
    weight: 4,
    registry: 'npm',
    package: '@acme/grid',
    client: npm12,
    claims: {
      repository: 'acme/grid',
      repository_id: '4790',
      repository_owner_id: '12',
      ...file('acme/grid', 'release.yml', 'refs/tags/v0.9.1'),
    },
  },
  {
    weight: 2,
    registry: 'npm',
    package: '@acme/ui',
    client: npm12,
    claims: { ...acme, repository: 'acme/fork', repository_id: '4899', ...file('acme/fork', 'release.yml', tag) },
  },
  {
    weight: 1,
    registry: 'npm',
    package: '@acme/ui',
    client: npm12,
    claims: { ...acme, repository_owner_id: '99', repository_id: '9120', ...file('acme/ui', 'release.yml', tag) },
  },
];
