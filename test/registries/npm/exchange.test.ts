import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../../src/core/refusal.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import type { ExchangeEndpoint } from '../../../src/registries/registry.ts';
import { head } from './publishing.ts';

const base = '/-/npm/v1/oidc/token/exchange/package';
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln';

function at(
  path: string,
  headers: Record<string, string> = { authorization: `Bearer ${jwt}` },
  method = 'POST',
): ExchangeEndpoint | undefined {
  return npm.exchange(head(method, path, headers), []);
}

function asked(path: string, headers?: Record<string, string>): unknown {
  const endpoint = at(path, headers);
  if (endpoint?.kind !== 'mint') return endpoint?.kind === 'refused' ? endpoint.refusal.code : endpoint;
  const request = endpoint.read(new Uint8Array());
  return isRefusal(request) ? request.code : request;
}

describe('npm’s exchange endpoint', () => {
  it.each(['@acme%2fw', '@acme%2Fw', '%40acme%2Fw', '%40acme%2fw', '@acme/w', '%40acme/w'])(
    'reads the package spelled %s (PTH-02)',
    (spelling) => {
      expect(asked(`${base}/${spelling}`)).toEqual({ identityToken: jwt, package: '@acme/w' });
    },
  );

  it('reads an unscoped package', () => {
    expect(asked(`${base}/w`)).toEqual({ identityToken: jwt, package: 'w' });
  });

  it.each([
    '',
    '/',
    '/@acme%252fw',
    '/@ACME%2fw',
    '/@acme%2f..%2fw',
    '/%61cme',
    '/@acme%2fw/',
    '/@acme%2fw/x',
    '/w%00',
    '/@acme%5cw',
    '/a%2fb',
    '/__proto__',
    '/@acme%2fw%2fx',
    '/%2540acme%2fw',
  ])('refuses the path %j (PTH-03, PTH-06 to PTH-18)', (tail) => expect(asked(`${base}${tail}`)).toBe('request-path'));

  it('refuses a query', () => {
    expect(asked(`${base}/w?package=victim`)).toBe('request-path');
  });

  it.each([
    '/-/npm/v1/oidc/token/exchange',
    '/-/npm/v1/oidc/token/exchange/packages/w',
    '/_/oidc/mint-token',
    '/w',
    '/-/npm/v1/tokens',
    '/x/-/npm/v1/oidc/token/exchange/package/w',
  ])('leaves %s to others', (path) => {
    expect(at(path)).toBeUndefined();
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s with 405', (method) => {
    const endpoint = at(`${base}/w`, {}, method);
    expect(endpoint).toMatchObject({ kind: 'refused', allow: 'POST', refusal: { code: 'request-method', status: 405 } });
  });

  it.each<[string, Record<string, string>, string]>([
    ['no bearer', {}, 'token-missing'],
    ['Basic', { authorization: 'Basic dTpw' }, 'token-missing'],
    ['two spaces', { authorization: `Bearer  ${jwt}` }, 'token-missing'],
    ['two tokens', { authorization: `Bearer ${jwt} ${jwt}` }, 'token-missing'],
    ['an npm token', { authorization: 'Bearer npm_abcdef' }, 'token-static'],
    ['the placeholder of setup-node', { authorization: 'Bearer XXXXX-XXXXX-XXXXX-XXXXX' }, 'token-static'],
    ['an upload token (TOK-14)', { authorization: 'Bearer csgn_abc' }, 'token-static'],
    ['two parts', { authorization: 'Bearer a.b' }, 'token-static'],
    ['four parts', { authorization: 'Bearer a.b.c.d' }, 'token-static'],
  ])('refuses %s', (_, headers, code) => {
    expect(asked(`${base}/w`, headers)).toBe(code);
  });

  it('tells about the .npmrc line that takes the place of the identity token', () => {
    const endpoint = at(`${base}/w`, { authorization: 'bearer npm_abcdef' });
    const refusal = endpoint?.kind === 'mint' ? endpoint.read(new Uint8Array()) : undefined;
    expect(refusal).toMatchObject({ message: expect.stringContaining('_authToken') });
  });

  it('answers a token as npm’s API documents it', () => {
    const endpoint = at(`${base}/w`);
    if (endpoint?.kind !== 'mint') throw new Error('no endpoint');
    const reply = endpoint.minted({ token: 'csgn_x', created: 1_752_834_600, expires: 1_752_835_500 });
    expect(reply).toMatchObject({
      status: 201,
      headers: { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' },
    });
    expect(JSON.parse(reply.body)).toEqual({
      token_type: 'oidc',
      token: 'csgn_x',
      created: '2025-07-18T10:30:00.000Z',
      expires: '2025-07-18T10:45:00.000Z',
    });
  });

  it('reads at most a kilobyte of body', () => {
    expect(at(`${base}/w`)).toMatchObject({ bodyLimit: 1024 });
  });
});
