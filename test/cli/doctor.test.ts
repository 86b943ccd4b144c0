// `doctor` inside a job: what it finds, what it says to change, and that no token is ever printed.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cis } from '../../src/cli/doctor/ci.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { fromUi, uiJob } from '../support/ui-job.ts';
import { uploadToken } from './fake-proxy.ts';
import { doctorIn, doctorTextIn, type Examined, type JobFolder } from './job-folder.ts';

let issuer: CiIssuer;
let proxy: Proxy;
beforeAll(async () => {
  issuer = await startIssuer();
  proxy = await startProxy({
    policy: (port) => ({
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: {
        npm: { protocol: 'npm', url: `http://127.0.0.1:${port}/`, upstream: 'http://127.0.0.1:9/', credential: 'none' },
        team: { protocol: 'npm', url: `http://127.0.0.1:${port}/npm/team/`, upstream: 'http://127.0.0.1:9/t/', credential: 'none' },
        pypi: { protocol: 'pypi', url: `http://127.0.0.1:${port}/py/`, upstream: 'http://127.0.0.1:9/p/', credential: 'none' },
      },
      publishers: [{ name: 'ui-release', from: { ...fromUi, environment: 'release' }, publish: { npm: ['@acme/ui'], pypi: ['acme-ui'] } }],
    }),
  });
  await pastEpoch();
}, 60_000);
afterAll(() => Promise.all([proxy.close(), issuer.close()]));

const manifest = '{ "name": "@acme/ui", "version": "1.0.0" }';
const files = (more: Record<string, string> = {}): Record<string, string> => ({
  'package.json': manifest,
  '.npmrc': `registry=${proxy.url}\n`,
  ...more,
});
/** The job that everything is right in, with changes. */
const examine = (folder: JobFolder = {}): Promise<Examined> => doctorIn(jobWith(folder));
const jobWith = (folder: JobFolder = {}): JobFolder => ({
  ...folder,
  files: folder.files ?? files(),
  env: { ...issuer.githubEnv(uiJob), ...folder.env },
  args: folder.args ?? ['--url', proxy.url],
});

