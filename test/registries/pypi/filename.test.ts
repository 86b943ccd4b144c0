import { array, constantFrom, sample, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilename } from '../../../src/registries/pypi/filename.ts';
import { packageName } from '../../../src/registries/pypi/name.ts';
import { parseVersion } from '../../../src/registries/pypi/version.ts';
import { describeWith } from '../../support/requirement.ts';
import { askPython } from './python.ts';

function read(filename: string): string {
  const parsed = parseFilename(filename);
  return parsed.ok
    ? `${parsed.distribution.kind} ${parsed.distribution.project} ${parsed.distribution.version.normal}`
    : `refused: ${parsed.problem}`;
}

function key(filename: string): string | undefined {
  const parsed = parseFilename(filename);
  return parsed.ok ? parsed.distribution.key : undefined;
}

describe('file names of distributions', () => {
  it.each([
    ['allowed-1.0.tar.gz', 'sdist allowed 1.0'],
    ['Acme_UI-1.0rc1.tar.gz', 'sdist acme-ui 1.0rc1'],
    ['acme-ui-1.0.tar.gz', 'sdist acme-ui 1.0'],
    ['acme.ui-1.0.tar.gz', 'sdist acme-ui 1.0'],
    ['acme-ui-tools-2023.4.1.tar.gz', 'sdist acme-ui-tools 2023.4.1'],
    ['a_1b-1.0.tar.gz', 'sdist a-1b 1.0'],
    ['acme-v2-1.0.tar.gz', 'sdist acme-v2 1.0'],
    ['allowed-1!2.0+ubuntu.1.tar.gz', 'sdist allowed 1!2.0+ubuntu.1'],
    ['allowed-1.0-py3-none-any.whl', 'wheel allowed 1.0'],
    ['acme_ui-1.0+local.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', 'wheel acme-ui 1.0+local.1'],
  ])('reads %s', (filename, expected) => expect(read(filename)).toBe(expected));

  it('PY-12: reads a wheel with a build tag', () => expect(read('allowed-1.0-1-py3-none-any.whl')).toBe('wheel allowed 1.0'));

  it.each(['victim-v1-2.tar.gz', 'victim-V1-2.tar.gz', 'victim-x-v1-2.tar.gz'])(
    'beside PY-10: refuses %s, which pip could take for a file of `victim`',
    (filename) => expect(read(filename)).toMatch(/^refused: could be read/),
  );

  it.each(['a-1b-1.0.tar.gz', 'a-2-1.0.tar.gz', 'foo-3-bar-1.0.tar.gz'])(
    'PY-10: refuses %s, which pypiserver or devpi take for another project',
    (filename) => expect(read(filename)).toMatch(/^refused: could be read/),
  );

  it.each([
    'a-1.0b-1.tar.gz',
    'a-v1.0.tar.gz',
    'allowed-1.0-victim-2.0.tar.gz',
    'allowed.tar.gz',
    'a--1.0.tar.gz',
    'foo.win-1.0.tar.gz',
    'foo-py3x-1.0.tar.gz',
  ])('PY-11: refuses %s', (filename) => expect(read(filename)).toMatch(/^refused/));

  it.each([
    'a-1x-2.0-py3-none-any.whl',
    'allowed-1.0-py3-none.whl',
    'allowed-1.0-1-2-py3-none-any.whl',
    'allowed-1.0-py3-none-any.WHL',
    'allowed-1.0-py3-none-any.whl.asc',
    'allowed-1.0-py3-none-any.whl.metadata',
    'allowed-1.0-x1-py3-none-any.whl',
    'allowed-v1.0-1-py3-none-any.whl',
    'allowed-1.0--none-any.whl',
    '-1.0-py3-none-any.whl',
  ])('PY-13: refuses %s', (filename) => expect(read(filename)).toMatch(/^refused/));

  it.each(['.exe', '.msi', '.rpm', '.deb', '.egg', '.dmg', '.tgz', '.tar.bz2', '.tar.xz', '.zip', '.tar', '.doc.zip', '.TAR.GZ'])(
    'PY-14: refuses the ending %s',
    (ending) => expect(read(`allowed-1.0${ending}`)).toMatch(/^refused: ends neither/),
  );

  it.each([
    '../allowed-1.0.tar.gz',
    'a/allowed-1.0.tar.gz',
    'C:\\allowed-1.0.tar.gz',
    '.allowed-1.0.tar.gz',
    'allowed-1.0.tar.gz\0',
    'allowed-1.0.tar.gz ',
    'allow\u212aed-1.0.tar.gz',
    `${'a'.repeat(300)}-1.0.tar.gz`,
    '',
  ])('MP-54, MP-55: refuses %j', (filename) => expect(read(filename)).toMatch(/^refused/));

  it('gives the same key to names of the same file only', () => {
    expect(key('Acme.UI-1.0.0.tar.gz')).toBe(key('acme_ui-1.0.tar.gz'));
    expect(key('acme_ui-1.0-py3-none-any.whl')).not.toBe(key('acme_ui-1.0-1-py3-none-any.whl'));
    expect(key('acme_ui-1.0-py3-none-any.whl')).not.toBe(key('acme_ui-1.0.tar.gz'));
  });
});

