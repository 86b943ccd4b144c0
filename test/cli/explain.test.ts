// `explain`: the same decision as the runtime, with every check.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { countersign, policy, policyEnv as env, written } from './fake-terminal.ts';

let issuer: CiIssuer;
let config: string;
beforeAll(async () => {
  issuer = await startIssuer();
  config = written('countersign.yaml', policy({ issuer: issuer.issuer }));
});
afterAll(() => issuer.close());

const claims = (changes: Record<string, unknown> = {}): Record<string, unknown> =>
  issuer.githubClaims({ aud: 'npm:npm.acme.dev', ...changes });
const claimsFile = (changes: Record<string, unknown> = {}): string => written('claims.json', JSON.stringify(claims(changes)));
const tokenFile = (changes: Record<string, unknown> = {}): string => written('token', `${issuer.sign(claims(changes))}\n`);
const verify = (file: string) => explain('--token-file', file, '--package', 'npm:@acme/ui', '--verify');
const explain = (...rest: string[]) => countersign(['explain', '--config', config, ...rest], { env });

describe('bare claims', () => {
  test('that would be granted end with 0, and it is said that nothing was verified', async () => {
    const { code, out } = await explain('--claims', claimsFile(), '--package', 'npm:@acme/ui');
    expect(code).toBe(0);
    expect(out).toContain('Package npm:@acme/ui  ->  would be granted\n');
    expect(out).toContain('Bare claims: nothing about them was verified.');
    expect(out).toContain('ok    grants publish for 15 min');
  });

  test('that would be refused end with 1, with expected and actual value of each field', async () => {
    const workflow = 'acme/ui/.github/workflows/build.yml@refs/heads/main';
    const { code, out } = await explain(
      '--claims',
      claimsFile({ workflow_ref: workflow, environment: undefined }),
      '--package',
      'npm:@acme/ui',
    );
    expect(code).toBe(1);
    expect(out).toContain('would be refused: publisher-workflow');
    expect(out).toContain('The job is told: Publisher ui-release expects workflow release.yml; this job runs build.yml.');
    expect(out).toMatch(/FAIL {2}workflow +expected release\.yml +token has build\.yml/);
    expect(out).toMatch(/FAIL {2}environment +expected release +token has none/);
    expect(out).toMatch(/ok {4}repository +acme\/ui/);
    expect(out.indexOf('ui-release  (')).toBeLessThan(out.indexOf('icons-release  ('));
  });

  test('of a job that may publish another package say so', async () => {
    const { code, out } = await explain('--claims', claimsFile(), '--package', 'npm:@acme/other');
    expect(code).toBe(1);
    expect(out).toContain('does not list @acme/other');
    expect(out).toContain('acme/ui may publish @acme/ui, not @acme/other');
  });

  test('with escape sequences in them do not reach the terminal (JWT-48)', async () => {
    const { out } = await explain('--claims', claimsFile({ environment: '\u001b]0;owned\u0007' }), '--package', 'npm:@acme/ui');
    expect(out).toContain('token has \\u{1b}]0;owned\\u{7}');
    expect(out).not.toContain('\u001b');
  });

  test('as JSON carry the same', async () => {
    const { code, out } = await explain('--claims', claimsFile({ environment: 'prod' }), '--package', 'npm:@acme/ui', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      granted: false,
      verified: false,
      registry: 'npm',
      package: '@acme/ui',
      issuer: 'github',
      anchor: 'acme/ui',
      refusal: { code: 'publisher-environment' },
    });
  });

  test('without `iss` need --issuer, and a foreign `iss` is not explained away by it', async () => {
    const bare = claimsFile({ iss: undefined });
    expect((await explain('--claims', bare, '--package', 'npm:@acme/ui')).code).toBe(1);
    expect((await explain('--claims', bare, '--package', 'npm:@acme/ui', '--issuer', 'github')).code).toBe(0);
    const foreign = claimsFile({ iss: 'https://evil.example' });
    const { code, err } = await explain('--claims', foreign, '--package', 'npm:@acme/ui', '--issuer', 'github');
    expect(code).toBe(1);
    expect(err).toContain('The claims are from https://evil.example, not from issuer github');
  });
});

describe('a token', () => {
  test('is decoded, with audience and times, and its signature is not verified unless asked', async () => {
    const { code, out } = await explain('--token-file', tokenFile(), '--package', 'npm:@acme/ui');
    expect(code).toBe(0);
    expect(out).toContain('Its signature was not verified; --verify does that.');
    expect(out).toMatch(/ok {4}audience +npm:npm\.acme\.dev/);
    expect(out).toMatch(/ok {4}times +valid now/);
  });

  test('for another audience would be refused; one that expired is only a warning', async () => {
    const other = await explain('--token-file', tokenFile({ aud: 'sts.amazonaws.com' }), '--package', 'npm:@acme/ui');
    expect(other.code).toBe(1);
    expect(other.out).toMatch(/FAIL {2}audience +The identity token is for audience sts\.amazonaws\.com/);
    const now = Math.floor(Date.now() / 1000);
    const old = await explain(
      '--token-file',
      tokenFile({ iat: now - 4000, nbf: now - 4000, exp: now - 3700 }),
      '--package',
      'npm:@acme/ui',
    );
    expect(old.code).toBe(0);
    expect(old.out).toMatch(/warn {2}times +The identity token expired/);
  });

  test('with --verify is judged as the proxy does: good, forged, and expired', async () => {
    const good = await verify(tokenFile());
    expect([good.code, good.out.includes('It was verified.')]).toEqual([0, true]);
    const forged = issuer.sign(claims()).replace(/\.[^.]+$/, `.${Buffer.alloc(256, 1).toString('base64url')}`);
    const now = Math.floor(Date.now() / 1000);
    for (const [file, what] of [
      [written('token', forged), 'signature'],
      [tokenFile({ iat: now - 800, nbf: now - 800, exp: now - 500 }), 'times'],
      [tokenFile({ aud: 'sts.amazonaws.com' }), 'audience'],
    ] as const) {
      const { code, out } = await verify(file);
      expect([code, out]).toEqual([1, expect.stringMatching(new RegExp(`It was not accepted[^]*FAIL {2}${what} `))]);
    }
  });

  test('whose issuer does not answer is an outage with --verify', async () => {
    issuer.behave({ discovery: { reset: true } });
    const { code, err } = await explain('--token-file', tokenFile(), '--package', 'npm:@acme/ui', '--verify');
    issuer.behave({ discovery: null });
    expect(code).toBe(4);
    expect(err).toContain('The keys of issuer github cannot be fetched');
  });
});

describe('what cannot be explained', () => {
  test.each([
    [['--package', 'maven:x'], 'No registry is called maven; there are npm.'],
    [['--package', 'npm:..'], 'is not a'],
    [['--package', 'npm:@acme/ui', '--claims', '/nowhere'], '/nowhere cannot be read'],
  ])('%j is a usage error', async (rest, says) => {
    const { code, err } = await explain(...rest, ...(rest.includes('--claims') ? [] : ['--claims', claimsFile()]));
    expect(code).toBe(2);
    expect(err).toContain(says);
  });

  test('is anything under a configuration that is not valid', async () => {
    const broken = written('countersign.yaml', policy().replace('workflow:', 'worklow:'));
    const { code, err } = await countersign(['explain', '--config', broken, '--claims', claimsFile(), '--package', 'npm:x'], { env });
    expect(code).toBe(3);
    expect(err).toContain('did you mean "workflow"?');
  });
});