describe('a job with everything in its place', () => {
  test('ends with 0, looks at everything, and mints nothing', async () => {
    const before = proxy.audit().length;
    const { code, findings } = await examine();
    expect(code).toBe(0);
    expect((await doctorTextIn(jobWith())).out).toMatch(/^ok {4}ci {8}GitHub Actions\n[^]*\n\nThis job can publish\.\n$/);
    expect(findings.map((finding) => finding.split(' ').slice(0, 2).join(' '))).toEqual(
      ['ci', 'identity', 'audience', 'client', 'token', 'registry', 'reach', 'exchange'].map((what) => `ok ${what}`),
    );
    expect(findings.at(-1)).toBe('ok exchange would be granted: @acme/ui in npm by publisher ui-release');
    expect(findings[1]).toContain(
      'repository acme/ui, workflow_ref acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0, environment release',
    );
    expect(
      proxy
        .audit()
        .slice(before)
        .filter(({ outcome }) => outcome === 'minted'),
    ).toEqual([]);
  });

  test('of Python asks for the audience that the server tells, in the dialect of PyPI', async () => {
    const { code, findings } = await examine({
      files: { 'pyproject.toml': '' },
      programs: { uv: 'uv 0.9.1 (abc)' },
      args: ['--url', `${proxy.url}py/`],
    });
    expect(findings).toContain(`ok audience ${proxy.host}`);
    expect(findings).toContain('ok client uv 0.9.1');
    expect(findings.at(-1)).toBe('ok exchange would be granted: acme-ui in pypi by publisher ui-release');
    expect(findings.join('\n')).toContain('warn registry');
    expect(code).toBe(0);
  });

  test('at a Python index is one of Python, whatever lies in the folder and is on the path', async () => {
    const jobs = [
      { files: files({ '.npmrc': '' }), args: ['--package', 'pypi:Acme_UI'] },
      { files: {}, args: [] },
    ].map(({ args, ...job }) => examine({ ...job, programs: { npm: '10.8.2' }, args: ['--url', `${proxy.url}py/`, ...args] }));
    for (const { code, findings } of await Promise.all(jobs)) {
      expect(findings).toContain(`ok audience ${proxy.host}`);
      expect(findings.join('\n')).not.toMatch(/client npm|audience npm|registry in/);
      expect(findings.at(-1)).toBe('ok exchange would be granted: acme-ui in pypi by publisher ui-release');
      expect(code).toBe(0);
    }
  });

  test('of Python that may publish, but not the project that is meant, is told so', async () => {
    const { code, about } = await examine({ files: {}, args: ['--url', `${proxy.url}py/`, '--package', 'pypi:acme-tools'] });
    expect(about('exchange')).toContain('fail acme-tools is not among what would be granted: acme-ui in pypi by publisher ui-release');
    expect(code).toBe(1);
  });

  test('of which neither package nor client is known is tried in our own dialect', async () => {
    const { findings } = await examine({ files: {} });
    expect(findings).toContain(`ok audience ${proxy.url.slice(0, -1)}`);
    expect(findings.at(-1)).toBe(
      'ok exchange would be granted: @acme/ui in npm by publisher ui-release; acme-ui in pypi by publisher ui-release',
    );
  });

  test('prints no token, whatever it looks at', async () => {
    const secrets = { NODE_AUTH_TOKEN: 'static-secret-1', TWINE_PASSWORD: 'static-secret-2', COUNTERSIGN_TOKEN: uploadToken };
    const { out, err } = await examine({
      env: secrets,
      files: files({
        '.npmrc': `registry=${proxy.url}\n//${proxy.host}/:_authToken=static-secret-3\n`,
        'home/.pypirc': 'password = static-secret-4',
      }),
    });
    const printed = out + err.replaceAll(/::add-mask::.*/g, '');
    expect(printed).not.toMatch(/static-secret|eyJ|csgn_/);
  });
});

describe('the identity token', () => {
  test('that the job may not ask for: the lines to add, and nothing else is tried', async () => {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: _, ...env } = issuer.githubEnv(uiJob);
    const { code, about, findings } = await doctorIn({ files: files(), env, args: ['--url', proxy.url] });
    expect(code).toBe(1);
    expect(about('identity')).toBe(
      'fail no identity token for audience npm:127.0.0.1\nWithout it no client can prove which job this is: npm ends with ENEEDAUTH, Python clients ask for a password.\npermissions: # of the job\n  contents: read\n  id-token: write',
    );
    expect(findings.at(-1)).toBe('skip exchange not tried: there is no identity token');
  });

  test('of GitLab under another name and for another audience is found, and what to write is said', async () => {
    const token = issuer.sign(issuer.gitlabClaims({ aud: 'https://vault.acme.dev' }));
    const { about } = await doctorIn({ files: files(), env: { GITLAB_CI: 'true', VAULT_ID_TOKEN: token }, args: ['--url', proxy.url] });
    expect(about('identity')).toContain('VAULT_ID_TOKEN is for https://vault.acme.dev');
    expect(about('identity')).toContain('id_tokens: # in the job, beside script:\n  NPM_ID_TOKEN: { aud: "npm:127.0.0.1" }');
  });

  test('for another audience, for several, or that expired', async () => {
    const run = (claims: Record<string, unknown>) =>
      doctorIn({
        files: files(),
        env: { GITLAB_CI: 'true', NPM_ID_TOKEN: issuer.sign(issuer.gitlabClaims(claims)) },
        args: ['--url', proxy.url],
      });
    expect((await run({ aud: 'pypi' })).about('audience')).toContain('fail the token is for pypi, the exchange expects npm:127.0.0.1');
    expect((await run({ aud: ['npm:127.0.0.1', 'x'] })).about('audience')).toContain('fail the token is for npm:127.0.0.1 and x');
    const old = Math.floor(Date.now() / 1000) - 4000;
    expect((await run({ aud: 'npm:127.0.0.1', iat: old, nbf: old, exp: old + 100 })).about('identity')).toMatch(
      /fail the identity token expired 39\d\d s ago\n.*build first/,
    );
  });

  test('of Yarn is for the audience with the port', async () => {
    const { findings } = await examine({ args: ['--url', proxy.url, '--client', 'yarn'], programs: { yarn: '4.18.1' } });
    expect(findings).toContain(`ok audience npm:${proxy.host}`);
  });

  test('that the CI does not give because it is down is an outage (4)', async () => {
    issuer.behave({ token: { status: 500 } });
    const { code, about } = await examine();
    issuer.behave({ token: null });
    expect(code).toBe(4);
    expect(about('identity')).toContain('answered 500 when asked for an identity token');
  });
});

