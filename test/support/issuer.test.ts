import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIssuer } from './issuer.ts';
import type { CiIssuer } from './issuer.ts';

const requestToken = async (env: Record<string, string>, bearer: string, audience = 'npm:127.0.0.1') => {
  const url = `${env['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=${encodeURIComponent(audience)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
  return { status: response.status, body: (await response.json()) as { value: string } };
};

describe('the test issuer', () => {
  let issuer: CiIssuer;
  beforeAll(async () => {
    issuer = await startIssuer();
  });
  afterAll(() => issuer.close());

  const verify = (token: string, from = issuer) => jwtVerify(token, createRemoteJWKSet(new URL(from.jwksUri)), { issuer: from.issuer });

  it('serves a discovery document with exactly the fields of GitHub, without an authorization endpoint', async () => {
    const response = await fetch(`${issuer.issuer}/.well-known/openid-configuration`);
    const document = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(document).toSorted()).toEqual([
      'claims_supported',
      'id_token_signing_alg_values_supported',
      'issuer',
      'jwks_uri',
      'response_types_supported',
      'scopes_supported',
      'subject_types_supported',
    ]);
    expect(document['issuer']).toBe(issuer.issuer);
    expect(document['jwks_uri']).toBe(issuer.jwksUri);
  });

  it('signs tokens that jose verifies against the served JWKS', async () => {
    const { payload } = await verify(issuer.sign(issuer.githubClaims({ aud: 'npm:127.0.0.1' })));
    expect(payload.aud).toBe('npm:127.0.0.1');
    expect(payload.sub).toBe('repo:acme@11/ui@101:environment:release');
    expect(payload['repository_id']).toBe('101');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  it('gives a GitHub job a token only for its bearer, each with a fresh jti and the audience asked for', async () => {
    const env = issuer.githubEnv({ repository: 'acme/other', repository_id: '102', environment: undefined });
    const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '';
    expect((await requestToken(env, `${bearer}x`)).status).toBe(401);
    const first = await verify((await requestToken(env, bearer)).body.value);
    const second = await verify((await requestToken(env, bearer, 'pypi.acme.dev')).body.value);
    expect(first.payload['repository']).toBe('acme/other');
    expect(first.payload.sub).toBe('repo:acme@11/other@102:ref:refs/heads/main');
    expect(first.payload.aud).toBe('npm:127.0.0.1');
    expect(second.payload.aud).toBe('pypi.acme.dev');
    expect(second.payload.jti).not.toBe(first.payload.jti);
    expect(second.payload['run_id']).toBe(first.payload['run_id']);
    expect(env['GITHUB_RUN_ID']).toBe(first.payload['run_id']);
  });

  it('gives a GitLab job one fixed token per audience in the variables the clients look in', async () => {
    const gitlab = await startIssuer({ style: 'gitlab' });
    const env = gitlab.gitlabEnv({ audience: ['npm:127.0.0.1', 'pypi.acme.dev'] });
    const { payload } = await verify(env['PYPI_ACME_DEV_ID_TOKEN'] ?? '', gitlab);
    expect(payload['project_path']).toBe('acme/ui');
    expect(payload['namespace_id']).toBe('11');
    expect((await verify(env['NPM_ID_TOKEN'] ?? '', gitlab)).payload.aud).toBe('npm:127.0.0.1');
    await gitlab.close();
  });

  it('keeps the old key verifiable after a rotation and drops it on a withdrawal', async () => {
    const rotating = await startIssuer({ alg: 'ES256' });
    const before = rotating.sign(rotating.genericClaims());
    await rotating.rotate();
    await verify(before, rotating);
    await rotating.rotate({ withdraw: true });
    await expect(verify(before, rotating)).rejects.toThrow(/no applicable key/);
    await rotating.close();
  });

  it('misbehaves on command, for as many requests as it was told', async () => {
    issuer.behave({ jwks: { status: 500, body: 'not json', times: 1 } });
    const seen = issuer.requests.jwks;
    expect((await fetch(issuer.jwksUri)).status).toBe(500);
    expect((await fetch(issuer.jwksUri)).status).toBe(200);
    expect(issuer.requests.jwks).toBe(seen + 2);
    issuer.behave({ jwks: { redirect: 'http://127.0.0.1:1/', delayMs: 5 } });
    expect((await fetch(issuer.jwksUri, { redirect: 'manual' })).status).toBe(302);
    issuer.behave({ jwks: { drip: { bytes: 200, everyMs: 1 } } });
    expect(await (await fetch(issuer.jwksUri)).json()).toHaveProperty('keys');
    issuer.behave({ jwks: { reset: true } });
    await expect(fetch(issuer.jwksUri)).rejects.toThrow('fetch failed');
    issuer.behave({ jwks: null });
  });

  it('builds hostile tokens: any header, any payload text, no signature at all', () => {
    const none = issuer.sign('{"iss":"a","iss":"b"}', { alg: 'none', header: { kid: undefined, typ: 'at+jwt' } });
    expect(none.endsWith('.')).toBe(true);
    expect(decodeProtectedHeader(none)).not.toHaveProperty('kid');
    expect(Buffer.from(none.split('.')[1] ?? '', 'base64url').toString()).toBe('{"iss":"a","iss":"b"}');
    const hmac = issuer.sign(issuer.githubClaims(), { alg: 'HS256', key: 'guess' });
    expect(decodeProtectedHeader(hmac).alg).toBe('HS256');
  });
});
