// `test`: policy unit tests, decided as at run time, with diagnostics as for the policy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { githubClaims } from '../support/claims.ts';
import { tempDir } from '../support/temp.ts';
import { countersign, policy, policyEnv as env, type Printed } from './fake-terminal.ts';

const iss = 'https://token.actions.githubusercontent.com';
const claims = (changes: Record<string, unknown> = {}): string =>
  JSON.stringify(githubClaims({ iss, ref: 'refs/heads/main', repository_owner_id: '11', environment: 'release', ...changes }));
const tagged = policy().replace('    publish: { npm: ["@acme/icons"] }', '    tag: "v{{version}}"\n    publish: { npm: ["@acme/icons"] }');

async function run(
  tests: string,
  { width, files = {}, json = false }: { width?: number; files?: Record<string, string>; json?: boolean } = {},
): Promise<Printed> {
  const cwd = tempDir('policy-tests');
  for (const [name, text] of Object.entries({ 'countersign.yaml': tagged, 'policy-tests.yaml': tests, ...files }))
    writeFileSync(join(cwd, name), text);
  const config = join(cwd, 'countersign.yaml');
  return countersign(['test', '--config', config, ...(json ? ['--json'] : [])], { env, cwd, ...(width === undefined ? {} : { width }) });
}

const ui = `- name: the release of ui publishes
  claims: ${claims()}
  package: npm:@acme/ui
  expect: publish
  publisher: ui-release
`;
const icons = (more: string): string => `- name: icons
  claims: ${claims({ repository: 'acme/icons', repository_id: '102', ref: 'refs/tags/v1.0.0' })}
  package: npm:@acme/icons
${more}`;

