// `docker compose up` without containers: the rules of compose.yaml, and the real programs on the very files it mounts.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { publishNpm, publishPython, runClient } from './support/clients.ts';
import { startStack, type Stack } from './support/stack.ts';
import { npmPackage } from './support/npm-package.ts';
import { plainEnv } from './support/process.ts';
import { pythonPackage } from './support/python-package.ts';
import { describeWith, requires, ROOT } from './support/requirement.ts';
import { tempDir } from './support/temp.ts';

const run = promisify(execFile);
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

type Service = {
  readonly image?: string;
  readonly build?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, null>>;
};

describe('compose.yaml', () => {
  const compose = parse(text('compose.yaml'), { merge: true }) as Compose;
  const services = Object.entries(compose.services);

  test.each(services)('%s can write to its volumes only, and gains no right', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.cap_add).toBeUndefined();
    expect(service.privileged).toBeUndefined();
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.volumes?.filter((volume) => volume.includes('docker.sock'))).toEqual([]);
  });

  test('only the proxy has a port on the machine, and only on loopback', () => {
    const published = services.filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name, { ports }]) => [name, ports])).toEqual([['countersign', ['127.0.0.1:8080:8080']]]);
  });

  test('P1 nobody goes around the proxy: each server behind it is alone with it on a network without a way out', () => {
    const { countersign, secrets, ...behind } = compose.services;
    expect(secrets?.network_mode).toBe('none');
    for (const [name, { networks = [] }] of Object.entries(behind)) {
      expect(networks, name).toHaveLength(1);
      expect(compose.networks[networks[0] ?? ''], name).toEqual({ internal: true });
      expect(Object.entries(behind).filter(([, other]) => other.networks?.[0] === networks[0])).toHaveLength(1);
      expect(countersign?.networks).toContain(networks[0]);
    }
  });

  test('only the one-time maker of the passwords is root, and it ends before the others start', () => {
    const root = services.filter(([, { user }]) => user?.startsWith('0') === true || user === 'root');
    expect(root.map(([name]) => name)).toEqual(['secrets']);
    for (const name of ['countersign', 'verdaccio', 'devpi']) {
      expect(compose.services[name]?.depends_on?.['secrets']).toEqual({ condition: 'service_completed_successfully' });
    }
  });

  test('no secret is in it: not in a variable, not in a command', () => {
    const variables = services.flatMap(([, { environment = {} }]) => Object.keys(environment));
    expect(variables.toSorted()).toEqual(['COUNTERSIGN_NPM_URL', 'COUNTERSIGN_PYPI_URL']);
    expect(text('compose.yaml')).not.toMatch(/password\s*[:=]|requirepass/i);
  });

  test('everything has a health check, by its own or by its image', () => {
    for (const [name, { healthcheck, build }] of services) {
      if (name === 'secrets') continue;
      const ofImage = build !== undefined && /^HEALTHCHECK /m.test(text(join(build, 'Dockerfile')));
      expect(healthcheck?.test !== undefined || ofImage, name).toBe(true);
    }
  });

  test('the proxy is given more time to stop than it takes', () => {
    expect(compose.services['countersign']?.stop_grace_period).toBe('35s');
    expect(text('deploy/countersign.yaml')).not.toContain('shutdown_grace');
  });

  test('every volume it names and every path it mounts is there, and those of the checkout cannot be written to', () => {
    for (const volume of services.flatMap(([, { volumes = [] }]) => volumes)) {
      const [source = '', , mode] = volume.split(':');
      if (!source.startsWith('./')) expect(Object.keys(compose.volumes)).toContain(source);
      else expect([existsSync(join(ROOT, source)), mode]).toEqual([true, 'ro']);
    }
  });
});

describe('the Redis of the chart and of the manifests', () => {
  test.each(['deploy/kubernetes/redis.yaml', 'deploy/helm/countersign/templates/redis.yaml'])(
    "RED-10 %s gives Countersign's account the rights that docs/operations.md lists, no more and no less",
    (path) => {
      const [, rights = ''] = /ACL SETUSER proxy on >… (~.*)$/m.exec(text('docs/operations.md')) ?? [];
      expect(rights).toContain('-@all');
      expect(text(path)).toContain(`"user countersign on #$hash ${rights}"`);
    },
  );
});

