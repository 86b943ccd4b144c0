// `init`: four answers become a policy that loads; by flags, and typed at a real terminal.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { assumeVerified } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { providers } from '../../src/providers/index.ts';
import * as fixtures from '../providers/claims.ts';
import { plainEnv } from '../support/process.ts';
import { plainScreen, runAtTerminal } from '../support/pty.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { countersign, type Around } from './fake-terminal.ts';

const secret = { REGISTRY_PASSWORD: 'x' };
const flags = (changes: Readonly<Record<string, string | undefined>> = {}): string[] => {
  const all = {
    registry: 'verdaccio',
    upstream: 'http://verdaccio:4873',
    url: 'https://npm.acme.dev',
    ci: 'github',
    repository: 'acme/ui',
    package: '@acme/ui',
    ...changes,
  };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
};
const init = (cwd: string, argv: readonly string[], around: Around = {}) => countersign(['init', ...argv], { cwd, ...around });
const fileIn = (cwd: string): string => join(cwd, 'config', 'countersign.yaml');
const policyIn = (cwd: string): unknown => parse(readFileSync(fileIn(cwd), 'utf8'));

/** The claims that the documentation of a CI gives: `azureDevopsClaims` for `azure-devops`. */
function documented(provider: string): JsonObject {
  const name = `${provider.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Claims`;
  return (fixtures as unknown as Record<string, JsonObject | undefined>)[name] ?? {};
}

/** `check` of the file: its exit code, and the codes of its warnings. */
async function checked(cwd: string): Promise<{ code: number; codes: string[] }> {
  const { code, out } = await countersign(['check', '--json', '--config', fileIn(cwd)], { env: secret });
  return { code, codes: (JSON.parse(out) as { diagnostics: { code: string }[] }).diagnostics.map((diagnostic) => diagnostic.code) };
}

