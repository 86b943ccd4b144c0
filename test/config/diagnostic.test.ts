// How problems are shown: the place, the line, the caret, and what was probably meant.
import { describe, expect, test } from 'vitest';
import { printDiagnostics, printSomeWarnings, showableLine, type Diagnostic } from '../../src/config/diagnostic.ts';
import { didYouMean, nearest } from '../../src/config/did-you-mean.ts';
import { basePolicy, diagnosticsOf, load } from './policy-file.ts';

const plain = { colour: false };

describe('printDiagnostics', () => {
  test('shows file, line, column, the line and a caret under what is meant', async () => {
    const policy = basePolicy('workflow: release.yml', 'workflow: .github/workflows/release.yml').replace('environment:', 'enviroment:');
    const printed = printDiagnostics(diagnosticsOf(await load(policy)), plain);
    expect(printed.replaceAll(/^\S*policy\.yaml/gm, 'policy.yaml')).toBe(
      `policy.yaml:20:17  error  workflow: write the file name only, for example release.yml [value]
 20 |       workflow: .github/workflows/release.yml
    |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
policy.yaml:21:7  error  unknown key "enviroment", did you mean "environment"? [unknown-key]
 21 |       enviroment: production
    |       ^^^^^^^^^^
`,
    );
  });

  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'value',
    place: { file: 'a.yaml', line: 1, column: 3 },
    length: 2,
    message: 'no',
    hint: 'yes',
  };

  test('shows a hint below, and colours only when asked', () => {
    expect(printDiagnostics([diagnostic], plain)).toBe('a.yaml:1:3  error  no [value]\n   = yes\n');
    expect(printDiagnostics([{ ...diagnostic, source: 'a: b' }], { colour: true })).toContain('\u{1b}[');
    expect(printDiagnostics([], plain)).toBe('');
  });

  test('of thousands of warnings some are told, and how many there are', () => {
    const list = Array.from({ length: 1201 }, (_, i) => ({ ...diagnostic, place: { ...diagnostic.place, line: i + 1 } }));
    expect(printSomeWarnings(list.slice(0, 200), plain)).toBe(printDiagnostics(list.slice(0, 200), plain));
    const lines = printSomeWarnings(list, plain).trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('a.yaml:'))).toHaveLength(200);
    expect(lines.at(-1)).toBe('and 1001 more warnings; countersign check shows them all');
  });

  test('cuts a very long line around the caret', () => {
    const source = `${'a'.repeat(5000)}bb${'c'.repeat(5000)}`;
    const [, line = '', caret = ''] = printDiagnostics(
      [{ ...diagnostic, source, place: { ...diagnostic.place, column: 5001 } }],
      plain,
    ).split('\n');
    expect(line.length).toBeLessThan(200);
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('bb');
  });
});

describe('a line of the policy as it is shown', () => {
  test.each([
    ['password: hunter2', 'password: *******'],
    ['  sentinel_password: "hunter2" # c', '  sentinel_password: "************'],
    ['{ bearer: hunter2, x: y }', '{ bearer: ***************'],
    ['password: ${PASSWORD}', 'password: ${PASSWORD}'],
    ['{ bearer: "${TOKEN}" }', '{ bearer: "${TOKEN}" }'],
    ['password_file: /run/secrets/devpi', 'password_file: /run/secrets/devpi'],
    ['store: redis://me:p@ss/w@redis:6379', 'store: redis://*********@redis:6379'],
    ['credential: hunter2', 'credential: *******'],
    ['credential: none', 'credential: none'],
    ['a: \u{1b}[2J\u{202e}', 'a: \u{fffd}[2J\u{fffd}'],
  ])('%j', (line, shown) => {
    expect(showableLine(line)).toBe(shown);
  });
});

describe('did you mean', () => {
  const known = ['environment', 'repository', 'repository_id', 'ref', 'workflow'];
  test.each([
    ['enviroment', 'environment'],
    ['Environment', 'environment'],
    ['repositry', 'repository'],
    ['repository-id', 'repository_id'],
    ['erf', 'ref'],
    ['wrokflow', 'workflow'],
  ])('%s: %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  test.each(['sub', 'xyz', '', 'a'.repeat(100_000)])('nothing for what is far from everything', (word) => {
    expect(didYouMean(word, known)).toBe('');
  });
});
