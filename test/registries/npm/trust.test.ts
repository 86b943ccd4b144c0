// `npm trust github …` as one line of the policy, held against the policy's own loader.
import { describe, expect, it, test } from 'vitest';
import { npm } from '../../../src/registries/npm/index.ts';
import type { Refusal } from '../../../src/core/refusal.ts';
import { load, said } from '../../config/policy-file.ts';
import { head } from './publishing.ts';

const github = {
  type: 'github',
  claims: { repository: 'acme/plain', workflow_ref: { file: 'release.yml' }, environment: 'production' },
  permissions: ['createPackage'],
};
const gitlab = {
  type: 'gitlab',
  claims: { project_path: 'acme/tools/ui', ci_config_ref_uri: { file: '.gitlab-ci.yml' } },
  permissions: [],
};

const circleci = {
  type: 'circleci',
  claims: {
    'oidc.circleci.com/org-id': '6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11',
    'oidc.circleci.com/project-id': 'b0a1c2d3-1111-4222-8333-444455556666',
    'oidc.circleci.com/pipeline-definition-id': 'd1e2f3a4-7777-4888-8999-aaaabbbbcccc',
    'oidc.circleci.com/context-ids': ['c7e1d2f3-5555-4666-8777-888899990000'],
  },
};

function refusalOf(method: string, body: string, path = '/-/package/@acme%2fui/trust'): Refusal {
  const route = npm.route(head(method, path, { 'content-type': 'application/json' }));
  if (route.kind !== 'policy') throw new Error(`not refused: ${route.kind}`);
  return route.refuse(Buffer.from(body), 'npm');
}
const lineOf = (body: unknown): string | undefined =>
  /Under publishers: (- .*)$/.exec(refusalOf('POST', JSON.stringify(body)).message)?.[1];

/** Loads the line in a policy with this registry. */
function policyWith(line: string): string {
  const registry = 'protocol: npm\n    url: https://npm.acme.dev/\n    upstream: http://verdaccio:4873/\n    credential: none';
  return `issuers:\n  github: {}\n  gitlab: {}\n  circleci: { issuer: "https://oidc.circleci.com/org/6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11" }\nregistries:\n  npm:\n    ${registry}\npublishers:\n  ${line}\n`;
}

describe('npm trust as YAML', () => {
  it.each([
    ['github', github, /repository: "acme\/plain", repository_owner_id: any, workflow: "release.yml", environment: "production", ref: any/],
    ['github without environment', { ...github, claims: { ...github.claims, environment: undefined } }, /environment: any/],
    [
      'an environment that YAML takes for something else',
      { ...github, claims: { ...github.claims, environment: 'on' } },
      /environment: "on"/,
    ],
    [
      'circleci',
      circleci,
      /project_id: "b0a1c2d3-1111-4222-8333-444455556666", org_id: .*, vcs_origin: any, context_ids: \["c7e1d2f3.*\], ref: any/,
    ],
    ['gitlab', gitlab, /project_path: "acme\/tools\/ui", namespace_id: any, ci_file: ".gitlab-ci.yml", environment: any, ref: any/],
  ])('%s is a publisher that loads as it stands, and of which check lists every `any`', async (_, configuration, expected) => {
    const line = lineOf([configuration]) ?? '';
    expect(line).toMatch(expected);
    const loaded = await load(policyWith(line));
    expect(loaded.ok, said(loaded).join('\n')).toBe(true);
    if (!loaded.ok) return;
    const [publisher] = loaded.configuration.publishers;
    expect(publisher).toMatchObject({ name: `ui-${configuration.type}`, publish: new Map([['npm', ['@acme/ui']]]) });
    expect(said(loaded).length).toBeGreaterThan(0);
  });

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['a key twice', '[{"type":"github","type":"gitlab"}]'],
    ['an unknown kind', [{ ...github, type: 'constructor' }]],
    ['no repository', [{ ...github, claims: { workflow_ref: { file: 'x.yml' } } }]],
    ['a repository that means any', [{ ...github, claims: { ...github.claims, repository: 'any' } }]],
    ['an environment that means any', [{ ...github, claims: { ...github.claims, environment: 'any' } }]],
    ['a line break', [{ ...github, claims: { ...github.claims, environment: 'a\nb' } }]],
    ['letters that a header cannot have', [{ ...github, claims: { ...github.claims, environment: 'é' } }]],
    ['a pattern', [{ ...github, claims: { ...github.claims, repository: 'acme/*' } }]],
    ['a list in place of a text', [{ ...github, claims: { ...github.claims, repository: ['acme/ui', 'acme/x'] } }]],
    ['what is too long for one line', [{ ...github, claims: { ...github.claims, repository: 'a'.repeat(190) } }]],
  ])('%s is refused all the same, without a line that would be wrong', (what, body) => {
    const refusal = refusalOf('POST', typeof body === 'string' ? body : JSON.stringify(body));
    expect([refusal.code, refusal.status]).toEqual(['trust-in-policy', 403]);
    if (what !== 'a list in place of a text') expect(refusal.message).not.toContain('publishers: -');
  });

  it('a quote cannot end the text that it is in', async () => {
    const line = lineOf([{ ...github, claims: { ...github.claims, environment: 'x" } , publish: { npm: ["*"] } } #' } }]) ?? '';
    const loaded = await load(policyWith(line));
    if (loaded.ok) expect(loaded.configuration.publishers[0]?.publish).toEqual(new Map([['npm', ['@acme/ui']]]));
  });

  test('is refused as DELETE too, and at every spelling of the package', () => {
    for (const path of ['/-/package/@acme%2fui/trust/abc', '/-/package/@acme%2Fui/trust', '/-/package/%40acme%2fui/trust'])
      expect(refusalOf('DELETE', '', path).code).toBe('trust-in-policy');
  });
});
