// What is not even YAML of our kind: refused at its place, never read in one of two ways.
import { describe, expect, test } from 'vitest';
import { base, basePolicy, load, loaded, said } from './policy-file.ts';

describe('the base policy', () => {
  test('loads without a word', async () => {
    const result = await load(base);
    expect(said(result)).toEqual([]);
    expect(result.ok).toBe(true);
  });

  test('POL-08: loads with CRLF line ends and a byte order mark', async () => {
    expect(said(await load(`\u{feff}${base.replaceAll('\n', '\r\n')}`))).toEqual([]);
  });
});

const refused: [title: string, policy: string, said: string[]][] = [
  [
    'POL-03: a key written twice',
    basePolicy('ref: refs/tags/v*', 'ref: refs/tags/v*', 'ref: any'),
    ['23:7 error key ref is written twice'],
  ],
  [
    'POL-03: a key written twice, once quoted',
    basePolicy('ref: refs/tags/v*', 'ref: refs/tags/v*', '"ref": any'),
    ['23:7 error key "ref" is written twice'],
  ],
  [
    'POL-03: a key written twice, once with an escape',
    basePolicy('ref: refs/tags/v*', 'ref: refs/tags/v*', '"r\\u0065f": any'),
    ['23:7 error key "r\\u0065f" is written twice'],
  ],
  [
    'POL-04: an anchor and its alias',
    basePolicy('environment: production', 'environment: &e production', 'runner_environment: *e'),
    ['21:23 error anchors (&e) are not supported', '22:27 error aliases are not supported'],
  ],
  [
    'POL-04: a merge key',
    basePolicy('environment: production', '<<: { environment: any }'),
    ['21:7 error merge keys (<<) are not supported'],
  ],
  ['POL-05: a custom tag', basePolicy('ref: refs/tags/v*', 'ref: !x refs/tags/v*'), ['22:15 error tags (!x) are not supported']],
  [
    'POL-05: a tag that runs code elsewhere',
    basePolicy('ref: refs/tags/v*', 'ref: !!js/function refs'),
    ['22:26 error tags (!!js/function) are not supported'],
  ],
  ['POL-05: !!binary', basePolicy('ref: refs/tags/v*', 'ref: !!binary aGk='), ['22:21 error tags (!!binary) are not supported']],
  [
    'POL-05: !!timestamp',
    basePolicy('ref: refs/tags/v*', 'ref: !!timestamp 2001-01-01'),
    ['22:24 error tags (!!timestamp) are not supported'],
  ],
  [
    'POL-05: !!str on a number',
    basePolicy('repository_owner_id: 12', 'repository_owner_id: !!str 012'),
    ['19:34 error tags (!!str) are not supported'],
  ],
  ['POL-05: a tag on a map', basePolicy('github: {}', 'github: !x {}'), ['2:14 error tags (!x) are not supported']],
  ['POL-08: a second document', `${base}---\n${base}`, ['26:1 error a second YAML document; a policy file has one']],
  ['POL-08: a YAML 1.1 directive', `%YAML 1.1\n---\n${base}`, ['1:1 error YAML directives are not supported']],
  ['POL-08: a tab', basePolicy('ref: refs/tags/v*', 'ref:\trefs/tags/v*'), ['22:11 error a tab: write spaces']],
  [
    'POL-08: a NUL',
    basePolicy('ref: refs/tags/v*', 'ref: refs/tags/v\u{0}'),
    ['22:23 error the character U+0000 cannot be seen and is not allowed'],
  ],
  [
    'POL-08: text that reads in another order than it is parsed',
    basePolicy('ref: refs/tags/v*', 'ref: any # \u{202e}stop'),
    ['22:18 error the character U+202E cannot be seen and is not allowed'],
  ],
  [
    'a key that is no text',
    basePolicy('github: {}', '? [a]', ': {}'),
    ['2:5 error not valid YAML: With stringKeys, all keys must be strings'],
  ],
  [
    'a flow list left open',
    basePolicy('github: {}', 'github: [a'),
    ['3:1 error not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  [
    'a value over two lines',
    basePolicy('environment: production', 'environment: production', '  staging'),
    ['21:20 error a value stands on one line'],
  ],
  ['a block text', basePolicy('environment: production', 'environment: |', '  production'), ['21:20 error a value stands on one line']],
  ['__proto__ as a key', basePolicy('github: {}', 'github: {}', '__proto__: {}'), ['3:3 error unknown key "__proto__"']],
  [
    'POL-10: a file cut short within a line',
    base.slice(0, -2),
    ['25:36 error the last line does not end with a line break; the file may have been cut short'],
  ],
  ['an empty file', '', ['1:1 error "the file" has no value']],
  ['a list instead of a map', '- a\n', ['1:1 error expected a map, got a list']],
];

describe('refused before it means anything', () => {
  test.each(refused)('%s', async (_, policy, expected) => {
    const result = await load(policy);
    expect(result.ok).toBe(false);
    expect(said(result)).toEqual(expected);
  });

  test('POL-08: invalid UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(base), Buffer.from([0x23, 0xff, 0x0a])]);
    expect(said(await load(bytes))).toEqual(['1:1 error the file is not valid UTF-8']);
  });

  test('POL-08: 50 MB', async () => {
    expect(said(await load(Buffer.alloc(50_000_000, '#')))).toEqual(['1:1 error the file is larger than 4194304 bytes']);
  });

  test.each([
    ['brackets', `a: ${'['.repeat(20_000)}\n`],
    ['maps', `a: ${'{ a: '.repeat(20_000)}\n`],
    ['lists on one line', `${'- '.repeat(20_000)}a\n`],
    ['indentation', `${Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}\n`],
  ])('POL-08: 20,000 levels of %s, quickly and without a stack overflow', async (_, policy) => {
    const before = performance.now();
    const result = await load(policy);
    expect(said(result)[0]).toContain('nested deeper than 64 levels');
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test('POL-09: a billion laughs, quickly', async () => {
    const lines = [
      'a0: &a0 [lol, lol]',
      ...Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
    ];
    const before = performance.now();
    const result = await load(`${lines.join('\n')}\n`);
    expect(result.ok).toBe(false);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('POL-06: numbers', () => {
  const id = 'repository_owner_id: 12';
  test.each(['12345678901234567890', '0123', '0x65', '0o17', '1e2', '.5', '1.0', '+5', '1234e567', '.inf', '.nan'])(
    '%s is to be quoted',
    async (number) => {
      const result = await load(basePolicy(id, `repository_owner_id: ${number}`));
      expect(said(result)).toEqual([`19:28 error the number ${number} does not survive YAML exactly`]);
    },
  );

  test.each(['1_01', '0', '-1', '"0123"', '"1 "', '１０１', 'true', '"1e2"'])('%s is no id', async (number) => {
    const result = await load(basePolicy(id, `repository_owner_id: ${number}`));
    expect(said(result)).toEqual(['19:28 error repository_owner_id is a number without leading zeros, as the CI shows it']);
  });

  test.each(['9007199254740991', '"12345678901234567890"'])('%s is an id', async (number) => {
    expect((await loaded(basePolicy(id, `repository_owner_id: ${number}`))).publishers).toHaveLength(1);
  });
});
