// The program itself, while its policy changes under it.
import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../oidc/certificate.ts';
import { pause, until } from '../gateway/raw-upstream.ts';
import { bodyOf, exchange, fileOf, headOf, health, newVersion, start, upload, type World } from '../faults/world.ts';
import { requires, ROOT } from '../support/components.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePort } from '../support/ports.ts';
import { plainEnv } from '../support/process.ts';
import { pastEpoch, type Proxy, type ProxyOptions } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith } from '../support/requirement.ts';
import { SERVICE } from '../support/service-user.ts';
import { tempDir } from '../support/temp.ts';
import { mintToken } from '../support/ui-job.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const policyOf = (proxy: Proxy): string => readFileSync(proxy.config, 'utf8');

/** Writes the policy as `kubectl` and editors do, and tells the program nothing. */
function edit(proxy: Proxy, change: (policy: string) => string): void {
  const before = policyOf(proxy);
  const after = change(before);
  if (after === before) throw new Error('the edit changes nothing');
  writeFileSync(`${proxy.config}.new`, after);
  renameSync(`${proxy.config}.new`, proxy.config);
}

const withoutPublishers = (policy: string): string => `${policy.slice(0, policy.indexOf('publishers:'))}publishers: []\n`;
const withoutUi = (policy: string): string => policy.replace(/ {2}- name: ui\n(?: {4}.*\n)+/, '');

/** More of them than are read between two requests. */
const manyPublishers = Array.from(
  { length: 200 },
  (_, i) => `  - name: more-${i}
    from:
      issuer: github
      repository: acme/more-${i}
      repository_id: ${1000 + i}
      repository_owner_id: 11
      workflow: release.yml
      environment: release
      ref: refs/tags/v*
    publish: { pypi: [more-${i}] }
`,
).join('');

const reloads = (proxy: Proxy) => proxy.audit().filter(({ event }) => event === 'policy');

/** Why an exchange is refused now. */
async function refusedExchange(proxy: Proxy, issuer: CiIssuer): Promise<string | undefined> {
  const exchanges = () => proxy.audit().filter(({ event }) => event === 'exchange');
  const before = exchanges().length;
  expect((await exchange(proxy, issuer)).status).toBe(422);
  await until(() => exchanges().length > before);
  return exchanges().at(-1)?.code;
}