describe('countersign test', () => {
  test('ends with 0 when every test passes, and says so', async () => {
    const { code, out } = await run(`${ui}${icons('  version: 1.0.0\n  expect: publish\n')}`);
    expect([code, out]).toEqual([0, 'ok    the release of ui publishes\nok    icons\npolicy-tests.yaml: 2 tests, all passed.\n']);
  });

  test('ends with 1 when one does not, with what was expected, what came, and where it stands', async () => {
    const { code, out } = await run(
      `${ui.replace('publisher: ui-release', '')}${ui.replace('main', 'other').replace('publishes', 'elsewhere')}`,
    );
    expect(code).toBe(1);
    expect(out).toMatch(
      /^FAIL {2}the release of ui elsewhere\n {6}expected {2}publish, by ui-release\n {6}got {7}refused: publisher-\S+\. Publisher ui-release /m,
    );
    expect(out).toContain('      at        policy-tests.yaml:6:3\n');
    expect(out).toMatch(/policy-tests\.yaml: 2 tests, 1 failed\.\n$/);
  });

  test.each([
    ['another code than the expected', 'expect: refused\n  code: publisher-ref', 'got       refused: publisher-environment'],
    ['a publish where a refusal is expected', 'expect: refused', 'got       publish, by ui-release'],
  ])('%s fails', async (_, expectation, says) => {
    const environment = says.includes('environment') ? ui.replace('"environment":"release"', '"environment":"prod"') : ui;
    const { code, out } = await run(environment.replace('expect: publish\n  publisher: ui-release', expectation));
    expect(code).toBe(1);
    expect(out).toContain(says);
  });

  test('a refusal that is expected passes, with its code or with any', async () => {
    const refused = ui.replace('"environment":"release"', '"environment":"prod"');
    for (const expectation of ['expect: refused', 'expect: refused\n  code: publisher-environment'])
      expect((await run(refused.replace('expect: publish\n  publisher: ui-release', expectation))).code).toBe(0);
  });

  test('with a version the tag rule counts, as at the upload', async () => {
    const other = icons('  version: 2.0.0\n  expect: refused\n  code: upload-tag-rule\n');
    const missing = icons('  version: 2.0.0\n  expect: publish\n');
    expect((await run(other)).code).toBe(0);
    const { code, out } = await run(missing);
    expect([code, out]).toEqual([1, expect.stringContaining('only from tag refs/tags/v2.0.0; this run is on refs/tags/v1.0.0')]);
  });

  test('claims come from a file, and claims of the test stand over them', async () => {
    const test = `- name: from a file
  claims_file: job.json
  claims: { environment: prod, actor: null }
  package: npm:@acme/ui
  expect: refused
  code: publisher-environment
`;
    expect((await run(test, { files: { 'job.json': claims() } })).code).toBe(0);
    expect((await run(test.replace('environment: prod, ', ''), { files: { 'job.json': claims() } })).code).toBe(1);
  });

  test('a number where the CI sends text is told from a policy that is wrong', async () => {
    const { code, out } = await run(ui.replace('"repository_id":"101"', '"repository_id":101'));
    expect(code).toBe(1);
    expect(out).toMatch(/hint {6}It would pass with .*repository_id.* in quotes: GitHub Actions sends text\./);
  });

  test('as JSON has the same for programs', async () => {
    const { code, out } = await run(`${ui}${icons('  version: 2.0.0\n  expect: publish\n')}`, { json: true });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      passed: 1,
      failed: 1,
      tests: [
        { name: 'the release of ui publishes', passed: true, got: { publishers: ['ui-release'] } },
        { name: 'icons', line: 6, passed: false, expected: { expect: 'publish' }, got: { expect: 'refused', code: 'upload-tag-rule' } },
      ],
    });
  });

  test('fits a terminal of 80 columns', async () => {
    const { out } = await run(ui.replace('"environment":"release"', '"environment":"prod"'), { width: 80 });
    expect(out).toContain('FAIL');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('a file of tests that is not valid ends with 3, each mistake with its place', () => {
  test.each([
    ['a misspelt key', ui.replace('expect:', 'expct:'), '4:3  error  unknown key "expct", did you mean "expect"? [unknown-key]'],
    ['an unknown registry', ui.replace('npm:@', 'nmp:@'), '3:12  error  unknown registry "nmp", did you mean "npm"? [reference]'],
    ['no registry', ui.replace('npm:@acme/ui', '"@acme/ui"'), '3:12  error  write the registry and the package'],
    ['a name that is none', ui.replace('@acme/ui', '@ACME/ui'), '3:12  error  "@ACME/ui" is not a npm package name'],
    [
      'an unknown publisher',
      ui.replace('ui-release', 'ui-relase'),
      '5:14  error  unknown publisher "ui-relase", did you mean "ui-release"?',
    ],
    ['a code of a publish', ui.replace('publisher: ui-release', 'code: publisher-ref'), '5:3  error  code belongs to expect: refused'],
    [
      'an unknown code',
      ui.replace('publisher: ui-release', 'code: publisher-rev').replace('expect: publish', 'expect: refused'),
      'did you mean "publisher-ref"?',
    ],
    ['a publisher of a refusal', ui.replace('expect: publish', 'expect: refused'), '5:3  error  publisher belongs to expect: publish'],
    ['no claims', ui.replace(/ {2}claims: .*\n/, ''), '1:3  error  missing key "claims" or "claims_file"'],
    [
      'claims of a file that is not there',
      ui.replace(/claims: .*/, 'claims_file: nowhere.json'),
      '2:16  error  "nowhere.json" does not exist [file]',
    ],
    ['an issuer that is not configured', ui.replace(iss, 'https://evil.example'), '1:3  error  say which issuer the claims are from'],
    [
      'an issuer that the claims are not from',
      ui.replace(iss, 'https://evil.example').replace('  package', '  issuer: github\n  package'),
      'error  iss is not that of issuer "github"',
    ],
    ['a map', 'name: x\n', '1:1  error  a file of policy tests is a list'],
    ['nothing', '[]\n', '1:1  error  the list is empty'],
    ['no YAML', '- name: "x\n', 'error  not valid YAML'],
  ])('%s', async (_, tests, says) => {
    const { code, err, out } = await run(tests);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain(says);
    expect(err).toContain('policy-tests.yaml is not valid.');
  });

  test('and so does a file that is not there', async () => {
    const { code, err } = await countersign(['test', 'nowhere.yaml', '--config', join(tempDir('x'), 'none.yaml')], { env });
    expect([code, err.length > 0]).toEqual([3, true]);
  });
});
