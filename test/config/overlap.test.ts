// Who else may publish the same package.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches, type Pattern } from '../../src/core/pattern.ts';
import type { PackagePattern } from '../../src/core/package-name.ts';
import { overlap } from '../../src/config/compile/overlap.ts';
import { basePolicy, load, said } from './policy-file.ts';

const entry = (text: string): PackagePattern => text as PackagePattern;

describe('two entries overlap', () => {
  test.each([
    ['@acme/ui', '@acme/ui', true],
    ['@acme/ui', '@acme/api', false],
    ['@acme/*', '@acme/ui', true],
    ['@acme/*', '@other/*', false],
    ['@acme/ui-*', '@acme/*-ui', true],
    ['acme-*', 'acme', false],
    ['a*c', 'ab*', true],
    ['@acme/a*', '@acme/b*', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlap(entry(a), entry(b))).toBe(expected);
    expect(overlap(entry(b), entry(a))).toBe(expected);
  });

  test('whenever some name is covered by both', () => {
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '/', '*'), { maxLength: 5 })
      .map((parts) => parts.join('').replaceAll(/\*{2,}/g, '**'));
    const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, pattern, text, (a, b, name) => {
        const both = matches(a as Pattern, name) && matches(b as Pattern, name);
        expect(overlap(entry(a), entry(b)) || !both).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

test('POL-19: publishers of different issuers that may publish the same package are warned of', async () => {
  const second = `  - name: tools
    from:
      issuer: gitlab
      project_path: acme/tools
      namespace_id: 21
      environment: release
      ref: refs/heads/main
      project_id: 34
    publish:
      npm: ["@acme/*"]
`;
  const policy = `${basePolicy('github: {}', 'github: {}', 'gitlab: {}')}${second}`;
  const result = await load(policy);
  expect(result.ok).toBe(true);
  expect(said(result)).toEqual(['36:12 warning "@acme/*" overlaps "@acme/ui" of publisher "ui-release", whose issuer is another (github)']);
  const sameIssuer = policy
    .replace('issuer: gitlab', 'issuer: github')
    .replace(/project_path.*\n.*\n/, 'repository: acme/tools\n      repository_owner_id: 12\n      workflow: a.yml\n')
    .replace('project_id', 'repository_id');
  expect(said(await load(sameIssuer))).toEqual(['37:12 warning "@acme/*" also covers packages of publisher ui-release']);
  // One repository may have several publishers for what it publishes, and two repositories one package.
  expect(said(await load(sameIssuer.replace('acme/tools', 'acme/ui')))).toEqual([]);
  expect(said(await load(sameIssuer.replace('"@acme/*"', '"@acme/ui"')))).toEqual([]);
});
