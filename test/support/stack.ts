// What `docker compose up` starts, as plain processes: the same commands and mounted files, with this machine's addresses.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { requires, ROOT } from './components.ts';
import { startIssuer, type CiIssuer } from './issuer.ts';
import { freePorts } from './ports.ts';
import { answers, plainEnv, startServer, type RunningServer } from './process.ts';
import { pastEpoch } from './proxy.ts';
import { startRedis } from './redis.ts';
import { tempDir } from './temp.ts';

const run = promisify(execFile);

export type Stack = {
  /** The proxy, where npm's registry is; the Python index is below it at `svc/prod/`. */
  readonly url: string;
  readonly verdaccio: string;
  readonly devpi: string;
  readonly issuer: CiIssuer;
  /** Claims of a job that the example publisher matches. */
  readonly job: Readonly<Record<string, string>>;
  /** What is in a file of the secret volumes. */
  secret(name: string): string;
  /** Runs `countersign check` on the policy as it is mounted, but for the folder of the secrets, and gives what it prints. */
  check(): Promise<string>;
  restartDevpi(password: string): Promise<void>;
  close(): Promise<void>;
};

/** Starts all of it. The secrets come from deploy/secrets.mjs, as in compose.yaml. */
export async function startStack(): Promise<Stack> {
  const folder = tempDir('stack');
  const secrets = join(folder, 'secrets');
  await run(requires('node'), [join(ROOT, 'deploy/secrets.mjs'), secrets, 'verdaccio', 'devpi'], { env: plainEnv() });
  const [npmPort = 0, pythonPort = 0, port = 0, adminPort = 0] = await freePorts(4);
  const verdaccio = `http://127.0.0.1:${npmPort}/`;
  const devpi = `http://127.0.0.1:${pythonPort}/`;
  const index = (): Promise<RunningServer> => startIndex(folder, secrets, pythonPort);
  const [issuer, redis, registry, started] = await Promise.all([
    startIssuer({ style: 'github' }),
    startRedis({ args: redisArguments() }),
    startRegistry(folder, secrets, npmPort),
    index(),
  ]);
  let python = started;
  const url = `http://localhost:${port}/`;
  const env = plainEnv({ COUNTERSIGN_NPM_URL: url, COUNTERSIGN_PYPI_URL: `${url}svc/prod/` });
  const mounted = asMounted('deploy/countersign.yaml', { '/run/secrets': join(secrets, 'proxy') });
  const policy = join(folder, 'countersign.yaml');
  writeFileSync(policy, mounted);
  const moved = join(folder, 'moved.yaml');
  const addresses = {
    '0.0.0.0:8080': `127.0.0.1:${port}`,
    '127.0.0.1:9090': `127.0.0.1:${adminPort}`,
    'redis://redis:6379/0': redis.url,
    'http://verdaccio:4873/': verdaccio,
    'http://devpi:3141/': devpi,
    '\n  github: {}\n': `\n  github: { issuer: "${issuer.issuer}", insecure: true }\n`,
  };
  writeFileSync(moved, replaceAll(mounted, addresses));
  const proxy = await startServer({
    name: 'countersign',
    command: requires('node'),
    args: [join(ROOT, 'src/main.ts'), 'serve', '--config', moved],
    env,
    ready: async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok,
  });
  await pastEpoch();
  return {
    url,
    verdaccio,
    devpi,
    issuer,
    job: exampleJob(),
    secret: (name) => readFileSync(join(secrets, name), 'utf8'),
    async check() {
      const { stdout } = await run(requires('node'), [join(ROOT, 'src/main.ts'), 'check', '--config', policy], { env });
      return stdout;
    },
    async restartDevpi(password) {
      await python.stop();
      writeFileSync(join(secrets, 'devpi/svc'), password);
      python = await index();
    },
    async close() {
      await proxy.stop();
      await Promise.all([python.stop(), registry.stop(), redis.close(), issuer.close()]);
    },
  };
}

function startRegistry(folder: string, secrets: string, port: number): Promise<RunningServer> {
  const config = join(folder, 'verdaccio.yaml');
  const places = { '/verdaccio/storage': join(folder, 'storage'), '/run/secrets': join(secrets, 'verdaccio') };
  writeFileSync(config, asMounted('deploy/verdaccio/config.yaml', places));
  return startServer({
    name: 'Verdaccio',
    command: requires('node'),
    args: [requires('verdaccio'), '--config', config, '--listen', `127.0.0.1:${port}`],
    cwd: folder,
    env: plainEnv({ HOME: folder }),
    ready: () => answers(`http://127.0.0.1:${port}/-/ping`),
  });
}

/** The script of deploy/devpi; first start makes the data, later ones go on with it. */
function startIndex(folder: string, secrets: string, port: number): Promise<RunningServer> {
  const data = join(folder, 'devpi');
  mkdirSync(data, { recursive: true });
  return startServer({
    name: 'devpi',
    command: requires('python'),
    args: [join(ROOT, 'deploy/devpi/entrypoint.py')],
    cwd: folder,
    env: plainEnv({
      HOME: data,
      PYTHONDONTWRITEBYTECODE: '1',
      DEVPI_DATA: data,
      DEVPI_PASSWORD_FILE: join(secrets, 'devpi/svc'),
      DEVPI_LISTEN: `127.0.0.1:${port}`,
    }),
    ready: () => answers(`http://127.0.0.1:${port}/+api`),
  });
}

/** The arguments that compose.yaml gives to redis-server. */
function redisArguments(): string[] {
  const compose = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: { redis: { command: string[] } };
  };
  return compose.services.redis.command.slice(1);
}

function asMounted(path: string, places: Readonly<Record<string, string>>): string {
  return replaceAll(readFileSync(join(ROOT, path), 'utf8'), places);
}

/** Every text has to be there: a file that changed must not leave the test on the addresses of the containers. */
function replaceAll(text: string, by: Readonly<Record<string, string>>): string {
  let replaced = text;
  for (const [from, to] of Object.entries(by)) {
    if (!replaced.includes(from)) throw new Error(`${JSON.stringify(from)} is not in the file`);
    replaced = replaced.replaceAll(from, to);
  }
  return replaced;
}

function exampleJob(): Record<string, string> {
  const repository = 'your-organisation/your-repository';
  const workflow = `${repository}/.github/workflows/release.yml@refs/tags/v1.0.0`;
  return {
    repository,
    repository_id: '2',
    repository_owner: 'your-organisation',
    repository_owner_id: '1',
    ref: 'refs/tags/v1.0.0',
    ref_type: 'tag',
    event_name: 'push',
    environment: 'production',
    workflow_ref: workflow,
    job_workflow_ref: workflow,
  };
}
