// `mint` against a real issuer's token endpoint (imitated byte for byte in test/support) and a proxy's RFC 8693 endpoint.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { tempDir } from '../support/temp.ts';
import { answer, startFakeProxy, uploadToken, type FakeProxy } from './fake-proxy.ts';
import { countersign, written } from './fake-terminal.ts';

let issuer: CiIssuer;
let proxy: FakeProxy;
beforeAll(async () => {
  [issuer, proxy] = await Promise.all([startIssuer(), startFakeProxy()]);
});
afterAll(() => Promise.all([issuer.close(), proxy.close()]));
beforeEach(() => {
  proxy.respond = undefined;
});

const lastExchange = () => proxy.asked.findLast(({ path }) => path.endsWith('/-/oidc/token'));
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const jwt = (): string => issuer.sign(issuer.genericClaims({ aud: 'x' }));

const withProgram = (name: string, script: string): string => {
  const folder = tempDir('path');
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return `${folder}:/usr/bin:/bin`;
};

const env = (): NodeJS.ProcessEnv => ({ COUNTERSIGN_ID_TOKEN: jwt() });
const envWithUrl = (): NodeJS.ProcessEnv => ({ ...env(), COUNTERSIGN_URL: `${proxy.url}team/npm` });

describe('in GitHub Actions', () => {
  test('prints the upload token alone on stdout, and masks both tokens on stderr (SEC-19)', async () => {
    const { code, out, err } = await countersign(['mint', '--url', proxy.url, '--package', 'npm:@acme/ui'], { env: issuer.githubEnv() });
    expect(code).toBe(0);
    expect(out).toBe(`${uploadToken}\n`);
    const identity = lastExchange()?.form.get('subject_token') ?? '';
    expect(err.split('\n')).toEqual([`::add-mask::${identity}`, `::add-mask::${uploadToken}`, '']);
    expect(lastExchange()?.form.get('scope')).toBe('publish:npm:@acme/ui');
  });

  test("asks for a token for the proxy's origin, unless --audience says otherwise, and asks the proxy nothing", async () => {
    const before = proxy.asked.length;
    await countersign(['mint', '--url', `${proxy.url}team/npm/`], { env: issuer.githubEnv() });
    expect(proxy.asked.slice(before).map(({ path }) => path)).toEqual(['/team/npm/-/oidc/token']);
    expect(claimsOf(lastExchange()?.form.get('subject_token') ?? '')['aud']).toBe(proxy.url.slice(0, -1));
    await countersign(['mint', '--url', proxy.url, '--audience', 'npm:npm.acme.dev'], { env: issuer.githubEnv() });
    expect(claimsOf(lastExchange()?.form.get('subject_token') ?? '')['aud']).toBe('npm:npm.acme.dev');
  });

  test('says what to pass when the proxy expects another audience', async () => {
    const said = 'The identity token is for audience a; this registry expects b.';
    proxy.respond = (_, response) => answer(response, 400, { error: 'invalid_target', error_description: said, code: 'audience' });
    const { code, err } = await countersign(['mint', '--url', proxy.url], { env: issuer.githubEnv() });
    expect(code).toBe(1);
    expect(err).toContain(`${said} Pass the one that it expects with --audience.`);
  });

  test('without `id-token: write` says which permission is missing', async () => {
    const { code, err } = await countersign(['mint', '--url', proxy.url], { env: { GITHUB_ACTIONS: 'true' } });
    expect(code).toBe(2);
    expect(err).toContain('`permissions: id-token: write`');
  });

  test('an answer of the run service that is no token is an outage', async () => {
    issuer.behave({ token: { status: 500, body: 'oops', times: 1 } });
    const { code, out } = await countersign(['mint', '--url', proxy.url], { env: issuer.githubEnv() });
    expect([code, out]).toEqual([4, '']);
  });
});

describe('in GitLab CI', () => {
  const gitlab = { GITLAB_CI: 'true' };

  test('takes the variable that the audience names', async () => {
    const token = jwt();
    const { code } = await countersign(['mint', '--url', proxy.url, '--audience', 'https://pkgs.example.com'], {
      env: { ...gitlab, HTTPS___PKGS_EXAMPLE_COM_ID_TOKEN: token },
    });
    expect(code).toBe(0);
    expect(lastExchange()?.form.get('subject_token')).toBe(token);
  });

  test('takes NPM_ID_TOKEN for an npm audience, and COUNTERSIGN_ID_TOKEN before all', async () => {
    const [npm, own] = [jwt(), jwt()];
    await countersign(['mint', '--url', proxy.url, '--audience', 'npm:127.0.0.1'], { env: { ...gitlab, NPM_ID_TOKEN: npm } });
    expect(lastExchange()?.form.get('subject_token')).toBe(npm);
    await countersign(['mint', '--url', proxy.url], { env: { ...gitlab, NPM_ID_TOKEN: npm, COUNTERSIGN_ID_TOKEN: own } });
    expect(lastExchange()?.form.get('subject_token')).toBe(own);
  });

  test('without a token prints the lines to add to the job', async () => {
    const { code, out, err } = await countersign(['mint', '--url', proxy.url, '--audience', 'pypi.acme.dev'], { env: gitlab });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('  id_tokens:\n    COUNTERSIGN_ID_TOKEN:\n      aud: "pypi.acme.dev"\n');
    expect(err).toContain('PYPI_ACME_DEV_ID_TOKEN');
  });
});

