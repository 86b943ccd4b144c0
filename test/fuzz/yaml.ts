// Policy files, written by chance and mutated: whatever the fast reader accepts, the parser of all of YAML reads the same way
// without a word about it, and both know the same places.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { deepest, parseThoroughly } from '../../src/config/parse.ts';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { Problems } from '../../src/config/problems.ts';
import { textProblems } from '../../src/config/text-problems.ts';
import type { Path } from '../../src/config/locate.ts';
import { base } from '../config/policy-file.ts';
import { ROOT } from '../support/components.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { mutate, mutations, type Grammar, type Mutation } from './mutation.ts';

const grammar: Grammar = {
  special: /[-:#"'[\]{},\n &*!|>?%@`~\\]/g,
  piece: /^.*$/gm,
  tokens: [
    ' ', '  ', '\n', '\n\n', ': ', ':', '- ', '-', '#', ' # c', ' #', '"', "'", "''", '\\', '\\n', '[', ']', '{', '}', ', ', ',', '[]', '{}', '[a, b]',
    '{ a: b }', '{a: b}', '[[a], {b: c}]', '? ', '&a ', '*a', '!!str ', '!x ', '|', '>-', '%', '@', '`', '~', '<<: ', '--- ', '---\n', '...\n',
    'null', 'Null', 'true', 'True', 'yes', 'no', 'on', 'y', '0', '-0', '-1', '+1', '012', '0o7', '0x1F', '1e3', '1.', '.5', '1.0', '.inf', '.nan', '-.inf',
    '9007199254740993', '1_000', '2001-01-01', '12:30', '\t', '\r\n', '\u00e9', '\u00a0', '\u200b', '\ufeff', '\u2028', '__proto__: x', 'constructor: x',
    '1: x', '"a": x', "'a': x", 'a: x\n', '  a: x\n', 'a:\n- b\n', 'a b: c', 'a#b', 'a: b: c', '"a" b', 'a: "b"#c', '- - a', '-  a: b', '${A}', '"${A:-b}"',
    'name: x', 'from:', 'publish:', 'null: x', 'true: x', '.a: x', '_a: x', 'a.b-c_d: x',
  ],
  swaps: [
    [': ', [':', ' : ', ':  ', ':\n      ', ': # c\n        ', ': &a ', ': !!str ', ': - ', ': ? ', ': | ', ': > ', ': >-\n   ', ': "', ": '"]],
    ['- ', ['-', '-  ', '- - ', '- ? ', '-\n', '- # c\n      ', '- [', '- {', '-\t', '* ']],
    ['\n', [' \n', ' # c\n', '\n\n', '\n# c\n', '\r\n', '\n ', '\n  ', '\n    # c\n', '']],
    ['  ', ['', ' ', '   ', '    ', '\t']],
    ['"', ["'", '', '\\"', '""']],
    ['[', ['', '{', '[\n', '[ ', '[[']],
    [']', ['', '}', '\n]', ' ]', ', ]', ']]', ' ] # c']],
    [', ', [',', ' ,', ',\n ', ', , ', ' ']],
    ['a', ['A', ' a', 'a ', '"a"', '#', ':', 'a:', 'a: ', '\u00e4', '-', '*']],
    ['1', ['01', '1.0', '-1', '1e1', '"1"', '0x1', '1_']],
    ['/', ['\\', ' / ', ':', ' #', '/*']],
  ],
  growths: [],
}; // prettier-ignore

/** What a policy is written with, in every place where a reader has to decide something. */
const scalars = [
  'acme/ui', '"@acme/ui"', "'@acme/ui-*'", '4711', '"12"', '0', 'any', 'true', 'false', 'refs/tags/v*', 'https://npm.acme.example/', '10.0.0.0/8', '15m',
  'v{{version}}', '"v{{version}}"', '${TOKEN}', '"${TOKEN:-x}"', '.github/workflows/a.yml', 'a b', 'a  b', 'a#b', 'a:b', 'x,y', 'it\'s', 'say "hi"', 'a]b', '""',
  "''", '"a: b"', '"# no"', '1.2.3', '1.0.0-rc.1', '2026-11-25', '12:30', 'null', 'True', '1.5', '0123', '-1', '~', '$', '/', '.', '..', '_', 'a-', 'a?', 'a!', 'a&b',
  "'it''s'", '"a\\nb"', '"a\n          b"', "'a\n          b'", 'a\n          b', '9007199254740993', '9007199254740991', 'x'.repeat(1100),
]; // prettier-ignore
const keys = [
  'name',
  'from',
  'publish',
  'npm',
  'a',
  'b-c',
  'd.e',
  'f_g',
  'A1',
  'null',
  'true',
  '"q"',
  '1',
  '__proto__',
  'constructor',
  'toString',
  'k'.repeat(1100),
];

interface Style {
  readonly indent: number;
  readonly inset: boolean;
  readonly noise: readonly string[];
}
type Tree =
  | string
  | { readonly list: readonly Tree[]; readonly flow: boolean }
  | { readonly map: readonly (readonly [string, Tree])[]; readonly flow: boolean };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...scalars),
    fc.record({ list: fc.array(tie('tree'), { maxLength: 4 }), flow: fc.boolean() }),
    fc.record({ map: fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), tie('tree')), { maxLength: 4, selector: ([key]) => key }), flow: fc.boolean() }),
  ),
})); // prettier-ignore

