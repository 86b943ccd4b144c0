// Publishers: everything that would be a weaker policy than its author thinks is refused, with the words that help.
import { describe, expect, test } from 'vitest';
import { base, basePolicy, diagnosticsOf, load, loaded, said } from './policy-file.ts';

type Row = [title: string, line: string, instead: string[], said: string[]];

const ref = 'ref: refs/tags/v*';
const list = 'npm: ["@acme/ui", "@acme/ui-*"]';

const refused: Row[] = [
  [
    'POL-02: a misspelt key',
    'environment: production',
    ['enviroment: production'],
    ['21:7 error unknown key "enviroment", did you mean "environment"?'],
  ],
  ['POL-02: a key of nobody', ref, [ref, 'issuer_pattern: x'], ['23:7 error unknown key "issuer_pattern"']],
  ['POL-02: a misspelt key of the publisher', 'publish:', ['publsh:'], ['24:5 error unknown key "publsh", did you mean "publish"?']],
  ['POL-02: a misspelt section', 'publishers:', ['publisher:'], ['14:1 error unknown key "publisher", did you mean "publishers"?']],
  [
    'POL-02: a misspelt issuer key',
    'github: {}',
    ['github: { max_aeg: 5m }'],
    ['2:13 error unknown key "max_aeg", did you mean "max_age"?'],
  ],
  ['rule 3: a required field left out', ref, [], ['16:5 error missing key "ref": every GitHub Actions publisher has to state it']],
  [
    'rule 4: the anchor left out',
    'repository: acme/ui',
    [],
    ['16:5 error missing key "repository": every GitHub Actions publisher has to state it'],
  ],
  [
    'POL-30: no owner id',
    'repository_owner_id: 12',
    [],
    ['16:5 error missing key "repository_owner_id": every GitHub Actions publisher has to state it'],
  ],
  [
    'POL-32: only the called workflow',
    ref,
    ['called_workflow: acme/ci/.github/workflows/publish.yml@refs/tags/v2'],
    ['16:5 error missing key "ref": every GitHub Actions publisher has to state it'],
  ],
  ['rule 4: any repository', 'repository: acme/ui', ['repository: any'], ['18:19 error repository cannot be any']],
  [
    'rule 4: two repositories',
    'repository: acme/ui',
    ['repository: [acme/ui, acme/api]'],
    ['18:19 error repository is one value: it is what a caller has to prove before it is told anything'],
  ],
  ['an empty list', 'environment: production', ['environment: []'], ['21:20 error the list is empty']],
  ['any in a list', 'environment: production', ['environment: [production, any]'], ['21:33 error any stands alone, not in a list']],
  ['POL-07: null', 'environment: production', ['environment: null'], ['21:7 error "environment" has no value']],
  ['POL-07: ~', 'environment: production', ['environment: ~'], ['21:7 error "environment" has no value']],
  ['POL-07: nothing', 'environment: production', ['environment:'], ['21:7 error "environment" has no value']],
  ['POL-07: a boolean', 'environment: production', ['environment: false'], ['21:20 error expected text, got false']],
  ['a number where text belongs', 'environment: production', ['environment: 2026'], ['21:20 error expected text, got 2026']],
  ['an empty text', 'environment: production', ['environment: ""'], ['21:20 error environment: the text is empty']],
  [
    'a space at the end',
    'environment: production',
    ['environment: "production "'],
    ['21:20 error environment: begins or ends with a space'],
  ],
  [
    'POL-16: * for a repository',
    'repository: acme/ui',
    ['repository: "*"'],
    [
      '18:19 error repository: "*" is not a pattern here, it is compared exactly and never matches; patterns are possible in called_workflow, ref',
    ],
  ],
  [
    'POL-16: a pattern of repositories',
    'repository: acme/ui',
    ['repository: acme/*'],
    [
      '18:19 error repository: "*" is not a pattern here, it is compared exactly and never matches; patterns are possible in called_workflow, ref',
    ],
  ],
  [
    'POL-16: a pattern of environments',
    'environment: production',
    ['environment: prod*'],
    [
      '21:20 error environment: "*" is not a pattern here, it is compared exactly and never matches; patterns are possible in called_workflow, ref',
    ],
  ],
  [
    'POL-16: ? in a ref',
    ref,
    ['ref: refs/tags/v?'],
    ['22:12 error ref: only `*` (within a segment) and `**` (across segments) are special; `? [ ] { } \\` are not supported'],
  ],
  [
    'POL-16: [a-z] in a ref',
    ref,
    ['ref: "refs/tags/[a-z]"'],
    ['22:12 error ref: only `*` (within a segment) and `**` (across segments) are special; `? [ ] { } \\` are not supported'],
  ],
  [
    'POL-16: {a,b} in a ref',
    ref,
    ['ref: "refs/tags/{a,b}"'],
    ['22:12 error ref: only `*` (within a segment) and `**` (across segments) are special; `? [ ] { } \\` are not supported'],
  ],
  [
    'POL-16: \\* in a ref',
    ref,
    ["ref: 'refs/tags/\\*'"],
    ['22:12 error ref: only `*` (within a segment) and `**` (across segments) are special; `? [ ] { } \\` are not supported'],
  ],
  ['POL-16: * alone as ref', ref, ['ref: "*"'], ['22:12 error ref: write the full ref, for example refs/tags/v* or refs/heads/main']],
  [
    'POL-16: * alone as package',
    list,
    ['npm: ["*"]'],
    ['25:13 error "*" covers every package; write a part of the name, for example @acme/* or acme-*'],
  ],
  [
    'POL-16: ** alone as package',
    list,
    ['npm: ["**"]'],
    ['25:13 error "**" covers every package; write a part of the name, for example @acme/* or acme-*'],
  ],
  [
    'a workflow with its path',
    'workflow: release.yml',
    ['workflow: .github/workflows/release.yml'],
    ['20:17 error workflow: write the file name only, for example release.yml'],
  ],
  ['an unknown issuer', 'issuer: github', ['issuer: githib'], ['17:15 error unknown issuer "githib", did you mean "github"?']],
  ['an unknown registry', list, ['npn: ["@acme/ui"]'], ['25:7 error unknown registry "npn", did you mean "npm"?']],
  ['no package', list, ['npm: []'], ['25:12 error the list is empty']],
  ['a package that is no list', list, ['npm: "@acme/ui"'], ['25:12 error expected a list, got text']],
  ['an upper-case npm package', list, ['npm: ["@Acme/ui"]'], ['25:13 error package names are written in lower case']],
  ['a package that YAML takes for a number', list, ['pypi: [1.10]'], ['25:14 error the number 1.10 does not survive YAML exactly']],
  [
    'an event that can never publish',
    ref,
    [ref, 'events: [push, pull_request_target]'],
    [
      "23:22 error pull_request_target can never publish: they can run a stranger's code with this repository's rights; use push, release or workflow_dispatch.",
    ],
  ],
  ['a pattern of events', ref, [ref, 'events: ["*"]'], ['23:16 error events are named one by one, without *']],
  ['an empty list of events', ref, [ref, 'events: []'], ['23:15 error write a list of events']],
  ['claims under a provider that has its own', ref, [ref, 'claims: { a: b }'], ['23:7 error unknown key "claims"']],
  ['a flag that is neither true nor false', ref, [ref, 'ref_protected: yes'], ['23:22 error expected true, false or any']],
  [
    'a variable',
    'environment: production',
    ['environment: "${ENVIRONMENT}"'],
    ['21:20 error variables are possible only under server, store, audit, issuers and registries'],
  ],
];

