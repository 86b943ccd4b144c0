// Which texts the fast reader takes. That it reads them as the parser does, test/fuzz/yaml.ts finds out.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { ROOT } from '../support/components.ts';
import { base, folder, write } from './policy-file.ts';

describe('read without the parser', () => {
  test.each(['config/countersign.yaml', 'config/minimal.yaml', 'deploy/countersign.yaml'])('%s', (file) => {
    expect(readPlainYaml(readFileSync(join(ROOT, file), 'utf8'))).toBeDefined();
  });

  test.each([
    ['maps and lists', 'a:\n  b: c\n  d:\n    - e\n    - f: g\n      h: i\n', { a: { b: 'c', d: ['e', { f: 'g', h: 'i' }] } }],
    ['a list below its key', 'a:\n- b\n- c\nd: e\n', { a: ['b', 'c'], d: 'e' }],
    ['lists and maps in brackets', 'a: [b, "c", \'d\', []]\ne: { f: [g], h: {} }\n', { a: ['b', 'c', 'd', []], e: { f: ['g'], h: {} } }],
    ['comments and empty lines', '# a\na: b # c\n\n  # d\ne: "#f"   # g\n', { a: 'b', e: '#f' }],
    [
      'numbers that survive, and what only looks like one',
      'a: 4711\nb: "12"\nc: 1.2.3\nd: 15m\n',
      { a: 4711, b: '12', c: '1.2.3', d: '15m' },
    ],
    ['true and false', 'a: true\nb: false\nc: yes\n', { a: true, b: false, c: 'yes' }],
    ['a key that every object has', 'constructor: a\ntoString: b\n', { constructor: 'a', toString: 'b' }],
  ])('%s', (_, text, value) => {
    expect(readPlainYaml(text)?.value).toEqual(value);
  });
});

describe('left to the parser', () => {
  test.each([
    ['POL-03 a key twice', 'a: b\na: c\n'],
    ['POL-03 a key twice in brackets', 'a: { b: c, b: d }\n'],
    ['POL-04 an anchor', 'a: &b c\n'],
    ['POL-04 an alias', 'a: *b\n'],
    ['POL-04 a merge key', 'a:\n  <<: { b: c }\n'],
    ['POL-05 a tag', 'a: !!str 1\n'],
    ['POL-06 a leading zero', 'a: 012\n'],
    ['POL-06 more digits than a number has', 'a: 9007199254740993\n'],
    ['POL-06 hexadecimal, octal, fractions and exponents in a list', 'a: [0x1f]\n'],
    ['POL-06 an octal number', 'a: 0o17\n'],
    ['POL-06 a fraction', 'a: 1.50\n'],
    ['POL-06 an exponent', 'a: 1e3\n'],
    ['POL-07 TRUE', 'a: TRUE\n'],
    ['POL-07 null', 'a: null\n'],
    ['POL-07 a key without a value', 'a:\nb: c\n'],
    ['POL-08 a document', '---\na: b\n'],
    ['POL-08 a second document', 'a: b\n---\nc: d\n'],
    ['POL-11 a value over two lines', 'a: b\n  c\n'],
    ['POL-11 a quoted value over two lines', 'a: "b\n  c"\n'],
    ['a text in blocks', 'a: |\n  b\n'],
    ['an escape', 'a: "\\x62"\n'],
    ['an apostrophe twice', "a: 'b''c'\n"],
    ['a line that is further in', 'a: b\n   c: d\n'],
    ['a line between two columns', 'a:\n    b: c\n  d: e\n'],
    ['brackets over two lines', 'a: [b,\n  c]\n'],
    ['a comma behind the last', 'a: [b, ]\n'],
    ['a key in a value', 'a: b: c\n'],
    ['a list in a list on one line', '- - a\n'],
    ['a key that is no word', '1: a\n'],
    ['__proto__', '__proto__: a\n'],
    ['letters that are not ASCII', 'a: \u{e4}\n'],
    ['nothing', '# a\n'],
  ])('%s', (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });
});

test('the parser is loaded for a file that needs it, and not before', () => {
  const into = folder();
  write(into, { 'plain.yaml': base, 'other.yaml': base.replace('name: ui-release', 'name: "\\x75i-release"') });
  const program = `
    import { createRequire } from 'node:module';
    import { findPolicy } from ${JSON.stringify(pathToFileURL(join(ROOT, 'src', 'config', 'load.ts')).href)};
    const isLoaded = () => Object.keys(createRequire(${JSON.stringify(join(ROOT, 'package.json'))}).cache).some((file) => file.includes('yaml'));
    const found = [];
    for (const name of ['plain.yaml', 'other.yaml']) found.push(findPolicy(name, { env: {}, policyOnly: false }).ok, isLoaded());
    console.log(JSON.stringify(found));`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: into, encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual([true, false, true, true]);
});

test('the base of the other tests of this room', () => {
  expect(readPlainYaml(base)).toBeDefined();
});
