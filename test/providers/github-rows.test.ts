// Rows of the catalogue about who may publish: policies as they are written, against the claims of jobs that came close.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideFor, explain } from '../../src/cli/explain.ts';
import { outcomeOf } from '../../src/cli/policy-tests/judge.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { assumeVerified } from '../../src/core/claims.ts';
import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import { match, type Decision } from '../../src/core/match.ts';
import { providers } from '../../src/providers/index.ts';
import { fakeTerminal, written } from '../cli/fake-terminal.ts';
import { load, loaded, said, unpinned as base, unpinnedPolicy as basePolicy } from '../config/policy-file.ts';
import { circleciClaims } from '../support/claims.ts';
import { githubClaims as documented } from './claims.ts';

/** The documented token, of the owner that the policies of these tests pin. */
const claims: JsonObject = { ...documented, repository_owner_id: '12' };
const of = (repository: string, ref = 'refs/tags/v1.0.0', file = 'release.yml'): JsonObject => {
  const workflow = `${repository}/.github/workflows/${file}@${ref}`;
  return { repository, ref, workflow_ref: workflow, job_workflow_ref: workflow };
};
const environment = 'environment: production';

function decide({ publishers, issuers }: Configuration, change: JsonObject = {}, name = '@acme/ui', issuer = 'github'): Decision {
  const registry = { registries: ['npm'] };
  const asked = name === '' ? registry : { ...registry, package: name as never };
  const all = assumeVerified(issuer, { ...claims, ...change });
  return match(publishers, all, asked, issuers.get(issuer)?.provider.anchorText(all) ?? '');
}

/** `granted`, or the code of the refusal. */
const verdict = (...call: Parameters<typeof decide>): string => {
  const decision = decide(...call);
  return decision.ok ? 'granted' : decision.refusal.code;
};
/** The base's publisher with lines more under `from:`. */
const with_ = (...lines: string[]): Promise<Configuration> => loaded(basePolicy(environment, environment, ...lines));
/** The base with another publisher of this name below it. */
const beside = (name: string, packages: string, instead = environment): Promise<Configuration> => {
  const second = base.slice(base.indexOf('  - name: ui-release')).replace('ui-release', name).replace(environment, instead);
  return loaded(`${base}${second.replace('["@acme/ui", "@acme/ui-*"]', packages)}`);
};

