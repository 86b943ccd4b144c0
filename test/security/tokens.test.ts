// Upload tokens and the uploads made with them, at the program itself: rows of TOK, SEC, RSP, PTH and HDR that nothing else holds.
import type { AuditEvent } from '../../src/audit/event.ts';
import { createHash } from 'node:crypto';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { draft } from '../gateway/npm-scene.ts';
import { pause, talk, until } from '../gateway/raw-upstream.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { raw, sha256, type RawAnswer } from '../support/proxy.ts';
import { tokenBasic } from '../support/ui-job.ts';
import { serviceHeader, startWorld, type World } from './world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  token = await world.pypiToken();
}, 30_000);
afterAll(() => world?.close());
afterEach(() => world?.answerWrites());

let version = 0;
const next = (): string => `1.${(version += 1)}`;
const outcomes = (answer: RawAnswer): string[] =>
  world.proxy.audit().flatMap((event) => (event.request === answer.headers['x-request-id'] ? [event.outcome] : []));

describe('the record of a write', () => {
  test('SEC-14 says that it is about to be forwarded before the registry can answer, and how it ended after', async () => {
    const held: (() => void)[] = [];
    world.answerWrites((res) => held.push(() => res.writeHead(200).end()));
    const mine = next();
    const answering = world.uploadPypi(token, mine);
    // By version and not by position: lines of what went before may still be on their way.
    const events = (): AuditEvent[] => world.proxy.audit().filter((event) => event.version === mine);
    const lines = (): string[] => events().map((event) => `${event.event} ${event.outcome} ${event.version}`);
    await until(() => held.length === 1 && lines().length === 1);
    expect(lines()).toEqual([`upload forwarding ${mine}`]);
    held[0]?.();
    const answer = await answering;
    await until(() => lines().length === 2);
    expect(outcomes(answer)).toEqual(['forwarding', 'uploaded']);
    const [intent] = events();
    expect(intent).toMatchObject({ package: 'acme-ui', file: `acme_ui-${mine}.tar.gz`, publishers: ['ui'], anchor: 'acme/ui' });
  });

  test('SEC-14 an upload that is refused before the registry would hear of it has no such line', async () => {
    const answer = await world.uploadPypi(token, next(), { name: 'victim' });
    await world.proxy.event((event) => event.request === answer.headers['x-request-id']);
    expect(outcomes(answer)).toEqual(['refused']);
  });

  test('beside FLT-12: a client that goes away behind its last byte: the upload ends, and its outcome is recorded', async () => {
    const held: (() => void)[] = [];
    world.answerWrites((res) => held.push(() => res.writeHead(200).end()));
    const mine = next();
    const body = form(plainWith({ name: 'acme-ui', version: mine }, `acme_ui-${mine}.tar.gz`));
    const { proxy } = world;
    const lines = [`Host: ${proxy.host}`, `Authorization: ${tokenBasic(token)}`, `Content-Length: ${body.length}`];
    const client = net.connect(proxy.port, '127.0.0.1');
    client.write(`POST /pypi/ HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n\r\n`);
    client.write(body);
    await until(() => held.length === 1);
    client.resetAndDestroy();
    await pause(50);
    held[0]?.();
    expect(await proxy.event((event) => event.version === mine)).toMatchObject({ outcome: 'uploaded', upstreamStatus: 200 });
  });

  test('SEC-14 npm publishes have it too', async () => {
    const answer = await world.uploadNpm(await world.npmToken('@acme/ui'), '@acme/ui', '1.0.1');
    await world.proxy.event((event) => event.request === answer.headers['x-request-id'] && event.outcome === 'uploaded');
    expect(outcomes(answer)).toEqual(['forwarding', 'uploaded']);
  });
});

