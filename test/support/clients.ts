// Runs the real publishing clients, each in a fresh home with an empty cache and nothing inherited from this machine.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { adopt, plainEnv } from './process.ts';
import { locate, requires } from './components.ts';
import { removeTempDir, tempDir } from './temp.ts';

export const NPM_CLIENTS = ['npm-11.5', 'npm-11.19', 'npm-12', 'pnpm-11', 'pnpm-12', 'yarn-4'] as const;
export const PYTHON_CLIENTS = ['uv', 'pdm', 'maturin', 'twine'] as const;

export type NpmClient = (typeof NPM_CLIENTS)[number];
export type PythonClient = (typeof PYTHON_CLIENTS)[number];
/** `npm` is the demo's own, from node_modules. */
export type ClientName = NpmClient | PythonClient | 'npm' | 'node' | 'curl' | 'python';

export type ClientOptions = {
  readonly cwd?: string;
  /** Added to the clean environment, such as what `issuer.githubEnv()` gives. */
  readonly env?: Readonly<Record<string, string>>;
  /** The user's .npmrc. */
  readonly npmrc?: string;
  /** A home folder to keep between runs; default: a fresh one, removed afterwards. */
  readonly home?: string;
  /** Milliseconds until the client is killed; default 60 000. */
  readonly timeoutMs?: number;
};

export type ClientRun = {
  /** Exit code; -1 when it was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout and stderr in the order they came. */
  readonly output: string;
};

/** Runs a client and gives what it printed; a non-zero exit is a result, not an exception. */
export async function runClient(name: ClientName, args: readonly string[], options: ClientOptions = {}): Promise<ClientRun> {
  const home = options.home ?? tempDir('home');
  writeFileSync(join(home, '.npmrc'), `update-notifier=false\n${options.npmrc ?? ''}\n`);
  const path = requires(name);
  const script = /\.m?js$/.test(path);
  const child = spawn(script ? requires('node') : path, script ? [path, ...args] : args, {
    cwd: options.cwd ?? home,
    env: { ...cleanEnv(home), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    detached: true,
  });
  adopt(child);
  const run = { code: -1, stdout: '', stderr: '', output: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      run[stream] += text;
      run.output += text;
    });
  }
  run.code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
  if (options.home === undefined) removeTempDir(home);
  return run;
}

function cleanEnv(home: string): Record<string, string> {
  const node = dirname(requires('node'));
  const python = locate('python');
  const first = python === undefined ? node : node + delimiter + dirname(python);
  const temp = join(home, 'tmp');
  mkdirSync(temp, { recursive: true });
  return plainEnv({
    PATH: first + delimiter + (process.env['PATH'] ?? ''),
    HOME: home,
    TMPDIR: temp,
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    NO_COLOR: '1',
    NO_UPDATE_NOTIFIER: '1',
    YARN_ENABLE_TELEMETRY: '0',
    PDM_CHECK_UPDATE: '0',
    PDM_USE_VENV: '0',
    PDM_IGNORE_SAVED_PYTHON: '1',
    PYTHON_KEYRING_BACKEND: 'keyring.backends.null.Keyring',
  });
}

export type NpmPublish = ClientOptions & {
  /** Registry address; with a trailing slash, as users should write it. */
  readonly registry: string;
  /** More arguments, such as `['--tag', 'next']`. */
  readonly args?: readonly string[];
};

/** Publishes the package in `folder` with any npm-side client, configured by nothing but the registry's address. */
export function publishNpm(client: NpmClient, folder: string, options: NpmPublish): Promise<ClientRun> {
  if (client === 'yarn-4') return publishYarn(folder, options);
  const more = options.args ?? [];
  const npmrc = `registry=${options.registry}\n${options.npmrc ?? ''}`;
  const args = client.startsWith('pnpm') ? ['publish', '--no-git-checks', ...more] : ['publish', ...more];
  return runClient(client, args, { ...options, npmrc, cwd: folder });
}

async function publishYarn(folder: string, options: NpmPublish): Promise<ClientRun> {
  const env = {
    CI: 'true',
    YARN_NPM_REGISTRY_SERVER: options.registry.replace(/\/$/, ''),
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    ...options.env,
  };
  if (!existsSync(join(folder, 'yarn.lock'))) {
    // yarn publishes nothing but a workspace of its lock file, and takes a parent folder for the project without one.
    writeFileSync(join(folder, 'yarn.lock'), '');
    const install = { cwd: folder, env: { YARN_ENABLE_IMMUTABLE_INSTALLS: '0', YARN_ENABLE_GLOBAL_CACHE: '0' } };
    const installed = await runClient('yarn-4', ['install'], install);
    if (installed.code !== 0) throw new Error(`yarn install: ${installed.output}`);
  }
  return runClient('yarn-4', ['npm', 'publish', ...(options.args ?? [])], { ...options, cwd: folder, env });
}

export type PythonPublish = ClientOptions & {
  /** The upload address of the index. */
  readonly url: string;
  /** Name and password; without them the client tries trusted publishing (uv, pdm, maturin). */
  readonly login?: { readonly username: string; readonly password: string };
  readonly args?: readonly string[];
};

/**
 * Uploads distribution files with any Python client. pdm takes them from `dist/` of `options.cwd`, the project's folder;
 * maturin and uv are given the paths.
 */
export function publishPython(client: PythonClient, files: readonly string[], options: PythonPublish): Promise<ClientRun> {
  const { username, password } = options.login ?? {};
  const more = options.args ?? [];
  const login = (user: string, secret: string): string[] =>
    username === undefined || password === undefined ? [] : [user, username, secret, password];
  const named = login('--username', '--password');
  const commands: Record<PythonClient, string[]> = {
    twine: ['upload', '--non-interactive', '--disable-progress-bar', '--repository-url', options.url, ...named],
    uv: ['publish', '--publish-url', options.url, ...named],
    pdm: ['publish', '--no-build', '--repository', options.url, ...named],
    maturin: ['upload', '--repository-url', options.url, '--non-interactive', ...named],
  };
  const paths = client === 'pdm' ? [] : files;
  return runClient(client, [...commands[client], ...more, ...paths], options);
}
