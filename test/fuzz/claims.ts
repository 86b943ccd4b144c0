// Random policies and claim sets: `match` grants exactly what a plain reading of the rules grants.
import * as fc from 'fast-check';
import { assumeVerified } from '../../src/core/claims.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { match } from '../../src/core/match.ts';
import type { PackageName, PackagePattern } from '../../src/core/package-name.ts';
import type { TrustedPublisher } from '../../src/core/publisher.ts';
import { compile, providers } from '../../src/providers/index.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { rulesOf, type From, type ProviderId } from './plain-rules.ts';

interface Publisher {
  readonly issuer: string;
  readonly from: From;
  readonly publish: Readonly<Record<string, readonly string[]>>;
}

interface Case {
  readonly provider: ProviderId;
  readonly publishers: readonly Publisher[];
  readonly issuer: string;
  readonly claims: JsonObject;
  readonly registries: readonly string[];
  readonly package: string | undefined;
}

const kelvin = '\u212a';
const repositories = ['acme/kit', 'Acme/Kit', `acme/${kelvin}it`, 'acme/kit2', 'evil/kit', 'acme/tools/kit'];
const tag = 'refs/tags/v1';
const refs = ['refs/tags/v1/x', 'refs/heads/main', 'refs/heads/v1@refs/tags/v1', 'refs/tags/release@v1'];
const odd: fc.Arbitrary<unknown> = fc.constantFrom(
  '',
  null,
  5,
  true,
  false,
  ['11'],
  ['acme/kit'],
  {},
  'any',
  '*',
  '11 ',
  '011',
  'refs/tags/v*',
  1.5,
);

/** The first mostly, so that whole sets fit. */
const mostly = <T>(first: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(first) }, { weight: 3, arbitrary: fc.constantFrom(first, ...others) });
/** A claim: mostly the one that fits, sometimes another, sometimes none at all, sometimes of a kind that no claim should be. */
const one = (first: unknown, ...others: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 24, arbitrary: mostly(first, ...others) },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: odd },
  );
const few = <T>(first: T, ...others: readonly T[]): fc.Arbitrary<T[]> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<T[]>([first]) },
    { weight: 2, arbitrary: fc.uniqueArray(fc.constantFrom(first, ...others), { minLength: 1, maxLength: 2 }) },
  );
/** A condition: not stated, `any`, or values. */
const stated = (first: string, ...others: readonly string[]): fc.Arbitrary<From['fields'][string]> =>
  fc.oneof(fc.constant(undefined), fc.constant('any' as const), few(first, ...others));
const must = (first: string, ...others: readonly string[]): fc.Arbitrary<From['fields'][string]> =>
  fc.oneof(fc.constant('any' as const), few(first, ...others));

const release = '.github/workflows/release.yml';
const files = ['.github/workflows/other.yaml', '.github/workflows/sub/release.yml', 'release.yml', '.github/workflows/*.yml'];
const workflowRef = fc
  .tuple(mostly('acme/kit', 'Acme/Kit', `acme/${kelvin}it`, 'ci/shared'), mostly(release, ...files), mostly(tag, ...refs))
  .map(([repository, file, ref]) => `${repository}/${file}@${ref}`);
const commit = 'a'.repeat(40);

