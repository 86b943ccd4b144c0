// A real devpi-server: user svc with an index svc/dev where files may be replaced and one svc/prod where they may not.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';
import { adopt, answers, plainEnv, startServer } from './process.ts';
import { requires } from './components.ts';
import { SERVICE } from './service-user.ts';
import { removeTempDir, tempDir } from './temp.ts';

const run = promisify(execFile);
const ROOT_PASSWORD = 'root-secret-of-devpi';

export type DevpiServer = {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  readonly port: number;
  /** Upload address of svc/dev (volatile: a second file of the same name replaces the first). */
  readonly dev: string;
  /** Upload address of svc/prod (not volatile). */
  readonly prod: string;
  /** File names of a project as the simple index of `dev` or `prod` lists them. */
  files(index: 'dev' | 'prod', project: string): Promise<string[]>;
  /** devpi's own administration: JSON in, JSON out, as `root` unless told otherwise. */
  api(method: string, path: string, body?: unknown, as?: { username: string; password: string }): Promise<unknown>;
  output(): string;
  close(): Promise<void>;
};

/** Initialises a fresh server folder and starts devpi on a free port (about three seconds). */
export async function startDevpi(): Promise<DevpiServer> {
  const dir = tempDir('devpi');
  const serverdir = join(dir, 'server');
  const env = plainEnv({ HOME: dir });
  const init = ['--serverdir', serverdir, '--no-root-pypi', '--root-passwd', ROOT_PASSWORD];
  const initialising = run(requires('devpi-init'), init, { env });
  adopt(initialising.child);
  await initialising;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const listen = ['--host', '127.0.0.1', '--port', `${port}`, '--threads', '8', '--offline-mode'];
  const server = await startServer({
    name: 'devpi-server',
    command: requires('devpi-server'),
    args: ['--serverdir', serverdir, ...listen],
    cwd: dir,
    env,
    ready: () => answers(`${url}+api`),
  });
  const root = { username: 'root', password: ROOT_PASSWORD };
  const api: DevpiServer['api'] = (method, path, body, as = root) => call(url, method, path, body, as);
  await api('PUT', 'svc', { password: SERVICE.password, email: 'svc@registry.example' });
  await api('PUT', 'svc/dev', { bases: [], volatile: true, acl_upload: ['svc'] }, SERVICE);
  await api('PUT', 'svc/prod', { bases: [], volatile: false, acl_upload: ['svc'] }, SERVICE);
  return {
    url,
    port,
    dev: `${url}svc/dev/`,
    prod: `${url}svc/prod/`,
    files: (index, project) => simpleFiles(`${url}svc/${index}/+simple/${project}/`),
    api,
    output: () => server.output(),
    async close() {
      await server.stop();
      removeTempDir(dir);
    },
  };
}

async function call(
  url: string,
  method: string,
  path: string,
  body: unknown,
  as: { readonly username: string; readonly password: string },
): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`${as.username}:${as.password}`).toString('base64')}`;
  const headers = { accept: 'application/json', 'content-type': 'application/json', authorization };
  const init: RequestInit = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(url + path, { method, headers, ...init });
  const text = await response.text();
  if (!response.ok) throw new Error(`devpi: ${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as unknown;
}

/** The file names on a PEP 503 project page; none when there is no such page. */
export async function simpleFiles(url: string): Promise<string[]> {
  const response = await fetch(url, { headers: { accept: 'text/html' } });
  const page = await response.text();
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return [...page.matchAll(/<a\b[^>]*>([^<]+)<\/a>/g)].map((match) => match[1] ?? '').filter((name) => name !== '');
}
