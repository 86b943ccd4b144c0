// One suite that every provider passes, and the tables of what each field reads from a token.
import { describe, expect, test } from 'vitest';
import { unknownClaims } from '../../src/core/claim-table.ts';
import { assumeVerified } from '../../src/core/claims.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { steps } from '../../src/core/publisher.ts';
import { refusalKinds } from '../../src/core/refusal.ts';
import { compile, providers } from '../../src/providers/index.ts';
import { fixtures, githubClaims, gitlabClaims } from './claims.ts';

describe.each(providers.map((provider) => [provider.id, provider] as const))('provider %s', (_, provider) => {
  test('requires its anchor, never lets it be any, and marks it as the anchor step', () => {
    for (const key of provider.anchor) {
      const field = provider.fields.find((candidate) => candidate.key === key);
      expect(field).toMatchObject({ required: true, any: false, step: 'anchor' });
    }
    expect(provider.anchor.length > 0 || provider.freeClaims === true).toBe(true);
  });

  test('describes every field, and names a refusal and a step for it', () => {
    for (const field of provider.fields) {
      expect(field.describe.length).toBeGreaterThan(10);
      expect(refusalKinds[field.code]).toBeDefined();
      expect(steps).toContain(field.step);
    }
    expect(new Set(provider.fields.map((field) => field.key)).size).toBe(provider.fields.length);
  });

  test('reads exactly the claims that each field names, so that an upload token remembers them (P6)', () => {
    const remembered = [...provider.claims.required, ...provider.claims.checked];
    for (const field of provider.fields) {
      for (const reader of [field.read, field.alternative].filter((each) => each !== undefined)) {
        const looked = new Set<string>();
        const watched = (set: JsonObject): JsonObject =>
          new Proxy(set, {
            getOwnPropertyDescriptor: (target, name) => {
              looked.add(String(name));
              return Reflect.getOwnPropertyDescriptor(target, name);
            },
          });
        reader(assumeVerified('ci', watched(fixtures[provider.id]!)));
        reader(assumeVerified('ci', watched({})));
        expect(
          [...looked].filter((name) => !reader.claims.includes(name)),
          field.key,
        ).toEqual([]);
        expect(
          reader.claims.filter((name) => !looked.has(name) || !remembered.includes(name)),
          field.key,
        ).toEqual([]);
      }
    }
    if (provider.events !== undefined) expect(remembered).toContain(provider.events.claim);
  });

  test('knows every claim of a token as the CI documents it, and has all that it calls required', () => {
    const claims = fixtures[provider.id]!;
    expect(unknownClaims(claims, provider.claims)).toEqual([]);
    expect(provider.claims.required.filter((name) => !Object.hasOwn(claims, name))).toEqual([]);
    const { required, checked, unchecked } = provider.claims;
    expect(new Set([...required, ...checked, ...unchecked]).size).toBe(required.length + checked.length + unchecked.length);
    expect(Object.hasOwn(claims, 'jti') || !provider.jti).toBe(true);
  });

  test('POL-31 CLM-61 has no anchor that whoever starts a job chooses', () => {
    const names = provider.anchor.flatMap((key) => provider.fields.find((field) => field.key === key)!.read.claims);
    const bound = names.filter((name) => !provider.claims.weak.includes(name));
    expect(bound.length > 0 || provider.freeClaims === true).toBe(true);
  });

  test('has an issuer of its own, or says what one looks like', () => {
    expect(provider.issuers.length > 0 || provider.issuerForm !== undefined).toBe(true);
  });

  test('survives claims that are missing or of any odd type', () => {
    const odd: Json[] = [null, 1, 1.5, true, '', [], ['acme/ui'], {}, { toString: 'x' }];
    const names = [...provider.claims.required, ...provider.claims.checked, ...provider.claims.unchecked];
    for (const value of odd) {
      const claims = assumeVerified('ci', Object.fromEntries(names.map((name) => [name, value])));
      const check = compile(provider, { fields: new Map(provider.fields.map((field) => [field.key, ['x']])) });
      for (const result of check(claims)) expect(result.ok, `${result.field} on ${JSON.stringify(value)}`).toBe(false);
      expect(provider.run(claims)).toHaveProperty('anchor');
      expect(provider.anchorText(claims)).toBeTypeOf('string');
    }
  });

  test('never accepts an event that can never be listed', () => {
    for (const event of Object.keys(provider.events?.never ?? {})) {
      const claims = assumeVerified('ci', { [provider.events!.claim]: event });
      const check = compile(provider, { fields: new Map(), events: [event] })(claims).find((result) => result.field === 'events');
      expect(check?.ok).toBe(false);
    }
  });
});