describe('GitHub, from the policy file to the decision', () => {
  test('the job that the policy is for is granted', async () => expect(verdict(await loaded(base))).toBe('granted'));

  test('CLM-04 a renamed repository with the same ids is refused, and told that it was renamed', async () => {
    const pinned = await with_('repository_id: 101');
    expect(verdict(pinned)).toBe('granted');
    expect(verdict(pinned, of('acme/renamed'))).toBe('publisher-renamed');
    expect(verdict(await loaded(base), of('acme/renamed'))).toBe('publisher-none');
  });

  test.each([
    [
      'CLM-08 a name that looks like the preview form of sub',
      { ...of('acme-12/ui-101'), repository_owner_id: '666', sub: 'repo:acme-12/ui-101:ref:refs/tags/v1.0.0' },
      'publisher-none',
    ],
    [
      'CLM-08 the same sub, claimed by another owner',
      { repository_owner_id: '666', sub: 'repo:acme@12/ui@101:ref:refs/tags/v1.0.0' },
      'publisher-owner-id',
    ],
    ['CLM-19 another workflow that a branch renamed to release.yml', of('acme/ui', 'refs/heads/evil'), 'publisher-ref'],
    ['CLM-21 workflow_run', { event_name: 'workflow_run' }, 'publisher-event'],
    [
      'CLM-35 a fork that names its parent in head_ref and base_ref',
      { ...of('evil/ui'), head_ref: 'acme/ui', base_ref: 'acme/ui' },
      'publisher-none',
    ],
    ['CLM-35 a fork whose owner took the name', { repository_owner_id: '666' }, 'publisher-owner-id'],
    ['POL-15 an environment with a line break behind it', { environment: 'production\n' }, 'publisher-environment'],
    ['POL-15 a repository with a line break behind it', { repository: 'acme/ui\n' }, 'publisher-none'],
  ])('%s', async (_, change, expected) => {
    expect(verdict(await loaded(base), change)).toBe(expected);
  });

  test('CLM-21 workflow_run counts only where it is listed, and is warned of', async () => {
    const policy = basePolicy(environment, environment, 'events: [workflow_run]');
    expect(said(await load(policy)).join('\n')).toContain('warning workflow_run is dangerous');
    const configuration = await loaded(policy);
    expect(verdict(configuration, { event_name: 'workflow_run' })).toBe('granted');
    expect(verdict(configuration)).toBe('publisher-event');
  });

  test('CLM-29 without a constraint on the environment a job with one is granted, and the record says which it was', async () => {
    const any = await loaded(basePolicy(environment, 'environment: any'));
    expect(verdict(any)).toBe('granted');
    expect(verdict(any, { environment: '' })).toBe('granted');
    expect(providers[0]?.run(assumeVerified('github', claims)).environment).toBe('production');
  });

  test('CLM-30 of two that match one package both are named, in the order of the file', async () => {
    const two = await beside('ui-anywhere', '["@acme/ui"]', 'environment: any');
    const names = (change: JsonObject): string[] => {
      const decision = decide(two, change);
      return decision.ok ? decision.publishers.map(({ name }) => name) : [];
    };
    expect(names({})).toEqual(['ui-release', 'ui-anywhere']);
    expect(names({ environment: '' })).toEqual(['ui-anywhere']);
  });

  test('CLM-31 two that match with different packages add up, cut down to what was asked for', async () => {
    const two = await beside('icons', '["@acme/icons"]');
    const packages = (name: string): string[] => {
      const decision = decide(two, {}, name);
      return decision.ok ? decision.grants.flatMap((grant) => grant.packages) : [];
    };
    expect(packages('@acme/icons')).toEqual(['@acme/icons']);
    expect(packages('@acme/ui-kit')).toEqual(['@acme/ui-kit']);
    expect(packages('@acme/other')).toEqual([]);
    expect(packages('')).toEqual(['@acme/ui', '@acme/ui-*', '@acme/icons']);
  });

  test.each([
    ['CLM-32 a runner of its own', 'runner_environment: github-hosted', { runner_environment: 'self-hosted' }],
    ['CLM-32 no word of the runner', 'runner_environment: github-hosted', { runner_environment: null }],
    ['CLM-33 a repository that became public', 'repository_visibility: private', { repository_visibility: 'public' }],
    ['CLM-34 another account', 'actor_id: [7, 8]', { actor_id: '77' }],
    ['CLM-34 an account id that is a number', 'actor_id: 7', { actor_id: 7 }],
    ['CLM-34 an account of the same name', 'actor_id: 7', { actor: 'mona', actor_id: '9' }],
  ])('%s is refused where it is pinned', async (_, line, change) => {
    const pinned = await with_(line);
    expect(verdict(pinned)).toBe('granted');
    expect(verdict(pinned, change)).toBe('publisher-claim');
  });

  test.each(['actor: "dependabot[bot]"', 'triggering_actor: mona', 'actor_id: mona', 'actor_id: "*"'])(
    'CLM-34 accounts are not named otherwise than by id: %s',
    async (line) => {
      expect((await load(basePolicy(environment, environment, line))).ok).toBe(false);
    },
  );
});