describeWith('python')('deploy/devpi', () => {
  const pins = (path: string): string[] =>
    text(path)
      .split('\n')
      .flatMap((line) => /^[\w.-]+==\S+/.exec(line)?.[0] ?? []);

  test('requirements.txt has the versions that the tests run, and all that devpi-server needs', async () => {
    const pinned = pins('deploy/devpi/requirements.txt');
    const tested = pins('test/clients/requirements.txt');
    expect(pinned.filter((pin) => !tested.includes(pin))).toEqual([]);
    const { stdout } = await run(requires('python'), ['-c', CLOSURE], { env: plainEnv() });
    const names = pinned.map((pin) => pin.split('==')[0]);
    expect((JSON.parse(stdout) as string[]).filter((name) => !names.includes(name))).toEqual([]);
  });
});

// The names that devpi-server needs on this Python, with their needs. pyramid imports setuptools' pkg_resources.
const CLOSURE = `
import json
from importlib.metadata import requires
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
todo, seen = [("devpi-server", ""), ("setuptools", "")], set()
while todo:
    name, extra = todo.pop()
    if (name, extra) in seen: continue
    seen.add((name, extra))
    for line in requires(name) or []:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": extra}):
            todo += [(canonicalize_name(need.name), each) for each in ["", *need.extras]]
print(json.dumps(sorted({name for name, _ in seen})))
`;

describe('deploy/secrets.mjs', () => {
  test('makes every password once, and gives each reader only its own', async () => {
    const folder = tempDir('secrets');
    const make = async (): Promise<Record<string, string>> => {
      await run(requires('node'), [join(ROOT, 'deploy/secrets.mjs'), folder, 'verdaccio', 'devpi'], { env: plainEnv() });
      const names = ['proxy/verdaccio', 'proxy/devpi', 'verdaccio/htpasswd', 'devpi/svc'];
      return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    };
    const first = await make();
    expect(first['proxy/verdaccio']).toMatch(/^[0-9a-f]{64}$/);
    expect(first['proxy/verdaccio']).not.toBe(first['proxy/devpi']);
    expect(first['devpi/svc']).toBe(first['proxy/devpi']);
    expect(first['verdaccio/htpasswd']).toMatch(/^svc:\{SHA\}[\w+/]{27}=\n$/);
    expect(await make()).toEqual(first);
    // A password of the operator's own reaches both sides at the next start.
    writeFileSync(join(folder, 'proxy/devpi'), 'chosen-by-the-operator\n');
    expect((await make())['devpi/svc']).toBe('chosen-by-the-operator');
  });
});

