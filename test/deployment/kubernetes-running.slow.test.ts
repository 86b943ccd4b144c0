// What deploy/kubernetes starts, as plain processes: the Redis with its init container's script, two replicas of the program on
// the ConfigMap as the kubelet mounts it, a Verdaccio behind.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishNpm } from '../support/clients.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { npmPackage } from '../support/npm-package.ts';
import { freePorts } from '../support/ports.ts';
import { plainEnv, startServer, type RunningServer } from '../support/process.ts';
import { pastEpoch } from '../support/proxy.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { SERVICE } from '../support/service-user.ts';
import { tempDir } from '../support/temp.ts';
import { uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';
import { kustomize, mount, type Rendered } from './rendered.ts';

const run = promisify(execFile);
const job = { ...uiJob, repository_owner_id: '12', repository_id: '4711', environment: 'production' };

interface Replica {
  readonly port: number;
  readonly admin: string;
  /** The folder that is /etc/countersign. */
  readonly folder: string;
  readonly server: RunningServer;
}

describeWith(
  'kustomize',
  'redis-server',
  'redis-cli',
  'verdaccio',
  'npm-12',
)('what deploy/kubernetes starts', () => {
  let manifests: Rendered;
  let issuer: CiIssuer;
  let verdaccio: VerdaccioServer;
  let redis: RedisServer;
  let replicas: readonly Replica[] = [];
  let policyFor: (port: number, adminPort: number) => string;

  beforeAll(async () => {
    manifests = await kustomize();
    const secrets = tempDir('secrets');
    const password = 'made-by-openssl-rand';
    writeFileSync(join(secrets, 'password'), `${password}\n`);
    writeFileSync(join(secrets, 'verdaccio'), SERVICE.password);
    [issuer, verdaccio, redis] = await Promise.all([startIssuer({ style: 'github' }), startVerdaccio(), startStoreOf(manifests, secrets)]);
    const mounted = manifests.one('ConfigMap', 'countersign').data?.['countersign.yaml'] ?? '';
    policyFor = (port, adminPort) =>
      replaceAll(mounted, {
        '0.0.0.0:8080': `127.0.0.1:${port}`,
        '0.0.0.0:9090': `127.0.0.1:${adminPort}`,
        'countersign-redis:6379': `127.0.0.1:${redis.port}`,
        'http://verdaccio:4873/': verdaccio.url,
        'https://npm.acme.example/': `http://127.0.0.1:${port}/`,
        '/run/secrets/redis': secrets,
        '/run/secrets/countersign': secrets,
        '\n  github: {}\n': `\n  github: { issuer: "${issuer.issuer}", insecure: true }\n`,
      });
    const ports = await freePorts(4);
    replicas = await Promise.all([0, 2].map((at) => startReplica(ports[at] ?? 0, ports[at + 1] ?? 0, policyFor)));
    await pastEpoch();
  }, 120_000);
  afterAll(async () => {
    await Promise.all(replicas.map(({ server }) => server.stop()));
    await Promise.all([issuer?.close(), verdaccio?.close(), redis?.close()]);
  });

  const publish = (replica: Replica | undefined, version: string) =>
    publishNpm('npm-12', npmPackage('@acme/ui', version).folder, {
      registry: `http://127.0.0.1:${replica?.port}/`,
      env: issuer.githubEnv({ ...job, ref: `refs/tags/v${version}`, ...workflow(version) }),
    });

  test('RED-10 Redis lets nobody in but the account of the init container, which sees no other key', async () => {
    expect(await redis.cli('ping')).toContain('NOAUTH');
    const as = (...command: string[]): Promise<string> =>
      redis.cli('--user', 'countersign', '--pass', 'made-by-openssl-rand', '--no-auth-warning', ...command);
    expect(await as('get', '{countersign}:x')).toBe('');
    expect(await as('get', 'another-key')).toContain('NOPERM');
    expect(await as('config', 'get', 'dir')).toContain('NOPERM');
  });

  test('both replicas are ready, and a job publishes through either', async () => {
    for (const { admin } of replicas) expect((await fetch(`${admin}readyz`)).status).toBe(200);
    for (const [at, replica] of replicas.entries()) {
      const published = await publish(replica, `1.0.${at}`);
      expect(published, published.output).toMatchObject({ code: 0 });
    }
    expect(Object.keys((await verdaccio.packument('@acme/ui'))?.['versions'] ?? {})).toEqual(['1.0.0', '1.0.1']);
  });

  test('P5 a token that one replica minted is known to the other, and an identity token counts once for both', async () => {
    const [one, two] = replicas;
    const identity = issuer.sign({ ...issuer.githubClaims(job), aud: `npm:127.0.0.1` });
    const exchange = (replica: Replica | undefined) =>
      fetch(`http://127.0.0.1:${replica?.port}/-/npm/v1/oidc/token/exchange/package/@acme%2fui`, {
        method: 'POST',
        headers: { authorization: `Bearer ${identity}` },
      });
    const first = await exchange(one);
    const { token } = (await first.json()) as { token: string };
    expect([first.status, (await exchange(two)).status]).toEqual([201, 403]);
    const whoami = await fetch(`http://127.0.0.1:${two?.port}/-/whoami`, { headers: { authorization: `Bearer ${token}` } });
    expect(whoami.status).toBe(200);
  });

  test('P6 FLT-29 a new ConfigMap is in force on both without a restart', async () => {
    const before = replicas.map(({ server }) => server.pid);
    for (const replica of replicas) {
      const port = Number(new URL(replica.admin).port);
      replaceMount(replica.folder, 2, { 'countersign.yaml': policyFor(replica.port, port).replace('"@acme/ui"', '"@acme/other"') });
    }
    for (const replica of replicas) {
      await expect.poll(() => replica.server.output(), { timeout: 30_000 }).toContain('"outcome":"reloaded"');
      const refused = await publish(replica, '1.0.9');
      expect(refused.code, refused.output).not.toBe(0);
    }
    expect(replicas.map(({ server }) => server.pid)).toEqual(before);
  });

  test('P9 SIGTERM after the pause: the pod ends with 0 within the time that the kubelet gives it', async () => {
    const [{ server } = { server: undefined }] = replicas;
    server?.signal('SIGTERM');
    expect(await server?.exited).toBe(0);
  });
});

const workflow = (version: string) => {
  const ref = `acme/ui/.github/workflows/release.yml@refs/tags/v${version}`;
  return { workflow_ref: ref, job_workflow_ref: ref };
};

/** The script of the init container and the arguments of the container, with this machine's folders. */
async function startStoreOf(manifests: Rendered, secrets: string): Promise<RedisServer> {
  const pod = manifests.one('StatefulSet', 'countersign-redis').spec?.template?.spec;
  const [account] = pod?.initContainers ?? [];
  const [server] = pod?.containers ?? [];
  const folder = tempDir('redis-account');
  const script = replaceAll(account?.args?.[0] ?? '', { '/run/secrets': secrets, '/run/redis': folder });
  const [shell = '', ...flags] = account?.command ?? [];
  await run(shell, [...flags, script], { env: plainEnv() });
  const acl = readFileSync(join(folder, 'users.acl'), 'utf8');
  expect(acl).not.toContain('made-by-openssl-rand');
  const args = (server?.args ?? []).slice(2).map((arg) => arg.replace('/run/redis', folder));
  expect(server?.args?.slice(0, 2)).toEqual(['--dir', '/data']);
  return startRedis({ args });
}

async function startReplica(port: number, adminPort: number, policy: (port: number, adminPort: number) => string): Promise<Replica> {
  const folder = tempDir('etc-countersign');
  mkdirSync(folder, { recursive: true });
  replaceMount(folder, 1, { 'countersign.yaml': policy(port, adminPort) });
  const admin = `http://127.0.0.1:${adminPort}/`;
  const server = await startServer({
    name: 'countersign',
    command: requires('node'),
    args: [join(ROOT, 'src/main.ts'), 'serve'],
    env: plainEnv({ COUNTERSIGN_CONFIG: join(folder, 'countersign.yaml') }),
    ready: async () => (await fetch(`${admin}readyz`)).ok,
  });
  return { port, admin, folder, server };
}

/** Puts another revision of the files in place as the kubelet does: the link `..data` is replaced, in one step. */
function replaceMount(folder: string, revision: number, files: Readonly<Record<string, string>>): void {
  symlinkSync(mount(folder, revision, files), join(folder, '..data_new'));
  renameSync(join(folder, '..data_new'), join(folder, '..data'));
  if (revision === 1) for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(folder, name));
}

/** Every text has to be there: a file that changed must not leave the test on the addresses of the cluster. */
function replaceAll(text: string, by: Readonly<Record<string, string>>): string {
  let replaced = text;
  for (const [from, to] of Object.entries(by)) {
    if (!replaced.includes(from)) throw new Error(`${JSON.stringify(from)} is not there`);
    replaced = replaced.replaceAll(from, to);
  }
  return replaced;
}
