import { describe, expect, test } from 'vitest';
import { assumeVerified } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { compile, providers } from '../../src/providers/index.ts';
import { giteaClaims, githubClaims, gitlabClaims } from './claims.ts';

/** Whether a publisher that states nothing but `any` takes this token. */
function taken(id: string, claims: JsonObject): boolean {
  const provider = providers.find((each) => each.id === id)!;
  const any = provider.fields.filter((field) => field.required).map((field) => [field.key, 'any' as const] as const);
  return compile(provider, { fields: new Map(any) })(assumeVerified('ci', claims)).every((check) => check.ok);
}

describe('what a publisher does not state is compared with the token itself', () => {
  test.each([
    ['github', githubClaims, 'workflow_ref'],
    ['gitlab', gitlabClaims, 'project_id'],
    ['gitea', giteaClaims, 'workflow_ref'],
  ])('%s: a token without a readable %s meets no default (CLM-17, CLM-44)', (id, claims, missing) => {
    expect(taken(id, claims)).toBe(true);
    for (const value of [null, ['x'], {}, 1.5]) expect(taken(id, { ...claims, [missing]: value })).toBe(false);
  });

  test('a caller whose name looks like a pattern calls no other workflow (CLM-17)', () => {
    const caller = 'acme/ui/.github/workflows/*.yml@refs/tags/v1.0.0';
    const called = 'acme/ui/.github/workflows/evil.yml@refs/tags/v1.0.0';
    expect(taken('github', { ...githubClaims, workflow_ref: caller, job_workflow_ref: caller })).toBe(true);
    expect(taken('github', { ...githubClaims, workflow_ref: caller, job_workflow_ref: called })).toBe(false);
  });
});
