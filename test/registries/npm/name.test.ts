import { describe, expect, it } from 'vitest';
import { covers } from '../../../src/core/package-name.ts';
import { npm } from '../../../src/registries/npm/index.ts';

describe('npm package names', () => {
  it.each(['w', 'left-pad', 'a.b_c-d', '@acme/w', '@acme/ui-core', '@a-b.c/d', 'x'.repeat(214), '0'])('takes %s', (text) => {
    expect(npm.packageName(text)).toBe(text);
  });

  it.each([
    '',
    ' ',
    'Foo',
    '@ACME/w',
    '@acme/W',
    '.x',
    '_x',
    '-',
    '-x',
    '@acme/.x',
    '@acme/_x',
    '@acme/-x',
    '@.a/x',
    'a/b',
    '@acme',
    '@acme/',
    '@/x',
    '@@acme/x',
    '@acme/a/b',
    '@acme/../x',
    '@acme%2fx',
    'node_modules',
    'favicon.ico',
    '@acme/node_modules',
    '__proto__',
    'constructor',
    '~x',
    "it's",
    'a b',
    'a\n',
    'a\0',
    '\u0430cme',
    'a(b)',
    'a!',
    'a*',
    'x'.repeat(215),
  ])('refuses %j (NPM-27, NPM-28, PTH-17, PTH-18, npm.md E rows 29 and 30)', (text) => {
    expect(npm.packageName(text)).toBeUndefined();
  });
});

describe('entries of a publisher’s package list', () => {
  it.each(['@acme/w', 'w', '@acme/*', '@acme/ui-*', '@acme/*-ui', 'acme-*', 'a*z'])('takes %s', (entry) => {
    expect(npm.entryProblem(entry)).toBeUndefined();
    expect(npm.entry(entry)).toBe(entry);
  });

  it.each([
    '*',
    '**',
    '*-ui',
    '@*/x',
    '@acme*/x',
    '@acme/**',
    'acme-**',
    '@ACME/*',
    'Foo',
    'a/*',
    '@acme/?',
    '@acme/[ab]',
    '@acme/{a,b}',
    '@acme',
    '',
    '@/*',
    '@acme/*/x',
    '-*',
    '@acme/***',
  ])('refuses %j, and says why', (entry) => {
    expect(npm.entryProblem(entry)).toMatch(/\w/);
  });

  it('keeps a scope to itself (NPM-27, NPM-28)', () => {
    const all = npm.entry('@acme/*');
    const names = ['@acme/w', '@acme-evil/w', 'acme-w', '@acm/w'].map((text) => npm.packageName(text));
    expect(names.filter((name) => name !== undefined && covers(all, name))).toEqual(['@acme/w']);
  });
});

describe('audiences of an npm registry', () => {
  it('are the host name, and the host with its port for Yarn', () => {
    expect(npm.audiences(new URL('https://npm.acme.test/'))).toEqual(['npm:npm.acme.test']);
    expect(npm.audiences(new URL('http://127.0.0.1:4873/x/'))).toEqual(['npm:127.0.0.1', 'npm:127.0.0.1:4873']);
  });
});
