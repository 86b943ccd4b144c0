// A policy that lost a part is refused, or grants no more than the whole one did.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assumeVerified, type VerifiedClaims } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { match } from '../../src/core/match.ts';
import type { PackageName } from '../../src/core/package-name.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { gitlabClaims, githubClaims, genericClaims } from '../support/claims.ts';
import { folder } from './policy-file.ts';

/**
 * Every section and every kind of provider, in the order that design/3 writes them; with what has to be stated and no more.
 * What may be left out may also get lost: docs/policy.md, "A file cut short".
 */
const whole = `server:
  listen: 127.0.0.1:8080
issuers:
  github: {}
  corp:
    provider: gitlab
    issuer: https://gitlab.corp.example
  ci:
    provider: generic
    issuer: https://ci.acme.example/oidc
registries:
  npm:
    protocol: npm
    url: https://npm.acme.example/
    upstream: http://verdaccio:4873/
    credential: none
  pypi:
    protocol: pypi
    url: https://pypi.acme.example/acme/prod/
    upstream: http://devpi:3141/acme/prod/
    credential: none
publishers:
  - name: ui-release
    from:
      issuer: github
      repository: acme/ui
      repository_owner_id: 12
      workflow: release.yml
      environment: production
      ref: refs/tags/v*
    publish:
      npm: ["@acme/ui", "@acme/ui-*"]
      pypi:
        - acme-ui
        - acme-ui-tools
    allow: [publish, dist_tag]
    ttl: 15m
  - name: tools
    from:
      issuer: corp
      project_path: acme/tools
      namespace_id: 21
      environment:
        - release
        - production
      ref: refs/heads/main
    publish:
      pypi: [acme-tools]
  - name: reports
    from:
      issuer: ci
      claims:
        project: reports
        cluster: blue
    publish:
      pypi: [acme-reports]
`;

const github = (change: JsonObject): VerifiedClaims =>
  assumeVerified(
    'github',
    githubClaims({ repository_owner_id: '12', environment: 'production', ref: 'refs/tags/v1.0.0', ...change }) as JsonObject,
  );
const gitlab = (change: JsonObject): VerifiedClaims =>
  assumeVerified(
    'corp',
    gitlabClaims({ project_path: 'acme/tools', namespace_id: '21', iss: 'https://gitlab.corp.example', ...change }) as JsonObject,
  );
const generic = (change: JsonObject): VerifiedClaims =>
  assumeVerified('ci', genericClaims({ project: 'reports', cluster: 'blue', ...change }) as JsonObject);

const samples: readonly VerifiedClaims[] = [
  ...[
    {},
    { repository_owner_id: '13' },
    { environment: 'staging' },
    { environment: 'prod' },
    { ref: 'refs/heads/main' },
    { ref: 'refs/tags/' },
  ].map(github),
  ...[{ repository: 'acme/u' }, { repository: 'evil/ui' }, { workflow_ref: 'acme/ui/.github/workflows/test.yml@refs/tags/v1.0.0' }].map(
    github,
  ),
  ...[{ event_name: 'pull_request_target' }, { event_name: 'workflow_run' }, { repository_owner_id: '1' }].map(github),
  ...[{}, { namespace_id: '2' }, { environment: 'production' }, { environment: 'x' }, { ref: 'feature' }, { ref_protected: 'false' }].map(
    gitlab,
  ),
  ...[{ project_path: 'acme/tool' }, { project_path: 'evil/tools' }, { pipeline_source: 'merge_request_event' }].map(gitlab),
  ...[{}, { project: 'report' }, { project: 'evil' }, { cluster: 'green' }, { cluster: 'b' }].map(generic),
];
const packages = [
  '@acme/ui',
  '@acme/ui-x',
  '@acme/u',
  '@acme/other',
  'acme-ui',
  'acme-ui-tools',
  'acme-u',
  'acme-tools',
  'acme-tool',
  'acme-reports',
  'other',
];

/** Everything that the policy grants to the samples: issuer, claims, registry, package, action. */
function granted({ publishers, registries }: Configuration): Set<string> {
  const all = new Set<string>();
  for (const [index, claims] of samples.entries()) {
    for (const registry of registries.keys()) {
      for (const name of packages) {
        const decision = match(publishers, claims, { registries: [registry], package: name as PackageName }, '');
        const actions = decision.ok ? decision.grants.flatMap((grant) => grant.allow) : [];
        for (const action of actions) all.add(JSON.stringify([index, registry, name, action]));
      }
    }
  }
  return all;
}

async function grantsOf(policy: string | Uint8Array, into: string): Promise<Set<string> | undefined> {
  const path = join(into, 'policy.yaml');
  writeFileSync(path, policy);
  const result = await loadConfiguration(path, {});
  return result.ok ? granted(result.configuration) : undefined;
}

/** How many of the policies load, after a check that none grants more than the whole. */
async function noneGrantsMore(policies: readonly (string | Uint8Array)[]): Promise<number> {
  const into = folder();
  const allowed = await grantsOf(whole, into);
  let loaded = 0;
  for (const policy of policies) {
    const grants = await grantsOf(policy, into);
    if (grants === undefined) continue;
    loaded += 1;
    const more = [...grants].filter((grant) => allowed?.has(grant) !== true);
    expect(more, `granted by\n${policy.toString()}`).toEqual([]);
  }
  return loaded;
}

const lines = whole.split('\n').slice(0, -1);

describe('a policy that lost a part', () => {
  test('the whole one grants something to each kind of issuer', async () => {
    const grants = await grantsOf(whole, folder());
    const indexes = new Set([...(grants ?? [])].map((grant) => (JSON.parse(grant) as [number])[0]));
    expect(indexes.size).toBe(4);
  });

  test('POL-10: every prefix, byte by byte, is refused or grants no more', async () => {
    const bytes = Buffer.from(whole);
    const prefixes = Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));
    // Those that load end with a whole publisher, or within the list of one.
    expect(await noneGrantsMore(prefixes)).toBeGreaterThan(3);
  }, 60_000);

  test('POL-11: with any single line deleted it is refused or grants no more', async () => {
    const without = lines.map((_, index) => `${lines.toSpliced(index, 1).join('\n')}\n`);
    expect(await noneGrantsMore(without)).toBeGreaterThan(3);
  }, 30_000);
});
