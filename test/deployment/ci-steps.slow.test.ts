// Our GitHub action and GitLab component: their own shell, in jobs of the test issuer, against the program, then real clients.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishNpm, publishPython, runClient } from '../support/clients.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { npmPackage } from '../support/npm-package.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { pythonPackage } from '../support/python-package.ts';
import { describeWith } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { fromUi, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';
import { action, githubStep, gitlabJob, gitlabTemplate, type Environment, type Step } from './ci-job.ts';

const SHELLS = ['/usr/bin/dash', '/usr/bin/bash'];
const gitlabClaims = {
  project_path: 'acme/ui',
  namespace_id: '21',
  environment: 'production',
  ref: 'v1.0.0',
  ref_type: 'tag',
  ref_protected: 'true',
};

describeWith(
  'curl',
  'pypi-server',
  'verdaccio',
  'twine',
  'npm-12',
)('steps for clients without trusted publishing', () => {
  let github: CiIssuer;
  let gitlab: CiIssuer;
  let index: PypiServer;
  let verdaccio: VerdaccioServer;
  let proxy: Proxy;
  let url = '';
  let stranger: Server;
  let strangeAnswer = { status: 200, headers: {} as Record<string, string>, body: '' };
  let strangerSaw = 0;

  beforeAll(async () => {
    [github, gitlab, index, verdaccio] = await Promise.all([
      startIssuer({ style: 'github' }),
      startIssuer({ style: 'gitlab' }),
      startPypiserver(),
      startVerdaccio(),
    ]);
    proxy = await startProxy({
      env: serviceEnv,
      policy: (port) => ({
        issuers: { github: { issuer: github.issuer, insecure: true }, gitlab: { issuer: gitlab.issuer, insecure: true } },
        registries: {
          npm: registryOf('npm', `http://127.0.0.1:${port}/`, verdaccio.url),
          pypi: registryOf('pypi', `http://127.0.0.1:${port}/simple-index/`, index.url),
        },
        publishers: [
          { name: 'ui', from: fromUi, publish: { pypi: ['acme-ui'], npm: ['@acme/ui'] } },
          {
            name: 'ui-gitlab',
            from: { issuer: 'gitlab', project_path: 'acme/ui', namespace_id: 21, environment: 'production', ref: 'refs/tags/v*' },
            publish: { npm: ['@acme/ui'], pypi: ['acme-ui'] },
          },
        ],
      }),
    });
    url = proxy.url.slice(0, -1);
    stranger = createServer((_, response) => {
      strangerSaw += 1;
      response.writeHead(strangeAnswer.status, strangeAnswer.headers).end(strangeAnswer.body);
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    await pastEpoch();
  }, 120_000);
  afterAll(async () => {
    stranger?.close();
    await proxy?.close();
    await Promise.all([github?.close(), gitlab?.close(), index?.close(), verdaccio?.close()]);
  });

  const strange = (): string => `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  const upload = (token: string, version: string) => {
    const { files } = pythonPackage('acme-ui', version);
    return publishPython('twine', files, { url: `${url}/simple-index/`, login: { username: '__token__', password: token } });
  };
  const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
  /** The log as GitHub shows it: what was masked before is stars. */
  const shown = (log: string): string => {
    let text = '';
    const masked: string[] = [];
    for (const line of log.split('\n')) {
      const [, secret] = /^::add-mask::(.+)$/.exec(line) ?? [];
      if (secret !== undefined) masked.push(secret);
      else text += `${masked.reduce((rest, mask) => rest.replaceAll(mask, '***'), line)}\n`;
    }
    return text;
  };

  describe.each(SHELLS)('the GitHub action in %s', (shell) => {
    const step = (inputs: Environment, env: Environment = github.githubEnv(uiJob)): Promise<Step> =>
      githubStep(shell, { url, ...inputs }, env);
    const version = shell.endsWith('dash') ? 1 : 2;

    test('SEC-19 mints a token that twine publishes with, masks both tokens, and gives it back', async () => {
      const minted = await step({ package: 'pypi:acme-ui' });
      expect(minted.code, minted.log).toBe(0);
      const token = minted.outputs['token'] ?? '';
      expect(token).toMatch(/^csgn_/);
      expect(minted.log.match(/^::add-mask::(eyJ|csgn_)/gm)).toEqual(['::add-mask::eyJ', '::add-mask::csgn_']);
      expect(shown(minted.log)).not.toMatch(jwt);
      expect(shown(minted.log)).not.toContain(token);
      const published = await upload(token, `${version}.0.0`);
      expect(published, published.output).toMatchObject({ code: 0 });
      const revoked = await step({ revoke: token }, {});
      expect(revoked.code, revoked.log).toBe(0);
      expect(revoked.log).not.toContain(token);
      expect((await upload(token, `${version}.0.1`)).code).not.toBe(0);
      await proxy.event(({ outcome }) => outcome === 'revoked');
    });

    test('SEC-19 no token is among the arguments of a program, and nothing is left on the disk', async () => {
      const env = github.githubEnv(uiJob);
      const minted = await step({ package: 'pypi:acme-ui' }, env);
      const token = minted.outputs['token'] ?? 'none';
      const revoked = await step({ revoke: token }, {});
      const called = minted.curl + revoked.curl;
      expect(called).toContain('/-/oidc/token');
      expect(called).toContain('/-/oidc/revoke');
      expect(called).not.toMatch(jwt);
      expect(called).not.toContain(token);
      expect(called).not.toContain(env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '-');
      expect([...minted.left, ...revoked.left]).toEqual([]);
    });

    test('P8 a refusal is the error of the step, in its own words', async () => {
      const refused = await step({ package: 'pypi:acme-other' });
      expect([refused.code, refused.outputs, refused.left]).toEqual([1, {}, []]);
      expect(refused.log).toMatch(/^::error title=Countersign::acme\/ui may publish acme-ui, not acme-other\. .*\(request [0-9a-f]+\)$/m);
    });

    test('a job without the permission is told which one', async () => {
      const refused = await step({}, { GITHUB_ACTIONS: 'true' });
      expect(refused.code).toBe(1);
      expect(refused.log).toContain('permissions: { id-token: write }');
    });

    test.each([
      ['plain http to another machine', 'http://pypi.acme.example/'],
      ['a user in the address', 'https://user@pypi.acme.example/'],
      ['what only begins like this machine', 'http://localhost.acme.example/'],
      ['nothing', ''],
    ])('%s is no address', async (_, address) => {
      const refused = await step({ url: address });
      expect(refused.log).toContain('::error title=Countersign::url has to be the https address');
      expect([refused.code, refused.curl]).toEqual([1, '']);
    });

    test('inputs are never run', async () => {
      const folder = tempDir('injection');
      const refused = await step({ package: `pypi:$(touch ${folder}/a)\`touch ${folder}/b\`"; touch ${folder}/c; "` });
      expect(refused.code).toBe(1);
      const quoted = await runClient('node', ['-p', `require('fs').readdirSync(${JSON.stringify(folder)}).length`]);
      expect(quoted.stdout.trim()).toBe('0');
    });

    test.each([
      ['no token', { status: 200, headers: {}, body: '{"access_token":"something else"}' }],
      ['a token with a line break', { status: 200, headers: {}, body: '{"access_token":"csgn_a\\nother=1"}' }],
      ['no JSON', { status: 200, headers: {}, body: '<html>::set-output name=token::x' }],
      [
        'a refusal that tries to be a command',
        { status: 400, headers: {}, body: '{"error_description":"x\\n::add-mask::y%0A::warning::z"}' },
      ],
    ])('a server that answers with %s gets nothing into outputs and commands', async (_, answer) => {
      strangeAnswer = answer;
      const refused = await step({ url: strange() });
      expect([refused.code, refused.outputs]).toEqual([1, {}]);
      const commands = refused.log.split('\n').filter((line) => line.startsWith('::'));
      expect(commands.map((line) => line.replace(jwt, 'JWT').slice(0, 24))).toEqual(['::add-mask::JWT', '::error title=Countersig']);
      expect(refused.log).not.toContain('%0A::');
    });

    test('a redirect is not followed', async () => {
      strangeAnswer = { status: 307, headers: { location: `${url}/-/oidc/token` }, body: '' };
      const before = strangerSaw;
      const refused = await step({ url: strange() });
      expect(refused.log).toContain('answered 307');
      expect([refused.code, refused.outputs, strangerSaw - before]).toEqual([1, {}, 1]);
    });
  });

  test('the action is a composite one without anything from elsewhere, and its inputs are not part of the script', () => {
    expect(action.runs.using).toBe('composite');
    for (const step of action.runs.steps) {
      expect(Object.keys(step).toSorted()).toEqual(['env', 'id', 'run', 'shell']);
      expect(step.run).not.toContain('${{');
    }
  });

  describe.each(SHELLS)('the GitLab component in %s', (shell) => {
    const version = shell.endsWith('dash') ? 1 : 2;
    const job = (script: string, inputs: Environment = {}, env: Environment = {}) => {
      const template = gitlabTemplate({ origin: url, ...inputs });
      const { id_tokens } = template;
      const claims = { ...gitlabClaims, sub: 'project_path:acme/ui' };
      const given = gitlab.gitlabEnv({ audience: id_tokens['COUNTERSIGN_ID_TOKEN']?.aud ?? '', claims });
      const { [Object.keys(given).find((name) => name.endsWith('_ID_TOKEN')) ?? '']: token = '', ...rest } = given;
      return gitlabJob(shell, template, script, { ...rest, COUNTERSIGN_ID_TOKEN: token, ...env });
    };

    test('SEC-19 the script has a token, which npm publishes with; after the job it is worth nothing and nowhere', async () => {
      const out = tempDir('out');
      const run = await job(`printf '%s' "$COUNTERSIGN_TOKEN" > ${out}/token`, { package: 'npm:@acme/ui' });
      expect(run.code, run.log).toBe(0);
      const kept = await runClient('node', ['-p', `require('fs').readFileSync(${JSON.stringify(`${out}/token`)}, 'utf8')`]);
      const token = kept.stdout.trim();
      expect(token).toMatch(/^csgn_/);
      expect(run.log).not.toContain(token);
      expect(run.log + run.curl).not.toMatch(jwt);
      expect(run.curl).not.toContain(token);
      expect(run.left).toEqual([]);
      const npmrc = `${url.slice(5)}/:_authToken=${token}`;
      const late = await publishNpm('npm-12', npmPackage('@acme/ui', `${version}.0.9`).folder, { registry: `${url}/`, npmrc });
      expect(late.code, late.output).not.toBe(0);
      const { folder } = npmPackage('@acme/ui', `${version}.0.0`);
      const publish = `cd ${folder} && printf '%s\\n' '${url.slice(5)}/:_authToken=\${COUNTERSIGN_TOKEN}' > .npmrc && npm publish --registry ${url}/`;
      const published = await job(publish, { package: 'npm:@acme/ui' }, { HOME: tempDir('home') });
      expect(published.code, published.log).toBe(0);
      expect(Object.keys((await verdaccio.packument('@acme/ui'))?.['versions'] ?? {})).toContain(`${version}.0.0`);
    });

    test('a script that fails fails the job, and the token is given back all the same', async () => {
      const before = proxy.audit().filter(({ outcome }) => outcome === 'revoked').length;
      const run = await job('false', { package: 'pypi:acme-ui' });
      expect([run.code, run.left]).toEqual([1, []]);
      await expect.poll(() => proxy.audit().filter(({ outcome }) => outcome === 'revoked').length).toBe(before + 1);
    });

    test('P8 a refusal ends the job before its script, in its own words', async () => {
      const run = await job('echo the script ran', { package: 'pypi:acme-other' });
      expect([run.code, run.left]).toEqual([1, []]);
      expect(run.log).toContain('Countersign: acme/ui may publish acme-ui, not acme-other.');
      expect(run.log).not.toContain('the script ran');
    });

    test('no token is minted where a trace would write it into the log', async () => {
      const run = await job('true', {}, { CI_DEBUG_TRACE: 'true' });
      expect([run.code, run.curl]).toEqual([1, '']);
    });

    test('a server that answers without a token ends the job', async () => {
      strangeAnswer = { status: 200, headers: {}, body: '{"access_token":"csgn_x; rm -rf"}' };
      const run = await job('echo the script ran', { origin: strange() });
      expect([run.code, run.left]).toEqual([1, []]);
      expect(run.log).not.toContain('the script ran');
    });
  });

  test('the component takes an origin and nothing else', () => {
    for (const origin of ['https://pypi.acme.example/', 'https://pypi.acme.example/path', 'pypi.acme.example', 'https://a@b']) {
      expect(() => gitlabTemplate({ origin }), origin).toThrow(/refuses/);
    }
    expect(gitlabTemplate({ origin: 'https://pypi.acme.example' }).id_tokens).toEqual({
      COUNTERSIGN_ID_TOKEN: { aud: 'https://pypi.acme.example' },
    });
  });
});
