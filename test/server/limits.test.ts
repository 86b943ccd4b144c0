// The limits of the exchange over HTTP, on the program itself: per address, per publisher, and by taking the policy away.
import http, { type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { startRawUpstream } from '../gateway/raw-upstream.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { fromUi, identityOf, mintToken, mintWith, registryOf, serviceEnv, tokenBasic, uiJob } from '../support/ui-job.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';

let issuer: CiIssuer;
beforeAll(async () => {
  issuer = await startIssuer({ style: 'github' });
});
afterAll(() => issuer?.close());

const policy =
  (limits: object, server: object = {}) =>
  (port: number): Policy => ({
    server: { limits, ...server },
    issuers: { github: { issuer: issuer.issuer, insecure: true } },
    registries: {
      pypi: registryOf('pypi', `http://127.0.0.1:${port}/simple/`, 'http://127.0.0.1:9/'),
      npm: registryOf('npm', `http://127.0.0.1:${port}/`, 'http://127.0.0.1:9/'),
    },
    publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['allowed'], npm: ['@acme/*'] } }],
  });

async function program(limits: object, server?: object): Promise<Proxy> {
  const proxy = await startProxy({ env: serviceEnv, policy: policy(limits, server) });
  await pastEpoch();
  return proxy;
}

/** One request from another address of the loopback network. */
function from(address: string, proxy: Proxy, token: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: proxy.port,
      localAddress: address,
      method: 'POST',
      path: '/_/oidc/mint-token',
      agent: false,
    };
    const req = http.request({ ...options, headers: { host: proxy.host, ...headers } }, (res) => {
      let body = '';
      res.on('data', (chunk: Buffer) => (body += chunk.toString()));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, reason: res.statusMessage ?? '', headers: res.headers, body }));
    });
    req.on('error', reject);
    req.end(JSON.stringify({ token }));
  });
}

const npm = (proxy: Proxy, name: string): Promise<RawAnswer> =>
  raw(proxy, 'POST', `/-/npm/v1/oidc/token/exchange/package/${encodeURIComponent(name)}`, {
    host: proxy.host,
    authorization: `Bearer ${identityOf(issuer, proxy, { aud: 'npm:127.0.0.1' })}`,
    'content-length': '0',
  });