describeWith(
  'redis-server',
  'redis-cli',
  'verdaccio',
  'devpi-server',
  'npm-12',
  'twine',
)('the stack of compose.yaml', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  }, 180_000);
  afterAll(async () => {
    await stack?.close();
  });

  const login = (password: string): { username: string; password: string } => ({ username: 'svc', password });

  test('deploy/countersign.yaml passes `countersign check` in the environment that compose.yaml gives it', async () => {
    expect(await stack.check()).toMatch(/^\S+ is valid: 2 registries, 1 issuer, 1 publisher\. /);
  });

  test('Verdaccio refuses anonymous publishes and registrations, and takes the service account', async () => {
    const publish = (npmrc: string) =>
      publishNpm('npm-12', npmPackage('direct').folder, {
        registry: stack.verdaccio,
        npmrc: npmrc.replace('//', stack.verdaccio.slice(5)),
      });
    const anonymous = await publish('//:_authToken=nothing');
    expect(anonymous.code, anonymous.output).not.toBe(0);
    const register = await fetch(`${stack.verdaccio}-/user/org.couchdb.user:eve`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'eve', password: 'eves-long-password' }),
    });
    expect(register.status).toBe(409);
    const basic = Buffer.from(`svc:${stack.secret('proxy/verdaccio')}`).toString('base64');
    const service = await publish(`//:_auth=${basic}`);
    expect(service, service.output).toMatchObject({ code: 0 });
  });

  test('devpi refuses anonymous uploads, accounts and settings, and takes the service account for uploads alone', async () => {
    const index = `${stack.devpi}svc/prod/`;
    const { files } = pythonPackage('direct');
    const form = new FormData();
    for (const [field, value] of Object.entries({ ':action': 'file_upload', name: 'direct', version: '1.0.0' })) form.set(field, value);
    form.set('content', new Blob(['bytes']), 'direct-1.0.0.tar.gz');
    const anonymous = await fetch(index, { method: 'POST', body: form });
    expect(anonymous.status).toBe(401);
    const stranger = await publishPython('twine', files, { url: index, login: { username: 'eve', password: 'x' } });
    expect(stranger.code, stranger.output).not.toBe(0);
    const password = stack.secret('proxy/devpi');
    const json = { 'content-type': 'application/json' };
    const basic = { ...json, authorization: `Basic ${Buffer.from(`svc:${password}`).toString('base64')}` };
    const account = await fetch(`${stack.devpi}eve`, { method: 'PUT', headers: json, body: '{"password":"x"}' });
    expect(account.status).toBe(403);
    const volatile = await fetch(index, { method: 'PATCH', headers: basic, body: '["volatile=True"]' });
    expect(volatile.status).toBe(403);
    const root = await fetch(`${stack.devpi}+login`, { method: 'POST', headers: json, body: '{"user":"root","password":""}' });
    expect(root.status).toBe(401);
    const service = await publishPython('twine', files, { url: index, login: login(password) });
    expect(service, service.output).toMatchObject({ code: 0 });
    const settings = (await (await fetch(index, { headers: { accept: 'application/json' } })).json()) as { result: object };
    expect(settings.result).toMatchObject({ volatile: false, acl_upload: ['svc'], bases: [] });
  });

  test('npm publishes through the proxy as a job, and installs from it', async () => {
    const name = '@your-organisation/your-package';
    const published = await publishNpm('npm-12', npmPackage(name).folder, { registry: stack.url, env: stack.issuer.githubEnv(stack.job) });
    expect(published, published.output).toMatchObject({ code: 0 });
    const folder = tempDir('install');
    writeFileSync(join(folder, 'package.json'), '{}');
    const installed = await runClient('npm-12', ['install', name], { cwd: folder, npmrc: `registry=${stack.url}\n` });
    expect(installed, installed.output).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'node_modules', name, 'index.js'), 'utf8')).toContain('1.0.0');
  });

  test('twine publishes through the proxy with an upload token, and pip installs from it', async () => {
    const token = stack.issuer.sign({ ...stack.issuer.githubClaims(stack.job), aud: new URL(stack.url).host });
    const answer = await fetch(`${stack.url}_/oidc/mint-token`, { method: 'POST', body: JSON.stringify({ token }) });
    const minted = (await answer.json()) as { token: string };
    const { files } = pythonPackage('your-project');
    const url = `${stack.url}svc/prod/`;
    const uploaded = await publishPython('twine', files, { url, login: { username: '__token__', password: minted.token } });
    expect(uploaded, uploaded.output).toMatchObject({ code: 0 });
    const folder = tempDir('download');
    const pip = ['-m', 'pip', 'download', '--no-deps', '--index-url', `${url}+simple/`, '--dest', folder, 'your-project'];
    const downloaded = await runClient('python', pip);
    expect(downloaded, downloaded.output).toMatchObject({ code: 0 });
  });

  test('devpi starts again on its data with another password, and only that one is valid then', async () => {
    const old = stack.secret('proxy/devpi');
    await stack.restartDevpi('another-password');
    const { files } = pythonPackage('direct', '2.0.0');
    const upload = (password: string) => publishPython('twine', files, { url: `${stack.devpi}svc/prod/`, login: login(password) });
    expect((await upload(old)).code).not.toBe(0);
    expect(await upload('another-password')).toMatchObject({ code: 0 });
    // devpi hashes with half a gigabyte before it listens: 10 s, several times that on a busy machine.
  }, 150_000);
});
