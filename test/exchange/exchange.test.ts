// The exchange over HTTP, in every dialect, against the program itself.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, sha256, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';

const job = {
  repository: 'acme/ui',
  repository_id: '101',
  repository_owner: 'acme',
  repository_owner_id: '11',
  ref: 'refs/tags/v1.0.0',
  event_name: 'push',
  environment: 'production',
  workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0',
  job_workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0',
};
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idToken = 'urn:ietf:params:oauth:token-type:id_token';

let issuer: CiIssuer;
let jobs: CiIssuer;
let proxy: Proxy;

const policy = (port: number): Policy => ({
  issuers: { github: { issuer: issuer.issuer, insecure: true }, jobs: { provider: 'gitlab', issuer: jobs.issuer, insecure: true } },
  registries: {
    npm: {
      protocol: 'npm',
      url: `http://127.0.0.1:${port}/`,
      upstream: 'http://127.0.0.1:9/',
      credential: { basic: { username: 'svc', password: '${SECRET}' } },
    },
    pypi: {
      protocol: 'pypi',
      url: `http://127.0.0.1:${port}/acme/prod/`,
      upstream: 'http://127.0.0.1:9/acme/prod/',
      credential: { basic: { username: 'svc', password: '${SECRET}' } },
    },
    quiet: {
      protocol: 'pypi',
      url: `http://127.0.0.1:${port}/acme/quiet/`,
      upstream: 'http://127.0.0.1:9/',
      audiences: ['acme-quiet'],
      refusals: 'brief',
      credential: { basic: { username: 'svc', password: '${SECRET}' } },
    },
  },
  publishers: [
    {
      name: 'ui',
      from: {
        issuer: 'github',
        repository: 'acme/ui',
        repository_owner_id: '11',
        workflow: 'release.yml',
        environment: 'production',
        ref: 'refs/tags/v*',
      },
      publish: { npm: ['@acme/ui'], pypi: ['acme-ui'], quiet: ['acme-ui'] },
      ttl: '5m',
    },
    {
      name: 'job',
      from: { issuer: 'jobs', project_path: 'acme/tools/ui', namespace_id: 'any', environment: 'any', ref: 'any', ref_protected: 'any' },
      publish: { npm: ['@acme/*'] },
    },
  ],
});

beforeAll(async () => {
  [issuer, jobs] = await Promise.all([startIssuer({ style: 'github' }), startIssuer({ style: 'gitlab' })]);
  proxy = await startProxy({ policy, env: { SECRET: 'the-service-secret' } });
  await pastEpoch();
}, 30_000);
afterAll(async () => {
  await Promise.all([proxy?.close(), issuer?.close(), jobs?.close()]);
});

const host = (): Record<string, string> => ({ host: proxy.host });
const sign = (claims: Record<string, unknown> = {}, aud = `npm:127.0.0.1`): string =>
  issuer.sign(issuer.githubClaims({ ...job, aud, ...claims }));
const pypi = async (token: unknown, path = '/_/oidc/mint-token', headers = {}): Promise<RawAnswer> =>
  raw(proxy, 'POST', path, { ...host(), ...headers }, JSON.stringify({ token }));
const npm = async (token: string, name = '@acme%2fui', base = ''): Promise<RawAnswer> =>
  raw(proxy, 'POST', `${base}/-/npm/v1/oidc/token/exchange/package/${name}`, {
    ...host(),
    authorization: `Bearer ${token}`,
    'content-length': '0',
  });
const form = async (fields: Record<string, string>, path = '/-/oidc/token'): Promise<RawAnswer> =>
  raw(proxy, 'POST', path, { ...host(), 'content-type': 'application/x-www-form-urlencoded' }, new URLSearchParams(fields).toString());
const rfc8693 = (token: string, more: Record<string, string> = {}): Promise<RawAnswer> =>
  form({ grant_type: grant, subject_token: token, subject_token_type: idToken, ...more });
