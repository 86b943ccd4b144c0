// Where links may lead, whatever a claim says.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outside, paths, sourceLinks, to, wayBack } from '../../src/admin/href.ts';

const github = { url: 'https://token.actions.githubusercontent.com' };
const issuers = new Map([
  ['github', github],
  ['corp', { url: 'http://gitlab.corp.example:8080' }],
]);
const sha = '3f1c9d7e5b2a4f60817263544536271809abcdef';

describe('an address that a token names', () => {
  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)//https://x',
    'data:text/html,<script>alert(1)</script>',
    'http://ci.example/run/1',
    'https://user:password@ci.example/1',
    'https:\\\\evil.example\\1',
    'https://ci.example/a/../b',
    'https://ci.example/\t1',
    ' https://ci.example/1',
    '//ci.example/1',
    '/logout',
    'https://CI.example/1',
    'https://ci.example',
    `https://ci.example/${'a'.repeat(1000)}`,
    'vbscript:x',
    'blob:https://ci.example/1',
    '',
  ])('%s is no link', (text) => {
    expect(outside(text, github)).toBeUndefined();
  });

  test('is one when it is https in its normal form, or on the host of the issuer that was configured with http', () => {
    expect(outside('https://ci.example/run/1?x=y#z', github)).toBe('https://ci.example/run/1?x=y#z');
    expect(outside('http://gitlab.corp.example:8080/a/-/jobs/1', issuers.get('corp'))).toBeDefined();
    expect(outside('http://gitlab.corp.example/a/-/jobs/1', issuers.get('corp'))).toBeUndefined();
    expect(outside('http://other.corp.example:8080/a/-/jobs/1', issuers.get('corp'))).toBeUndefined();
  });

  test('is https and nothing else for any text', () => {
    const scheme = fc.constantFrom('javascript:', 'https://', 'http://', 'data:', 'HTTPS://', '\u0001javascript:', '');
    fc.assert(
      fc.property(scheme, fc.string(), (before, text) => {
        const link = outside(before + text, github);
        if (link !== undefined) expect(link).toMatch(/^https:\/\/[^/@]+\/./);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the pages of a run', () => {
  const run = {
    issuer: 'github',
    provider: 'github',
    anchor: 'acme/ui',
    commit: sha,
    runUrl: 'https://github.com/acme/ui/actions/runs/4711',
  };

  test('are those of its CI, with the commit on the same forge', () => {
    expect(sourceLinks(run, issuers)).toEqual({
      run: 'https://github.com/acme/ui/actions/runs/4711',
      repository: 'https://github.com/acme/ui',
      commit: `https://github.com/acme/ui/commit/${sha}`,
    });
    const gitlab = {
      issuer: 'corp',
      provider: 'gitlab',
      anchor: 'a/b',
      commit: sha,
      runUrl: 'http://gitlab.corp.example:8080/a/b/-/jobs/9',
    };
    expect(sourceLinks(gitlab, issuers).commit).toBe(`http://gitlab.corp.example:8080/a/b/-/commit/${sha}`);
  });

  test.each([
    ['of another repository than the token proved', { runUrl: 'https://github.com/evil/fork/actions/runs/1' }, ['run']],
    ['whose form nobody knows', { runUrl: 'https://github.com/acme/ui/wiki' }, ['run']],
    ['of a CI without pages for commits', { provider: 'jenkins' }, ['run']],
    ['with a commit that is none', { commit: '../../settings' }, ['run', 'repository']],
    ['with a short commit', { commit: sha.slice(0, 12) }, ['run', 'repository']],
    ['that is nowhere', { runUrl: 'javascript:alert(1)' }, []],
  ])('%s: only what can be told', (_, change, keys) => {
    expect(Object.keys(sourceLinks({ ...run, ...change }, issuers))).toEqual(keys);
  });
});

describe('the way back', () => {
  test.each(paths.filter((path) => !/^\/(login|logout|theme|find)/.test(path)))('may be %s', (path) => {
    expect(wayBack(`${path}?package=%40acme%2Fui&x=1`)).toBe(`${path}?package=%40acme%2Fui&x=1`);
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/..//evil.example',
    '/logout',
    '/login?next=/login',
    '/theme',
    '/publishes#x',
    '/nowhere',
    '',
    null,
  ])('%s is the overview', (text) => {
    expect(wayBack(text)).toBe('/');
  });

  test('is one line, whatever stands behind the question mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(wayBack(`/publishes?${text}`)).toMatch(/^\/(publishes(\?[\x21-\x7e]*)?)?$/);
      }),
    );
  });
});

test('a page of ours leaves out what is empty', () => {
  expect(to('/publishes', { package: '@acme/ui', publisher: '', anchor: undefined })).toBe('/publishes?package=%40acme%2Fui');
});
