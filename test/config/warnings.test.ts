// Every warning: its code, its place, and a hint that says what to do. A policy with warnings loads.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patternCovers } from '../../src/config/compile/shadow.ts';
import { rules } from '../../src/config/rules.ts';
import { matches, type Pattern } from '../../src/core/pattern.ts';
import { basePolicy, diagnosticsOf, load } from './policy-file.ts';

const ref = 'ref: refs/tags/v*';
const environment = 'environment: production';
const list = 'npm: ["@acme/ui", "@acme/ui-*"]';
const second = (name: string, ...changes: readonly (readonly [string, string])[]): string => {
  const text = basePolicy(ref, ref);
  const publisher = text.slice(text.indexOf('  - name')).replace('name: ui-release', `name: ${name}`);
  return changes.reduce((done, [from, to]) => done.replace(from, to), publisher);
};
const beside = (...rest: Parameters<typeof second>): string => basePolicy(ref, ref) + second(...rest);

type Row = readonly [title: string, policy: string | Record<string, string>, warning: string];
const rows: readonly Row[] = [
  [
    'a repository without its id',
    basePolicy('repository_id: 4711'),
    '18:19 pin-missing repository_id is not stated: whoever makes a deleted "acme/ui" anew can publish',
  ],
  [
    'an owner without its id',
    basePolicy('repository_owner_id: 12', 'repository_owner_id: any'),
    '19:28 owner-any repository_owner_id: any',
  ],
  ['an id that may be any', basePolicy('repository_id: 4711', 'repository_id: any'), '23:22 any repository_id: any'],
  ['no environment', basePolicy(environment, 'environment: any'), '21:20 any environment: any'],
  [
    'every branch, said by any',
    basePolicy(environment, 'environment: any').replace(ref, 'ref: any'),
    '16:5 any-branch neither environment nor ref is constrained: every branch can publish',
  ],
  [
    'every branch, said by a pattern',
    basePolicy(environment, 'environment: any').replace(ref, 'ref: refs/heads/**'),
    '22:12 any-branch every branch can publish: ref names them all',
  ],
  [
    'a ref that is mistyped',
    basePolicy(ref, 'ref: refs/tag/v*'),
    '22:12 never-matches no run is ever on "refs/tag/v*": push, release, workflow_dispatch run on refs/heads/** or refs/tags/** = did you mean refs/tags/v*?',
  ],
  [
    'a ref on which none of the events runs',
    basePolicy(ref, 'ref: refs/heads/main', 'events: [release]'),
    '22:12 never-matches no run is ever on "refs/heads/main": release run on refs/tags/**',
  ],
  [
    'one ref of several on which nothing runs',
    basePolicy(ref, 'ref: [refs/tags/v*, refs/pull/1/merge]'),
    '22:27 never-matches no run is ever on "refs/pull/1/merge"',
  ],
  [
    'a tag rule that no allowed ref fulfils',
    basePolicy(list, list).replace(ref, 'ref: refs/heads/main').replace('    publish:', '    tag: "v{{version}}"\n    publish:'),
    '24:10 never-matches no version can be published: the tag rule asks for refs/tags/v<version>, and ref allows refs/heads/main = write ref: refs/tags/v*',
  ],
  ['the same publisher twice', beside('again'), '26:11 shadowed adds nothing: publisher "ui-release" (policy.yaml:15) lets in everything'],
  [
    'a publisher that is narrower in everything',
    beside('narrow', [ref, 'ref: refs/tags/v1.*'], ['"@acme/ui-*"', '"@acme/ui-a*"'], [environment, 'environment: PRODUCTION']),
    '26:11 shadowed adds nothing',
  ],
  [
    'a publisher whose tag rule another one makes void',
    beside('ruled', ['    publish:', '    tag: "v{{version}}"\n    publish:']),
    '26:11 shadowed adds nothing: publisher "ui-release" (policy.yaml:15) lets in everything that it lets in, and does not ask for its tag rule',
  ],
  [
    'a publisher beside one that may also create packages',
    beside('creating', ['    publish:', '    create: true\n    publish:']),
    '15:11 shadowed adds nothing: publisher "creating" (policy.yaml:26)',
  ],
  [
    'a pattern that covers what another repository publishes',
    beside('tools', ['acme/ui', 'acme/tools'], ['4711', '4712'], ['"@acme/ui", "@acme/ui-*"', '"@acme/*"']),
    '36:12 overlap "@acme/*" also covers packages of publisher ui-release',
  ],
  ['a package listed twice', basePolicy(list, 'npm: ["@acme/ui", "@acme/ui"]'), '25:25 listed-twice listed twice'],
  [
    'an event of strangers',
    basePolicy(environment, environment, 'events: [pull_request, push]'),
    '22:16 event-risky pull_request is dangerous',
  ],
  [
    'an event that is mistyped',
    basePolicy(environment, environment, 'events: [relase, push]'),
    '22:16 event-unknown unknown event "relase"',
  ],
  [
    'a secret in the file',
    basePolicy('credential: none', 'credential: { bearer: hunter2 }'),
    '8:27 secret-written a secret is written in the file = write bearer: "${NAME}"',
  ],
  [
    'an issuer over http',
    basePolicy('github: {}', 'github: { issuer: "http://ci.acme.example", insecure: true }'),
    '2:57 issuer-insecure insecure: whoever can answer for this address can publish = use https',
  ],
  [
    'two npm registries of one host that share a package',
    basePolicy(
      'registries:',
      'registries:',
      '  other: { protocol: npm, url: "https://npm.acme.example/o/", upstream: "http://v:1/", credential: none }',
    ).replace(list, `${list}\n      other: ["@acme/ui"]`),
    '7:10 shared-host registries "other" and "npm" share the host npm.acme.example',
  ],
  [
    'an admin listener for everybody',
    `server: { admin: "0.0.0.0:9090" }\n${basePolicy(ref, ref)}`,
    '1:18 admin-exposed other machines reach the admin listener, and it has no token = write admin: { listen: "0.0.0.0:9090", token_file: … }',
  ],
  [
    'an issuer whose tokens are all for one audience, without it',
    basePolicy(ref, ref).replace(
      'issuers:',
      'issuers:\n  buckets: { provider: bitbucket, issuer: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc" }',
    ),
    '2:12 audience-missing every token of Bitbucket Pipelines has an audience of its own: without audiences: none is accepted = docs/ci',
  ],
  [
    'a webhook over http',
    `audit: { webhooks: [{ url: "http://siem.acme.example/", secret: "\${SECRET}" }] }\n${basePolicy(ref, ref)}`,
    '1:28 webhook-insecure records go over the network unencrypted = use https',
  ],
  [
    'removing what is published',
    basePolicy(list, list).replace('    publish:', '    allow: [publish, unpublish]\n    publish:'),
    '24:22 removal unpublish removes versions for good = deprecate leaves the version in place',
  ],
  [
    'one upload per token for a Python project',
    basePolicy(list, 'pypi: [acme-ui]').replace('    publish:', '    single_use: true\n    publish:'),
    '24:17 single-use-python one release of a Python project is several files',
  ],
  ['an include of nothing', `include: ["teams/*.yaml"]\n${basePolicy(ref, ref)}`, '1:11 include-empty "teams/*.yaml" names no file'],
];