describe('an address', () => {
  let proxy: Proxy;
  beforeAll(async () => {
    proxy = await program({ refused_exchanges: 5 });
  }, 30_000);
  afterAll(() => proxy?.close());

  test('EXC-20 EXC-21 EXC-22 DOS-16 a flood of bad tokens gets 429, whatever it forwards; another address is served, the record stays short', async () => {
    const bad = identityOf(issuer, proxy, { repository: 'evil/evil' });
    const statuses = new Map<number, number>();
    const waits: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const flood = Array.from({ length: 20 }, (_, i) => from('127.0.0.3', proxy, bad, { 'x-forwarded-for': `192.0.2.${round * 20 + i}` }));
      const began = performance.now();
      const good = await from('127.0.0.2', proxy, identityOf(issuer, proxy));
      waits.push(performance.now() - began);
      expect(good.status, good.body).toBe(200);
      for (const { status } of await Promise.all(flood)) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    // Those of the first round were all on their way before one of them was refused.
    expect(statuses.get(429)).toBeGreaterThanOrEqual(370);
    expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([422, 429]);
    expect(waits.toSorted((a, b) => a - b)[10]).toBeLessThan(500);
    const lines = proxy.audit().filter((event) => event.address === '127.0.0.3' && event.code === 'too-many');
    expect(lines.length).toBeLessThan(6);
  });

  test('P7 DOS-16 a write that is refused before its registry is known has a line; a flood of them has few, and reads have none', async () => {
    const early = (): AuditEvent[] => proxy.audit().filter(({ event, code }) => event === 'request' && code !== 'request-timeout');
    const agent = { 'user-agent': 'npm/12' };
    const ask = (method: string, target: string, host = proxy.host): Promise<RawAnswer> => raw(proxy, method, target, { host, ...agent });
    for (const target of ['/a/../b', '/nowhere/', '/%00']) await ask('GET', target);
    expect((await ask('GET', '/', 'other.example')).status).toBe(421);
    expect(early()).toEqual([]);
    const [path, host] = [await ask('PUT', '/a/../b'), await ask('DELETE', '/', 'other.example')];
    expect([path.status, host.status]).toEqual([400, 421]);
    expect((await raw(proxy, 'POST', '/', { host: proxy.host, 'content-length': '1', expect: 'x' }, 'x')).status).toBe(417);
    const expected = { outcome: 'refused', address: '127.0.0.1', policy: expect.stringMatching(/^[0-9a-f]{12}$/) };
    await expect.poll(() => early().map(({ code }) => code)).toEqual(['request-path', 'request-host', 'request-expectation']);
    for (const event of early())
      expect(event).toMatchObject({ ...expected, request: expect.stringMatching(/^[0-9a-f]{16}$/), message: expect.any(String) });
    expect(early()[0]?.request).toBe(path.headers['x-request-id']);
    for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 40 }, () => ask('PUT', '/a/../b')));
    const lines = early().length;
    expect(lines).toBeLessThan(10);
  });

  test('P7 a request to an exchange address that is none is recorded as one of the exchange', async () => {
    const answer = await raw(proxy, 'POST', '/-/npm/v1/oidc/token/exchange/package/', { host: proxy.host });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    const event = await proxy.event((each) => each.request === answer.headers['x-request-id']);
    expect(event).toMatchObject({ event: 'exchange', outcome: 'refused', code: 'request-path' });
  });

  test('EXC-20 says so with Retry-After in every dialect, before it looks at the token', async () => {
    const before = issuer.requests.jwks;
    const answers = await Promise.all([from('127.0.0.3', proxy, identityOf(issuer, proxy), {}), from('127.0.0.3', proxy, 'x', {})]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
      expect(answer.body).toContain('5 refused exchanges a minute from one address');
    }
    expect(issuer.requests.jwks).toBe(before);
    for (let i = 0; i < 6; i += 1) await raw(proxy, 'POST', '/-/oidc/token', { host: proxy.host }, 'nonsense');
    const oauth = await raw(proxy, 'POST', '/-/oidc/token', { host: proxy.host }, 'nonsense');
    expect(oauth).toMatchObject({ status: 429, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    expect(JSON.parse(oauth.body)).toMatchObject({ error: 'slow_down', code: 'too-many' });
    const told = await npm(proxy, '@acme/ui');
    expect(told).toMatchObject({
      status: 429,
      headers: { 'npm-notice': expect.stringContaining('too-many'), 'retry-after': expect.anything() },
    });
  });

  test('uploads, reads, audience and revocation of an address that is over go on', async () => {
    expect(await mintWith(proxy, identityOf(issuer, proxy))).toMatchObject({ status: 429 });
    expect(await raw(proxy, 'GET', '/_/oidc/audience', { host: proxy.host })).toMatchObject({ status: 200 });
    expect(await raw(proxy, 'GET', '/some-package', { host: proxy.host })).toMatchObject({ status: 502 });
    const form = { host: proxy.host, 'content-type': 'application/x-www-form-urlencoded' };
    expect(await raw(proxy, 'POST', '/-/oidc/revoke', form, 'token=x')).toMatchObject({ status: 200 });
  });
});

test('EXC-21 EXC-23 behind a trusted proxy it is the address that the proxy wrote, and the /64 of it; what the client wrote counts for nothing', async () => {
  const proxy = await program({ refused_exchanges: 3 }, { trusted_proxies: ['127.0.0.1/32'] });
  try {
    const bad = (forwarded: string): Promise<RawAnswer> => from('127.0.0.1', proxy, 'bad', { 'x-forwarded-for': forwarded });
    for (let i = 0; i < 3; i += 1) expect((await bad(`203.0.113.${i}, 198.51.100.1`)).status).toBe(422);
    expect((await bad('203.0.113.9, 198.51.100.1')).status).toBe(429);
    expect((await bad('198.51.100.1, 198.51.100.2')).status).toBe(422);
    for (let i = 0; i < 3; i += 1) expect((await bad(`2001:db8:1:2:${i}::1`)).status).toBe(422);
    expect((await bad('2001:db8:1:2:ffff::1')).status).toBe(429);
    expect((await bad('2001:db8:1:3::1')).status).toBe(422);
  } finally {
    await proxy.close();
  }
});

describe('a publisher', () => {
  let proxy: Proxy;
  beforeAll(async () => {
    proxy = await program({});
  }, 30_000);
  afterAll(() => proxy?.close());

  test('EXC-24 a worm that publishes 40 packages from one workflow reaches 10 in a minute, and the record names the ceiling', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 40; i += 1) statuses.push((await npm(proxy, `@acme/p${i}`)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(201), ...Array<number>(30).fill(429)]);
    expect((await npm(proxy, '@acme/p3')).status, 'one of the ten').toBe(201);
    const event = await proxy.event((record) => record.code === 'too-many' && record.package === '@acme/p39');
    expect(event).toMatchObject({ detail: 'ceiling packages_per_minute', publishers: ['ui'], anchor: 'acme/ui' });
  });
});