function verdict(id: 'github' | 'gitlab', fields: Record<string, string[]>, claims: JsonObject): string[] {
  const provider = providers.find((candidate) => candidate.id === id)!;
  const results = compile(provider, { fields: new Map(Object.entries(fields)) })(assumeVerified(id, claims));
  return results.filter((result) => !result.ok).map((result) => result.field);
}

const ui = {
  repository: ['acme/ui'],
  repository_owner_id: ['11'],
  workflow: ['release.yml'],
  environment: ['production'],
  ref: ['refs/tags/v*'],
};

describe('GitHub', () => {
  test('CLM-01 CLM-05 CLM-06 CLM-07 a matching token passes whatever its sub says', () => {
    for (const sub of ['repo:acme/ui:ref:refs/heads/main', 'repo:acme@11/ui@101:ref:x', 'repository_owner:acme', '']) {
      expect(verdict('github', ui, { ...githubClaims, sub })).toEqual([]);
    }
  });

  test.each([
    ['CLM-03 another owner id', { repository_owner_id: '12' }, ['repository_owner_id']],
    ['CLM-02 an owner id that is a number', { repository_owner_id: 11 }, ['repository_owner_id']],
    ['CLM-02 an owner id with a leading zero', { repository_owner_id: '011' }, ['repository_owner_id']],
    ['CLM-02 a full-width owner id', { repository_owner_id: '１１' }, ['repository_owner_id']],
    [
      'CLM-10 another case of the repository',
      {
        repository: 'Acme/UI',
        workflow_ref: 'Acme/UI/.github/workflows/release.yml@refs/tags/v1.0.0',
        job_workflow_ref: 'Acme/UI/.github/workflows/release.yml@refs/tags/v1.0.0',
      },
      [],
    ],
    ['CLM-09 a longer repository path', { repository: 'acme/ui/x' }, ['repository', 'workflow']],
    ['CLM-12 another workflow', { workflow_ref: 'acme/ui/.github/workflows/other.yml@refs/tags/v1.0.0' }, ['workflow', 'called_workflow']],
    [
      'CLM-14 a workflow of another repository',
      { workflow_ref: 'acme/x/.github/workflows/release.yml@refs/tags/v1.0.0' },
      ['workflow', 'called_workflow'],
    ],
    [
      'CLM-13 a workflow file that hides in its ref',
      { workflow_ref: 'acme/ui/.github/workflows/evil.yml@release.yml@refs/tags/v1.0.0' },
      ['workflow', 'called_workflow'],
    ],
    ['CLM-13 no ref after the file', { workflow_ref: 'acme/ui/.github/workflows/release.yml' }, ['workflow', 'called_workflow']],
    ['CLM-28 another environment', { environment: 'prod' }, ['environment']],
    ['CLM-28 another case of the environment', { environment: 'PRODUCTION' }, []],
    ['CLM-28 a space after the environment', { environment: 'production ' }, ['environment']],
    ['CLM-28 no environment', { environment: '' }, ['environment']],
    [
      'CLM-24 a branch',
      { ref: 'refs/heads/main', workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/heads/main' },
      ['called_workflow', 'ref'],
    ],
    ['CLM-22 an event that is not listed', { event_name: 'schedule' }, ['events']],
    ['CLM-20 pull_request_target', { event_name: 'pull_request_target' }, ['events']],
    ['CLM-23 an event of another case', { event_name: 'PUSH' }, ['events']],
    [
      'CLM-17 a called workflow that the publisher does not name',
      { job_workflow_ref: 'acme/ci/.github/workflows/publish.yml@refs/tags/v2' },
      ['called_workflow'],
    ],
  ] as const)('%s', (_, change, expected) => {
    expect(verdict('github', ui, { ...githubClaims, ...change })).toEqual(expected);
  });

  test('CLM-11 a Kelvin sign does not fold to k', () => {
    const kit = { ...ui, repository: ['acme/kit'], workflow: ['release.yml'] };
    expect(verdict('github', kit, { ...githubClaims, repository: 'acme/\u212Ait' })).toContain('repository');
    expect(verdict('github', kit, { ...githubClaims, repository: 'acme/Kit' })).not.toContain('repository');
  });

  test('CLM-18 a called workflow may be named by ref pattern or by commit', () => {
    const claims = {
      ...githubClaims,
      job_workflow_ref: 'acme/ci/.github/workflows/publish.yml@refs/tags/v2',
      job_workflow_sha: 'c'.repeat(40),
    };
    const called = (line: string): string[] => verdict('github', { ...ui, called_workflow: [line] }, claims);
    expect(called('acme/ci/.github/workflows/publish.yml@refs/tags/v*')).toEqual([]);
    expect(called(`acme/ci/.github/workflows/publish.yml@${'c'.repeat(40)}`)).toEqual([]);
    expect(called(`acme/ci/.github/workflows/publish.yml@${'d'.repeat(40)}`)).toEqual(['called_workflow']);
    expect(called('acme/ci/.github/workflows/publish.yml@refs/heads/*')).toEqual(['called_workflow']);
  });

  test('CLM-27 ref_protected is compared as text', () => {
    const strict = { ...ui, ref_protected: ['true'] };
    expect(verdict('github', strict, { ...githubClaims, ref_protected: true })).toEqual([]);
    expect(verdict('github', strict, { ...githubClaims, ref_protected: 'false' })).toEqual(['ref_protected']);
  });

  test('the run is told with its page', () => {
    const run = providers[0]!.run(assumeVerified('github', githubClaims));
    expect(run).toMatchObject({
      anchor: 'acme/ui',
      actor: 'mona',
      ref: 'refs/tags/v1.0.0',
      workflow: 'release.yml',
      environment: 'production',
      run: '99',
    });
    expect(run.runUrl).toBe('https://github.com/acme/ui/actions/runs/99');
  });
});

const tools = {
  project_path: ['acme/tools/ui'],
  namespace_id: ['12'],
  environment: ['production'],
  ref: ['refs/tags/v*'],
  ci_file: ['.gitlab-ci.yml'],
};

describe('GitLab', () => {
  test.each([
    ['CLM-40 CLM-48 a matching token', { sub: 'anything' }, []],
    ['CLM-42 another case of the project path', { project_path: 'Acme/tools/UI' }, []],
    ['CLM-42 a project of the parent group', { project_path: 'acme/ui' }, ['project_path', 'ci_file']],
    ['CLM-28 another case of the environment', { environment: 'Production' }, ['environment']],
    ['CLM-44 a fork that runs in the target project', { job_project_id: '48' }, ['job_project_id']],
    ['CLM-46 an unprotected ref', { ref_protected: 'false' }, ['ref_protected']],
    ['CLM-47 a CI file of another host', { ci_config_ref_uri: 'evil.example/acme/tools/ui//.gitlab-ci.yml@refs/tags/v1.0.0' }, ['ci_file']],
    [
      'CLM-47 a CI file from a merge request',
      { ci_config_ref_uri: 'gitlab.com/acme/tools/ui//.gitlab-ci.yml@refs/merge-requests/1/head' },
      ['ci_file'],
    ],
    ['CLM-47 no CI file', { ci_config_ref_uri: null }, ['ci_file']],
    ['a merge request pipeline', { pipeline_source: 'merge_request_event' }, ['events']],
    ['a ref_path that differs from ref', { ref_path: 'refs/heads/v1.0.0' }, ['ci_file', 'ref']],
    ['a branch that is named like a tag', { ref_type: 'branch', ref_path: 'refs/heads/v1.0.0' }, ['ci_file', 'ref']],
    [
      'a branch with @ in its name',
      { ref: 'v@1', ref_path: 'refs/tags/v@1', ci_config_ref_uri: 'gitlab.com/acme/tools/ui//.gitlab-ci.yml@refs/tags/v@1' },
      [],
    ],
  ] as const)('%s', (_, change, expected) => {
    expect(verdict('gitlab', tools, { ...gitlabClaims, ...change })).toEqual(expected);
  });
});

describe('generic', () => {
  test.each([
    ['equals', '74', 74, true],
    ['equals', '74', '74', true],
    ['equals', '74', 74.9, false],
    ['equals', '74', '74 ', false],
    ['equals', 'true', true, true],
    ['equals', 'null', null, false],
    ['equals', '', [], false],
    ['contains', 'a', ['a', 'b'], true],
    ['contains', 'a', 'a', false],
    ['equals', 'a', ['a'], false],
    ['glob', 'acme/*', 'acme/ui', true],
    ['glob', 'acme/*', 'acme/ui/x', false],
  ] as const)('CLM-64 CLM-65 %s %j on %j is %s', (kind, value, claim, expected) => {
    const provider = providers.find((candidate) => candidate.id === 'generic')!;
    const [check] = compile(provider, { fields: new Map(), claims: [{ name: 'a.b', kind, value, anchor: false }] })(
      assumeVerified('ci', { 'a.b': claim }),
    );
    expect(check?.ok).toBe(expected);
  });

  test('CLM-63 a claim named __proto__ is read as an own property only', () => {
    const provider = providers.find((candidate) => candidate.id === 'generic')!;
    const [check] = compile(provider, { fields: new Map(), claims: [{ name: '__proto__', kind: 'equals', value: 'x', anchor: false }] })(
      assumeVerified('ci', {}),
    );
    expect(check?.ok).toBe(false);
  });
});