describe('what is not an upload token', () => {
  test('TOK-05 what a copy of the store holds is none: neither the hash nor anything made of it', async () => {
    const hash = sha256(Buffer.from(token.replace('pypi-', '')));
    const base64 = createHash('sha256').update(token.replace('pypi-', '')).digest('base64url');
    for (const forged of [hash, `csgn_${hash}`, `pypi-csgn_${hash.slice(0, 49)}`, `csgn_${base64}000000`, hash.slice(0, 12)]) {
      const answer = await world.uploadPypi(forged, next());
      expect([401, 403], forged).toContain(answer.status);
    }
    expect(world.writes().every(({ headers }) => headers.authorization === serviceHeader)).toBe(true);
  });

  test('SEC-03 text of any length and form is refused in order: nothing is compared that could throw', async () => {
    for (const length of [0, 1, 4, 5, 6, 31, 32, 33, 53, 54, 55, 59, 60, 64, 200, 4000]) {
      const answer = await world.uploadPypi(
        token
          .replace('pypi-', '')
          .padEnd(length, 'x')
          .slice(0, length === 54 ? 53 : length),
        next(),
      );
      expect([401, 403], String(length)).toContain(answer.status);
    }
  });

  test.each([
    ['15 kB', `Bearer ${'x'.repeat(15_000)}`],
    ['100 schemes', `${'Bearer '.repeat(100)}x`],
    ['Negotiate', 'Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+gJDAi'],
    ['Digest', 'Digest username="svc", realm="up", nonce="x", uri="/", response="y"'],
    ['no scheme', 'x'],
    ['nothing', ''],
  ])('HDR-17 a write with an Authorization of %s is refused and goes nowhere', async (_, authorization) => {
    const before = world.all().length;
    for (const [method, path] of [
      ['PUT', '/@acme%2fui'],
      ['POST', '/pypi/'],
    ] as const) {
      const answer = await raw(
        world.proxy,
        method,
        path,
        { host: world.proxy.host, authorization, 'content-type': 'application/json' },
        '{}',
      );
      expect([400, 401, 403, 431], `${method} ${answer.status}`).toContain(answer.status);
    }
    expect(
      world
        .all()
        .slice(before)
        .filter(({ method }) => method !== 'GET'),
    ).toEqual([]);
  });
});

describe('what the registry answers', () => {
  test('RSP-02 a challenge of the registry becomes 502, and its header stays inside', async () => {
    world.answerWrites((res) => res.writeHead(401, { 'www-authenticate': 'Basic realm="up"' }).end('who are you'));
    for (const answer of [
      await world.uploadPypi(token, next()),
      await world.uploadNpm(await world.npmToken('@acme/ui'), '@acme/ui', '1.0.2'),
    ]) {
      const event = await world.proxy.event((e) => e.request === answer.headers['x-request-id']);
      expect([answer.status, event.code]).toEqual([502, 'upstream-credential']);
      expect(answer.headers['www-authenticate']).toBeUndefined();
      expect(answer.body).not.toContain('realm');
    }
  });

  test.each([301, 302, 303, 307, 308])(
    'PTH-26 a redirect (%i) is not followed with the service credential, nor passed on',
    async (status) => {
      const before = world.all().length;
      world.answerWrites((res) => res.writeHead(status, { location: '/pypi/victim/' }).end());
      const answer = await world.uploadPypi(token, next());
      expect([answer.status, answer.headers['location']]).toEqual([502, undefined]);
      expect(
        world
          .all()
          .slice(before)
          .filter(({ method, url }) => method !== 'GET' || url.includes('victim')),
      ).toHaveLength(1);
    },
  );
});