describe('what is asked for, and by whom', () => {
  const far = policy({ refused_exchanges: 10_000, exchanges_per_package: 10_000 });
  let proxy: Proxy;
  beforeAll(async () => {
    proxy = await startProxy({ env: serviceEnv, policy: far });
    await pastEpoch();
  }, 30_000);
  afterAll(() => proxy?.close());

  test.each(['1', '3600', '-1', '1e9'])('EXC-09 a life of %s s cannot be asked for: the policy alone says it', async (ttl) => {
    const fields = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    };
    const body = new URLSearchParams({
      ...fields,
      subject_token: identityOf(issuer, proxy),
      audience: 'pypi',
      ttl,
      expires_in: ttl,
    }).toString();
    const headers = { host: proxy.host, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await raw(proxy, 'POST', '/-/oidc/token', headers, body);
    expect(answer.status, answer.body).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ expires_in: 900 });
    const pypi = JSON.stringify({ token: identityOf(issuer, proxy), ttl: Number(ttl) });
    const other = await raw(proxy, 'POST', '/_/oidc/mint-token', { host: proxy.host }, pypi);
    expect([200, 422]).toContain(other.status);
    if (other.status === 200)
      expect((JSON.parse(other.body) as { expires: number }).expires * 1000 - Date.now()).toBeLessThanOrEqual(900_000);
  });

  test('EXC-13 an unknown repository, a known one in the wrong environment and the right one take the same path: no oracle by time', async () => {
    const kinds = {
      unknown: { repository: 'acme/none' },
      near: { workflow_ref: `acme/ui/.github/workflows/x.yml@${uiJob.ref}` },
      right: {},
    };
    const times: Record<string, number[]> = { unknown: [], near: [], right: [] };
    for (let i = 0; i < 60; i += 1) {
      for (const [kind, claims] of Object.entries(kinds)) {
        const token = identityOf(issuer, proxy, claims);
        const began = performance.now();
        await mintWith(proxy, token);
        times[kind]?.push(performance.now() - began);
      }
    }
    const medians = Object.values(times).map((list) => list.toSorted((a, b) => a - b)[30] ?? 0);
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(2.5);
  });

  test('EXC-15 a hundred exchanges in a row on one socket are each answered, in their order', async () => {
    const requests = Array.from({ length: 100 }, (_, i) => {
      const body = JSON.stringify({ token: i % 10 === 0 ? identityOf(issuer, proxy) : `bad${i}` });
      return `POST /_/oidc/mint-token HTTP/1.1\r\nHost: ${proxy.host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    });
    const { connect } = await import('node:net');
    const socket = connect(proxy.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    socket.write(requests.join(''));
    const statuses = (): string[] => [...heard.matchAll(/HTTP\/1\.1 (\d\d\d)/g)].map(([, status = '']) => status);
    for (const deadline = Date.now() + 10_000; statuses().length < 100 && Date.now() < deadline;)
      await new Promise((r) => setTimeout(r, 20));
    socket.destroy();
    expect(statuses()).toEqual(Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? '200' : '422')));
    expect((await mintWith(proxy, identityOf(issuer, proxy))).status).toBe(200);
  });

  test('EXC-25 FLT-45 taken out of the policy, it exchanges no more and its live token is dead; so for a whole issuer', async () => {
    const token = await mintToken(proxy, issuer);
    const upload = (): Promise<RawAnswer> => {
      const body = form(plainWith({ version: '1.0' }, 'allowed-1.0.tar.gz'));
      const headers = { host: proxy.host, authorization: tokenBasic(token), 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
      return raw(proxy, 'POST', '/simple/', { ...headers, 'content-length': String(body.length) }, body);
    };
    expect((await upload()).status, 'only the registry is away').toBe(502);
    const full = far;
    await proxy.reload((port) => ({ ...full(port), publishers: [] }));
    expect(await upload()).toMatchObject({ status: 403 });
    await proxy.event(({ event, code }) => event === 'upload' && code === 'upload-token-withdrawn');
    expect((await mintWith(proxy, identityOf(issuer, proxy))).status).toBe(422);
    await proxy.reload((port) => ({ ...full(port), issuers: { gitlab: {} }, publishers: [] }));
    expect(await upload()).toMatchObject({ status: 403 });
    expect((await mintWith(proxy, identityOf(issuer, proxy))).body).toContain('not one that this proxy trusts');
    await proxy.reload(full);
    expect((await upload()).status).toBe(502);
  });

  test('DOS-14 keys that would collide in a weaker table, in JSON, form, query and headers: answered at once', async () => {
    const keys = Array.from({ length: 700 }, (_, i) => `k${(i * 65_536).toString(36)}`);
    const json = `{${keys.map((key) => `"${key}":1`).join(',')}}`;
    const query = keys
      .slice(0, 400)
      .map((key) => `${key}=1`)
      .join('&');
    const headers = Object.fromEntries(keys.slice(0, 400).map((key) => [key, '1']));
    const began = performance.now();
    const answers = await Promise.all([
      raw(proxy, 'POST', '/_/oidc/mint-token', { host: proxy.host }, json),
      raw(
        proxy,
        'POST',
        '/-/oidc/token',
        { host: proxy.host, 'content-type': 'application/x-www-form-urlencoded' },
        keys.map((key) => `${key}=1`).join('&'),
      ),
      raw(proxy, 'GET', `/-/v1/search?${query}`, { host: proxy.host }),
      raw(proxy, 'GET', '/', { host: proxy.host, ...headers }),
    ]);
    expect(performance.now() - began).toBeLessThan(1000);
    for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(400);
  });
});

test('EXC-24 a PyPI token for twenty projects uploads to ten of them in a minute', async () => {
  const upstream = await startRawUpstream((socket, text) => {
    if (text.endsWith('\r\n\r\n') || text.endsWith('0\r\n\r\n'))
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  const proxy = await startProxy({
    env: serviceEnv,
    policy: (port) => ({
      server: { limits: {} },
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: { pypi: registryOf('pypi', `http://127.0.0.1:${port}/`, upstream.url.href) },
      publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['acme-*'] } }],
    }),
  });
  try {
    await pastEpoch();
    const token = await mintToken(proxy, issuer);
    const codes: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      const body = form(plainWith({ name: `acme-p${i}`, version: '1.0' }, `acme_p${i}-1.0.tar.gz`));
      const headers = { host: proxy.host, authorization: tokenBasic(token), 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
      const answer = await raw(proxy, 'POST', '/', { ...headers, 'content-length': String(body.length) }, body);
      codes.push(answer.status === 429 ? 'too-many' : 'went on');
    }
    expect(codes).toEqual([...Array<string>(10).fill('went on'), 'too-many', 'too-many']);
  } finally {
    await Promise.all([proxy.close(), upstream.close()]);
  }
});