describe('every CI', () => {
  const marks: Record<string, Record<string, string>> = {
    'Forgejo Actions': { FORGEJO_ACTIONS: 'true', GITEA_ACTIONS: 'true', GITHUB_ACTIONS: 'true' },
    'Gitea Actions': { GITEA_ACTIONS: 'true', GITHUB_ACTIONS: 'true' },
    'GitHub Actions': { GITHUB_ACTIONS: 'true' },
    'GitLab CI': { GITLAB_CI: 'true' },
    CircleCI: { CIRCLECI: 'true' },
    Buildkite: { BUILDKITE: 'true' },
    'Bitbucket Pipelines': { BITBUCKET_BUILD_NUMBER: '1' },
    Semaphore: { SEMAPHORE: 'true' },
    'Azure Pipelines': { TF_BUILD: 'True' },
    Jenkins: { JENKINS_URL: 'https://ci.acme.dev/' },
    TeamCity: { TEAMCITY_VERSION: '2026.1' },
    Codefresh: { CF_BUILD_ID: '1' },
  };

  test.each(cis.map(({ title }) => title))('%s is known, and without an identity token its job is told what to write', async (title) => {
    const { findings, about } = await doctorIn({ files: files(), env: { CI: 'true', ...marks[title] }, args: ['--url', proxy.url] });
    expect(findings[0]).toBe(`ok ci ${title}`);
    expect(about('identity').split('\n').length).toBeGreaterThan(2);
  });

  test('that nobody knows is said to be none, and the token can be given', async () => {
    const unknown = await doctorIn({ files: files(), args: ['--url', proxy.url] });
    expect(unknown.about('ci')).toContain('export COUNTERSIGN_ID_TOKEN=…');
    const token = issuer.sign(issuer.githubClaims({ ...uiJob, aud: 'npm:127.0.0.1' }));
    const given = await doctorIn({ files: files(), env: { COUNTERSIGN_ID_TOKEN: token }, args: ['--url', proxy.url] });
    expect([given.code, given.findings[0]]).toEqual([0, 'ok ci none that is known; the identity token is given']);
  });

  test('npm on a CI that it does not know needs an upload token', async () => {
    const { about } = await doctorIn({ files: files(), env: { BUILDKITE: 'true' }, args: ['--url', proxy.url] });
    expect(about('client')).toContain(
      `warn npm 11.19.1 does not look for identity tokens on Buildkite\nGive it an upload token instead.\ncountersign mint --url ${proxy.url} --format npmrc >> ~/.npmrc`,
    );
  });
});

