// Traces of the program, as a collector gets them: which spans there are, what they say, and above all what they do not.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { draft, escaped } from '../gateway/npm-scene.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { startCollector, type Collector } from '../support/collector.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { SERVICE } from '../support/service-user.ts';
import { fromUi, identityOf, mintToken, mintWith, registryOf, serviceEnv, tokenBasic } from '../support/ui-job.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const given = `00-${traceId}-00f067aa0ba902b7-01`;

/** The variable of OpenTelemetry for how long spans are gathered, in milliseconds. */
const soon = { ...serviceEnv, OTEL_BSP_SCHEDULE_DELAY: '100' };

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

const seen: Seen[] = [];
const upstream = createServer((req, res) => {
  seen.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers });
  req.resume().once('end', () => res.writeHead(req.method === 'GET' ? 404 : 200, { 'content-type': 'application/json' }).end('{}'));
});
let issuer: CiIssuer;
let collector: Collector;
let proxy: Proxy;
let token: string;

const policy =
  (change: object = {}) =>
  (port: number): Policy => {
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
    return {
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: {
        npm: registryOf('npm', `http://127.0.0.1:${port}/`, url, { long_lived_tokens: 'allow' }),
        pypi: registryOf('pypi', `http://127.0.0.1:${port}/pypi/`, `${url}pypi/`, { simple: 'simple/' }),
      },
      publishers: [{ name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'], pypi: ['acme-ui'] } }],
      ...change,
    };
  };

beforeAll(async () => {
  await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve));
  [issuer, collector] = await Promise.all([startIssuer(), startCollector()]);
  const env = { ...soon, OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=of-the-collector', OTEL_RESOURCE_ATTRIBUTES: 'deployment=test' };
  const tracing = { endpoint: collector.endpoint };
  proxy = await startProxy({ env, policy: policy({ tracing, server: { trusted_proxies: ['127.0.0.2/32'] } }) });
  await pastEpoch();
  token = await mintToken(proxy, issuer);
}, 40_000);
afterAll(async () => {
  await proxy?.close();
  await Promise.all([collector?.close(), issuer?.close()]);
  upstream.closeAllConnections();
  upstream.close();
});

const requestOf = (answer: RawAnswer): string => String(answer.headers['x-request-id']);

/** The span of a request, and those below it, once it is there. */
async function traceOf(answer: RawAnswer) {
  const root = await collector.span(({ attributes }) => attributes['countersign.request'] === requestOf(answer));
  const below = collector.spans().filter(({ parentSpanId }) => parentSpanId === root.spanId);
  return { root, below, names: below.map(({ name }) => name) };
}

function uploadPypi(version: string): Promise<RawAnswer> {
  const headers = { host: proxy.host, authorization: tokenBasic(token), 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  return raw(proxy, 'POST', '/pypi/', headers, form(plainWith({ name: 'acme-ui', version }, `acme_ui-${version}.tar.gz`)));
}

describe('a trace', () => {
  test('of an exchange has its steps, one after the other', async () => {
    const answer = await mintWith(proxy, identityOf(issuer, proxy));
    const { root, below, names } = await traceOf(answer);
    expect(root).toMatchObject({ name: 'POST exchange', kind: 2, parentSpanId: '', status: 0 });
    expect(root.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'countersign.registry': 'pypi',
      'countersign.route': 'exchange',
      'countersign.request': requestOf(answer),
    });
    expect(names).toEqual(['verify', 'match', 'store']);
    expect(below.map(({ traceId: id }) => id)).toEqual(Array(3).fill(root.traceId));
    expect(below.reduce((total, { milliseconds }) => total + milliseconds, 0)).toBeLessThanOrEqual(root.milliseconds);
  });

  test('of a refused exchange says where and why, and is no error of ours', async () => {
    const { root, below } = await traceOf(await mintWith(proxy, identityOf(issuer, proxy, { aud: 'another' })));
    expect(below.map(({ name, status, attributes }) => [name, status, attributes])).toEqual([
      ['verify', 0, { 'countersign.code': 'audience' }],
    ]);
    expect(root).toMatchObject({ status: 0 });
  });

  test('of an upload has its steps, and goes on at the upstream', async () => {
    const answer = await uploadPypi('1.0');
    expect(answer.status).toBe(200);
    const { root, below, names } = await traceOf(answer);
    expect(root.name).toBe('POST upload');
    expect([names[0], names.at(-1), new Set(names.slice(1, -1))]).toEqual(['inspect', 'forward', new Set(['lookup'])]);
    const forward = below.at(-1);
    expect(forward).toMatchObject({ kind: 3, attributes: { 'http.response.status_code': 200 } });
    const write = seen.findLast(({ method, url }) => method === 'POST' && url.startsWith('/pypi'));
    expect(write?.headers['traceparent']).toBe(`00-${root.traceId}-${forward?.spanId}-01`);
    const lookups = seen.filter(({ method, headers }) => method === 'GET' && headers['traceparent']?.includes(root.traceId));
    expect(lookups.length).toBe(names.filter((name) => name === 'lookup').length);
  });

  test.each([
    ['a read', 'GET', '/lodash', 404],
    ['a write with a long-lived token', 'PUT', '/-/package/lodash/dist-tags/x', 200],
  ])('of %s shows what the upstream took, and goes on there', async (_, method, path, status) => {
    const headers = { host: proxy.host, authorization: 'Bearer of-somebody', traceparent: given, tracestate: 'a=b', baggage: 'c=d' };
    const answer = await raw(
      proxy,
      method,
      path,
      method === 'GET' ? headers : { ...headers, 'content-length': '3' },
      method === 'GET' ? undefined : '"1"',
    );
    const { root, below } = await traceOf(answer);
    expect(below.map(({ name, kind, attributes }) => [name, kind, attributes])).toEqual([
      ['pass-through', 3, { 'http.response.status_code': status }],
    ]);
    const onward = seen.findLast(({ url }) => url === path)?.headers ?? {};
    expect(onward['traceparent']).toBe(`00-${root.traceId}-${below[0]?.spanId}-01`);
    expect([onward['tracestate'], onward['baggage']]).toEqual([undefined, undefined]);
    expect(root.traceId, 'a header of a client that is no proxy of ours').not.toBe(traceId);
  });

  test('goes on from a proxy in front that is trusted, sampled or not as that says', async () => {
    const from = (header: string) =>
      raw({ ...proxy, localAddress: '127.0.0.2' }, 'GET', '/lodash', { host: proxy.host, traceparent: header });
    const { root } = await traceOf(await from(given));
    expect(root).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7' });
    const unsampled = requestOf(await from(given.replace(/01$/, '00')));
    await traceOf(await from(given));
    expect(collector.spans().filter(({ attributes }) => attributes['countersign.request'] === unsampled)).toEqual([]);
    expect(seen.at(-2)?.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    const { root: other } = await traceOf(await from('00-nonsense'));
    expect(other).toMatchObject({ parentSpanId: '' });
  });

  test('says whose it is, and shows the collector the key that it wants', () => {
    expect(collector.resource()).toMatchObject({ 'service.name': 'countersign', 'service.version': '0.1.0', deployment: 'test' });
    expect(collector.headers()).toMatchObject({ 'content-type': 'application/json', 'x-api-key': 'of-the-collector' });
  });

  test('P1 SEC-04 SEC-05 holds no token, header, path, claim, package or credential', async () => {
    const identity = identityOf(issuer, proxy, { actor: 'canary-actor', environment: 'canary-environment', sha: 'c'.repeat(40) });
    const minted = await mintWith(proxy, identity);
    const { token: upload } = JSON.parse(minted.body) as { token: string };
    const npm = issuer.sign(issuer.githubClaims({ repository: 'canary/repository', aud: 'npm:127.0.0.1' }));
    const host = { host: proxy.host, 'user-agent': 'canary-agent', cookie: 'canary-cookie' };
    await raw(proxy, 'POST', '/-/npm/v1/oidc/token/exchange/package/@canary%2fpackage', {
      ...host,
      authorization: `Bearer ${npm}`,
      'content-length': '0',
    });
    await raw(proxy, 'GET', '/canary-path?canary=query', { ...host, authorization: 'Bearer canary-token-of-somebody' });
    await raw(proxy, 'DELETE', `/-/user/token/${upload}`, { ...host, authorization: `Bearer ${upload}` });
    const body = JSON.stringify(draft('@acme/ui', '3.0.0'));
    const put = await raw(
      proxy,
      'PUT',
      `/${escaped('@acme/ui')}`,
      { ...host, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    );
    await traceOf(put);
    const sent = collector.text();
    expect(sent).toContain('POST exchange');
    for (const secret of [token, upload, identity, identity.split('.')[1] ?? '', npm, SERVICE.password, 'csgn_', 'eyJ'])
      expect(sent).not.toContain(secret);
    for (const word of [/canary/i, /acme/, /lodash/, /c{40}/, /release\.yml/, /refs\//, /127\.0\.0\.1:\d+\//, /multipart/])
      expect(sent).not.toMatch(word);
    const names = new Set(collector.spans().flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...names].toSorted()).toEqual([
      'countersign.code',
      'countersign.registry',
      'countersign.request',
      'countersign.route',
      'http.request.method',
      'http.response.status_code',
    ]);
  });
});

describe('traces', () => {
  const program = async (change: object, env: Record<string, string> = {}): Promise<Proxy> => {
    const own = await startProxy({ env: { ...soon, ...env }, policy: policy(change) });
    onTestFinished(() => own.close());
    return own;
  };

  test('are off unless asked for: nothing is sent, and no traceparent goes on, not even the client’s', async () => {
    const quiet = await program({});
    await raw(quiet, 'GET', '/quiet', { host: quiet.host, traceparent: given });
    expect(seen.findLast(({ url }) => url === '/quiet')?.headers['traceparent']).toBeUndefined();
  });

  test('are asked for by the variable of OpenTelemetry, and sent before the program ends', async () => {
    const own = await startCollector();
    onTestFinished(() => own.close());
    const asked = await program({}, { OTEL_EXPORTER_OTLP_ENDPOINT: own.endpoint });
    await raw(asked, 'GET', '/asked', { host: asked.host });
    await asked.close();
    expect(
      own
        .spans()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['GET read', 'pass-through']);
  });

  test('that nobody takes are dropped: one line says so, and requests are answered', async () => {
    const own = await startCollector();
    onTestFinished(() => own.close());
    own.answer(400);
    const lost = await program(
      { tracing: { endpoint: own.endpoint } },
      { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer secret-of-the-collector' },
    );
    const read = () => raw(lost, 'GET', '/lost', { host: lost.host });
    expect((await read()).status).toBe(404);
    await expect.poll(() => lost.output(), { timeout: 10_000 }).toContain('traces cannot be delivered and are dropped');
    own.answer(200);
    await read();
    await expect.poll(() => lost.output(), { timeout: 10_000 }).toContain('traces are delivered again');
    expect(lost.output()).not.toContain('secret-of-the-collector');
  });

  test('are an error where the policy asks for them and their packages are not there, and a warning where the environment does', async () => {
    const gone = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name.startsWith('@opentelemetry/')) throw Object.assign(new Error('not there'), { code: 'ERR_MODULE_NOT_FOUND' });
        return next(name, context);
      } });`;
    const node = ['--import', `data:text/javascript,${encodeURIComponent(gone)}`];
    const tracing = { endpoint: collector.endpoint };
    const refused = startProxy({ env: serviceEnv, policy: policy({ tracing }), node });
    await expect(refused).rejects.toThrow(/countersign ended \(3\)[^]*the packages for traces are not installed/);
    const env = { ...serviceEnv, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const served = await startProxy({ env, policy: policy(), node });
    onTestFinished(() => served.close());
    expect((await raw(served, 'GET', '/without', { host: served.host })).status).toBe(404);
    expect(served.output()).toContain('the packages for traces are not installed');
  });

  test('begin with one request in so many', async () => {
    const own = await startCollector();
    onTestFinished(() => own.close());
    const sparse = await program({ tracing: { endpoint: own.endpoint, one_in: 1_000_000 } });
    for (let i = 0; i < 20; i += 1) await raw(sparse, 'GET', '/sparse', { host: sparse.host });
    await sparse.close();
    expect(own.spans()).toEqual([]);
    expect(seen.findLast(({ url }) => url === '/sparse')?.headers['traceparent']).toMatch(/-00$/);
  });
});