describe('regular expressions are not offered', () => {
  test('POL-15 a ref ends where it ends, whatever stands behind a line break', async () => {
    const main = await loaded(basePolicy('ref: refs/tags/v*', 'ref: refs/heads/main'));
    expect(verdict(main, of('acme/ui', 'refs/heads/main'))).toBe('granted');
    for (const ref of ['refs/heads/main\n', 'refs/heads/main\r\n', 'x\nrefs/heads/main', 'refs/heads/main\u2028']) {
      expect(verdict(main, of('acme/ui', ref)), JSON.stringify(ref)).toBe('publisher-ref');
    }
  });

  test.each(['main|release/.*', '^refs/heads/main$', 'refs/heads/main|evil', 'refs/heads/(main)', 'refs/heads/main$'])(
    'POL-12 %j is either refused or stands for itself',
    async (ref) => {
      const policy = await load(basePolicy('ref: refs/tags/v*', `ref: ${JSON.stringify(ref)}`));
      if (!policy.ok) return expect(said(policy).join('\n')).toMatch(/ref: /);
      for (const actual of ['refs/heads/main', 'refs/heads/mainx', 'evil-release/', 'refs/heads/evil', 'release/x']) {
        expect(verdict(policy.configuration, of('acme/ui', actual)), actual).toBe('publisher-ref');
      }
    },
  );

  test.each([
    'refs/heads/[',
    'refs/heads/[a-z]+',
    String.raw`refs/heads/\w+`,
    'refs/heads/a{2}',
    'a)|(',
    '(?i)refs/heads/x',
    'refs/heads/x?',
  ])('POL-13 %j is refused when the policy is loaded', async (ref) => {
    const policy = await load(basePolicy('ref: refs/tags/v*', `ref: ${JSON.stringify(ref)}`));
    expect(policy.ok).toBe(false);
  });

  test('POL-13 there is no key for one', async () => {
    expect(said(await load(basePolicy('ref: refs/tags/v*', 'ref: { regex: "v.*" }'))).join('\n')).toMatch(/expected text/);
  });
});

describe('other providers', () => {
  test('CLM-50 who started a GitLab pipeline cannot be all that is bound', async () => {
    const gitlab = base
      .replace('github: {}', 'gitlab: {}')
      .replace(/ {6}issuer: github\n(?: {6}.*\n)+/, '      issuer: gitlab\n      user_login: mona\n');
    const problems = said(await load(gitlab)).join('\n');
    expect(problems).toContain('unknown key "user_login"');
    expect(problems).toContain('missing key "project_path"');
  });

  test('CLM-51 a GitLab of one’s own over http is refused, and a private authority counts only when its file is there', async () => {
    const corp = (line: string): string => basePolicy('github: {}', 'github: {}', `corp: { provider: gitlab, ${line} }`);
    expect(said(await load(corp('issuer: "http://gitlab.corp.example"'))).join('\n')).toContain('error the issuer is http');
    expect(said(await load(corp('issuer: https://gitlab.corp.example, ca_file: gone.pem'))).join('\n')).toContain('error "gone.pem"');
  });

  const organisation = '6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11';
  const circle = (bound: string): string =>
    base
      .replace(
        'github: {}',
        `ci: { provider: generic, issuer: "https://oidc.circleci.example/org/${organisation}", audiences: [${organisation}] }`,
      )
      .replace(/ {6}issuer: github\n(?: {6}.*\n)+/, `      issuer: ci\n      claims: ${bound}\n`);

  test.each([
    `{ aud: ${organisation}, "oidc.circleci.com/vcs-ref": refs/heads/main }`,
    `{ "oidc.circleci.com/org-id": ${organisation}, "oidc.circleci.com/context-ids": { contains: c7e1 } }`,
    `{ "oidc.circleci.com/vcs-origin": git.corp.example/acme/ui, "oidc.circleci.com/vcs-ref": refs/heads/main }`,
  ])('CLM-61 CircleCI’s audience is shared by a whole organisation: %s binds no project', async (bound) => {
    expect(said(await load(circle(bound))).join('\n')).toContain('whoever can start a job chooses');
  });

  test('CLM-61 with the project id it binds one', async () => {
    const token = circleciClaims() as JsonObject;
    const id = 'oidc.circleci.com/project-id';
    const configuration = await loaded(circle(`{ "${id}": ${String(token[id])}, "oidc.circleci.com/vcs-ref": refs/heads/main }`));
    expect(verdict(configuration, token, '@acme/ui', 'ci')).toBe('granted');
    expect(verdict(configuration, { ...token, [id]: 'another' }, '@acme/ui', 'ci')).not.toBe('granted');
  });
});

