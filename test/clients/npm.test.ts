// Stock npm-side clients publish through Countersign to a real Verdaccio, as GitHub and GitLab jobs.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NPM_CLIENTS, publishNpm, runClient, type NpmClient } from '../support/clients.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { npmPackage } from '../support/npm-package.ts';
import { pastEpoch, startProxy, type Policy, type Proxy } from '../support/proxy.ts';
import { describeWith } from '../support/requirement.ts';
import { SERVICE } from '../support/service-user.ts';
import { uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';

describeWith('verdaccio', ...NPM_CLIENTS)('npm clients', () => {
  let github: CiIssuer;
  let gitlab: CiIssuer;
  let verdaccio: VerdaccioServer;
  let proxy: Proxy;

  const policy = (port: number): Policy => ({
    issuers: {
      github: { issuer: github.issuer, insecure: true },
      gitlab: { issuer: gitlab.issuer, insecure: true },
    },
    registries: {
      npm: {
        protocol: 'npm',
        url: `http://127.0.0.1:${port}/`,
        upstream: verdaccio.url,
        credential: { verdaccio_login: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } },
        long_lived_tokens: 'refuse',
      },
    },
    publishers: [
      {
        name: 'ui-release',
        from: {
          issuer: 'github',
          repository: 'acme/ui',
          repository_owner_id: '11',
          workflow: 'release.yml',
          environment: 'any',
          ref: 'refs/tags/v*',
        },
        publish: { npm: ['@acme/*', 'plain-ui'] },
        create: true,
        allow: ['publish', 'dist_tag'],
      },
      {
        name: 'ui-gitlab',
        from: {
          issuer: 'gitlab',
          project_path: 'acme/tools/ui',
          namespace_id: 'any',
          environment: 'any',
          ref: 'any',
          ref_protected: 'any',
        },
        publish: { npm: ['@acme/*'] },
        create: true,
      },
    ],
  });

  const job = { ...uiJob, repository_visibility: 'private' };

  beforeAll(async () => {
    [github, gitlab, verdaccio] = await Promise.all([
      startIssuer({ style: 'github' }),
      startIssuer({ style: 'gitlab' }),
      startVerdaccio({ jwt: true }),
    ]);
    proxy = await startProxy({ policy, env: { SERVICE_PASSWORD: SERVICE.password } });
    await pastEpoch();
  }, 60_000);
  afterAll(async () => {
    await Promise.all([proxy?.close(), verdaccio?.close(), github?.close(), gitlab?.close()]);
  });

  /** What an installation gets through the proxy: the tarball, checked against the integrity that the packument states. */
  async function installed(name: string): Promise<string> {
    const packument = (await (await fetch(`${proxy.url}${name.replace('/', '%2f')}`)).json()) as {
      versions: Record<string, { dist: { tarball: string; integrity: string } }>;
    };
    const dist = packument.versions['1.0.0']!.dist;
    expect(dist.tarball.startsWith(proxy.url)).toBe(true);
    const bytes = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
    expect(`sha512-${createHash('sha512').update(bytes).digest('base64')}`).toBe(dist.integrity);
    return gunzipSync(bytes).toString('latin1');
  }

  async function stored(name: string): Promise<unknown> {
    const packument = await verdaccio.packument(name);
    return packument === undefined ? undefined : Object.keys(packument['versions'] as object);
  }

  test.each(NPM_CLIENTS)('P1 P2 %s publishes from a GitHub job and the bytes come back', async (client: NpmClient) => {
    const name = `@acme/github-${client.replaceAll('.', '-')}`;
    const pkg = npmPackage(name);
    const run = await publishNpm(client, pkg.folder, { registry: proxy.url, env: github.githubEnv(job) });
    expect(run, run.output).toMatchObject({ code: 0 });
    expect(await stored(name)).toEqual(['1.0.0']);
    expect(await installed(name)).toContain(readFileSync(join(pkg.folder, 'index.js'), 'latin1'));
    const event = await proxy.event((e) => e.event === 'upload' && e.package === name);
    expect(event).toMatchObject({ outcome: 'uploaded', version: '1.0.0', anchor: 'acme/ui', publishers: ['ui-release'] });
  });

  test.each(NPM_CLIENTS)('%s publishes from a GitLab job', async (client: NpmClient) => {
    const name = `@acme/gitlab-${client.replaceAll('.', '-')}`;
    const pkg = npmPackage(name);
    const audience = client === 'yarn-4' ? `npm:${proxy.host}` : 'npm:127.0.0.1';
    const env = gitlab.gitlabEnv({ audience, claims: { project_path: 'acme/tools/ui', pipeline_source: 'push' } });
    const run = await publishNpm(client, pkg.folder, { registry: proxy.url, env });
    expect(run, run.output).toMatchObject({ code: 0 });
    expect(await stored(name)).toEqual(['1.0.0']);
  });

  test.each(['npm-11.5', 'npm-12', 'pnpm-11', 'pnpm-12'] as const)(
    'P8 %s shows why the exchange was refused, and nothing is stored',
    async (client) => {
      const name = `@acme/refused-${client.replaceAll('.', '-')}`;
      const fork = 'acme/fork/.github/workflows/release.yml@refs/tags/v1.0.0';
      const env = github.githubEnv({ ...job, repository: 'acme/fork', workflow_ref: fork, job_workflow_ref: fork });
      const run = await publishNpm(client, npmPackage(name).folder, { registry: proxy.url, env });
      expect(run.code).not.toBe(0);
      expect(run.output).toContain(`No trusted publisher lets acme/fork publish ${name}.`);
      expect(await stored(name)).toBeUndefined();
    },
  );

  test('P8 yarn hides a refused exchange, but shows a refused upload', async () => {
    const { folder } = npmPackage('@acme/yarn-refused');
    const env = { YARN_NPM_AUTH_TOKEN: 'a-token-of-old', ...github.githubEnv(job) };
    const run = await publishNpm('yarn-4', folder, { registry: proxy.url, env });
    expect(run.code).not.toBe(0);
    expect(run.output).toContain('@acme/yarn-refused accepts trusted publishing only');
  });

  test('npm 12 moves a dist-tag', async () => {
    const pkg = npmPackage('@acme/tagged');
    const env = github.githubEnv(job);
    await publishNpm('npm-12', pkg.folder, { registry: proxy.url, env });
    const run = await runClient('npm-12', ['dist-tag', 'add', '@acme/tagged@1.0.0', 'stable'], { npmrc: `registry=${proxy.url}`, env });
    expect(run, run.output).toMatchObject({ code: 0 });
    expect(await verdaccio.packument('@acme/tagged')).toMatchObject({ 'dist-tags': { stable: '1.0.0', latest: '1.0.0' } });
  });

  describe('npm trust', () => {
    const trust = (client: 'npm-11.19' | 'npm-12', token: string | undefined, ...args: string[]) =>
      runClient(client, ['trust', ...args], {
        npmrc: `registry=${proxy.url}${token === undefined ? '' : `\n//${proxy.host}/:_authToken=${token}`}`,
      });
    const tokenFor = async (name: string): Promise<string> => {
      const identity = github.sign(github.githubClaims({ ...job, aud: 'npm:127.0.0.1' }));
      const headers = { authorization: `Bearer ${identity}` };
      const url = `${proxy.url}-/npm/v1/oidc/token/exchange/package/${name.replace('/', '%2f')}`;
      return ((await (await fetch(url, { method: 'POST', headers })).json()) as { token: string }).token;
    };

    test.each(['npm-11.19', 'npm-12'] as const)(
      'P8 %s lists the publishers that an upload token has proved, and no other',
      async (client) => {
        const run = await trust(client, await tokenFor('@acme/listed'), 'list', '@acme/listed');
        expect(run, run.output).toMatchObject({ code: 0 });
        expect(run.stdout.trim().split('\n')).toEqual([
          'type: github',
          'id: ui-release',
          'file: release.yml',
          'repository: acme/ui',
          'permissions: publish, dist_tag',
        ]);
        const other = await trust(client, await tokenFor('@acme/listed'), 'list', '@acme/other');
        expect(other.output).toContain('The upload token is for npm @acme/listed, the request is for @acme/other.');
      },
    );

    test('P8 whoever shows no upload token hears the same of every package, and nothing of the policy', async () => {
      const outputs = new Set<string>();
      for (const name of ['@acme/listed', '@nobody/nothing']) {
        for (const token of [undefined, 'a-token-of-old']) {
          const run = await trust('npm-12', token, 'list', name);
          expect(run.code).not.toBe(0);
          expect(run.output).toContain('The trusted publishers of a package are shown to a job that may publish it');
          expect(run.output).not.toContain('ui-release');
          outputs.add(run.output.replaceAll(name.replace('/', '%2f'), '<name>').replaceAll(/request [0-9a-f]{16}|\S+-debug-0\.log/g, ''));
        }
      }
      expect(outputs.size).toBe(1);
    });

    test.each(['npm-11.19', 'npm-12'] as const)('%s is told what to write into the policy, and nothing is changed', async (client) => {
      const args = ['github', '@acme/new', '--repository', 'acme/new', '--file', 'release.yml', '--environment', 'production'];
      const run = await trust(client, 'a-token-of-old', ...args, '--allow-publish', '--yes');
      expect(run.code).not.toBe(0);
      expect(run.output).toContain(
        'Under publishers: - { name: new-github, from: { issuer: github, repository: "acme/new", repository_owner_id: any, ' +
          'workflow: "release.yml", environment: "production", ref: any }, publish: { npm: ["@acme/new"] } }',
      );
      const event = await proxy.event((e) => e.code === 'trust-in-policy' && e.package === '@acme/new');
      expect(event).toMatchObject({ event: 'manage', outcome: 'refused' });
    });
  });

  test('npm logout gives the upload token back', async () => {
    const identity = github.sign(github.githubClaims({ ...job, aud: 'npm:127.0.0.1' }));
    const exchanged = await fetch(`${proxy.url}-/npm/v1/oidc/token/exchange/package/@acme%2flogout`, {
      method: 'POST',
      headers: { authorization: `Bearer ${identity}` },
    });
    const { token } = (await exchanged.json()) as { token: string };
    const npmrc = `registry=${proxy.url}\n//${proxy.host}/:_authToken=${token}`;
    const whoami = (): Promise<{ code: number; output: string }> => runClient('npm-12', ['whoami'], { npmrc });
    expect(await whoami()).toMatchObject({ code: 0 });
    const run = await runClient('npm-12', ['logout'], { npmrc });
    expect(run, run.output).toMatchObject({ code: 0 });
    await proxy.event((e) => e.outcome === 'revoked');
    expect((await whoami()).code).not.toBe(0);
  });

  test('a workspace publishes each package with an exchange of its own, from one GitLab token', async () => {
    const root = npmPackage('root', '1.0.0', { private: true, workspaces: ['packages/*'] });
    for (const name of ['one', 'two']) {
      mkdirSync(join(root.folder, 'packages', name), { recursive: true });
      writeFileSync(
        join(root.folder, 'packages', name, 'package.json'),
        JSON.stringify({ name: `@acme/ws-${name}`, version: '1.0.0', license: 'MIT' }),
      );
    }
    const env = gitlab.gitlabEnv({ audience: 'npm:127.0.0.1', claims: { project_path: 'acme/tools/ui', pipeline_source: 'push' } });
    const run = await publishNpm('npm-12', root.folder, { registry: proxy.url, env, args: ['--workspaces'] });
    expect(run, run.output).toMatchObject({ code: 0 });
    expect([await stored('@acme/ws-one'), await stored('@acme/ws-two')]).toEqual([['1.0.0'], ['1.0.0']]);
  });
});