const github = {
  claims: fc
    .record({
      repository: one('acme/kit', ...repositories),
      repository_owner_id: one('11', '11', '12'),
      repository_id: one('101', '101', '102'),
      workflow_ref: fc.oneof({ weight: 20, arbitrary: workflowRef }, { weight: 1, arbitrary: odd }),
      job_workflow_ref: fc.oneof({ weight: 12, arbitrary: fc.constant('as the caller') }, { weight: 3, arbitrary: workflowRef }, { weight: 1, arbitrary: odd }),
      job_workflow_sha: one(commit, 'b'.repeat(40)),
      ref: one(tag, ...refs),
      environment: one('production', 'Production', 'prod'),
      event_name: one('push', 'push', 'release', 'pull_request', 'pull_request_target', 'schedule'),
      ref_protected: one('true', true, 'false'),
      runner_environment: one('github-hosted', 'self-hosted'),
      repository_visibility: one('private', 'public'),
      actor_id: one('7', '8'),
    })
    .map((claims) => (claims.job_workflow_ref === 'as the caller' ? { ...claims, job_workflow_ref: claims.workflow_ref } : claims)),
  fields: fc.record({
    repository: few('acme/kit', 'ACME/kit', 'acme/kit2'),
    repository_owner_id: must('11', '12'),
    repository_id: stated('101', '102'),
    workflow: must('release.yml', 'other.yaml'),
    called_workflow: fc.oneof(fc.constant(undefined), fc.constant(undefined), few(`ci/shared/${release}@refs/tags/v*`, `acme/kit/${release}@${commit}`)),
    environment: must('production', 'PROD'),
    ref: must('refs/tags/v*', 'refs/**', 'refs/heads/main', 'refs/tags/*@v*'),
    ref_protected: stated('true'),
    runner_environment: stated('github-hosted'),
    repository_visibility: stated('private'),
    actor_id: stated('7'),
  }),
  events: fc.oneof(fc.constant(undefined), few('push', 'pull_request', 'pull_request_target', 'schedule')),
}; // prettier-ignore

const gitlab = {
  claims: fc.record({
    iss: one('https://gitlab.example', 'https://gitlab.example', 'https://other.example'),
    project_path: one('acme/tools/kit', 'Acme/tools/Kit', `acme/tools/${kelvin}it`),
    namespace_id: one('11', 11, '12'),
    project_id: one('101', 101, '102'),
    job_project_id: fc.oneof(fc.constant(undefined), one('101', 101, '666')),
    ref: one('v1', 'v1', 'main', 'v1/x', 'main@refs/tags/v1'),
    ref_type: one('tag', 'tag', 'branch', 'mr'),
    ref_path: fc.oneof(fc.constant(undefined), one('refs/tags/v1', 'refs/heads/main')),
    ci_config_ref_uri: fc
      .tuple(mostly('acme/tools/kit', 'evil/kit'), mostly('.gitlab-ci.yml', 'ci/release.yml', 'x.txt'), mostly(tag, 'refs/heads/main'))
      .map(([project, file, ref]) => `gitlab.example/${project}//${file}@${ref}`),
    environment: one('production', 'Production', 'prod'),
    pipeline_source: one('push', 'push', 'web', 'merge_request_event', 'schedule'),
    ref_protected: one('true', true, 'false', false),
    environment_protected: one('true', 'false'),
    runner_environment: one('self-hosted', 'gitlab-hosted'),
  }),
  fields: fc.record({
    project_path: few('acme/tools/kit', 'ACME/tools/kit', 'acme/kit'),
    namespace_id: must('11', '12'),
    project_id: stated('101', '102'),
    job_project_id: fc.oneof(fc.constant(undefined), few('101', '666')),
    ci_file: stated('.gitlab-ci.yml', 'ci/release.yml'),
    environment: must('production'),
    ref: must('refs/tags/v*', 'refs/heads/*', 'refs/**'),
    ref_protected: stated('true'),
    environment_protected: stated('true'),
    runner_environment: stated('self-hosted'),
  }),
  events: fc.oneof(fc.constant(undefined), few('push', 'web', 'merge_request_event', 'schedule')),
}; // prettier-ignore