describe('a publisher is refused', () => {
  test.each(refused)('%s', async (_, line, instead, expected) => {
    const result = await load(basePolicy(line, ...instead), { ENVIRONMENT: 'production' });
    expect(said(result)).toEqual(expected);
    expect(result.ok).toBe(false);
  });

  test('and everything that is wrong with it is said at once', async () => {
    const policy = basePolicy(ref, 'ref: v*').replace('environment: production', 'enviroment: production').replace('"@acme/ui-*"', '"*"');
    expect(said(await load(policy))).toEqual([
      '21:7 error unknown key "enviroment", did you mean "environment"?',
      '22:12 error ref: write the full ref, for example refs/tags/v* or refs/heads/main',
      '25:25 error "*" covers every package; write a part of the name, for example @acme/* or acme-*',
    ]);
  });

  test('and whoever left a field out is told to write any', async () => {
    const [first] = diagnosticsOf(await load(basePolicy('environment: production')));
    expect(first?.hint).toBe('write environment: any to have no constraint');
  });
});

const withTtl = (ttl: string): string => `${basePolicy(list, list)}    ttl: ${ttl}\n`;

describe('POL-23: ttl', () => {
  test.each([
    ['0s', 'expected 1m to 60m'],
    ['-5m', 'write a duration with its unit, for example 15m'],
    ['24h', 'expected 1m to 60m'],
    ['59s', 'expected 1m to 60m'],
    ['61m', 'expected 1m to 60m'],
    ['15', '15 has no unit (s, m, h or d); write a duration with its unit, for example 15m'],
    ['"15"', '15 has no unit (s, m, h or d); write a duration with its unit, for example 15m'],
    ['1e9m', 'write a duration with its unit, for example 15m'],
    ['∞', 'write a duration with its unit, for example 15m'],
    ['1.5h', 'write a duration with its unit, for example 15m'],
  ])('%s is refused', async (ttl, message) => {
    expect(said(await load(withTtl(ttl)))).toEqual([`26:10 error ${message}`]);
  });

  test.each([
    ['1m', 60],
    ['90s', 90],
    ['60m', 3600],
    ['1h', 3600],
  ])('%s is %d seconds', async (ttl, seconds) => {
    expect((await loaded(withTtl(ttl))).publishers[0]?.ttl).toBe(seconds);
  });

  test('is 15 minutes unless stated', async () => {
    expect((await loaded(basePolicy(list, list))).publishers[0]?.ttl).toBe(900);
  });
});