describeWith('pypi-server')('a policy that changes while the program runs', () => {
  let issuer: CiIssuer;
  let index: PypiServer;
  beforeAll(async () => {
    [issuer, index] = await Promise.all([startIssuer({ style: 'github' }), startPypiserver()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([issuer?.close(), index?.close()]);
  });

  async function ready(world: Partial<World> = {}, options: Partial<ProxyOptions> = {}): Promise<Proxy> {
    const proxy = await start({ upstream: index.url, issuer: issuer.issuer, ...world }, options);
    closers.push(() => proxy.close());
    await pastEpoch();
    return proxy;
  }

  describeWith('redis-server')('on two processes', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    }, 60_000);
    afterAll(() => redis?.close());

    test('FLT-29 FLT-45 P6 a publisher taken out of the file is out on both within 5 s, for live tokens, without a signal', async () => {
      const proxies = await Promise.all([ready({ store: redis.url }), ready({ store: redis.url })]);
      const [one, two] = proxies as [Proxy, Proxy];
      const tokens = [await mintToken(one, issuer), await mintToken(two, issuer)] as const;
      expect(await upload(two, tokens[1])).toMatchObject({ status: 200 });
      for (const proxy of proxies) edit(proxy, withoutPublishers);
      const edited = performance.now();
      for (const proxy of proxies) await proxy.event(({ outcome }) => outcome === 'reloaded');
      expect(performance.now() - edited).toBeLessThan(5000);
      for (const [proxy, token] of [
        [one, tokens[0]],
        [two, tokens[1]],
      ] as const) {
        expect((await upload(proxy, token)).status).toBe(403);
        expect(await refusedExchange(proxy, issuer)).toBe('publisher-none');
        expect(reloads(proxy)).toEqual([expect.objectContaining({ outcome: 'reloaded', detail: 'publishers +0 -1 (ui) ~0' })]);
      }
    });

    test('FLT-29 POL-28 so it is where the policy is read by a thread of its own', async () => {
      const proxies = await Promise.all([ready({ store: redis.url }), ready({ store: redis.url })]);
      for (const proxy of proxies) edit(proxy, (policy) => policy + manyPublishers);
      for (const proxy of proxies) await proxy.event(({ detail }) => String(detail).startsWith('publishers +200'));
      const tokens = await Promise.all(proxies.map((proxy) => mintToken(proxy, issuer)));
      for (const proxy of proxies) edit(proxy, withoutUi);
      for (const [at, proxy] of proxies.entries()) {
        await proxy.event(({ detail }) => detail === 'publishers +0 -1 (ui) ~0');
        expect((await upload(proxy, tokens[at] ?? '')).status).toBe(403);
        expect(await refusedExchange(proxy, issuer)).toBe('publisher-none');
      }
    });

    test('FLT-30 replicas with different revisions: a token of the one is judged by the policy of the other, and both say which they have', async () => {
      const [wide, narrow] = (await Promise.all([ready({ store: redis.url }), ready({ store: redis.url })])) as [Proxy, Proxy];
      edit(narrow, (policy) => policy.replace('- allowed', '- another'));
      await narrow.event(({ outcome }) => outcome === 'reloaded');
      const token = await mintToken(wide, issuer);
      expect((await upload(narrow, token)).status).toBe(403);
      expect((await upload(wide, token)).status).toBe(200);
      const revisions = await Promise.all([wide, narrow].map(async (proxy) => (await health(proxy)).body['policy']));
      expect(new Set(revisions).size).toBe(2);
    });
  });

  describe('on one process', () => {
    let proxy: Proxy;
    let good: string;
    beforeAll(async () => {
      proxy = await start({ upstream: index.url, issuer: issuer.issuer });
      good = policyOf(proxy);
      await pastEpoch();
    }, 60_000);
    afterAll(() => proxy?.close());
    beforeEach(async () => {
      if (policyOf(proxy) === good) return;
      const before = reloads(proxy).length;
      edit(proxy, () => good);
      await until(() => reloads(proxy).length > before, 8000);
    });

    test('FLT-45 an issuer taken out of the file: its live tokens are dead', async () => {
      const token = await mintToken(proxy, issuer);
      const before = reloads(proxy).length;
      edit(proxy, (policy) => withoutPublishers(policy).replace(/issuers:\n(?: .*\n)+/, 'issuers: { gitlab: {} }\n'));
      await until(() => reloads(proxy).length > before, 8000);
      expect((await upload(proxy, token)).status).toBe(403);
      expect(await refusedExchange(proxy, issuer)).toBe('issuer-unknown');
    });

    test('FLT-28 an upload that began before the change is judged by the policy of its beginning; the next one by the new', async () => {
      const token = await mintToken(proxy, issuer);
      const n = newVersion();
      const body = bodyOf(n);
      const head = Object.entries({ ...headOf(proxy, token), 'content-length': String(body.length) }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      const socket = connectTcp(proxy.port, '127.0.0.1');
      let heard = '';
      socket.on('data', (chunk) => (heard += chunk.toString()));
      closers.push(() => Promise.resolve(socket.destroy()));
      socket.write(`POST / HTTP/1.1\r\n${head.join('')}\r\n`);
      socket.write(body.subarray(0, 40));
      await pause(300);
      const before = reloads(proxy).length;
      edit(proxy, withoutPublishers);
      await until(() => reloads(proxy).length > before, 8000);
      socket.write(body.subarray(40));
      await until(() => heard.includes('\r\n\r\n'));
      expect(heard).toMatch(/^HTTP\/1\.1 200 /);
      expect(index.stored()).toContain(fileOf(n));
      expect((await upload(proxy, token)).status).toBe(403);
    });

    test('FLT-22 a broken file: everything goes on, /readyz stays 200 and says what is wrong until it is mended', async () => {
      const before = reloads(proxy).length;
      edit(proxy, (policy) => policy.replace('publishers:', 'publishres:'));
      await proxy.event(({ outcome }) => outcome === 'reload-failed');
      expect(await upload(proxy, await mintToken(proxy, issuer))).toMatchObject({ status: 200 });
      expect(await health(proxy)).toMatchObject({
        ready: 200,
        body: { policy_problem: expect.stringMatching(/:\d+:\d+ {2}error/) as string },
      });
      edit(proxy, () => good);
      await until(() => proxy.output().includes('have no errors any more'));
      expect((await health(proxy)).body).not.toHaveProperty('policy_problem');
      expect(
        reloads(proxy)
          .slice(before)
          .map(({ outcome }) => outcome),
      ).toEqual(['reload-failed']);
    });

    test('FLT-18 a hundred SIGHUPs with a change among them: it is in force, read once, and nothing falls over', async () => {
      const before = reloads(proxy).length;
      for (let i = 0; i < 100; i += 1) {
        if (i === 50) edit(proxy, withoutPublishers);
        proxy.server().signal('SIGHUP');
        await pause(5);
      }
      await until(() => reloads(proxy).length > before, 8000);
      expect(await refusedExchange(proxy, issuer)).toBe('publisher-none');
      expect(reloads(proxy).length - before).toBe(1);
    });
  });

  test('FLT-32 a service credential in a file that is rotated: the next upload uses it, the policy has not changed', async () => {
    const folder = tempDir('credential');
    const file = join(folder, 'password');
    writeFileSync(file, `${SERVICE.password}\n`);
    const more = { credential: { basic: { username: SERVICE.username, password_file: file } } };
    const proxy = await ready({ more });
    const token = await mintToken(proxy, issuer);
    expect((await upload(proxy, token)).status).toBe(200);
    writeFileSync(file, 'of yesterday\n');
    expect((await upload(proxy, token)).status).toBe(502);
    writeFileSync(`${file}.new`, SERVICE.password);
    renameSync(`${file}.new`, file);
    expect((await upload(proxy, token)).status).toBe(200);
    expect(reloads(proxy)).toEqual([]);
  });
});

