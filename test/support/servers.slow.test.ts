import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NPM_CLIENTS, PYTHON_CLIENTS, publishNpm, publishPython, runClient } from './clients.ts';
import type { ClientRun } from './clients.ts';
import { startDevpi } from './devpi.ts';
import type { DevpiServer } from './devpi.ts';
import { npmPackage } from './npm-package.ts';
import { startPypiserver } from './pypiserver.ts';
import { pythonPackage } from './python-package.ts';
import { startRedis, startRedisCluster, startSentinel } from './redis.ts';
import { describeWith } from './requirement.ts';
import { SERVICE, serviceBasic } from './service-user.ts';
import { startVerdaccio } from './verdaccio.ts';
import type { VerdaccioServer } from './verdaccio.ts';

/** Empty when the client succeeded, else what it printed. */
const failureOf = (run: ClientRun): string => (run.code === 0 ? '' : run.output || `exit code ${run.code}`);

const uploadOnce = async (url: string, metadata: readonly string[]): Promise<ClientRun> => {
  const { wheel } = pythonPackage('demo-once', '1.0.0', metadata);
  return publishPython('twine', [wheel], { url, login: SERVICE });
};

describeWith('redis-server', 'redis-cli')('the Redis of the tests', () => {
  it('starts, answers, survives a pause and comes back empty after a crash', async () => {
    const redis = await startRedis();
    await redis.cli('set', 'a', '1');
    redis.pause();
    const silent = await Promise.race([redis.cli('get', 'a'), new Promise((done) => setTimeout(done, 300, 'silent'))]);
    expect(silent).toBe('silent');
    redis.resume();
    expect(await redis.cli('get', 'a')).toBe('1');
    await redis.restart();
    expect(await redis.cli('get', 'a')).toBe('');
    await redis.close();
    await expect(redis.cli('ping')).rejects.toThrow(/refused/);
  });

  it('keeps every write over a crash when it persists', async () => {
    const redis = await startRedis({ persist: true });
    await redis.cli('set', 'a', '1');
    await redis.restart();
    expect(await redis.cli('get', 'a')).toBe('1');
    await redis.close();
  });

  it('starts as a cluster of three masters that owns all slots', async () => {
    const cluster = await startRedisCluster();
    const info = await cluster.nodes[0]?.cli('cluster', 'info');
    expect(info).toContain('cluster_slots_ok:16384');
    expect(info).toContain('cluster_size:3');
    await cluster.close();
  });

  it('fails over under a Sentinel when the primary is gone', async () => {
    const sentinel = await startSentinel();
    expect(await sentinel.primaryPort()).toBe(sentinel.primary.port);
    await sentinel.primary.kill();
    await expect.poll(() => sentinel.primaryPort(), { timeout: 30_000 }).toBe(sentinel.replica.port);
    await sentinel.close();
  });
});