describeWith(
  'python',
  'pypi-server',
  'devpi-server',
)('file names, compared with pypiserver and devpi', () => {
  it('beside PY-10: accepts no archive that pip, on a page with the files of all projects, takes for another project or version', async () => {
    const stems = array(constantFrom('a', 'b1', '1', '-', '-', '-v1', '-V2', '_', '.', '1.0', 'rc1', 'post1', 'dev', '+x'), {
      minLength: 2,
      maxLength: 7,
    });
    const archives = sample(
      stems.map((some) => `${some.join('')}-1.tar.gz`),
      { numRuns: 10_000, seed: 503 },
    ).filter((filename) => parseFilename(filename).ok);
    expect(archives.length).toBeGreaterThan(500);
    const taken = (await askPython('pip', archives)) as (readonly [string, string])[][];
    archives.forEach((filename, i) => {
      const parsed = parseFilename(filename);
      if (!parsed.ok) return;
      const { project, version } = parsed.distribution;
      expect([filename, ...(taken[i] ?? []).map(([name, text]) => [name, parseVersion(text)?.key])]).toEqual([
        filename,
        [project, version.key],
      ]);
    });
  });

  it('PY-10, PY-11: accepts no name that one of them takes for another project or version', async () => {
    const pieces = [
      'a',
      'b1',
      '1',
      '2.0',
      '1.0',
      'v1',
      '-',
      '-',
      '_',
      '.',
      'py3',
      'cp311',
      'win',
      'linux',
      'macosx',
      '+x',
      'rc1',
      '1b',
      'post1',
      '!',
      'none',
      'any',
    ];
    const stems = array(constantFrom(...pieces), { minLength: 2, maxLength: 9 }).map((some) => some.join(''));
    const names = tuple(
      stems,
      constantFrom('-1.0.tar.gz', '.tar.gz', '-1.0+win.1.tar.gz', '-1.tar.gz', '-1.0-py3-none-any.whl', '-py3-none-any.whl'),
    );
    const filenames = sample(
      names.map((some) => some.join('')),
      { numRuns: 20_000, seed: 625 },
    );
    const accepted = filenames.filter((filename) => parseFilename(filename).ok);
    expect(accepted.length).toBeGreaterThan(500);
    const guesses = (await askPython('guess', accepted)) as [[string, string] | null, [string, string] | null][];
    accepted.forEach((filename, i) => {
      const parsed = parseFilename(filename);
      if (!parsed.ok) return;
      const { project, version, kind } = parsed.distribution;
      for (const guess of guesses[i] ?? []) {
        const guessed = kind === 'sdist' ? parseVersion(guess?.[1] ?? '')?.key : version.key;
        expect([filename, packageName(guess?.[0] ?? ''), guessed]).toEqual([filename, project, version.key]);
      }
    });
  });
});