describe('the client', () => {
  test.each([
    [{ npm: '10.9.2' }, 'fail npm 10.9.2, needs 11.5.1 or newer\nOlder ones never ask'],
    [{ pnpm: '10.34.9' }, 'fail pnpm 10.34.9, needs 11.0.0 or newer\nOlder ones leave it to the npm on the path'],
    [{ yarn: '1.22.22' }, 'fail yarn 1.22.22, needs 4.0.0 or newer'],
    [{ bun: '1.4.5' }, 'fail bun 1.4.5\nBun has no trusted publishing'],
    [{ npm: '11.5.1' }, 'ok npm 11.5.1'],
    [{ npm: '12.0.0-pre.1' }, 'ok npm 12.0.0-pre.1'],
  ])('%j', async (programs, says) => {
    expect((await examine({ programs })).about('client')).toContain(says);
  });

  test('that cannot do it beside one that can is a warning', async () => {
    const { about, code } = await examine({ programs: { npm: '11.19.1', yarn: '1.22.22' } });
    expect(about('client')).toMatch(/^ok npm[^]*warn yarn 1\.22\.22/);
    expect(code).toBe(0);
  });

  test('that the job names is the only one that counts, by --client or by packageManager', async () => {
    const pnpm = { ...files(), 'package.json': '{ "name": "@acme/ui", "packageManager": "pnpm@9.1.0" }' };
    const programs = { npm: '11.19.1', pnpm: '9.1.0' };
    expect((await examine({ files: pnpm, programs })).about('client')).toMatch(/^fail pnpm 9\.1\.0, needs 11\.0\.0/);
    const named = await examine({ programs, args: ['--url', proxy.url, '--client', 'twine'] });
    expect(named.about('client')).toMatch(/^fail twine is not on the path/);
  });

  test('twine gets the line that mints', async () => {
    const { about } = await examine({
      files: { 'pyproject.toml': '' },
      programs: { twine: 'twine version 6.2.0 (…)' },
      args: ['--url', `${proxy.url}py/`, '--client', 'twine'],
    });
    expect(about('client')).toContain(`TWINE_USERNAME=__token__\nTWINE_PASSWORD="$(countersign mint --url ${proxy.url}py/)"`);
  });
});

describe('a static token', () => {
  const host = (): string => `//${proxy.host}/:_authToken`;
  test.each([
    [
      'the placeholder of setup-node',
      { env: { NODE_AUTH_TOKEN: 'XXXXX-XXXXX-XXXXX-XXXXX' } },
      'warn NODE_AUTH_TOKEN is the placeholder of actions/setup-node',
    ],
    ['a variable of npm', { env: { NODE_AUTH_TOKEN: 'npm_x' } }, 'warn NODE_AUTH_TOKEN holds a static token\nWhen the exchange is refused'],
    [
      'a variable of Yarn',
      { env: { YARN_NPM_AUTH_TOKEN: 'x' }, args: ['--client', 'yarn'] },
      'fail YARN_NPM_AUTH_TOKEN holds a static token\nThe client takes it and does not try',
    ],
    ['a variable of uv', { env: { UV_PUBLISH_TOKEN: 'x' }, args: ['--client', 'uv'] }, 'fail UV_PUBLISH_TOKEN holds a static token'],
    [
      'a variable of twine',
      { env: { TWINE_PASSWORD: 'x' }, args: ['--client', 'twine'] },
      'warn TWINE_PASSWORD holds a static token\nIt is sent as the password',
    ],
    ['a variable of Poetry', { env: { POETRY_PYPI_TOKEN_ACME: 'x' }, args: ['--client', 'poetry'] }, 'warn POETRY_PYPI_TOKEN_ACME holds'],
    [
      'an identity token as a password',
      { env: { NODE_AUTH_TOKEN: 'eyJhbGciOiJub25lIn0.e30.' } },
      'fail NODE_AUTH_TOKEN is an identity token',
    ],
    ['an upload token', { env: { NODE_AUTH_TOKEN: uploadToken } }, 'ok NODE_AUTH_TOKEN is an upload token of Countersign'],
    [
      'half an upload token',
      { env: { NODE_AUTH_TOKEN: uploadToken.slice(0, 40) } },
      'fail NODE_AUTH_TOKEN is an upload token that was cut short',
    ],
    [
      'a line of .yarnrc.yml',
      { files: { '.yarnrc.yml': 'npmScopes:\n  acme:\n    npmAuthToken: x\n' }, args: ['--client', 'yarn'] },
      'fail .yarnrc.yml (npmAuthToken) holds a static token',
    ],
    [
      'a line of .pypirc',
      { files: { 'home/.pypirc': '[acme]\nusername = bot\npassword = x\n' }, args: ['--client', 'twine'] },
      'warn ~/.pypirc (password) holds a static token',
    ],
  ])('%s', async (_, folder: JobFolder, says) => {
    const { about } = await examine({ ...folder, files: files(folder.files), args: ['--url', proxy.url, ...(folder.args ?? [])] });
    expect(about('token')).toContain(says);
  });

  test('in .npmrc of the project or the home counts for this host alone, and not when its variable is unset', async () => {
    const own = await examine({ files: files({ 'home/.npmrc': `${host()}=x\n` }) });
    expect(own.about('token')).toContain(`warn ~/.npmrc (${host()}) holds a static token`);
    const set = await examine({
      files: files({ '.npmrc': `registry=${proxy.url}\n${host()}=\${NPM_SECRET}\n` }),
      env: { NPM_SECRET: 'x' },
    });
    expect(set.about('token')).toContain('warn .npmrc');
    const unset = await examine({
      files: files({ '.npmrc': `registry=${proxy.url}\n${host()}=\${NPM_SECRET}\n//other.example/:_authToken=x\n` }),
    });
    expect(unset.about('token')).toBe('ok no static token in variables, .npmrc, .yarnrc.yml or .pypirc\n');
  });
});