describeWith('node', 'verdaccio')('the Verdaccio of the tests', () => {
  let verdaccio: VerdaccioServer;
  beforeAll(async () => {
    verdaccio = await startVerdaccio();
  });
  afterAll(() => verdaccio.close());

  it('knows the service user and lets nobody register', async () => {
    const whoami = await fetch(`${verdaccio.url}-/whoami`, { headers: { authorization: serviceBasic() } });
    expect(await whoami.json()).toEqual({ username: SERVICE.username });
    const register = await fetch(`${verdaccio.url}-/user/org.couchdb.user:eve`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'eve', password: 'a-long-password' }),
    });
    expect(register.status).toBe(409);
    expect(await verdaccio.packument('nothing')).toBeUndefined();
  });

  const credential = (): string => {
    const { host } = new URL(verdaccio.url);
    const encoded = Buffer.from(SERVICE.password).toString('base64');
    return `//${host}/:username=${SERVICE.username}\n//${host}/:_password=${encoded}`;
  };

  for (const client of NPM_CLIENTS) {
    describeWith(client)(`with ${client}`, () => {
      it('takes a publish with the service credential', async () => {
        const name = `@acme/${client.replace('.', '-')}`;
        const yarn = { YARN_NPM_AUTH_IDENT: `${SERVICE.username}:${SERVICE.password}` };
        const { folder } = npmPackage(name);
        const registry = verdaccio.url;
        const options = client === 'yarn-4' ? { registry, env: yarn } : { registry, npmrc: credential() };
        const run = await publishNpm(client, folder, options);
        expect(failureOf(run)).toBe('');
        expect(Object.keys((await verdaccio.packument(name))?.['versions'] ?? {})).toEqual(['1.0.0']);
      });
    });
  }

  it('refuses a publish without a credential', async () => {
    const run = await publishNpm('npm-12', npmPackage('no-credential').folder, { registry: verdaccio.url });
    expect(run.code).not.toBe(0);
    expect(run.output).toContain('ENEEDAUTH');
    expect(await verdaccio.packument('no-credential')).toBeUndefined();
  });

  it('gives a JWT on login when it is configured so', async () => {
    const jwt = await startVerdaccio({ jwt: true });
    const token = await jwt.login();
    expect(token.split('.')).toHaveLength(3);
    const whoami = await fetch(`${jwt.url}-/whoami`, { headers: { authorization: `Bearer ${token}` } });
    expect(await whoami.json()).toEqual({ username: SERVICE.username });
    await jwt.close();
  });
});

describeWith('devpi-init', 'devpi-server')('the devpi of the tests', () => {
  let devpi: DevpiServer;
  beforeAll(async () => {
    devpi = await startDevpi();
  });
  afterAll(() => devpi.close());

  for (const client of PYTHON_CLIENTS) {
    describeWith(client)(`with ${client}`, () => {
      it('takes an upload with the service credential', async () => {
        const project = pythonPackage(`demo-${client}`);
        const options = { url: devpi.dev, login: SERVICE, cwd: project.folder };
        const run = await publishPython(client, project.files, options);
        expect(failureOf(run)).toBe('');
        const stored = await devpi.files('dev', `demo-${client}`);
        expect(stored.toSorted()).toEqual([`demo_${client}-1.0.0-py3-none-any.whl`, `demo_${client}-1.0.0.tar.gz`]);
      });
    });
  }

  describeWith('twine')('with twine', () => {
    it('refuses another file of the same name on the index that is not volatile', async () => {
      expect((await uploadOnce(devpi.prod, [])).code).toBe(0);
      const second = await uploadOnce(devpi.prod, ['Author: somebody else']);
      expect(second.code).not.toBe(0);
      expect(second.output).toContain('409');
    });

    it('refuses an upload with a wrong password', async () => {
      const { wheel } = pythonPackage('demo-refused');
      const login = { ...SERVICE, password: 'wrong' };
      const run = await publishPython('twine', [wheel], { url: devpi.dev, login });
      expect(run.code).not.toBe(0);
      expect(await devpi.files('dev', 'demo-refused')).toEqual([]);
    });
  });
});

describeWith('pypi-server', 'twine')('the pypiserver of the tests', () => {
  it('takes an upload by the service user, refuses others and lists what it has', async () => {
    const server = await startPypiserver();
    const { wheel, files } = pythonPackage('demo-project');
    const refused = await publishPython('twine', [wheel], { url: server.url, login: { ...SERVICE, password: 'x' } });
    expect(refused.code).not.toBe(0);
    expect(server.stored()).toEqual([]);
    const run = await publishPython('twine', files, { url: server.url, login: SERVICE });
    expect(failureOf(run)).toBe('');
    expect((await server.files('demo-project')).toSorted()).toEqual(server.stored().toSorted());
    expect(server.stored()).toHaveLength(2);
    await server.close();
  });
});

describe('the clients of the tests', () => {
  it('inherit nothing of the caller: neither npm settings nor a home', async () => {
    process.env['npm_config_registry'] = 'http://127.0.0.1:9/';
    const run = await runClient('npm-12', ['config', 'get', 'registry'], { npmrc: 'registry=http://127.0.0.1:10/' });
    delete process.env['npm_config_registry'];
    expect(run.stdout.trim()).toBe('http://127.0.0.1:10/');
  });
});