const json = (answer: RawAnswer): Record<string, unknown> => JSON.parse(answer.body) as Record<string, unknown>;

describe('the npm dialect', () => {
  test.each(['@acme%2fui', '@acme%2Fui', '%40acme%2Fui', '@acme/ui'])('answers %s as the published contract says', async (name) => {
    const before = Date.now();
    const answer = await npm(sign(), name);
    expect(answer.status).toBe(201);
    const body = json(answer);
    expect(body).toMatchObject({ token_type: 'oidc', token: expect.stringMatching(/^csgn_[0-9A-Za-z]{49}$/) });
    expect(Date.parse(String(body['expires'])) - before).toBeGreaterThan(298_000);
    expect(Date.parse(String(body['expires'])) - Date.parse(String(body['created']))).toBe(300_000);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('answers under the registry path too when the registry is at the root', async () => {
    expect((await npm(sign(), '@acme%2fui')).status).toBe(201);
  });

  test('P8 a refusal is in npm-notice and in all three places that clients read', async () => {
    const answer = await npm(sign({ environment: 'staging' }));
    const text = 'Publisher ui requires environment production; this job uses staging.';
    expect(answer.status).toBe(403);
    expect(answer.headers['npm-notice']).toContain(text);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(json(answer)).toMatchObject({
      error: expect.stringContaining(text),
      message: expect.stringContaining(text),
      body: { message: expect.stringContaining(text) },
    });
  });

  test('a claim that the provider’s table does not know is logged once, whether the job is let in or not', async () => {
    expect((await npm(sign({ brand_new: 'x', environment: 'staging' }))).status).toBe(403);
    expect((await npm(sign({ brand_new: 'x', another: 1, repo_property_team: 'ui' }))).status).toBe(201);
    await vi.waitFor(() => expect(proxy.output()).toContain('"claim":"another"'));
    expect(proxy.output().match(/"provider":"github","claim":"brand_new"/g)).toHaveLength(1);
    expect(proxy.output()).not.toContain('"claim":"repo_property_team"');
    expect(proxy.output()).not.toMatch(/"claim":"(?:check_run_id|iss|environment)"/);
  });

  test('a token that is no JWT is told about the .npmrc line that put it there', async () => {
    const answer = await npm('npm_static_token');
    expect(answer.headers['npm-notice']).toContain('.npmrc');
  });

  test('EXC-01 other methods are refused with Allow', async () => {
    const answer = await raw(proxy, 'PUT', '/-/npm/v1/oidc/token/exchange/package/@acme%2fui', host());
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

describe('the PyPI dialect', () => {
  test('EXC-11 says its audience and mints, at the root, under the path, and at the old address', async () => {
    const asked = await raw(proxy, 'GET', '/_/oidc/audience', host());
    expect([asked.status, json(asked)]).toEqual([200, { audience: proxy.host }]);
    for (const path of ['/_/oidc/mint-token', '/_/oidc/github/mint-token', '/acme/prod/_/oidc/mint-token']) {
      const answer = await pypi(sign({}, proxy.host), path);
      expect(answer.status, answer.body).toBe(200);
      expect(json(answer)).toMatchObject({ success: true, token: expect.stringMatching(/^pypi-csgn_/), expires: expect.any(Number) });
    }
  });

  test('reads JSON whatever the content type says', async () => {
    const answer = await pypi(sign({}, proxy.host), '/_/oidc/mint-token', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer.status).toBe(200);
  });

  test.each([
    '',
    '{}',
    '[]',
    '"x"',
    'null',
    '1',
    '{"token":1}',
    '{"token":["a"]}',
    '{"token":null}',
    '{"token":"a","token":"b"}',
    '{"token":""}',
    '{',
  ])('EXC-03 the body %j is refused in the form that clients index', async (body) => {
    const answer = await raw(proxy, 'POST', '/_/oidc/mint-token', host(), body);
    expect(answer.status).toBe(422);
    expect(json(answer)).toMatchObject({
      message: expect.any(String),
      errors: [{ code: 'invalid-payload', description: expect.any(String) }],
    });
  });

  test('EXC-04 a body of 1 MB is refused', async () => {
    expect((await pypi('x'.repeat(1_000_000))).status).toBe(413);
  });

  test('EXC-12 refusals: brief keeps expected values for the audit record', async () => {
    const answer = await pypi(sign({ environment: 'staging' }, 'acme-quiet'), '/acme/quiet/_/oidc/mint-token');
    expect(answer.status).toBe(422);
    expect(answer.body).not.toContain('production');
    const event = await proxy.event((e) => e.code === 'publisher-brief');
    expect(event.detail).toContain('production');
  });

  test('PEP 807 discovery names the endpoints of the path that is asked for', async () => {
    const answer = await raw(proxy, 'GET', `/.well-known/pytp?discover=${encodeURIComponent('/acme/prod/')}`, host());
    expect(answer.status).toBe(200);
    const body = json(answer);
    expect(new URL(String(body['token-mint-endpoint'])).host).toBe(proxy.host);
    expect((await raw(proxy, 'GET', '/.well-known/pytp?discover=%2Fnowhere%2F', host())).status).toBe(404);
  });
});

describe('RFC 8693', () => {
  test('EXC-06 exchanges, narrowed by scope, and revokes by RFC 7009', async () => {
    const answer = await rfc8693(sign({}, `http://${proxy.host}`), { scope: 'publish:npm:@acme/ui' });
    expect([answer.status, json(answer)]).toMatchObject([
      200,
      { token_type: 'Bearer', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', expires_in: 300 },
    ]);
    const token = String(json(answer)['access_token']);
    expect((await form({ token }, '/-/oidc/revoke')).status).toBe(200);
    await proxy.event((e) => e.outcome === 'revoked' && e.token === sha256(Buffer.from(token)).slice(0, 12));
    expect((await form({ token }, '/-/oidc/revoke')).status).toBe(200);
    expect((await form({ token: 'nonsense' }, '/-/oidc/revoke')).status).toBe(200);
  });

  test.each([
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['another subject token type', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
    ['an actor token', { actor_token: 'x' }, 'invalid_request'],
    ['another requested token type', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'invalid_request'],
    ['an audience that is no registry', { audience: 'https://other.example/' }, 'invalid_target'],
    ['a scope of another registry', { scope: 'publish:other:@acme/ui' }, 'invalid_scope'],
    ['a scope without a valid name', { scope: 'publish:npm:../x' }, 'invalid_scope'],
    ['two scopes', { scope: 'publish:npm publish:pypi' }, 'invalid_scope'],
    ['a package outside the policy', { scope: 'publish:npm:@acme/other' }, 'invalid_grant'],
  ])('EXC-06 EXC-08 %s is refused', async (_, fields, error) => {
    const answer = await rfc8693(sign({}, `http://${proxy.host}`), fields);
    expect([answer.status, json(answer)['error']]).toEqual([400, error]);
  });

  test('EXC-02 EXC-06 a parameter that is there twice, or a body that is no form, is refused', async () => {
    const twice = `grant_type=${encodeURIComponent(grant)}&subject_token=a&subject_token=b`;
    expect(
      json(await raw(proxy, 'POST', '/-/oidc/token', { ...host(), 'content-type': 'application/x-www-form-urlencoded' }, twice))['error'],
    ).toBe('invalid_request');
    expect((await raw(proxy, 'POST', '/-/oidc/token', { ...host(), 'content-type': 'application/json' }, '{}')).status).toBe(415);
  });
});

describe('once', () => {
  test('P5 JWT-60 JWT-65 a fresh-token issuer: one exchange per package; a refused exchange burns nothing', async () => {
    const token = sign({ jti: 'once-1' });
    expect((await npm(token, '@acme%2fother')).status).toBe(403);
    expect((await npm(token)).status).toBe(201);
    const again = await npm(token);
    expect(again.status).toBe(403);
    expect(again.headers['npm-notice']).toContain('already exchanged');
    expect((await rfc8693(token, { scope: 'publish:npm:@acme/ui' })).status, 'another dialect, the same package').toBe(400);
    expect((await rfc8693(token, { scope: 'publish:npm' })).status, 'all packages include it').toBe(400);
  });

  test('P5 a one-token-per-job issuer: five exchanges per package', async () => {
    const token = jobs.sign(jobs.gitlabClaims({ project_path: 'acme/tools/ui', pipeline_source: 'push', aud: 'npm:127.0.0.1' }));
    for (let i = 0; i < 5; i += 1) expect((await npm(token, '@acme%2fjob')).status).toBe(201);
    expect((await npm(token, '@acme%2fjob')).headers['npm-notice']).toContain('already exchanged 5 times');
    expect((await npm(token, '@acme%2fjob-two')).status).toBe(201);
  });

  test('P4 an identity token older than the embedded store is refused as retryable', async () => {
    const now = Math.floor(Date.now() / 1000);
    const answer = await npm(sign({ iat: now - 200, nbf: now - 200, exp: now + 100 }));
    expect([answer.status, Number(answer.headers['retry-after']) > 0]).toEqual([503, true]);
  });
});

describe('verification', () => {
  test.each([
    ['JWT-45 an unknown issuer', { iss: 'https://ci.evil.example' }, 'issuer-unknown'],
    ['JWT-41 another audience', { aud: 'pypi' }, 'audience'],
    ['JWT-40 two audiences', { aud: ['npm:127.0.0.1', 'other'] }, 'token-invalid'],
    ['an expired token', { exp: 1_700_000_000, iat: 1_699_999_900, nbf: 1_699_999_900 }, 'token-expired'],
    ['JWT-62 no jti', { jti: undefined }, 'token-invalid'],
  ])('%s is refused and recorded (P7)', async (_, claims, code) => {
    const answer = await npm(sign(claims));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    const event = await proxy.event((e) => e.request === answer.headers['x-request-id']);
    expect(event).toMatchObject({ outcome: 'refused', code });
  });

  test('a GitLab job with another audience is told what to write', async () => {
    const token = jobs.sign(jobs.gitlabClaims({ project_path: 'acme/tools/ui', aud: 'sts.amazonaws.com' }));
    const answer = await npm(token);
    expect(answer.headers['npm-notice']).toContain('id_tokens: { NPM_ID_TOKEN: { aud: "npm:127.0.0.1" } }');
  });

  test('P8 EXC-12 a stranger with a valid token hears nothing of the policy', async () => {
    const answer = await npm(
      sign({
        repository: 'evil/fork',
        repository_owner_id: '666',
        workflow_ref: 'evil/fork/.github/workflows/release.yml@refs/tags/v1.0.0',
        job_workflow_ref: 'evil/fork/.github/workflows/release.yml@refs/tags/v1.0.0',
      }),
    );
    expect(answer.body).toContain('evil/fork');
    expect(answer.body).not.toMatch(/production|release\.yml|(?<!@)acme\/ui/);
  });

  test('P1 SEC-04 neither identity tokens, upload tokens nor the service credential are in the log', async () => {
    const token = sign();
    const minted = String(json(await npm(token))['token']);
    await proxy.event((e) => e.outcome === 'minted');
    const log = proxy.output();
    for (const secret of [token, token.split('.')[2]!, minted, 'the-service-secret']) expect(log.includes(secret)).toBe(false);
  });
});

describe('the host', () => {
  test('SMG-30 a host that no registry has is told so', async () => {
    expect((await raw(proxy, 'GET', '/_/oidc/audience', { host: 'other.example' })).status).toBe(421);
  });

  test('HDR-19 the admin listener is not reachable from the public one', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect((await raw(proxy, 'GET', path, host())).status).toBeGreaterThanOrEqual(400);
    expect((await fetch(`${proxy.admin}readyz`)).status).toBe(200);
  });
});
