// The index over publishers: a token is checked against those that it could match, and hears the same as without an index.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import { assumeVerified } from '../../src/core/claims.ts';
import { match } from '../../src/core/match.ts';
import type { PackageName } from '../../src/core/package-name.ts';
import { githubClaims } from '../providers/claims.ts';
import { base, loaded } from './policy-file.ts';

const count = 300;

/** Every third publisher pins its repository's id; names differ in case from the token's. */
function publisher(i: number): string {
  const pinned = i % 3 === 0 ? `      repository_id: ${1000 + i}\n` : '';
  return `  - name: p${i}
    from:
      issuer: github
      repository: Acme/Repo-${i % 200}
      repository_owner_id: ${i % 7 === 0 ? 13 : 11}
${pinned}      workflow: release.yml
      environment: production
      ref: refs/tags/v*
    publish:
      npm: ["@acme/p${i % 50}"]
`;
}

describe('POL-28 among many publishers', () => {
  async function many(): Promise<Configuration> {
    const head = base.slice(0, base.indexOf('publishers:'));
    return loaded(`${head}publishers:\n${Array.from({ length: count }, (_, i) => publisher(i)).join('')}`);
  }

  test('a token is granted, or refused in the words, as if each publisher had been asked', async () => {
    const configuration = await many();
    const change = fc.record({
      repo: fc.integer({ min: 0, max: 210 }),
      id: fc.integer({ min: 995, max: 1310 }),
      owner: fc.constantFrom('11', '13', '99'),
      environment: fc.constantFrom('production', 'staging', ''),
      upper: fc.boolean(),
      package: fc.integer({ min: 0, max: 52 }),
    });
    const fitting = fc.record({ i: fc.nat(count - 1), upper: fc.boolean() }).map(({ i, upper }) => ({
      repo: i % 200,
      id: 1000 + i,
      owner: i % 7 === 0 ? '13' : '11',
      environment: 'production',
      upper,
      package: i % 50,
    }));
    let granted = 0;
    fc.assert(
      fc.property(
        fc.oneof({ weight: 4, arbitrary: change }, { weight: 1, arbitrary: fitting }),
        ({ repo, id, owner, environment, upper, package: number }) => {
          const repository = upper ? `ACME/REPO-${repo}` : `acme/repo-${repo}`;
          const workflow = `${repository}/.github/workflows/release.yml@refs/tags/v1.0.0`;
          const claims = assumeVerified('github', {
            ...githubClaims,
            repository,
            repository_id: String(id),
            repository_owner_id: owner,
            environment,
            workflow_ref: workflow,
            job_workflow_ref: workflow,
          });
          const asked = { registries: ['npm'], package: `@acme/p${number}` as PackageName };
          const all = match(configuration.publishers, claims, asked, repository);
          const few = match(configuration.candidates(claims), claims, asked, repository);
          if (all.ok) granted += 1;
          expect(few.ok ? few.grants : few.refusal).toEqual(all.ok ? all.grants : all.refusal);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(granted).toBeGreaterThan(100);
  });

  test('and few are asked', async () => {
    const configuration = await many();
    const claims = assumeVerified('github', { ...githubClaims, repository: 'acme/repo-7', repository_id: '1' });
    expect(configuration.candidates(claims).map(({ name }) => name)).toEqual(['p7', 'p207']);
    expect(configuration.candidates(assumeVerified('github', { ...githubClaims, repository: 'evil/fork' }))).toEqual([]);
    expect(configuration.candidates(assumeVerified('other', githubClaims))).toEqual([]);
  });
});
