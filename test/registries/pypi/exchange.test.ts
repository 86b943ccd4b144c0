import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../../src/core/refusal.ts';
import { formatToken } from '../../../src/core/upload-token.ts';
import { pypi } from '../../../src/registries/pypi/index.ts';
import type { ExchangeEndpoint, Head } from '../../../src/registries/registry.ts';
import { head } from './forms.ts';

const urls = [new URL('https://pypi.acme.example/acme/prod/'), new URL('https://pypi.acme.example/acme/dev/')];
const endpoint = (method: string, path: string, headers = {}, query = ''): ExchangeEndpoint | undefined =>
  pypi.exchange(head(method, path, headers, query), urls);

type Of<K extends ExchangeEndpoint['kind']> = Extract<ExchangeEndpoint, { kind: K }>;
function of<K extends ExchangeEndpoint['kind']>(kind: K, found: ExchangeEndpoint | undefined): Of<K> {
  if (found?.kind !== kind) throw new Error(`expected ${kind}, got ${found?.kind}`);
  return found as Of<K>;
}
const mint = (text: string | Uint8Array): ReturnType<Of<'mint'>['read']> =>
  of('mint', endpoint('POST', '/_/oidc/mint-token')).read(Buffer.from(text));

const discover = (query: string, accept?: string): ExchangeEndpoint | undefined =>
  endpoint('GET', '/.well-known/pytp', accept === undefined ? {} : { accept }, query);