describe("the registry's address", () => {
  const npm = (npmrc: string, more: JobFolder = {}) =>
    examine({
      ...more,
      files: { 'package.json': manifest, '.npmrc': npmrc, ...more.files },
      args: more.args ?? ['--url', `${proxy.url}npm/team/`],
    });

  test.each([
    ['a path without a slash at its end', () => `registry=${proxy.url}npm/team\n`, 'fail registry in .npmrc does not end with a slash'],
    ["a scope's registry with a path", () => `@acme:registry=${proxy.url}npm/team/\n`, 'fail @acme:registry in .npmrc has a path'],
    [
      'another host',
      () => 'registry=https://registry.example/\n',
      'fail registry in .npmrc is https://registry.example, Countersign is http://127.0.0.1',
    ],
    ['none', () => '', 'warn no registry is set\nnpm then publishes to the public registry'],
    ['no URL', () => 'registry=npm.acme.dev\n', 'fail registry in .npmrc is no URL'],
    ['a path with a slash', () => `registry=${proxy.url}npm/team/\n`, 'ok registry in .npmrc is'],
    [
      'a token for the root of the host',
      () => `registry=${proxy.url}npm/team/\n//${proxy.host}/:_authToken=x\n`,
      'has a token for //127.0.0.1',
    ],
  ])('%s', async (_, npmrc, says) => {
    const { about } = await npm(npmrc());
    expect(about('registry')).toContain(says);
    if (says.startsWith('fail')) expect(about('registry')).toMatch(/\n\S*registry\S*=\S+$|remove from/);
  });

  test("a scope without path works, publishConfig beats .npmrc, and a variable beats the file's", async () => {
    const root = ['--url', proxy.url];
    expect((await npm(`@acme:registry=${proxy.url}\n`, { args: root })).about('registry')).toContain('ok @acme:registry in .npmrc');
    const publishConfig = { 'package.json': `{ "name": "@acme/ui", "publishConfig": { "registry": "https://registry.example/" } }` };
    expect((await npm(`registry=${proxy.url}\n`, { args: root, files: publishConfig })).about('registry')).toContain(
      'fail publishConfig.registry in package.json is https://registry.example',
    );
    const env = { npm_config_registry: proxy.url };
    expect((await npm('registry=https://registry.example/\n', { args: root, env })).about('registry')).toContain(
      'ok registry in npm_config_registry',
    );
  });

  test('of Python: the simple index, another host', async () => {
    const python = (UV_PUBLISH_URL: string) =>
      examine({
        files: { 'pyproject.toml': '' },
        programs: { uv: 'uv 0.9.1' },
        env: { UV_PUBLISH_URL },
        args: ['--url', `${proxy.url}py/`],
      });
    expect((await python(`${proxy.url}py/+simple/`)).about('registry')).toContain('fail UV_PUBLISH_URL is the simple index');
    expect((await python('https://upload.example/legacy/')).about('registry')).toContain('fail UV_PUBLISH_URL is https://upload.example');
    expect((await python(`${proxy.url}py/`)).about('registry')).toContain('ok UV_PUBLISH_URL is');
  });
});