describe('a publisher loads', () => {
  test.each(['no', 'on', 'y', 'NO'])('POL-07: environment: %s is that text', async (word) => {
    const { publishers } = await loaded(basePolicy('environment: production', `environment: ${word}`));
    expect(checkedFor(publishers[0], 'environment')).toBe(word);
  });

  test('POL-18: Python projects are compared in canonical form, and two ways of writing one are reported', async () => {
    const policy = basePolicy(list, 'pypi: [Acme.Tools, acme__tools, acme-tools, Acme_UI-*]');
    const { publishers, warnings } = await loaded(policy);
    expect(publishers[0]?.publish.get('pypi')).toEqual(['acme-tools', 'acme-ui-*']);
    expect(warnings.map(({ message }) => message)).toEqual([
      'listed twice: "acme__tools" and "Acme.Tools" are the same package',
      'listed twice: "acme-tools" and "Acme.Tools" are the same package',
    ]);
  });

  test('with a boolean where a claim is true or false', async () => {
    const { publishers } = await loaded(basePolicy(ref, ref, 'ref_protected: true'));
    expect(checkedFor(publishers[0], 'ref_protected')).toBe('true');
  });

  test('with all its keys', async () => {
    const policy = `${basePolicy(list, list)}    allow: [publish, dist_tag]\n    create: true\n    tag: "v{{version}}"\n    dist_tags: [latest, "canary-*"]\n`;
    expect((await loaded(policy)).publishers[0]).toMatchObject({
      name: 'ui-release',
      issuer: 'github',
      allow: ['publish', 'dist_tag'],
      create: true,
      tag: 'v{{version}}',
      distTags: ['latest', 'canary-*'],
      place: { line: 15, column: 5 },
    });
  });

  test.each([
    ['dist_tag', 'allow: [publish, dist_tag]', '26:22 error dist_tag needs an npm registry under publish'],
    ['dist_tags', 'dist_tags: [latest]', '26:5 error dist_tags needs an npm registry under publish'],
    ['deprecate', 'allow: [deprecate]', '26:13 error deprecate needs an npm registry under publish'],
    ['two limits of uploads', 'single_use: true\n    max_uploads: 2', '26:5 error single_use and max_uploads exclude each other'],
    [
      'a moment without a zone',
      'revoked_before: 2026-11-25T18:00:00',
      '26:21 error write a moment with its zone, for example 2026-11-25T18:00:00Z',
    ],
    [
      'a moment that is none',
      'revoked_before: 2026-13-25T18:00:00Z',
      '26:21 error write a moment with its zone, for example 2026-11-25T18:00:00Z',
    ],
    ['a tag rule without version', 'tag: v1', '26:10 error a tag rule contains {{version}} exactly once, for example "v{{version}}"'],
  ])('but %s is refused where it means nothing', async (_, line, message) => {
    expect(said(await load(`${basePolicy(list, 'pypi: [acme-ui]')}    ${line}\n`))).toContain(message);
  });

  test('but a tag rule is refused where tokens name no tag, since every upload would be', async () => {
    const policy = `${base.slice(0, base.indexOf('publishers:')).replace('github: {}', 'ci: { provider: jenkins, issuer: "https://ci.example/oidc" }')}publishers:
  - name: ui
    from: { issuer: ci, job: "https://ci.example/job/ui/job/release/", branch: release }
    tag: "v{{version}}"
    publish: { npm: ["@acme/ui"] }
`;
    expect(said(await load(policy))).toEqual(['17:5 error tokens of Jenkins name no tag, so no version could be published']);
  });
});