describe('one connection', () => {
  /** Sends all of it at once, and reads what comes. */
  async function pipelined(proxy: Proxy, text: string): Promise<{ readonly heard: () => string; readonly socket: Socket }> {
    const socket = connect(proxy.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString())).on('error', () => undefined);
    socket.write(text);
    return { heard: () => heard, socket };
  }

  test('beside DOS-11: however many requests it sends in a row, it has one at the upstream, and others are served', async () => {
    const reached: ServerResponse[] = [];
    const upstream = http.createServer((req, res) => (req.url === '/slow' ? reached.push(res) : res.end('{}')));
    await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve));
    const at = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
    const proxy = await startProxy({
      env: serviceEnv,
      policy: (port) => ({
        ...policy({ requests: 50 })(port),
        registries: {
          pypi: registryOf('pypi', `http://127.0.0.1:${port}/simple/`, at),
          npm: registryOf('npm', `http://127.0.0.1:${port}/`, at),
        },
      }),
    });
    try {
      const slow = `GET /slow HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`;
      const { heard, socket } = await pipelined(proxy, slow.repeat(1000));
      await expect.poll(() => reached.length).toBe(1);
      for (let i = 0; i < 20; i += 1) expect((await raw(proxy, 'GET', '/fast', { host: proxy.host })).status).toBe(200);
      expect(reached).toHaveLength(1);
      reached[0]?.end('{"n":1}');
      await expect.poll(() => reached.length).toBe(2);
      expect(heard()).toContain('{"n":1}');
      // What has gone away asks for nothing more.
      socket.destroy();
      for (let i = 0; i < 20; i += 1) await raw(proxy, 'GET', '/fast', { host: proxy.host });
      expect(reached).toHaveLength(2);
    } finally {
      await proxy.close();
      upstream.closeAllConnections();
      upstream.close();
    }
  }, 30_000);
});