describe('the way to Countersign', () => {
  test('that does not answer is an outage (4); one that is something else is a problem (1)', async () => {
    const silent = await examine({
      files: { 'package.json': manifest, '.npmrc': 'registry=http://127.0.0.1:1/\n' },
      args: ['--url', 'http://127.0.0.1:1/'],
    });
    expect(silent.about('reach')).toContain('cannot be reached: nothing listens there');
    expect(silent.code).toBe(4);
    const other = createServer((_, response) => response.writeHead(200).end('Verdaccio'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    const wrong = await examine({ files: { 'package.json': manifest, '.npmrc': `registry=${url}\n` }, args: ['--url', url] });
    other.close();
    expect(wrong.about('reach')).toMatch(/fail \S+ answered 200, and not as Countersign does\n.*most often to the registry itself/);
    expect(wrong.findings.at(-1)).toBe('skip exchange not tried: there is no identity token');
    expect(wrong.code).toBe(1);
  });

  test('over plain http to another machine is refused (2)', async () => {
    expect((await examine({ args: ['--url', 'http://npm.acme.dev/'] })).code).toBe(2);
  });

  test('without --url it is where the settings of the job publish to', async () => {
    const named = { 'package.json': `{ "name": "@acme/ui", "publishConfig": { "registry": "${proxy.url}" } }` };
    const { findings } = await examine({ args: [], files: named });
    expect(findings.at(-1)).toBe('ok exchange would be granted: @acme/ui in npm by publisher ui-release');
    expect((await examine({ args: [] })).findings.at(-1)).toBe(findings.at(-1));
    const python = { args: [], files: { 'pyproject.toml': '' }, env: { UV_PUBLISH_URL: `${proxy.url}py/` } };
    expect((await examine(python)).findings).toContain(`ok registry UV_PUBLISH_URL is ${proxy.url}py/`);
  });

  test('without --url, and with the public registry or none in the settings, the rest is looked at all the same', async () => {
    const publicly = { 'package.json': manifest, '.npmrc': 'registry=https://registry.npmjs.org/\n' };
    expect((await examine({ args: [], files: publicly })).findings.at(-1)).toBe('skip exchange not tried: give --url');
    const { code, findings } = await examine({ args: [], files: { 'package.json': manifest } });
    expect(code).toBe(0);
    expect(findings).toContain('skip exchange not tried: give --url');
    expect(findings).toContain('ok client npm 11.19.1');
  });
});

describe('the exchange', () => {
  test('that would be refused says what differs, with the id of the request', async () => {
    const { code, about } = await examine({ env: issuer.githubEnv({ ...uiJob, environment: undefined }) });
    expect(code).toBe(1);
    expect(about('exchange')).toMatch(
      /^fail Publisher ui-release requires environment release; the token carries none\. Add `environment: release` to the job that publishes\. \(publisher-environment, request [0-9a-f]{16}\)/,
    );
  });

  test('fits a terminal of 80 columns', async () => {
    const env = issuer.githubEnv({ ...uiJob, environment: undefined, event_name: 'schedule' });
    const { out } = await doctorTextIn(jobWith({ env }), 80);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