test.each([
  ['single_use: true', { maxUploads: 1 }],
  ['max_uploads: 30', { maxUploads: 30 }],
])('%s says how many uploads a token is good for (TOK-16, TOK-17)', async (line, expected) => {
  expect((await loaded(`${basePolicy(list, list)}    ${line}\n`)).publishers[0]).toMatchObject(expected);
});

test.each([
  ['unpublish', list, '26:22 warning unpublish removes versions for good, and the same version can then be published with another content'],
  [
    'yank',
    'pypi: [acme-ui]',
    '26:22 warning yank removes the files of a release for good, and the same version can then be published with another content',
  ],
])('check warns of allow: %s', async (action, publish, message) => {
  expect(said(await load(`${basePolicy(list, publish)}    allow: [publish, ${action}]\n`))).toEqual([message]);
});

test('unpublish is npm and yank is Python', async () => {
  const wrong = `${basePolicy(list, 'pypi: [acme-ui]')}    allow: [unpublish]\n`;
  expect(said(await load(wrong))).toContain('26:13 error unpublish needs an npm registry under publish');
  const other = `${basePolicy(list, list)}    allow: [yank]\n`;
  expect(said(await load(other))).toContain('26:13 error yank needs a PyPI registry under publish');
});

test('check warns of a single use where one release is several files', async () => {
  const policy = `${basePolicy(list, 'pypi: [acme-ui]')}    single_use: true\n`;
  expect(said(await load(policy))).toEqual([expect.stringContaining('warning one release of a Python project is several files')]);
});

describe('a publisher is warned of', () => {
  const rows: Row[] = [
    [
      'any environment',
      'environment: production',
      ['environment: any'],
      ['21:20 warning environment: any: this publisher does not constrain the environment'],
    ],
    [
      'any owner',
      'repository_owner_id: 12',
      ['repository_owner_id: any'],
      ["19:28 warning repository_owner_id: any: whoever takes over a renamed or deleted owner's name can publish"],
    ],
    [
      'a dangerous event',
      ref,
      [ref, 'events: [workflow_run]'],
      [
        '22:12 warning no run is ever on "refs/tags/v*": workflow_run run on refs/heads/**',
        "23:16 warning workflow_run is dangerous: they can run a stranger's code with this repository's rights; use push, release or workflow_dispatch.",
      ],
    ],
    ['a misspelt event', ref, [ref, 'events: [relase]'], ['23:16 warning unknown event "relase", did you mean "release"?']],
    ['every branch by its pattern', ref, ['ref: refs/heads/**'], []],
    ['a pattern that is any', ref, ['ref: refs/**'], ['22:12 warning ref: refs/**: this publisher does not constrain the refs']],
  ];
  test.each(rows)('%s', async (_, line, instead, expected) => {
    const result = await load(basePolicy(line, ...instead));
    expect(result.ok).toBe(true);
    expect(said(result)).toEqual(expected);
  });

  test('neither environment nor ref (POL-33)', async () => {
    const result = await load(basePolicy(ref, 'ref: any').replace('environment: production', 'environment: any'));
    expect(result.ok).toBe(true);
    expect(said(result)).toContain('16:5 warning neither environment nor ref is constrained: every branch can publish');
  });
});

function checkedFor(publisher: Awaited<ReturnType<typeof loaded>>['publishers'][number] | undefined, field: string): string | undefined {
  const claims = { issuer: 'github', set: {} } as Parameters<NonNullable<typeof publisher>['check']>[0];
  return publisher?.check(claims).find((check) => check.field === field)?.expected;
}
