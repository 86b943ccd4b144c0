// What the program shows and refuses as a whole: signals, headers of its own answers, TLS names, switches for development.
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { base, basePolicy, folder, load, loaded, said, write } from '../config/policy-file.ts';
import { createAuthority } from '../oidc/certificate.ts';
import { talk } from '../gateway/raw-upstream.ts';
import { raw, startProxy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { ROOT } from '../support/requirement.ts';
import { removeTempDir, tempDir } from '../support/temp.ts';
import { fromUi, tokenBasic } from '../support/ui-job.ts';
import { startWorld, type World } from './world.ts';

describe('answers of ours', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  }, 30_000);
  afterAll(() => world?.close());
  const call = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<RawAnswer> =>
    raw(world.proxy, method, path, { host: world.proxy.host, origin: 'https://evil.example', ...headers }, body);

  test('SEC-12 are kept by no cache, give no referrer and are read by no other site', async () => {
    const npmToken = await world.npmToken('@acme/ui');
    const answers = {
      minted: await world.exchangeNpm('@acme/ui'),
      refused: await world.exchangeNpm('@acme/other'),
      audience: await call('GET', '/_/oidc/audience'),
      revoked: await call('POST', '/-/oidc/revoke', { 'content-type': 'application/x-www-form-urlencoded' }, 'token=x'),
      leaked: await call('POST', '/-/oidc/leaked', { 'content-type': 'application/json' }, '{"token":"x"}'),
      whoami: await call('GET', '/-/whoami', { authorization: `Bearer ${npmToken}` }),
      host: await raw(world.proxy, 'GET', '/', { host: 'other.example' }),
      path: await call('GET', '/%00'),
      method: await call('GET', '/-/oidc/token'),
      preflight: await call('OPTIONS', '/-/oidc/token', { 'access-control-request-method': 'POST' }),
      upload: await world.uploadPypi(await world.pypiToken(), '1.0'),
      unauthenticated: await call('PUT', '/@acme%2fui', {}, '{}'),
    };
    for (const [what, { headers }] of Object.entries(answers)) {
      expect([what, headers['cache-control'], headers['referrer-policy']]).toEqual([what, 'no-store', 'no-referrer']);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
    expect([answers.minted.status, answers.whoami.status, answers.upload.status]).toEqual([201, 200, 200]);
  });

  test('SEC-11 refusals are problem documents with a stable code where no client has a form of its own', async () => {
    const answer = await raw(world.proxy, 'GET', '/', { host: 'other.example' });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toEqual({
      title: expect.any(String),
      status: 421,
      detail: expect.stringContaining('other.example'),
      code: 'request-host',
      instance: answer.headers['x-request-id'],
    });
    const oauth = await call('POST', '/-/oidc/token', { 'content-type': 'application/x-www-form-urlencoded' }, 'grant_type=x');
    expect(JSON.parse(oauth.body)).toMatchObject({ error: 'unsupported_grant_type', code: 'grant-type', instance: expect.any(String) });
    expect(JSON.parse((await call('PUT', '/@acme%2fui', {}, '{}')).body)).toMatchObject({
      error: expect.any(String),
      code: expect.any(String),
    });
    expect(JSON.parse((await call('POST', '/pypi/', { authorization: tokenBasic('x') }, '')).body)).toMatchObject({
      errors: [{ code: expect.any(String), description: expect.any(String) }],
    });
  });

  test('SEC-18 no endpoint says claims back, and none for debugging exists', async () => {
    const identity = world.identity({ actor: 'planted-actor' });
    for (const path of ['/debug/claims', '/-/debug', '/-/oidc/claims', '/-/oidc/introspect', '/-/oidc/userinfo']) {
      const answer = await call(
        'POST',
        path,
        { authorization: `Bearer ${identity}`, 'content-type': 'application/json' },
        JSON.stringify({ token: identity }),
      );
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain('planted-actor');
    }
    expect((await fetch(`${world.proxy.admin}debug/claims`)).status).toBe(404);
  });

  test.each([
    ['a NUL', 'requires_dist', 'a\0b'],
    ['10 MB of an URL', 'project_urls', `x, https://${'a'.repeat(10_000_000)}`],
    ['10 MB of text', 'description', 'x'.repeat(10_000_000)],
  ])('PY-16 metadata with %s is refused, not cut', async (_, name, value) => {
    const before = world.proxy.audit().length;
    const writes = world.writes().length;
    // A client that asks for the connection to be closed may be cut off before it has sent it all.
    const answer = await world.uploadPypi(await world.pypiToken(), '2.0', { [name]: value }).catch(() => undefined);
    const refused = (): unknown[] =>
      world.proxy
        .audit()
        .slice(before)
        .filter(({ event, outcome }) => event === 'upload' && outcome === 'refused');
    await expect.poll(() => refused().length > 0, { timeout: 10_000 }).toBe(true);
    expect([400, 413, undefined]).toContain(answer?.status);
    expect(world.writes()).toHaveLength(writes);
  });
});

describe('signals', () => {
  test('SEC-07 SIGUSR1 opens no inspector, and nothing that writes memory to a disk is on', async () => {
    const proxy = await startProxy({ policy: plain });
    try {
      process.kill(proxy.pid, 'SIGUSR1');
      process.kill(proxy.pid, 'SIGUSR1');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await fetch(`${proxy.admin}healthz`)).status).toBe(200);
      expect(proxy.output()).not.toMatch(/debugger|inspector/i);
      const line = readFileSync(`/proc/${proxy.pid}/cmdline`, 'latin1');
      expect(line).not.toMatch(/--(?:inspect|report|heap|diagnostic)/);
    } finally {
      await proxy.close();
    }
  });
});

