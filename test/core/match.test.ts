import { describe, expect, test } from 'vitest';
import { assumeVerified } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { match } from '../../src/core/match.ts';
import type { PackageName } from '../../src/core/package-name.ts';
import type { TrustedPublisher } from '../../src/core/publisher.ts';
import { compile, providers } from '../../src/providers/index.ts';
import { githubClaims } from '../providers/claims.ts';

const github = providers.find((provider) => provider.id === 'github')!;
const name = (text: string): PackageName => text as PackageName;

function publisher(called: string, fields: Record<string, string>, more: Partial<TrustedPublisher> = {}): TrustedPublisher {
  const stated = {
    repository: 'acme/ui',
    repository_owner_id: '11',
    workflow: 'release.yml',
    environment: 'production',
    ref: 'refs/tags/v*',
    ...fields,
  };
  const conditions = new Map(Object.entries(stated).map(([key, value]) => [key, value === 'any' ? ('any' as const) : [value]]));
  return {
    name: called,
    issuer: 'github',
    from: { fields: conditions },
    publish: new Map([['npm', [name('@acme/ui')]]]),
    allow: ['publish'],
    create: false,
    ttl: 900,
    place: { file: 'policy.yaml', line: 1, column: 1 },
    check: compile(github, { fields: conditions }),
    ...more,
  };
}

const claims = assumeVerified('github', githubClaims);
const asked = { registries: ['npm'], package: name('@acme/ui') };

function refusalOf(publishers: TrustedPublisher[], change: JsonObject = {}, what = asked): { code: string; message: string } {
  const decision = match(
    publishers,
    assumeVerified('github', { ...githubClaims, ...change }),
    what,
    String({ ...githubClaims, ...change }['repository']),
  );
  if (decision.ok) throw new Error('granted');
  return decision.refusal;
}

describe('matching', () => {
  test('all matching publishers add up, cut down to the package asked for', () => {
    const wide = publisher('wide', {}, { publish: new Map([['npm', [name('@acme/*')]]]), allow: ['publish', 'dist_tag'] });
    const decision = match([publisher('ui', {}), wide], claims, asked, 'acme/ui');
    expect(decision).toMatchObject({ ok: true });
    expect(decision.ok && decision.grants).toEqual([
      { registry: 'npm', publisher: 'ui', packages: ['@acme/ui'], allow: ['publish'] },
      { registry: 'npm', publisher: 'wide', packages: ['@acme/ui'], allow: ['publish', 'dist_tag'] },
    ]);
  });

  test('JWT-47 CLM-49 a publisher of another issuer never matches, whatever the claims say', () => {
    expect(match([publisher('ui', {}, { issuer: 'ghes' })], claims, asked, 'acme/ui').ok).toBe(false);
  });

  test.each([
    ['owner', { repository_owner_id: '12' }, 'publisher-owner-id'],
    [
      'workflow',
      {
        workflow_ref: 'acme/ui/.github/workflows/release.yaml@refs/tags/v1.0.0',
        job_workflow_ref: 'acme/ui/.github/workflows/release.yaml@refs/tags/v1.0.0',
      },
      'publisher-workflow',
    ],
    ['called workflow', { job_workflow_ref: 'acme/ci/.github/workflows/p.yml@refs/tags/v2' }, 'publisher-workflow-reusable'],
    ['environment', { environment: 'prod' }, 'publisher-environment'],
    ['event', { event_name: 'schedule' }, 'publisher-event'],
  ])('names the first step at which no publisher was left: %s', (_, change, code) => {
    expect(refusalOf([publisher('ui', {})], change).code).toBe(code);
  });

  test('a refusal names field, expected and actual value of the publisher that came nearest', () => {
    const { message } = refusalOf([publisher('canary', { workflow: 'canary.yml' }), publisher('ui', {})], { environment: 'prod' });
    expect(message).toBe(
      'Publisher ui requires environment production; this job uses prod. Use that environment in the job that publishes, or change `environment` of the publisher.',
    );
  });

  test('a missing environment is told with the line to add', () => {
    expect(refusalOf([publisher('ui', {})], { environment: '' }).message).toContain('Add `environment: production` to the job');
  });

  test('P8 a stranger hears the same whether the package, or any publisher, exists', () => {
    const stranger = { repository: 'evil/fork', workflow_ref: 'evil/fork/.github/workflows/release.yml@refs/tags/v1.0.0' };
    const known = refusalOf([publisher('ui', {})], stranger);
    expect(known).toEqual(refusalOf([], stranger));
    const other = { registries: ['npm'], package: name('@acme/none') };
    expect(refusalOf([publisher('ui', {})], stranger, other).message.replace('@acme/none', '@acme/ui')).toBe(known.message);
    expect(known.message).not.toMatch(/release\.yml|production|"?ui"? |11/);
  });

  test('P8 EXC-12 an owner that changed is not told the id that was expected', () => {
    const { message } = refusalOf([publisher('ui', {})], { repository_owner_id: '99' });
    expect(message).toContain('99');
    expect(message).not.toMatch(/\b11\b/);
  });

  test('a renamed repository is told so, when the publisher pins its id and the owner did not change', () => {
    const change = { repository: 'acme/new-ui', workflow_ref: 'acme/new-ui/.github/workflows/release.yml@refs/tags/v1.0.0' };
    const pinned = publisher('ui', { repository_id: '101' });
    expect(refusalOf([pinned], change).message).toBe(
      'Publisher ui knows this repository, by its id, as acme/ui; the token says acme/new-ui. It looks like a rename: change `repository:` to acme/new-ui.',
    );
    expect(refusalOf([pinned], { ...change, repository_id: '102' }).code).toBe('publisher-none');
    expect(refusalOf([pinned], { ...change, repository_owner_id: '12' }).code).toBe('publisher-none');
    expect(refusalOf([publisher('ui', {})], change).code).toBe('publisher-none');
    expect(refusalOf([publisher('ui', { repository_id: 'any' })], change).code).toBe('publisher-none');
  });

  test('a job that may publish another package is told which', () => {
    const { code, message } = refusalOf([publisher('ui', {})], {}, { registries: ['npm'], package: name('@acme/icons') });
    expect(code).toBe('publisher-other-package');
    expect(message).toBe('acme/ui may publish @acme/ui, not @acme/icons. Add @acme/icons to publisher ui, or give it its own publisher.');
  });
});
