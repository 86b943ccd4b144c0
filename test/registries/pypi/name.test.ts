import { describe, expect, it } from 'vitest';
import { covers } from '../../../src/core/package-name.ts';
import { entry, entryProblem, packageName } from '../../../src/registries/pypi/name.ts';

describe('names of Python projects', () => {
  it.each(['allowed', 'Allowed', 'ALLOWED'])('PY-01: %s is allowed', (name) => expect(packageName(name)).toBe('allowed'));

  it.each(['acme-tools', 'acme_tools', 'Acme..Tools', 'acme-_.tools', 'acme.tools'])('PY-02: %s is acme-tools', (name) =>
    expect(packageName(name)).toBe('acme-tools'),
  );

  it.each([
    'allowed-',
    '-allowed',
    '_allowed',
    'allowed.',
    '',
    '.',
    'a b',
    'a/b',
    'a@b',
    'a$b',
    'a%b',
    'a*',
    ' a',
    'a\n',
    'a\0',
    'x'.repeat(129),
  ])('PY-03: %j is no name', (name) => expect(packageName(name)).toBeUndefined());

  it.each([
    'tp-demo\u212a',
    'allowed\u017f',
    '\u0130nt',
    'a\ufb00',
    '\uff41llowed',
    'p\u0430ypal',
    'a\u0301b',
    '\u202eab',
    'a\u200db',
    '\ufeffallowed',
  ])('PY-04: %j is no name, whatever it folds to', (name) => expect(packageName(name)).toBeUndefined());
});

describe('entries of a publisher for Python projects', () => {
  it.each(['acme-ui', 'Acme.UI', 'acme-*', 'acme_*', '*-acme', 'a*z'])('%s is possible', (text) =>
    expect(entryProblem(text)).toBeUndefined(),
  );

  it.each(['*', '**', 'acme-**', '*-*', '-acme', 'acme-', 'acme/*', '@acme/*', 'acme-?', 'acme-[ab]', '', '*.', 'ac me*'])(
    '%j is a mistake',
    (text) => expect(entryProblem(text)).toMatch(/\w+ \w+/),
  );

  it('folds the pieces of a pattern like a name, and then covers canonical names', () => {
    expect(entry('Acme_.Ui')).toBe('acme-ui');
    expect(entry('Acme_*')).toBe('acme-*');
    expect(covers(entry('Acme._*'), packageName('acme_UI')!)).toBe(true);
    expect(covers(entry('acme-*'), packageName('acmeevil')!)).toBe(false);
    expect(() => entry('-')).toThrow(/not a package entry/);
  });
});