function plain(port: number): Record<string, unknown> {
  const registry = { protocol: 'npm', url: `http://127.0.0.1:${port}/`, upstream: 'http://127.0.0.1:9/', credential: 'none' };
  return {
    issuers: { github: {} },
    registries: { npm: registry },
    publishers: [{ name: 'ui', from: fromUi, publish: { npm: ['@acme/ui'] } }],
  };
}

describe('TLS', () => {
  const dir = tempDir('tls');
  let authority: ReturnType<typeof createAuthority>;
  let proxy: Proxy;
  beforeAll(async () => {
    authority = createAuthority();
    const { key, cert } = authority.issue({ host: 'npm.acme.example' });
    const tls = { cert_file: join(dir, 'cert.pem'), key_file: join(dir, 'key.pem') };
    writeFileSync(tls.cert_file, cert);
    writeFileSync(tls.key_file, key, { mode: 0o600 });
    const registry = (host: string): object => ({
      protocol: 'npm',
      url: `https://${host}/`,
      upstream: 'http://127.0.0.1:9/',
      credential: 'none',
    });
    proxy = await startProxy({
      policy: (port) => ({
        ...plain(port),
        server: { tls },
        registries: { npm: registry('npm.acme.example'), other: registry('other.acme.example') },
      }),
    });
  }, 30_000);
  afterAll(async () => {
    await proxy?.close();
    removeTempDir(dir);
  });

  const ask = (servername: string, host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: proxy.port, servername, headers: { host }, rejectUnauthorized: false, agent: false };
      const req = request({ ...options, path: '/-/ping-of-nobody/x', method: 'PUT' }, (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      });
      req.on('error', reject);
      req.end();
    });

  test('SMG-31 a request for another host than the connection was opened for is answered 421', async () => {
    expect(await ask('npm.acme.example', 'npm.acme.example')).not.toBe(421);
    expect(await ask('NPM.acme.example', `npm.acme.example:443`)).not.toBe(421);
    expect(await ask('', 'npm.acme.example'), 'no name at all').not.toBe(421);
    expect(await ask('npm.acme.example', 'other.acme.example')).toBe(421);
    expect(await ask('other.acme.example', 'npm.acme.example')).toBe(421);
  });

  test('SMG-36 HTTP/2 is not spoken: neither by ALPN, nor by its preface, nor by upgrade', async () => {
    const spoken = await new Promise<string | false | null>((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port: proxy.port,
        servername: 'npm.acme.example',
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false,
      });
      socket.on('secureConnect', () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      });
      socket.on('error', () => resolve(false));
    });
    expect(spoken).toBe(false);
    const clear = await startProxy({ policy: plain });
    const preface = await talk(clear.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 1500);
    expect(preface.text).toMatch(/^(?:HTTP\/1\.1 400 |$)/);
    const upgrade = `GET / HTTP/1.1\r\nHost: ${clear.host}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`;
    expect((await talk(clear.port, upgrade, 1500)).text).not.toMatch(/^HTTP\/1\.1 101/);
    await clear.close();
  });
});

describe('configuration', () => {
  const insecure = (url: string): string =>
    basePolicy('github: {}', 'github: {}', `a: { provider: generic, issuer: "${url}", insecure: true }`);

  test('SEC-21 insecure issuers beyond loopback are an error where NODE_ENV is production', async () => {
    const into = folder();
    const production = async (text: string): Promise<string[]> => {
      write(into, { 'policy.yaml': text });
      return said(await loadConfiguration(join(into, 'policy.yaml'), { NODE_ENV: 'production' }));
    };
    expect(await production(insecure('http://ci.corp.example'))).toEqual([
      '3:71 error insecure is for loopback only where NODE_ENV is production',
    ]);
    expect(await production(insecure('http://127.0.0.1:9000'))).toEqual([]);
    expect(await production(base)).toEqual([]);
    expect(said(await load(insecure('http://ci.corp.example')))).toEqual([expect.stringContaining('warning insecure')]);
  });

  test('POL-24 a secret in the policy is refused as an unknown key, or warned of and not shown', async () => {
    const unknown = said(await load(basePolicy('protocol: npm', 'protocol: npm', 'upstream_password: hunter2')));
    expect(unknown.join('\n')).toContain('unknown key "upstream_password"');
    const written = said(await load(base.replace('credential: none', 'credential: { bearer: hunter2 }')));
    expect(written.join('\n')).toContain('warning a secret is written in the file');
    expect([...unknown, ...written].join('\n')).not.toContain('hunter2');
  });

  test('JWT-43 registries of other hosts have other audiences, and shared ones cannot be configured', async () => {
    const audiences = async (host: string): Promise<string[]> => {
      const { registries } = await loaded(base.replaceAll('acme.example/', `${host}/`));
      return [...registries.values()].flatMap((registry) => registry.audiences);
    };
    const [staging, production] = [await audiences('staging.acme.example'), await audiences('acme.example')];
    expect(staging.filter((audience) => production.includes(audience))).toEqual([]);
    for (const shared of ['sigstore', 'pypi', 'sts.amazonaws.com', 'npm:other.example']) {
      expect((await load(basePolicy('protocol: npm', 'protocol: npm', `audiences: ["${shared}"]`))).ok, shared).toBe(false);
    }
  });
});

describe('the pages', () => {
  test('SEC-22 the threat model says who is trusted with what, and what is out of scope', () => {
    const page = readFileSync(join(ROOT, 'docs', 'threat-model.md'), 'utf8');
    for (const who of ['the issuer', "the policy's author", 'whoever writes to Redis', 'the registry', 'whoever ends TLS in front']) {
      expect(page).toContain(`| ${who} |`);
    }
    expect(page).toContain('**A malicious step in the trusted workflow**');
  });
});