describe('init with flags', () => {
  test('writes a commented policy that check accepts, and says what to do next', async () => {
    const cwd = tempDir('init');
    const { code, out, err } = await init(cwd, flags());
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Wrote config/countersign.yaml. What to do next:\n');
    for (const step of [
      'docs/registries/verdaccio.md',
      'export REGISTRY_PASSWORD=…',
      'countersign check --live',
      'countersign serve',
      'docs/ci/github.md',
    ])
      expect(out).toContain(step);
    expect(await checked(cwd)).toEqual({ code: 0, codes: ['pin-missing', 'owner-any', 'any'] });
    expect(policyIn(cwd)).toMatchObject({
      server: { listen: '0.0.0.0:8080', admin: '127.0.0.1:9090' },
      issuers: { github: {} },
      registries: {
        npm: { protocol: 'npm', url: 'https://npm.acme.dev/', upstream: 'http://verdaccio:4873/', long_lived_tokens: 'refuse' },
      },
      publishers: [
        {
          name: 'ui-release',
          from: { repository: 'acme/ui', workflow: 'release.yml', ref: 'refs/tags/v*' },
          tag: 'v{{version}}',
          publish: { npm: ['@acme/ui'] },
        },
      ],
    });
    expect(readFileSync(fileIn(cwd), 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n/);
  });

  test('with every wish fulfilled there is not even a warning', async () => {
    const cwd = tempDir('init');
    await init(
      cwd,
      flags({
        'owner-id': '12',
        'repository-id': '4711',
        environment: 'production',
        workflow: 'publish.yaml',
        ref: 'refs/heads/main',
        username: 'bot',
      }),
    );
    expect(await checked(cwd)).toEqual({ code: 0, codes: [] });
    expect(policyIn(cwd)).toMatchObject({
      registries: { npm: { credential: { verdaccio_login: { username: 'bot' } } } },
      publishers: [{ from: { repository_owner_id: 12, repository_id: 4711, environment: 'production', workflow: 'publish.yaml' } }],
    });
    expect(JSON.stringify(policyIn(cwd))).not.toContain('{{version}}');
  });

  test.each([
    ['devpi', 'https://pypi.acme.dev/acme/prod/', 'acme-ui', { basic: { username: 'svc', password: '${REGISTRY_PASSWORD}' } }],
    ['pypiserver', 'https://pypi.acme.dev/', 'acme-*', { basic: { username: 'svc', password: '${REGISTRY_PASSWORD}' } }],
    ['npm', 'https://npm.acme.dev/', '@acme/*', { bearer: '${REGISTRY_PASSWORD}' }],
    ['pypi', 'https://pypi.acme.dev/', 'acme-ui', { basic: { username: 'svc', password: '${REGISTRY_PASSWORD}' } }],
  ])('for %s', async (registry, url, name, credential) => {
    const cwd = tempDir('init');
    expect((await init(cwd, flags({ registry, url, package: name }))).code).toBe(0);
    expect((await checked(cwd)).code).toBe(0);
    const [[, written] = []] = Object.entries((policyIn(cwd) as { registries: object }).registries);
    expect(written).toMatchObject({ url, credential });
  });

  test.each(providers.map(({ id }) => id))('for a job of %s', async (ci) => {
    const provider = providers.find(({ id }) => id === ci)!;
    const claims = assumeVerified(ci, documented(ci));
    const anchor = provider.fields.filter(({ key }) => provider.anchor.includes(key)).map((field) => String(field.read(claims)));
    const repository = anchor.length === 0 ? 'job/nightly reports' : anchor.join('/');
    const cwd = tempDir('init');
    const issuer = provider.issuers.length === 0 ? 'https://ci.acme.dev/oidc' : undefined;
    const { code, err } = await init(cwd, flags({ ci, issuer, repository }));
    expect([code, err]).toEqual([0, '']);
    expect((await checked(cwd)).code).toBe(0);
    expect(JSON.stringify(policyIn(cwd))).toContain(JSON.stringify(anchor[0] ?? repository));
  });

  test('listens where the public address is one of this machine, and marks an issuer over http as what it is', async () => {
    const cwd = tempDir('init');
    await init(cwd, flags({ url: 'http://127.0.0.1:8123', issuer: 'http://127.0.0.1:3000' }));
    expect(policyIn(cwd)).toMatchObject({
      server: { listen: '127.0.0.1:8123' },
      issuers: { github: { issuer: 'http://127.0.0.1:3000', insecure: true } },
    });
    expect((await checked(cwd)).code).toBe(0);
  });

  test('refuses to write over a file (2), and does so with --force', async () => {
    const cwd = tempDir('init');
    mkdirSync(join(cwd, 'config'));
    writeFileSync(fileIn(cwd), 'mine: true\n');
    const { code, err } = await init(cwd, flags());
    expect([code, err]).toEqual([2, expect.stringContaining('config/countersign.yaml exists already; --force writes over it.')]);
    expect(readFileSync(fileIn(cwd), 'utf8')).toBe('mine: true\n');
    expect((await init(cwd, [...flags(), '--force'])).code).toBe(0);
    expect((await checked(cwd)).code).toBe(0);
  });

  test('as JSON says where it wrote, and which variables are needed', async () => {
    const cwd = tempDir('init');
    const { out } = await init(cwd, [...flags(), '--json', '--config', 'policy.yaml']);
    expect(JSON.parse(out)).toMatchObject({
      written: 'policy.yaml',
      variables: ['REGISTRY_PASSWORD'],
      next: expect.arrayContaining([{ say: 'Run the proxy.', run: ['countersign serve --config policy.yaml'] }]) as object,
    });
    expect(existsSync(join(cwd, 'policy.yaml'))).toBe(true);
  });

  test.each([
    [{ registry: 'artifactory' }, '--registry and --upstream: Write one of verdaccio, devpi, pypiserver, npm, pypi'],
    [{ upstream: 'verdaccio:4873' }, '--registry and --upstream: Write an address with http:// or https://'],
    [{ upstream: 'http://me:pw@verdaccio/' }, 'Write the address without user, password'],
    [{ url: 'npm.acme.dev' }, '--url: Write an address'],
    [{ ci: 'travis' }, '--ci and --repository (and --issuer): Write the CI first'],
    [{ ci: 'generic' }, 'has no hosted service'],
    [{ repository: 'ui' }, 'repository: write owner/name'],
    [{ package: '@ACME/ui' }, '--package: package names are written in lower case'],
    [{ url: 'https://npm_1.acme.dev/' }, 'These answers make no valid policy; nothing was written.'],
    [{ package: undefined }, 'Say it with --package: Which package? For example: @acme/ui'],
    [{ registry: undefined, upstream: undefined }, 'Say it with --registry and --upstream'],
  ])('%j is a usage error, and nothing is written', async (changes, says) => {
    const cwd = tempDir('init');
    const { code, err, out } = await init(cwd, flags(changes));
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(says);
    expect(existsSync(fileIn(cwd))).toBe(false);
  });
});

describe('init with questions', () => {
  test('asks only what no flag says, and asks again until the answer is one', async () => {
    const cwd = tempDir('init');
    const { code, err } = await init(cwd, flags({ package: undefined }), { typed: ['@ACME/ui', '@acme/ui'] });
    expect(code).toBe(0);
    expect(err).toContain('package names are written in lower case');
    expect(err).not.toContain('Which registry');
  });

  test('ends with 2 and writes nothing when the person ends the input', async () => {
    const cwd = tempDir('init');
    const { code, err } = await init(cwd, [], { typed: ['devpi http://devpi:3141/acme/prod/'] });
    expect([code, err]).toEqual([2, expect.stringContaining('Nothing was written.')]);
    expect(existsSync(fileIn(cwd))).toBe(false);
  });
});

describeWith('python')('at a real terminal of 80 columns', () => {
  const line = (...argv: string[]): string[] => [requires('node'), join(ROOT, 'src', 'main.ts'), ...argv];

  test('four lines are typed, and check accepts the file; nothing overflows', async () => {
    const cwd = tempDir('init');
    const typed = [
      'devpi http://devpi:3141/acme/prod/',
      'https://pypi.acme.dev/acme/prod/',
      'gitlab https://gitlab.acme.dev acme/tools/ui',
      'acme-ui',
    ];
    const started = await runAtTerminal(line('init'), { columns: 80, env: plainEnv(), cwd, typed });
    expect(started.code, started.screen).toBe(0);
    const screen = plainScreen(started.screen);
    for (const text of [...typed, 'Wrote config/countersign.yaml. What to do next:']) expect(screen).toContain(text);
    expect(Math.max(...screen.split('\n').map((text) => text.length))).toBeLessThanOrEqual(80);
    expect((await checked(cwd)).code).toBe(0);

    const check = await runAtTerminal(line('check'), { columns: 80, env: plainEnv(secret), cwd });
    expect(check.code).toBe(0);
    expect(check.screen).toContain('\u001b[33;1mwarning\u001b[0m');
    expect(
      Math.max(
        ...plainScreen(check.screen)
          .split('\n')
          .map((text) => text.length),
      ),
    ).toBeLessThanOrEqual(80);
    const plain = await runAtTerminal(line('check'), { columns: 80, env: plainEnv({ ...secret, NO_COLOR: '1' }), cwd });
    expect(plain.screen).toBe(plainScreen(check.screen));
  });

  test('--help of every command fits, too', async () => {
    const { screen } = await runAtTerminal(line('--help'), { columns: 80, env: plainEnv() });
    expect(Math.max(...screen.split('\n').map((text) => text.length))).toBeLessThanOrEqual(80);
    const commands = [...screen.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].map(([, name = '']) => name);
    expect(commands).toContain('init');
    for (const command of commands) {
      const { out } = await countersign([command, '--help'], { width: 80 });
      expect(Math.max(...out.split('\n').map((text) => text.length)), command).toBeLessThanOrEqual(80);
    }
  });
});
