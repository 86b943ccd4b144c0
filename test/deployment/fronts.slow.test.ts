// Countersign behind nginx, Caddy, Traefik and HAProxy: the real programs on the files of deploy/compose, the real clients.
import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishNpm, publishPython, runClient } from '../support/clients.ts';
import { startDevpi, type DevpiServer } from '../support/devpi.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { npmPackage } from '../support/npm-package.ts';
import { freePorts } from '../support/ports.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { pythonPackage } from '../support/python-package.ts';
import { describeWith } from '../support/requirement.ts';
import { basic, SERVICE } from '../support/service-user.ts';
import { fromUi, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';
import { FRONTS, makeCertificate, startFront, type Front, type FrontName } from './front.ts';

/** Go's HTTP server and HTTP/2 have no reason phrases: there twine prints the status alone. */
const KEEPS_REASON: Record<FrontName, boolean> = { nginx: true, caddy: false, traefik: false, haproxy: true };
const CLIENT = '127.0.0.2';
const MiB = 1024 * 1024;

describeWith(
  ...FRONTS,
  'verdaccio',
  'devpi-server',
  'npm-12',
  'uv',
  'twine',
)('behind a proxy that ends TLS', () => {
  let issuer: CiIssuer;
  let verdaccio: VerdaccioServer;
  let devpi: DevpiServer;
  let countersign: Proxy;
  const fronts = new Map<FrontName, Front>();
  const front = (name: FrontName): Front => {
    const found = fronts.get(name);
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  };

  beforeAll(async () => {
    [issuer, verdaccio, devpi] = await Promise.all([
      startIssuer({ style: 'github' }),
      startVerdaccio({ maxBodySize: '100mb' }),
      startDevpi(),
    ]);
    const ports = await freePorts(FRONTS.length);
    const at = FRONTS.map((name, index) => [name, ports[index] ?? 0] as const);
    countersign = await startProxy({
      env: serviceEnv,
      policy: () => ({
        server: { trusted_proxies: ['127.0.0.1/32'] },
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        // One program behind all four: host and port of the request say which of its registries is meant.
        registries: Object.fromEntries(
          at.flatMap(([name, port]) => [
            [`npm-${name}`, registryOf('npm', `https://localhost:${port}/`, verdaccio.url, { long_lived_tokens: 'warn' })],
            [`pypi-${name}`, registryOf('pypi', `https://localhost:${port}/svc/prod/`, devpi.prod)],
          ]),
        ),
        publishers: at.map(([name]) => ({
          name,
          from: fromUi,
          publish: { [`npm-${name}`]: [`@acme/${name}`], [`pypi-${name}`]: [`acme-${name}`] },
        })),
      }),
    });
    const certificate = makeCertificate();
    for (const [name, port] of at) fronts.set(name, await startFront(name, { port, countersign: countersign.port, certificate }));
    await pastEpoch();
  }, 180_000);
  afterAll(async () => {
    await Promise.all([...fronts.values()].map(({ server }) => server.stop()));
    await countersign?.close();
    await Promise.all([issuer?.close(), verdaccio?.close(), devpi?.close()]);
  });

  const url = (name: FrontName): string => `https://localhost:${front(name).port}/`;
  const trust = (name: FrontName): Record<string, string> => ({
    NODE_EXTRA_CA_CERTS: front(name).authority,
    SSL_CERT_FILE: front(name).authority,
    REQUESTS_CA_BUNDLE: front(name).authority,
  });

  /** A fresh upload token, asked for as curl does. */
  async function mint(name: FrontName): Promise<string> {
    const token = issuer.sign({ ...issuer.githubClaims(uiJob), aud: `localhost:${front(name).port}` });
    const answer = await ask(name, { method: 'POST', path: '/_/oidc/mint-token' }, JSON.stringify({ token }));
    const minted = JSON.parse(answer.body) as { token?: string };
    expect(minted.token, answer.body).toMatch(/^pypi-csgn_/);
    return minted.token ?? '';
  }

  interface Answer {
    readonly status: number;
    readonly reason: string;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
  }

  /** One request from the client's address. Of a `body` with `begin` no more than that is ever sent, however much is announced. */
  function ask(name: FrontName, options: RequestOptions, body?: string | { begin: string; announced: number }): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, unknown> = { host: `localhost:${front(name).port}`, ...(options.headers as object) };
      if (typeof body === 'object') headers['content-length'] = body.announced;
      else if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
      const base: RequestOptions = {
        host: '127.0.0.1',
        servername: 'localhost',
        port: front(name).port,
        localAddress: CLIENT,
        ca: readFileSync(front(name).authority),
        agent: false,
      };
      const req = request({ ...base, ...options, headers: headers as Record<string, string> }, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        res.once('end', () => {
          resolve({ status: res.statusCode ?? 0, reason: res.statusMessage ?? '', headers: res.headers, body: text });
          req.destroy();
        });
      });
      req.setTimeout(30_000, () => req.destroy(new Error('no answer within 30 s')));
      req.once('error', reject);
      if (typeof body === 'object') req.write(body.begin);
      else req.end(body);
    });
  }

  describe.each(FRONTS)('%s', (name) => {
    test('npm publishes a scoped package as a job, and installs it', async () => {
      const published = await publishNpm('npm-12', npmPackage(`@acme/${name}`).folder, {
        registry: url(name),
        env: { ...issuer.githubEnv(uiJob), ...trust(name) },
      });
      expect(published, published.output).toMatchObject({ code: 0 });
      const folder = npmPackage('consumer').folder;
      const npmrc = `registry=${url(name)}`;
      const installed = await runClient('npm-12', ['install', `@acme/${name}`], { cwd: folder, npmrc, env: trust(name) });
      expect(installed, installed.output).toMatchObject({ code: 0 });
      expect(readFileSync(join(folder, 'node_modules/@acme', name, 'index.js'), 'utf8')).toContain('1.0.0');
    });

    test('uv publishes as a job, which insists on https', async () => {
      const { files } = pythonPackage(`acme-${name}`);
      const published = await publishPython('uv', files, {
        url: `${url(name)}svc/prod/`,
        env: { ...issuer.githubEnv(uiJob), ...trust(name) },
        args: ['--trusted-publishing', 'always'],
      });
      expect(published, published.output).toMatchObject({ code: 0 });
      expect(await devpi.files('prod', `acme-${name}`)).toHaveLength(2);
    });

    test('twine publishes 40 MiB with an upload token', async () => {
      const { sdist } = pythonPackage(`acme-${name}`, '2.0.0', [], 40 * MiB);
      const login = { username: '__token__', password: await mint(name) };
      const published = await publishPython('twine', [sdist], { url: `${url(name)}svc/prod/`, login, env: trust(name) });
      expect(published, published.output).toMatchObject({ code: 0 });
    });

    test('bodies are not held back: a refusal arrives while most of the body is still to be sent (RSP-10)', async () => {
      const begin = 'x'.repeat(256 * 1024);
      const headers = { authorization: basic('__token__', 'pypi-csgn_no-such-token'), 'content-type': 'multipart/form-data; boundary=x' };
      const answer = await ask(name, { method: 'POST', path: '/svc/prod/', headers }, { begin, announced: 500 * MiB });
      expect(answer.status).toBe(401);
      expect(answer.body).toContain('upload token');
    });

    test(`P8 a refusal of an upload is read by ${KEEPS_REASON[name] ? 'twine' : 'twine --verbose'} and by npm`, async () => {
      const { files } = pythonPackage('acme-other');
      const login = { username: '__token__', password: await mint(name) };
      const refused = await publishPython('twine', files, {
        url: `${url(name)}svc/prod/`,
        login,
        env: trust(name),
        args: KEEPS_REASON[name] ? [] : ['--verbose'],
      });
      expect(refused.code).not.toBe(0);
      const sentence = `The upload token is for pypi-${name} acme-${name}, the request is for acme-other.`;
      expect(refused.output.replaceAll(/\s+/g, ' ')).toContain(sentence);
      const npm = await publishNpm('npm-12', npmPackage('@acme/other').folder, {
        registry: url(name),
        env: { ...issuer.githubEnv(uiJob), ...trust(name) },
      });
      expect(npm.code).not.toBe(0);
      expect(npm.output).toContain(`acme/ui may publish @acme/${name}, not @acme/other.`);
    });

    test(`the reason phrase ${KEEPS_REASON[name] ? 'survives' : 'is lost, as the documentation says'}`, async () => {
      const headers = { authorization: basic('__token__', 'pypi-csgn_no-such-token'), 'content-type': 'multipart/form-data; boundary=x' };
      const { status, reason } = await ask(name, { method: 'POST', path: '/svc/prod/', headers }, 'x');
      expect(status).toBe(401);
      if (KEEPS_REASON[name]) expect(reason).toMatch(/upload token/);
      else expect(reason).toBe('Unauthorized');
    });

    test('npm-notice survives: npm prints the warning about a long-lived token', async () => {
      const { folder } = npmPackage(`@acme/old-${name}`);
      const token = Buffer.from(`${SERVICE.username}:${SERVICE.password}`).toString('base64');
      const npmrc = `//localhost:${front(name).port}/:_auth=${token}`;
      const published = await publishNpm('npm-12', folder, { registry: url(name), npmrc, env: trust(name) });
      expect(published, published.output).toMatchObject({ code: 0 });
      expect(published.output).toMatch(/npm notice .*long-lived token/);
    });

    test("P7 EXC-22 the audit record has the client's address, and not the one that the client claims", async () => {
      const headers = {
        authorization: basic('someone', `asks-through-${name}`),
        'x-forwarded-for': '198.51.100.7',
        'content-type': 'text/plain',
      };
      const before = countersign.audit().length;
      await ask(name, { method: 'POST', path: '/svc/prod/', headers }, 'x');
      await expect.poll(() => countersign.audit().length).toBeGreaterThan(before);
      expect(countersign.audit().at(-1)?.address).toBe(CLIENT);
    });

    test('PTH a path arrives as it was sent: an encoded slash, two slashes, a dot that is encoded', async () => {
      const scoped = await ask(name, { path: `/@acme%2f${name}` });
      expect([scoped.status, (JSON.parse(scoped.body) as { name: string }).name]).toEqual([200, `@acme/${name}`]);
      // Refused by Countersign or by the front before it, never cleaned up and let through.
      for (const path of [`//@acme%2f${name}`, `/%2e%2e/@acme%2f${name}`])
        expect((await ask(name, { path })).status, path).toBeGreaterThanOrEqual(400);
    });

    test('the admin listener is not reached through it', async () => {
      for (const path of ['/healthz', '/readyz', '/metrics']) expect((await ask(name, { path })).status, path).toBe(404);
    });
  });
});