const basic = (pair: string | Buffer): Head => head('POST', '/', { authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

const bearer = (value: string): Head => head('POST', '/', { authorization: value });

describe('the exchange endpoints of PyPI', () => {
  it('EXC-11: tells the audience, whatever the query', () => {
    const answer = of('audience', endpoint('GET', '/_/oidc/audience', {}, 'x=1')).answer('pypi.acme.example');
    expect(answer).toMatchObject({
      status: 200,
      body: '{"audience":"pypi.acme.example"}',
      headers: { 'content-type': 'application/json' },
    });
  });

  it.each(['/_/oidc/mint-token', '/_/oidc/github/mint-token'])('EXC-11: mints at %s in the words of Warehouse', (path) => {
    const found = of('mint', endpoint('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, 'x=1'));
    expect(found.bodyLimit).toBe(20 * 1024);
    expect(found.read(Buffer.from('{"token":"a.b.c","extra":1,"features":[]}'))).toEqual({ identityToken: 'a.b.c' });
    const token = formatToken(new Uint8Array(32));
    const answer = found.minted({ token, created: 1, expires: 901 });
    expect(JSON.parse(answer.body)).toEqual({ success: true, token: `pypi-${token}`, expires: 901 });
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    // GitHub reports anything like a token of the public index, from 85 characters on.
    expect(JSON.parse(answer.body).token.length).toBeLessThan(85);
  });

  it.each([
    '',
    '{}',
    '[]',
    '"x"',
    'null',
    '{"token":1}',
    '{"token":["a"]}',
    '{"token":null}',
    '{"token":""}',
    '{"token":"a","token":"b"}',
    '{"a":1,"a":2,"token":"x"}',
    'token=a.b.c',
    '{"token":"a"}x',
    '\ufeff{"token":"a"}',
    '{"token":"a","x":[[[[[[1]]]]]]}',
  ])('EXC-03: refuses the body %j', (text) => expect(mint(text)).toMatchObject({ pypi: 'invalid-payload', status: 400 }));

  it('EXC-03: refuses a body that is not UTF-8', () =>
    expect(mint(Buffer.from('{"token":"\xff"}', 'latin1'))).toMatchObject({ code: 'request-invalid' }));

  it('PEP 807: takes the feature it offers, and refuses to be asked for another', () => {
    expect(mint('{"token":"a","features":["multi-use-token"]}')).toEqual({ identityToken: 'a' });
    for (const features of ['["single-use-token"]', '"multi-use-token"', '[1]', 'null'])
      expect(isRefusal(mint(`{"token":"a","features":${features}}`))).toBe(true);
  });

  it('burns a token with 202', () => {
    const found = of('revoke', endpoint('POST', '/_/oidc/burn-token'));
    const token = formatToken(new Uint8Array(32), 'pypi');
    expect(found.read(Buffer.from(JSON.stringify({ token })))).toEqual({ token });
    expect(found.done.status).toBe(202);
    expect(isRefusal(found.read(Buffer.from('{"token":7}')))).toBe(true);
  });

  it.each([
    ['POST', '/_/oidc/audience', 'GET'],
    ['HEAD', '/_/oidc/audience', 'GET'],
    ['GET', '/_/oidc/mint-token', 'POST'],
    ['PUT', '/_/oidc/mint-token', 'POST'],
    ['OPTIONS', '/_/oidc/github/mint-token', 'POST'],
    ['DELETE', '/_/oidc/burn-token', 'POST'],
    ['POST', '/.well-known/pytp', 'GET'],
  ])('EXC-01: %s %s is refused with Allow: %s', (method, path, allow) => {
    expect(endpoint(method, path)).toMatchObject({ kind: 'refused', allow, refusal: { status: 405, code: 'request-method' } });
  });

  it.each(['/', '/_/oidc', '/_/oidc/', '/_/oidc/mint-token/', '/_/OIDC/mint-token', '/simple/x/', '/.well-known/pytp/'])(
    'has no endpoint at %s',
    (path) => expect(endpoint('POST', path)).toBeUndefined(),
  );
});

describe('discovery (PEP 807)', () => {
  it.each(['discover=%2Facme%2Fdev%2F', 'discover=%2Facme%2Fdev', 'discover=/acme/prod/'])(
    'names the endpoints of the upload path of %s',
    (query) => {
      const answer = of('audience', discover(query, 'application/vnd.pypi.pytp.v1+json')).answer('ignored');
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/vnd.pypi.pytp.v1+json' } });
      expect(JSON.parse(answer.body)).toEqual({
        'audience-endpoint': 'https://pypi.acme.example/_/oidc/audience',
        'token-mint-endpoint': 'https://pypi.acme.example/_/oidc/mint-token',
        features: ['multi-use-token'],
        'default-features': ['multi-use-token'],
      });
    },
  );

  it('answers 404 for another path, 400 for none or two, 406 for another form', () => {
    expect(discover('discover=%2Facme%2F')).toMatchObject({ refusal: { status: 404 } });
    expect(discover('discover=%2Facme%2Fdev%2Fx')).toMatchObject({ refusal: { status: 404 } });
    expect(discover('')).toMatchObject({ refusal: { status: 400 } });
    expect(discover('discover=/acme/dev/&discover=/acme/prod/')).toMatchObject({ refusal: { status: 400 } });
    expect(of('audience', discover('discover=/acme/dev/', 'text/html')).answer('').status).toBe(406);
    for (const accept of ['*/*', 'text/html, application/*;q=0.1', ''])
      expect(of('audience', discover('discover=/acme/dev/', accept)).answer('').status).toBe(200);
  });
});

describe('audiences', () => {
  it('are the host, with the port where the URL has one', () => {
    expect(pypi.audiences(new URL('https://pypi.acme.example/acme/prod/'))).toEqual(['pypi.acme.example']);
    expect(pypi.audiences(new URL('https://pypi.acme.example:8443/'))).toEqual(['pypi.acme.example:8443']);
  });
});

describe('credentials', () => {
  const token = formatToken(new Uint8Array(32).fill(7));

  it('TOK-07: reads the upload token as the password of __token__', () => {
    expect(pypi.presented(basic(`__token__:pypi-${token}`))).toEqual({ kind: 'text', text: `pypi-${token}` });
    expect(pypi.presented(basic(`__token__:${token}`))).toEqual({ kind: 'text', text: token });
    expect(pypi.presented(basic('__token__:pypi-of-another'))).toEqual({ kind: 'text', text: 'pypi-of-another' });
    expect(pypi.presented(basic(`__token__:pypi-${token.slice(0, -1)}`))).toMatchObject({ kind: 'text' });
  });

  it('TOK-06: reads a bearer, with the scheme in any case', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect(pypi.presented(bearer(`${scheme} pypi-${token}`))).toEqual({ kind: 'text', text: `pypi-${token}` });
  });

  it('knows none, and credentials of somebody else', () => {
    expect(pypi.presented(head('POST', '/'))).toEqual({ kind: 'none' });
    expect(pypi.presented(basic('__token__:'))).toEqual({ kind: 'none' });
    expect(pypi.presented(basic('svc:secret:with:colons'))).toEqual({ kind: 'foreign' });
    expect(pypi.presented(basic('no colon'))).toEqual({ kind: 'foreign' });
    expect(pypi.presented(bearer('Negotiate abc'))).toEqual({ kind: 'foreign' });
  });

  it.each([
    ['another user name', basic(`svc:pypi-${token}`)],
    ['__TOKEN__', basic(`__TOKEN__:${token}`)],
    ['the token as user name', basic(`${token}:`)],
    ['no user name', basic(`:${token}`)],
    ['no colon', basic(token)],
    ['two colons', basic(`__token__:${token}:x`)],
    ['a line end behind', basic(`__token__:${token}\n`)],
    ['bytes that are not UTF-8', basic(Buffer.concat([Buffer.from([0xff]), Buffer.from(`__token__:${token}`)]))],
    ['garbage in the base64', bearer(`Basic !!!${Buffer.from(`__token__:${token}`).toString('base64')}`)],
    ['loose bits in the base64', bearer(`Basic ${Buffer.from(`__token__:${token}`).toString('base64').replace(/=+$/, '')}`)],
    ['two spaces', bearer(`Bearer  ${token}`)],
    ['a tab', bearer(`Bearer\t${token}`)],
    ['a comma', bearer(`Bearer ${token},`)],
    ['quotes', bearer(`Bearer "${token}"`)],
    ['something behind', bearer(`Bearer ${token} extra`)],
    ['another scheme', bearer(`Token ${token}`)],
    ['the token alone', bearer(token)],
  ])('TOK-06, TOK-07: refuses an upload token with %s, and does not repeat it', (_, request) => {
    const presented = pypi.presented(request);
    const text = JSON.stringify(presented);
    expect(presented.kind).toBe('refused');
    expect(text).toContain('__token__');
    expect(text).not.toContain(token.slice(8, 20));
  });
});