describe('where a program makes the tokens', () => {
  test('Buildkite: the agent is asked with the audience', async () => {
    const PATH = withProgram('buildkite-agent', `[ "$*" = "oidc request-token --audience a.b" ] && printf %s ${jwt()}`);
    const { code, out } = await countersign(['mint', '--url', proxy.url, '--audience', 'a.b'], { env: { BUILDKITE: 'true', PATH } });
    expect([code, out]).toEqual([0, `${uploadToken}\n`]);
  });

  test('CircleCI: its command line is asked, and without it the job has its own token', async () => {
    const [made, fixed] = [jwt(), jwt()];
    const PATH = withProgram('circleci', `[ "$4 $6" = '--root-issuer {"aud":"a.b"}' ] && printf %s ${made}`);
    const argv = ['mint', '--url', proxy.url, '--audience', 'a.b'];
    await countersign(argv, { env: { CIRCLECI: 'true', PATH, CIRCLE_OIDC_TOKEN_V2: fixed } });
    expect(lastExchange()?.form.get('subject_token')).toBe(made);
    const { out, err } = await countersign(argv, { env: { CIRCLECI: 'true', PATH: '/nowhere', CIRCLE_OIDC_TOKEN_V2: fixed } });
    expect(lastExchange()?.form.get('subject_token')).toBe(fixed);
    expect(out).toBe(`${uploadToken}\n`);
    expect(err).toContain('whose audience is the organisation id');
  });

  test('Google Cloud: the metadata server is asked, and believed only when it says that it is one', async () => {
    const token = jwt();
    const google = { GCE_METADATA_HOST: new URL(proxy.url).host };
    const metadata = (headers: Record<string, string>): void => {
      proxy.respond = (asked, response) => {
        if (!asked.path.startsWith('/computeMetadata/')) return answer(response, 200, { access_token: uploadToken });
        response.writeHead(asked.headers['metadata-flavor'] === 'Google' ? 200 : 403, headers).end(token);
      };
    };
    metadata({ 'metadata-flavor': 'Google' });
    expect((await countersign(['mint', '--url', proxy.url, '--audience', 'a.b'], { env: google })).code).toBe(0);
    expect(lastExchange()?.form.get('subject_token')).toBe(token);
    metadata({});
    expect((await countersign(['mint', '--url', proxy.url, '--audience', 'a.b'], { env: google })).code).toBe(2);
  });
});

describe('on any other CI', () => {
  test('takes a file, stdin, or a named variable', async () => {
    const tokens = [jwt(), jwt(), jwt()] as const;
    await countersign(['mint', '--url', proxy.url, '--id-token-file', written('token', `${tokens[0]}\n`)]);
    expect(lastExchange()?.form.get('subject_token')).toBe(tokens[0]);
    await countersign(['mint', '--url', proxy.url, '--id-token-file', '-'], { stdin: `${tokens[1]}\n` });
    expect(lastExchange()?.form.get('subject_token')).toBe(tokens[1]);
    await countersign(['mint', '--url', proxy.url, '--id-token-variable', 'MY_TOKEN'], { env: { MY_TOKEN: tokens[2] } });
    expect(lastExchange()?.form.get('subject_token')).toBe(tokens[2]);
  });

  test('sends nothing that is not a JWT, and does not show it', async () => {
    const asked = proxy.asked.length;
    const { code, err } = await countersign(['mint', '--url', proxy.url], { env: { COUNTERSIGN_ID_TOKEN: 'hunter2-password' } });
    expect(code).toBe(2);
    expect(err).not.toContain('hunter2');
    expect(proxy.asked.length).toBe(asked);
  });
});