/** A tree as YAML; empty and flow collections stand on one line, as does all that is within a flow collection. */
function inline(node: Tree): string {
  if (typeof node === 'string') return node;
  if ('list' in node) return `[${node.list.map(inline).join(', ')}]`;
  return node.map.length === 0 ? '{}' : `{ ${node.map.map(([key, value]) => `${key}: ${inline(value)}`).join(', ')} }`;
}

function block(node: Tree, depth: number, style: Style): string[] {
  const isInline = (child: Tree): child is string =>
    typeof child === 'string' || child.flow || ('list' in child ? child.list : child.map).length === 0;
  if (isInline(node)) return [inline(node)];
  if ('list' in node) {
    return node.list.flatMap((item) => {
      if (isInline(item)) return [`- ${inline(item)}`];
      const [first = '', ...rest] = block(item, depth + 1, style);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  }
  return node.map.flatMap(([key, value]) => {
    if (isInline(value)) return [`${key}: ${inline(value)}`];
    const pad = ' '.repeat('list' in value && !style.inset ? 0 : style.indent);
    return [`${key}:`, ...block(value, depth + 1, style).map((line) => pad + line)];
  });
}

const written = fc
  .record({
    top: tree,
    indent: fc.integer({ min: 1, max: 5 }),
    inset: fc.boolean(),
    noise: fc.array(fc.constantFrom('', '', '', '', ' # c', '  ', '\n', '\n# c', '\n      # c: d'), { minLength: 1, maxLength: 7 }),
  })
  .map(({ top, ...style }) => `${block(top, 0, style).map((line, at) => line + (style.noise[at % style.noise.length] ?? '')).join('\n')}\n`); // prettier-ignore

const policies = [
  base,
  ...readdirSync(join(ROOT, 'config')).filter((name) => name.endsWith('.yaml')).map((name) => readFileSync(join(ROOT, 'config', name), 'utf8')),
  'publishers:\n- name: a\n  from: { issuer: gitlab, project_path: a/b, events: [push, "web"] }\n  publish:\n    npm:\n    - "@a/b"\n    - c\n',
]; // prettier-ignore

interface Case {
  readonly text: string | number;
  readonly list: readonly Mutation[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  text: fc.oneof<[fc.Arbitrary<string>, fc.Arbitrary<number>]>(written, fc.nat(policies.length - 1)),
  list: fc.oneof(fc.constant([]), mutations(grammar)),
});

/** Whether the fast reader accepted it. Throws where the parser disagrees. */
function judge({ text: from, list }: Case): boolean {
  const text = mutate(typeof from === 'string' ? from : (policies[from] ?? ''), list, grammar);
  if (textProblems(text, deepest).length > 0) return false;
  const plain = readPlainYaml(text);
  if (plain === undefined) return false;
  const problems = new Problems();
  const thorough = parseThoroughly('policy.yaml', text, problems);
  const [problem] = problems.list();
  if (problem !== undefined) throw new Error(`the parser says: ${problem.message}`);
  if (!isDeepStrictEqual(plain.value, thorough.value())) {
    throw new Error(`read ${JSON.stringify(plain.value)}, the parser ${JSON.stringify(thorough.value())}`);
  }
  for (const path of pathsOf(plain.value)) {
    for (const part of ['key', 'value'] as const) {
      const [ours, theirs] = [plain.spots.locate(plain.value, text, path, part), thorough.locate(path, part)];
      if (!isDeepStrictEqual(ours, theirs)) {
        throw new Error(`the ${part} at ${path.join('.')} is at ${JSON.stringify(ours)}, for the parser at ${JSON.stringify(theirs)}`);
      }
    }
  }
  return true;
}

/** Every path of a value, and one step further. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  const below = Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item, [...path, index]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))
      : [];
  return [path, [...path, 'missing'], [...path, 99], ...below];
}

export const yaml: Fuzzer = {
  name: 'yaml',
  full: { cases: 100_000 },
  run: (effort: Effort): Promise<Outcome> => explore('yaml', effort, cases, judge),
};