describe('requests to somewhere else', () => {
  test.each([
    ['PTH-24 POST', '/v2/acme/allowed/blobs/uploads/?mount=sha256:0000&from=acme/victim'],
    ['PTH-24 PUT', '/v2/acme/ui/manifests/latest'],
    ['PTH-25 PUT', '/files/allowed/../victim/x'],
    ['PTH-25 PUT', '/files/allowed%2f..%2fvictim'],
    ['PTH-25 PUT', '/files/allowed/x?versionId=1'],
    ['PTH-25 PUT', '/pypi/files/acme-ui/x'],
  ])('%s %s with an upload token is refused and goes nowhere', async (row, path) => {
    const before = world.all().length;
    const npmToken = await world.npmToken('@acme/ui');
    for (const authorization of [`Bearer ${npmToken}`, tokenBasic(token)]) {
      const answer = await raw(world.proxy, row.split(' ')[1] ?? '', path, { host: world.proxy.host, authorization }, 'x');
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(world.all().slice(before)).toEqual([]);
  });

  test('HDR-18 no User-Agent and no suffix opens what is closed', async () => {
    const before = world.all().length;
    for (const agent of ['GoogleHC/1.0', 'kube-probe/1.31', 'ELB-HealthChecker/2.0']) {
      for (const path of ['/@acme%2fui', '/@acme%2fui/readyz', '/@acme%2fui/healthz', '/-/oidc/token/readyz']) {
        const answer = await raw(world.proxy, 'PUT', path, { host: world.proxy.host, 'user-agent': agent }, '{}');
        expect([400, 401, 403, 404, 405]).toContain(answer.status);
      }
    }
    expect(world.all().slice(before)).toEqual([]);
  });

  test('HDR-14 Range, conditions and Accept-Encoding of an upload do not reach the registry', async () => {
    const npmToken = await world.npmToken('@acme/late');
    const ranges = `bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`;
    const headers = {
      host: world.proxy.host,
      authorization: `Bearer ${npmToken}`,
      'content-type': 'application/json',
      'accept-encoding': 'gzip;q=0.1, br;q=0.9',
      range: ranges,
      'if-none-match': 'x'.repeat(4000),
    };
    const answer = await raw(world.proxy, 'PUT', '/@acme%2flate', headers, JSON.stringify(draft('@acme/late')));
    expect(answer.status).toBe(200);
    const sent = world.writes().at(-1)?.headers ?? {};
    expect(sent.authorization).toBe(serviceHeader);
    for (const name of ['range', 'if-none-match', 'accept-encoding', 'if-match', 'if-range']) expect(sent[name], name).toBeUndefined();
  });
});

describe('two identity tokens in one request', () => {
  test('JWK-26 are refused or told apart while keys cannot be had, and nothing falls over', async () => {
    await world.issuer.rotate({ withdraw: true });
    world.issuer.behave({ jwks: { status: 500 }, discovery: { status: 500 } });
    const [first, second] = [world.identity({ aud: 'npm:127.0.0.1' }), world.identity()];
    const path = '/-/npm/v1/oidc/token/exchange/package/@acme%2fui';
    const head = `POST ${path} HTTP/1.1\r\nHost: ${world.proxy.host}\r\nContent-Length: 0\r\nConnection: close\r\n`;
    const twice = await talk(world.proxy.port, `${head}Authorization: Bearer ${first}\r\nAuthorization: Bearer ${second}\r\n\r\n`, 1500);
    expect(twice.text).toMatch(/^HTTP\/1\.1 400 /);
    for (const [at, body] of [
      [path, JSON.stringify({ token: second })],
      ['/_/oidc/mint-token', JSON.stringify({ token: second })],
    ] as const) {
      const answer = await world.post(at, body, { authorization: `Bearer ${first}` });
      expect([400, 403, 413, 422, 503], `${at} ${answer.status}`).toContain(answer.status);
      expect(answer.body).not.toMatch(/csgn_/);
    }
    world.issuer.behave({ jwks: null, discovery: null });
    expect((await fetch(`${world.proxy.admin}healthz`)).status).toBe(200);
    expect(world.proxy.output()).not.toContain('a request failed');
  });
});

describe('the end of a token', () => {
  test('SEC-15 given back, reported, or its publisher gone: refused at its next use', async () => {
    const fresh = await startWorld();
    try {
      const refused = async (dead: string): Promise<void> => expect([401, 403]).toContain((await fresh.uploadPypi(dead, next())).status);
      const [own, reported, withdrawn] = [await fresh.pypiToken(), await fresh.pypiToken(), await fresh.pypiToken()];
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      await fresh.post('/-/oidc/revoke', `token=${own}`, form);
      await refused(own);
      await fresh.post('/-/oidc/leaked', JSON.stringify({ token: reported }));
      await refused(reported);
      expect((await fresh.uploadPypi(withdrawn, next())).status).toBe(200);
      await fresh.proxy.reload((port) => ({ ...fresh.policy(port), publishers: [] }));
      await refused(withdrawn);
    } finally {
      await fresh.close();
    }
  });
});