describe('POL-34 explain decides as the runtime does', () => {
  const odd = fc.constantFrom(
    '',
    'x',
    'acme',
    '12',
    '011',
    'main',
    'refs/tags/v1',
    'refs/tags/v1/x',
    'Production',
    'production ',
    'push',
    'schedule',
  );
  const change = fc.dictionary(
    fc.constantFrom(
      'repository',
      'repository_owner_id',
      'repository_id',
      'ref',
      'environment',
      'event_name',
      'workflow_ref',
      'job_workflow_ref',
      'extra',
    ),
    fc.oneof(
      odd,
      fc.constantFrom('acme/ui', 'Acme/UI', 'acme/icons', 'production', 'release'),
      fc.integer(),
      fc.constant(null),
      fc.array(odd, { maxLength: 2 }),
    ),
    { maxKeys: 3 },
  );

  test('for 10,000 random sets of claims the decisions are the same', async () => {
    const configuration = await beside('ui-anywhere', '["@acme/icons", "@acme/ui"]', 'environment: any');
    const sample = fc.sample(fc.record({ change, name: fc.constantFrom('@acme/ui', '@acme/icons', '@acme/none') }), {
      numRuns: 10_000,
      seed: 34,
    });
    let granted = 0;
    for (const { change: changes, name } of sample) {
      const set = { ...claims, ...changes } as JsonObject;
      const runtime = decide(configuration, set, name);
      const explained = decideFor(configuration, configuration.issuers.get('github')!, set, {
        registries: ['npm'],
        package: name as never,
      });
      granted += runtime.ok ? 1 : 0;
      expect(outcome(explained.decision)).toEqual(outcome(runtime));
    }
    expect(granted).toBeGreaterThan(500);
    expect(granted).toBeLessThan(9500);
  });

  test('and a policy test has the same outcome, with what the gateway asks of the upload token', async () => {
    const configuration = await beside('ui-anywhere', '["@acme/icons", "@acme/ui"]', 'environment: any');
    const issuer = configuration.issuers.get('github')!;
    const registry = configuration.registries.get('npm')!;
    for (const { change: changes, name } of fc.sample(fc.record({ change, name: fc.constantFrom('@acme/ui', '@acme/icons') }), {
      numRuns: 3000,
      seed: 35,
    })) {
      const set = { ...claims, ...changes, iss: issuer.url } as JsonObject;
      const runtime = decide(configuration, set, name);
      const test = {
        name,
        place: { file: '', line: 1, column: 1 },
        issuer,
        claims: set,
        registry,
        package: name as never,
        expect: 'publish' as const,
      };
      const outcome = outcomeOf(configuration, test, Date.now());
      if (runtime.ok) expect(outcome).toEqual({ publishers: runtime.publishers.map((publisher) => publisher.name) });
      else expect(outcome).toMatchObject({ refusal: { code: runtime.refusal.code, message: runtime.refusal.message } });
    }
  });

  test('and the command says of them what the decision says', async () => {
    const config = written('countersign.yaml', base);
    const configuration = await loaded(base);
    for (const changes of fc.sample(change, { numRuns: 60, seed: 34 })) {
      const set = { ...claims, ...changes } as JsonObject;
      const file = written('claims.json', JSON.stringify(set));
      const { terminal, out } = fakeTerminal();
      const code = await explain({ config, package: 'npm:@acme/ui', claims: file, json: true }, terminal);
      const runtime = decide(configuration, set);
      expect(code).toBe(runtime.ok ? 0 : 1);
      const said_: unknown = JSON.parse(out());
      if (!runtime.ok) expect(isJsonObject(said_) && JSON.stringify(said_).includes(`"${runtime.refusal.code}"`)).toBe(true);
    }
  });
});

function outcome(decision: Decision): unknown {
  return decision.ok
    ? decision.grants
    : [
        decision.refusal.code,
        decision.refusal.message,
        decision.considered.map(({ checks }) => checks.map(({ field, ok }) => [field, ok])),
      ];
}