describe('the proxy', () => {
  test('its refusal is shown in its own words with code 1, and control characters do not reach the terminal (JWT-48)', async () => {
    const said = 'Publisher ui-release expects workflow release.yml; this job runs build.yml. \u001b[2J (request 0123)';
    proxy.respond = (_, response) => answer(response, 400, { error: 'invalid_grant', error_description: said }, { 'x-request-id': '0123' });
    const { code, out, err } = await countersign(['mint', '--url', proxy.url], { env: env() });
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      'countersign: Publisher ui-release expects workflow release.yml; this job runs build.yml. \\u{1b}[2J (request 0123)\n',
    );
  });

  test.each([429, 503])('status %i is an outage, not a refusal', async (status) => {
    proxy.respond = (_, response) =>
      answer(response, status, { error: 'temporarily_unavailable', error_description: 'The token store cannot be reached.' });
    expect((await countersign(['mint', '--url', proxy.url], { env: env() })).code).toBe(4);
  });

  test('that is not there is an outage with a plain sentence', async () => {
    const { code, out, err } = await countersign(['mint', '--url', 'http://127.0.0.1:1'], { env: env() });
    expect([code, out]).toEqual([4, '']);
    expect(err).toBe('countersign: http://127.0.0.1:1/-/oidc/token cannot be reached: nothing listens there.\n');
  });

  test('that redirects does not get the tokens carried on (SEC-09)', async () => {
    proxy.respond = (_, response) => response.writeHead(307, { location: `${issuer.origin}/steal` }).end();
    const before = { ...issuer.requests };
    const { code, err } = await countersign(['mint', '--url', proxy.url], { env: env() });
    expect(code).toBe(2);
    expect(err).toContain('a token does not follow');
    expect(issuer.requests).toEqual(before);
  });

  test.each([['csgn_tooshort'], [`${uploadToken}\nNODE_OPTIONS=--require=/tmp/x`], [''], [42]])(
    'that answers %j as upload token gets nothing printed on stdout',
    async (token) => {
      proxy.respond = (_, response) => answer(response, 200, { access_token: token });
      const { code, out } = await countersign(['mint', '--url', proxy.url, '--format', 'env'], { env: env() });
      expect([code, out]).toEqual([4, '']);
    },
  );

  test.each([
    ['http://npm.acme.dev/', 'Over plain http'],
    ['https://user:pw@npm.acme.dev/', 'no user, password'],
    ['npm.acme.dev', 'not an absolute URL'],
    ['ftp://npm.acme.dev', 'https://'],
  ])('at %s is not asked', async (url, says) => {
    const { code, err } = await countersign(['mint', '--url', url], { env: env() });
    expect(code).toBe(2);
    expect(err).toContain(says);
  });
});

describe('forms of the output', () => {
  test('npmrc is the line for the registry at that URL', async () => {
    const { out } = await countersign(['mint', '--format', 'npmrc'], { env: envWithUrl() });
    expect(out).toBe(`//${new URL(proxy.url).host}/team/npm/:_authToken=${uploadToken}\n`);
  });

  test('env names what twine, uv and npm read', async () => {
    const { out } = await countersign(['mint', '--format', 'env'], { env: envWithUrl() });
    expect(out.split('\n')).toEqual([
      `COUNTERSIGN_TOKEN=${uploadToken}`,
      'TWINE_USERNAME=__token__',
      `TWINE_PASSWORD=${uploadToken}`,
      `UV_PUBLISH_TOKEN=${uploadToken}`,
      `NODE_AUTH_TOKEN=${uploadToken}`,
      '',
    ]);
  });

  test('json says when it expires', async () => {
    const { out } = await countersign(['mint', '--json'], { env: envWithUrl(), now: () => Date.parse('2026-11-23T00:00:00Z') });
    expect(JSON.parse(out)).toEqual({ token: uploadToken, expires_in: 900, expires_at: '2026-11-23T00:15:00.000Z' });
  });
});

describe('--revoke', () => {
  test('gives back the token of COUNTERSIGN_TOKEN or of stdin, and prints nothing on stdout (SEC-19)', async () => {
    for (const around of [{ env: { COUNTERSIGN_TOKEN: uploadToken } }, { stdin: `pypi-${uploadToken}\n` }]) {
      const { code, out, err } = await countersign(['mint', '--revoke', '--url', proxy.url], around);
      expect([code, out, err]).toEqual([0, '', 'Upload token revoked.\n']);
      expect(proxy.asked.at(-1)).toMatchObject({ method: 'POST', path: '/-/oidc/revoke' });
      expect(proxy.asked.at(-1)?.form.get('token')).toContain(uploadToken);
    }
  });

  test('sends no other secret that happens to be there', async () => {
    const asked = proxy.asked.length;
    expect((await countersign(['mint', '--revoke', '--url', proxy.url], { stdin: 'npm_secret' })).code).toBe(2);
    expect((await countersign(['mint', '--revoke', '--url', proxy.url], {})).code).toBe(2);
    expect(proxy.asked.length).toBe(asked);
  });
});
