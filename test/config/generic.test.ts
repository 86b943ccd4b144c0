// Publishers of an issuer of no particular CI: the subject, or claims by name.
import { describe, expect, test } from 'vitest';
import { assumeVerified } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { base, load, loaded, said } from './policy-file.ts';

const policy = (...lines: readonly string[]): string =>
  `${base.slice(0, base.indexOf('publishers:')).replace('github: {}', 'ci: { provider: generic, issuer: https://ci.acme.example/oidc }')}publishers:
  - name: reports
    publish: { pypi: [acme-reports] }
    from:
      issuer: ci
${lines.map((line) => `      ${line}\n`).join('')}`;

describe('a generic publisher is refused', () => {
  const glob = 'only `*` (within a segment) and `**` (across segments) are special; `? [ ] { } \\` are not supported';
  test.each<[string, string[], string]>([
    ['rule 4: without any condition', [], '17:5 error a publisher of this issuer states subject, or at least two claims'],
    ['rule 4: with one claim', ['claims: { project: ui }'], '17:5 error a publisher of this issuer states subject, or at least two claims'],
    [
      'POL-31: with claims that the caller chooses',
      ['claims: { actor: me, ref: refs/heads/main, workflow: x }'],
      '19:7 error whoever can start a job chooses actor, ref, workflow',
    ],
    [
      'POL-31: with the audience and a login',
      ['claims: { aud: npm, user_login: me }'],
      '19:7 error whoever can start a job chooses aud, user_login',
    ],
    ['POL-16: with any subject', ['subject: { glob: "*" }'], '19:24 error the pattern matches everything'],
    ['POL-16: with any subject of many segments', ['subject: { glob: "**/*" }'], '19:24 error the pattern matches everything'],
    ['POL-16: with ? in a glob', ['subject: { glob: "job/?" }'], `19:24 error ${glob}`],
    ['POL-16: with * in a text', ['subject: job/*'], '19:16 error "*" is not a pattern here, it is compared exactly'],
    [
      'with a pattern to contain',
      ['claims: { a: b, groups: { contains: "x*" } }'],
      '19:43 error contains compares exactly; "*" is not a pattern here',
    ],
    ['with an operator of another world', ['claims: { a: b, c: { regex: x } }'], '19:28 error unknown key "regex"'],
    [
      'with two operators',
      ['claims: { a: b, c: { glob: x, contains: y } }'],
      '19:26 error write a text, or { glob: … } or { contains: … }',
    ],
    ['with a list', ['claims: { a: b, c: [x, y] }'], '19:26 error write a text, or { glob: … } or { contains: … }'],
    ['with null', ['claims: { a: b, c: null }'], '19:23 error "c" has no value'],
    ['with sub among the claims', ['claims: { sub: job, a: b }'], '19:17 error write sub as subject:, beside claims:'],
    ['with a claim that is always checked', ['claims: { iss: x, a: b }'], '19:17 error iss is always checked; name other claims'],
    ['with any', ['claims: { a: any, b: c }'], '19:20 error any is no condition'],
    ['with a number for a subject', ['subject: 12'], '19:16 error expected text, got 12'],
    ['with a misspelt key', ['subjekt: job/x'], '19:7 error unknown key "subjekt", did you mean "subject"?'],
  ])('%s', async (_, lines, message) => {
    expect(said(await load(policy(...lines)))).toContain(message);
  });
});

const claims = (set: JsonObject) => assumeVerified('ci', set);

describe('a generic publisher', () => {
  test('compares the subject and claims of every kind', async () => {
    const lines = ['subject: { glob: "job/*" }', 'claims: { branch: main, protected: true, project: 7, groups: { contains: release } }'];
    const [publisher] = (await loaded(policy(...lines))).publishers;
    const token = { sub: 'job/nightly', branch: 'main', protected: true, project: 7, groups: ['dev', 'release'] };
    const failed = (change: JsonObject) =>
      publisher
        ?.check(claims({ ...token, ...change }))
        .filter((check) => !check.ok)
        .map((check) => check.field);
    expect(failed({})).toEqual([]);
    expect(failed({ sub: 'job/a/b' })).toEqual(['subject']);
    expect(failed({ branch: 'Main' })).toEqual(['claims.branch']);
    expect(failed({ protected: false })).toEqual(['claims.protected']);
    expect(failed({ groups: 'release' })).toEqual(['claims.groups']);
    expect(failed({ groups: ['released'] })).toEqual(['claims.groups']);
  });

  test('has its subject as anchor, else the first claim that the caller does not choose', async () => {
    expect(await anchors('subject: job/x', 'claims: { a: b }')).toEqual(['subject']);
    expect(await anchors('claims: { ref: main, project: ui, b: c }')).toEqual(['claims.project']);
  });
});

async function anchors(...lines: readonly string[]): Promise<readonly string[] | undefined> {
  const [publisher] = (await loaded(policy(...lines))).publishers;
  return publisher
    ?.check(claims({}))
    .filter((check) => check.step === 'anchor')
    .map((check) => check.field);
}