const generic = {
  claims: fc.record({ sub: one('job/a', 'job/b', 'job/a/b', 'x'), team: one('t', 't', 5, true, '5', 'true'), groups: one(['g', 'h'], ['g'], 'g', ['G']) }),
  fields: fc.constant({}),
  events: fc.constant(undefined),
  free: fc.array(
    fc.record({
      name: fc.constantFrom('sub', 'team', 'groups', 'constructor'),
      kind: fc.constantFrom('equals' as const, 'glob' as const, 'contains' as const),
      value: fc.constantFrom('job/a', 'job/*', 'job/**', '**', 't', '5', 'true', 'g'),
      anchor: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
}; // prettier-ignore

const packages = fc.uniqueArray(fc.constantFrom('@acme/kit', '@acme/*', 'acme-*', 'acme-kit', '@acme/kit-*', 'a*t'), {
  minLength: 1,
  maxLength: 4,
});
const registries = few('npm', 'other');

function casesOf(provider: ProviderId, { claims, fields, events, free }: { claims: fc.Arbitrary<object>; fields: fc.Arbitrary<object>; events: fc.Arbitrary<string[] | undefined>; free?: fc.Arbitrary<object[]> }): fc.Arbitrary<Case> {
  const from = fc.record({ fields, events, claims: free ?? fc.constant(undefined) }) as fc.Arbitrary<From>;
  const publisher = fc.record({ issuer: mostly('ci', 'elsewhere'), from, publish: fc.record({ npm: packages, other: packages }) });
  return fc.record({
    provider: fc.constant(provider),
    publishers: fc.array(publisher, { minLength: 1, maxLength: 4 }),
    issuer: mostly('ci', 'elsewhere'),
    claims: claims.map((set): JsonObject => Object.fromEntries(Object.entries<Json>(set as JsonObject).filter(([, value]) => value !== undefined))),
    registries,
    package: mostly<string | undefined>('@acme/kit', undefined, '@acme/kit-x', 'acme-kit', 'acme-', 'victim', '@acme/kit/x'),
  });
} // prettier-ignore

const cases = fc.oneof(
  { weight: 4, arbitrary: casesOf('github', github) },
  { weight: 3, arbitrary: casesOf('gitlab', gitlab) },
  { weight: 2, arbitrary: casesOf('generic', generic) },
);

/** What our code grants, as lines. */
function granted(one: Case): string[] {
  const provider = providers.find(({ id }) => id === one.provider);
  if (provider === undefined) throw new Error(`no provider ${one.provider}`);
  const compiled = one.publishers.map(({ issuer, from, publish }, i): TrustedPublisher => {
    const entries = Object.entries(from.fields).filter((entry): entry is [string, 'any' | string[]] => entry[1] !== undefined);
    const { events, claims } = from;
    const conditions = {
      fields: new Map(entries),
      ...(events === undefined ? {} : { events }),
      ...(claims === undefined ? {} : { claims }),
    };
    return {
      name: `p${i}`,
      issuer,
      from: conditions,
      publish: new Map(Object.entries(publish)) as unknown as ReadonlyMap<string, readonly PackagePattern[]>,
      allow: ['publish'],
      create: false,
      ttl: 900,
      place: { file: 'policy.yaml', line: 1, column: 1 },
      check: compile(provider, conditions),
    };
  });
  const asked = { registries: one.registries, ...(one.package === undefined ? {} : { package: one.package as PackageName }) };
  const decision = match(compiled, assumeVerified(one.issuer, one.claims), asked, 'anchor');
  return decision.ok ? decision.grants.map((grant) => `${grant.publisher} ${grant.registry} ${grant.packages.join()}`).toSorted() : [];
}

/** What the rules say, as lines. */
function expected(one: Case): string[] {
  const lines = one.publishers.flatMap(({ issuer, from, publish }, i) => {
    if (issuer !== one.issuer || !rulesOf(one.provider, from, one.claims)) return [];
    return one.registries.flatMap((registry) => {
      const entries = publish[registry] ?? [];
      const wanted = one.package;
      const list = wanted === undefined ? entries : entries.some((entry) => plainGlob(entry).test(wanted)) ? [wanted] : [];
      return list.length === 0 ? [] : [`p${i} ${registry} ${list.join()}`];
    });
  });
  return lines.toSorted();
}

function plainGlob(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll(/[^\w*]/g, String.raw`\$&`).replaceAll('*', '[^/]*')}$`);
}

export const claims: Fuzzer = {
  name: 'claims',
  full: { cases: 10_000 },
  run: (effort: Effort): Promise<Outcome> =>
    explore('claims', effort, cases, (one) => {
      const [ours, rules] = [granted(one), expected(one)];
      if (ours.join('\n') !== rules.join('\n'))
        throw new Error(`granted ${JSON.stringify(ours)}, the rules grant ${JSON.stringify(rules)}`);
      return ours.length > 0;
    }),
};
