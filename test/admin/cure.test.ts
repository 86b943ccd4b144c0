// What cures a refusal, and the publishers that are suggested: YAML that says what the record says and nothing else.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cures } from '../../src/admin/cure.ts';
import { suggestedPublisher, yaml } from '../../src/admin/suggestion.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { base, load, said } from '../config/policy-file.ts';
import { policyOf } from './room.ts';

const configuration = (): Promise<Configuration> => policyOf(base);
const refused = {
  issuer: 'github',
  provider: 'github',
  anchor: 'acme/api',
  registry: 'npm',
  package: '@acme/api',
  workflow: 'release.yml',
  environment: 'production',
  ref: 'refs/tags/v1.2.3',
} as const;

describe('a suggested publisher', () => {
  test('is of the run that was seen, for all versions, and does not load before it is completed', async () => {
    const text = suggestedPublisher(refused, await configuration()) ?? '';
    expect(text.split('\n')).toEqual([
      '- name: api',
      '  from:',
      '    issuer: github',
      '    repository: acme/api',
      expect.stringMatching(/^ {4}repository_owner_id: "" {3}# .*owner/),
      '    workflow: release.yml',
      '    environment: production',
      '    ref: refs/tags/v*',
      '  publish:',
      '    npm: ["@acme/api"]',
    ]);
    const policy = (publisher: string): string => `${base}${publisher.replaceAll(/^/gm, '  ')}\n`;
    expect(said(await load(policy(text))).join()).toContain('repository_owner_id is a number');
    // A record without the repository's own id: it loads, and `check` asks for it.
    expect(said(await load(policy(text.replace('""', '12'))))).toEqual([expect.stringContaining('warning repository_id is not stated')]);
  });

  test('has the ids that the token proved, where the record says them', async () => {
    const text = suggestedPublisher({ ...refused, ids: ['repository_id 4711', 'repository_owner_id 12'] }, await configuration()) ?? '';
    expect(parse(text)).toMatchObject([{ from: { repository_owner_id: 12, repository_id: 4711 } }]);
    expect(said(await load(`${base}${text.replaceAll(/^/gm, '  ')}\n`))).toEqual([]);
  });

  test.each([
    ['of nothing proved', { anchor: undefined }],
    ['of an issuer that the policy has not', { issuer: 'gone' }],
  ])('there is none %s', async (_, change) => {
    expect(suggestedPublisher({ ...refused, ...change } as never, await configuration())).toBeUndefined();
  });

  test('takes a name of its own', async () => {
    expect(suggestedPublisher({ ...refused, anchor: 'acme/ui-release' }, await configuration())).toMatch(/^- name: ui-release-release\n/);
  });

  test('is one YAML map with the keys that it has, whatever a claim says', async () => {
    const policy = await configuration();
    const harmless = parse(suggestedPublisher(refused, policy) ?? '') as [{ from: object; publish: object }];
    const piece = fc.constantFrom(
      'a',
      '"',
      "'",
      ':',
      ' ',
      '#',
      '{',
      '}',
      '[',
      '*',
      '&',
      '!',
      '|',
      '>',
      '\\',
      '- ',
      '%',
      '@',
      '`',
      'true',
      '0x1',
      'any',
      '1',
    );
    const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('').trim() || 'x');
    fc.assert(
      fc.property(text, text, text, (one, two, three) => {
        const found = parse(
          suggestedPublisher({ ...refused, anchor: one, workflow: two, environment: three, package: one }, policy) ?? '',
        ) as typeof harmless;
        expect(Object.keys(found[0])).toEqual(Object.keys(harmless[0]));
        expect(Object.keys(found[0].from)).toEqual(Object.keys(harmless[0].from));
        const from = found[0].from as Record<string, unknown>;
        // A star would be a pattern that nobody chose.
        expect(String(from['workflow'])).toBe(two.includes('*') ? '' : two);
        expect(found[0].publish).toEqual({ npm: [one] });
      }),
      { numRuns: 2000 },
    );
  });

  test('a value is read back as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(String(parse(`x: ${yaml(text)}   # was ${yaml(text)}`).x)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a cure', () => {
  const of = async (change: object): Promise<readonly (readonly [string, string | undefined])[]> =>
    cures({ ...refused, ...change }, await configuration()).map(({ says, code }) => [says, code] as const);

  test('is a change of the job, or of the policy with what it was', async () => {
    const found = await of({ code: 'publisher-environment', considered: ['ui-release: environment expected production got staging'] });
    expect(found).toEqual([
      ['Let the job that publishes run in environment production:', 'environment: production'],
      [
        expect.stringContaining('in publisher ui-release:'),
        expect.stringMatching(/^# .*policy\.yaml:\d+\nfrom:\n {2}environment: staging {3}# was production$/),
      ],
    ]);
  });

  test('is of the publisher with the fewest differences', async () => {
    const considered = [
      'other: repository expected acme/x got acme/ui; workflow expected a.yml got b.yml',
      'ui-release: workflow expected release.yml got b.yml',
    ];
    const [job, policy] = await of({ code: 'publisher-workflow', considered });
    expect([job?.[0], policy?.[0]]).toEqual(['Publish from the workflow release.yml.', expect.stringContaining('ui-release')]);
  });

  test('of another owner warns of whoever has the name now', async () => {
    const [job] = await of({ code: 'publisher-owner-id', considered: ['ui-release: repository_owner_id expected 12 got 99'] });
    expect(job?.[0]).toContain('somebody else may have the name now');
  });

  test('never writes a pattern that came with a claim, nor a value that is not there', async () => {
    const found = await of({
      code: 'publisher-ref',
      considered: ['ui-release: ref expected refs/tags/v* got **; environment expected production got none'],
    });
    expect(found.at(-1)?.[1]).toMatch(/ref: any {3}# was refs\/tags\/v\*; is it to be open\?\n {2}environment: any/);
  });

  test.each([
    ['publisher-none', {}, 'If acme/api is to publish it'],
    ['publisher-other-package', { considered: ['ui-release: other package'] }, 'add the package to publisher ui-release'],
    ['upload-unauthenticated', {}, 'let the job ask for an identity token'],
  ])('of %s', async (code, change, says) => {
    expect((await of({ code, ...change }))[0]?.[0]).toContain(says);
  });

  test('there is none where the sentence says it all', async () => {
    expect(await of({ code: 'token-expired' })).toEqual([]);
  });
});
