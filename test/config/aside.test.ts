// The policy, loaded while requests are served: the same as at once, by another thread where it is long.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadAside } from '../../src/config/aside.ts';
import { unpack, post, type HandedOver } from '../../src/config/hand-over.ts';
import { findPolicy, loadConfiguration, type Loaded } from '../../src/config/load.ts';
import { assumeVerified } from '../../src/core/claims.ts';
import { match } from '../../src/core/match.ts';
import type { PackageName } from '../../src/core/package-name.ts';
import { githubClaims } from '../providers/claims.ts';
import { base, folder, write } from './policy-file.ts';

/** So many publishers of one file, each with conditions of its own; `spoil` changes the text of one. */
function publishers(count: number, name: string, spoil: (text: string, i: number) => string = (text) => text): string {
  const one = (i: number): string => `  - name: ${name}-${i}
    from:
      issuer: github
      repository: acme/${name}-${i}
      repository_id: ${1000 + i}
      repository_owner_id: 11
      workflow: release.yml
      environment: ${i % 50 === 0 ? 'any' : 'production'}
      ref: refs/tags/v*
      events: [push, release]
    publish:
      npm: ["@acme/${name}-${i}", "@acme/${name}-${i}-*"]
    allow: [publish, dist_tag]
    dist_tags: [latest, next-*]
    tag: "v{{version}}"
    ttl: 5m
    max_uploads: 3
    packages_per_minute: 40
    create: true
`;
  return `publishers:\n${Array.from({ length: count }, (_, i) => spoil(one(i), i)).join('')}`;
}

const generic = `${base.replace('  github: {}\n', '  github: {}\n  ci: { provider: generic, issuer: "https://ci.acme.example", jwks_uri: "https://ci.acme.example/keys" }\n')}  - name: by-claims
    from:
      issuer: ci
      subject: { glob: "project:*" }
      claims: { project: acme, groups: { contains: release } }
    publish: { npm: ["@acme/by-claims"] }
include: ["teams/*.yaml"]
`;

/** The policy in a folder, loaded both ways. */
async function bothWays(files: Readonly<Record<string, string>>): Promise<{ readonly atOnce: Loaded; readonly aside: Loaded }> {
  const into = folder();
  write(into, files);
  const path = join(into, 'policy.yaml');
  return { atOnce: await loadConfiguration(path, {}), aside: await loadAside(path, {}) };
}

describe('a policy loaded aside is the one loaded at once', () => {
  test.each([
    ['short, read where it is', { 'policy.yaml': base }],
    ['long, read by another thread', { 'policy.yaml': generic, 'teams/a.yaml': publishers(150, 'a'), 'teams/b.yaml': publishers(30, 'b') }],
    [
      'long, and by the parser',
      { 'policy.yaml': generic, 'teams/a.yaml': publishers(100, 'a', (text) => text.replace('"v{{', '"\\u0076{{')) },
    ],
  ])('%s', async (_, files) => {
    const { atOnce, aside } = await bothWays(files);
    if (!atOnce.ok || !aside.ok) throw new Error('the policy does not load');
    const [{ configuration: a }, { configuration: b }] = [atOnce, aside];
    const plain = ({ candidates: _candidates, publishers: list, ...rest }: typeof a): unknown => ({
      ...rest,
      publishers: list.map(({ name, issuer, place, keys, unconstrained, text }) => ({ name, issuer, place, keys, unconstrained, text })),
    });
    expect(plain(b)).toEqual(plain(a));
    for (const name of ['a-7', 'a-149', 'b-0', 'ui']) {
      const repository = `acme/${name}`;
      const workflow = `${repository}/.github/workflows/release.yml@refs/tags/v1.0.0`;
      const change = { repository, workflow_ref: workflow, job_workflow_ref: workflow, repository_id: name.replace(/\D/g, '') };
      const claims = assumeVerified('github', { ...githubClaims, ...change });
      const asked = { registries: ['npm'], package: `@acme/${name}` as PackageName };
      const [first, second] = [a, b].map((configuration) => match(configuration.candidates(claims), claims, asked, repository));
      expect(second?.ok === true ? second.grants : second?.refusal).toEqual(first?.ok === true ? first.grants : first?.refusal);
    }
    const claims = assumeVerified('ci', { iss: 'https://ci.acme.example', sub: 'project:x', project: 'acme', groups: ['release'] });
    const few = b.candidates(claims);
    expect(few.map((each) => each.check(claims).map(({ ok }) => ok))).toEqual(
      a.candidates(claims).map((each) => each.check(claims).map(({ ok }) => ok)),
    );
  });

  test.each([
    ['short', { 'policy.yaml': base.replace('workflow: release.yml', 'workfow: release.yml') }],
    [
      'long',
      {
        'policy.yaml': generic,
        'teams/a.yaml': publishers(150, 'a', (text, i) => (i % 9 === 0 ? text.replace('production', '[]') : text)),
      },
    ],
  ])('with its errors: %s', async (_, files) => {
    const { atOnce, aside } = await bothWays(files);
    expect(aside.ok).toBe(false);
    expect(aside).toEqual(atOnce);
  });

  test('P1 with the secrets that the environment has, and those in the file', async () => {
    const into = folder();
    const credential = 'credential: { basic: { username: svc, password: "${PASSWORD}" } }';
    write(into, { 'policy.yaml': generic.replace('credential: none', credential), 'teams/a.yaml': publishers(150, 'a') });
    const aside = await loadAside(join(into, 'policy.yaml'), { PASSWORD: 'a-secret' });
    if (!aside.ok) throw new Error('the policy does not load');
    const found = aside.configuration.registries.get('npm')?.credential;
    expect(found?.kind === 'basic' && found.password.kind === 'value' && found.password.value.reveal()).toBe('a-secret');
  });
});

test('of thousands of errors some are told, and how many there are', async () => {
  const { aside } = await bothWays({
    'policy.yaml': generic,
    'teams/a.yaml': publishers(300, 'a', (text) => text.replace('issuer: github', 'issuer: other')),
  });
  const told = aside.ok ? [] : aside.diagnostics;
  expect(told).toHaveLength(200);
  expect(told.map(({ message }) => message).slice(-2)).toEqual(['unknown issuer "other"', 'and 101 more errors from here on']);
});

test('POL-28 other work has its turn while a policy is loaded, and between the pieces in which it is taken over', async () => {
  const into = folder();
  write(into, { 'policy.yaml': generic, 'teams/a.yaml': publishers(600, 'a'), 'teams/b.yaml': publishers(600, 'b') });
  const path = join(into, 'policy.yaml');
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  expect((await loadAside(path, {})).ok).toBe(true);
  clearInterval(counting);
  expect(turns).toBeGreaterThan(10);

  const found = findPolicy(path, { env: {}, policyOnly: false });
  let handed: HandedOver | undefined;
  post(found, { postMessage: (message: HandedOver) => void (handed = message) });
  if (!found.ok || handed?.ok !== true) throw new Error('the policy does not load');
  let breaths = 0;
  const configuration = await unpack(handed.packed, found.sections, async () => void (breaths += 1));
  expect(configuration.publishers).toHaveLength(1202);
  expect(breaths).toBeGreaterThan(1202 / 250);
});
