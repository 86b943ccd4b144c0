// A real Verdaccio with its own folder: one user who alone may publish, no self-registration, anonymous reads, no uplinks.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './ports.ts';
import { answers, plainEnv, startServer } from './process.ts';
import type { RunningServer } from './process.ts';
import { requires } from './components.ts';
import { basic, SERVICE } from './service-user.ts';
import { removeTempDir, tempDir } from './temp.ts';

export type VerdaccioServer = {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  readonly port: number;
  /** Where packages lie on disk. */
  readonly storage: string;
  /** The packument read without credentials, or undefined when there is no such package. */
  packument(name: string): Promise<Record<string, unknown> | undefined>;
  /** Logs a user in, the service user unless said; a JWT with `jwt: true`, else a legacy token. */
  login(user?: User): Promise<string>;
  output(): string;
  server(): RunningServer;
  close(): Promise<void>;
};

export type User = { readonly username: string; readonly password: string };

export type VerdaccioOptions = {
  /** `security.api.jwt` instead of the default legacy tokens. */
  readonly jwt?: boolean;
  /** Life of those tokens, such as `'5s'`; one hour unless said. */
  readonly jwtLife?: string;
  /** Users beside the service user who may read and publish. */
  readonly people?: readonly User[];
  /** Packages are read by their publishers only. */
  readonly closed?: boolean;
  /** Verdaccio's `max_body_size`, such as `'1mb'`; its own default is 10mb. */
  readonly maxBodySize?: string;
  /** As Verdaccio is without a thought: anybody makes himself an account, and whoever `publish` names may publish. */
  readonly open?: { readonly publish: '$all' | '$authenticated' };
  readonly urlPrefix?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
};

/** Starts Verdaccio from node_modules on a free port. */
export async function startVerdaccio(options: VerdaccioOptions = {}): Promise<VerdaccioServer> {
  const dir = tempDir('verdaccio');
  const storage = join(dir, 'storage');
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}/`;
  // {SHA} and not bcrypt: 78 ms of CPU less per request (facts: Verdaccio hashes on every one).
  const users = [SERVICE, ...(options.people ?? [])].map(({ username, password }) => `${username}:{SHA}${sha1(password)}\n`);
  writeFileSync(join(dir, 'htpasswd'), users.join(''));
  const config = join(dir, 'config.yaml');
  writeFileSync(config, stringify(configuration(options, dir, storage)));
  const server = await startServer({
    name: 'Verdaccio',
    command: requires('node'),
    args: [requires('verdaccio'), '--config', config, '--listen', `127.0.0.1:${port}`],
    cwd: dir,
    env: plainEnv({ HOME: dir, ...options.env }),
    ready: () => answers(`${url}-/ping`),
  });
  return {
    url,
    port,
    storage,
    async packument(name) {
      const response = await fetch(url + name.replace('/', '%2f'));
      const body = (await response.json()) as Record<string, unknown>;
      return response.status === 404 ? undefined : body;
    },
    login: (user = SERVICE) => login(url, user),
    output: () => server.output(),
    server: () => server,
    async close() {
      await server.stop();
      removeTempDir(dir);
    },
  };
}

function configuration(options: VerdaccioOptions, dir: string, storage: string): Record<string, unknown> {
  const publishers = [SERVICE, ...(options.people ?? [])].map((user) => user.username).join(' ');
  const access = {
    access: options.closed === true ? publishers : '$all',
    publish: options.open?.publish ?? publishers,
    unpublish: publishers,
  };
  return {
    storage,
    auth: { htpasswd: { file: join(dir, 'htpasswd'), ...(options.open === undefined ? { max_users: -1 } : {}) } },
    packages: { '@*/*': access, '**': access },
    uplinks: {},
    web: { enable: false },
    log: { type: 'stdout', format: 'json', level: 'http' },
    ...(options.maxBodySize === undefined ? {} : { max_body_size: options.maxBodySize }),
    ...(options.urlPrefix === undefined ? {} : { url_prefix: options.urlPrefix }),
    ...(options.jwt === true ? { security: { api: { legacy: false, jwt: { sign: { expiresIn: options.jwtLife ?? '1h' } } } } } : {}),
  };
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

async function login(url: string, { username, password }: User): Promise<string> {
  const response = await fetch(`${url}-/user/org.couchdb.user:${username}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: basic(username, password) },
    body: JSON.stringify({ name: username, password }),
  });
  const body = (await response.json()) as { token?: string };
  if (body.token === undefined) throw new Error(`Verdaccio did not log ${username} in: ${response.status}`);
  return body.token;
}