const seen = new Set<string>();

describe('is warned of', () => {
  test.each(rows)('%s', async (_, policy, expected) => {
    const result = await load(policy, { SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
    const warnings = diagnosticsOf(result);
    expect(result.ok).toBe(true);
    const lines = warnings.map(({ place, code, message, hint }) => {
      const said = `${place.line}:${place.column} ${code} ${message} = ${hint}`;
      return said.replaceAll(/\/\S*\/policy\.yaml/g, 'policy.yaml');
    });
    const [head = '', hint = ''] = expected.split(' = ');
    const [line = ''] = lines.filter((one) => one.startsWith(head));
    expect(lines, lines.join('\n')).toContain(line);
    expect(line).toContain(hint);
    for (const { code, severity, hint: said, source } of warnings) {
      seen.add(code);
      expect(severity).toBe('warning');
      expect(said).toMatch(/\S/);
      expect(source).toMatch(/\S/);
    }
  });

  test('each of which some row here is about', () => {
    const untried = Object.entries(rules).filter(([code, { severity }]) => severity === 'warning' && !seen.has(code));
    // A file that every account may write to has its test in secrets.test.ts.
    expect(untried.map(([code]) => code)).toEqual(['world-writable']);
  });
});

describe('is not warned of', () => {
  const quiet: readonly (readonly [string, string])[] = [
    ['a release on tags', basePolicy(ref, ref, 'events: [release]')],
    ['an event that the table of refs does not have', basePolicy(ref, 'ref: refs/notes/x', 'events: [delete]')],
    ['a tag rule whose tags are allowed', basePolicy(list, list).replace('    publish:', '    tag: "v{{version}}"\n    publish:')],
    ['every branch under an environment', basePolicy(ref, 'ref: refs/heads/**')],
    ['two publishers of a repository with other workflows', beside('canary', ['release.yml', 'canary.yml'])],
    ['a publisher that names exactly what the other covers by a pattern', beside('exact', ['"@acme/ui", "@acme/ui-*"', '"@acme/ui-new"'])],
    ['a publisher of more events', beside('more', [ref, `${ref}\n      events: [push, schedule]`])],
  ];
  test.each(quiet)('%s', async (_, policy) => {
    const said = diagnosticsOf(await load(policy)).map(({ code, message }) => `${code} ${message}`);
    expect(said).toEqual([]);
  });
});

test('a pattern that is said to cover another matches whatever that one matches', () => {
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '/', '*', '**'), { maxLength: 5 })
    .map((parts) => parts.join('').replaceAll(/\*{3,}/g, '**'));
  const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 6 }).map((parts) => parts.join(''));
  let covered = 0;
  fc.assert(
    fc.property(pattern, pattern, text, (wide, narrow, name) => {
      if (!patternCovers(wide, narrow)) return;
      covered += 1;
      if (matches(narrow as Pattern, name)) expect(matches(wide as Pattern, name)).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  expect(covered).toBeGreaterThan(200);
});