test('FLT-31 the certificate files are renewed, the key first: clients get the new one without a restart', async () => {
  const authority = createAuthority();
  const folder = tempDir('certificate');
  const put = (name: 'tls.crt' | 'tls.key', text: string): void => writeFileSync(join(folder, name), text);
  const [old, renewed] = [authority.issue({ host: 'old.example' }), authority.issue({ host: 'renewed.example' })];
  put('tls.crt', old.cert);
  put('tls.key', old.key);
  const server = { tls: { cert_file: join(folder, 'tls.crt'), key_file: join(folder, 'tls.key') } };
  const proxy = await start({ upstream: 'http://127.0.0.1:9/', issuer: 'http://127.0.0.1:9', server });
  closers.push(() => proxy.close());
  const seen = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  expect(await seen()).toBe('old.example');
  put('tls.key', renewed.key);
  await until(() => proxy.output().includes('the certificate was not renewed'), 8000);
  expect(await seen()).toBe('old.example');
  put('tls.crt', renewed.cert);
  await until(() => proxy.output().includes('the certificate was renewed'), 8000);
  expect(await seen()).toBe('renewed.example');
});

describe('a policy that is broken at the start', () => {
  test.each([
    ['FLT-27 broken YAML', 'issuers: {\n', /policy\.yaml:\d+:\d+ {2}error/],
    ['FLT-42 an unknown key', 'server: {}\nlisten: 0.0.0.0:1\n', /policy\.yaml:2:1 {2}error {2}unknown key "listen"/],
    ['FLT-42 a wrong type', 'server: { workers: many }\n', /policy\.yaml:1:\d+ {2}error/],
  ])('%s: exit code 3, the place, and nothing listens', async (_, text, expected) => {
    const folder = tempDir('broken');
    const port = await freePort();
    writeFileSync(join(folder, 'policy.yaml'), text.replace('server: {', `server: { listen: "127.0.0.1:${port}", `).replace(', }', ' }'));
    const main = join(ROOT, 'src/main.ts');
    const run = promisify(execFile)(requires('node'), [main, 'serve', '--config', 'policy.yaml'], { cwd: folder, env: plainEnv() });
    const failed = await run.then(
      () => undefined,
      (error: unknown) => error as { code: number; stderr: string; stdout: string },
    );
    expect(failed?.code).toBe(3);
    expect(failed?.stderr).toMatch(expected);
    expect(failed?.stdout).not.toContain('listening');
  });
});

test('FLT-42 FLT-43 a variable counts where the file names it and nowhere else, whatever it is called', async () => {
  const port = await freePort();
  const env = { COUNTERSIGN_LISTEN: `127.0.0.1:${port}`, COUNTERSIGN_STORE: 'redis://127.0.0.1:1', COUNTERSIGN_GRACE: '7s' };
  const server = { shutdown_grace: '${COUNTERSIGN_GRACE:-3s}' };
  const proxy = await start(
    { upstream: 'http://127.0.0.1:9/', issuer: 'http://127.0.0.1:9', server },
    { env: { ...env, SERVICE_PASSWORD: 'x' } },
  );
  closers.push(() => proxy.close());
  expect(await health(proxy)).toMatchObject({ ready: 200, body: { store: 'ok' } });
});
