// A real Verdaccio with its own folder: one user who alone may publish, no self-registration, anonymous reads, no uplinks.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './ports.ts';
import { answers, plainEnv, startServer } from './process.ts';
import type { RunningServer } from './process.ts';
import { requires } from './components.ts';
import { SERVICE, serviceBasic } from './service-user.ts';
import { removeTempDir, tempDir } from './temp.ts';

export type VerdaccioServer = {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  readonly port: number;
  /** Where packages lie on disk. */
  readonly storage: string;
  /** The packument read without credentials, or undefined when there is no such package. */
  packument(name: string): Promise<Record<string, unknown> | undefined>;
  /** Logs the service user in; a JWT with `jwt: true`, else a legacy token. */
  login(): Promise<string>;
  output(): string;
  server(): RunningServer;
  close(): Promise<void>;
};

export type VerdaccioOptions = {
  /** `security.api.jwt` instead of the default legacy tokens. */
  readonly jwt?: boolean;
  /** Verdaccio's `max_body_size`, such as `'1mb'`; its own default is 10mb. */
  readonly maxBodySize?: string;
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
  writeFileSync(join(dir, 'htpasswd'), `${SERVICE.username}:{SHA}${sha1(SERVICE.password)}\n`);
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
    login: () => login(url),
    output: () => server.output(),
    server: () => server,
    async close() {
      await server.stop();
      removeTempDir(dir);
    },
  };
}

function configuration(options: VerdaccioOptions, dir: string, storage: string): Record<string, unknown> {
  const access = { access: '$all', publish: SERVICE.username, unpublish: SERVICE.username };
  return {
    storage,
    auth: { htpasswd: { file: join(dir, 'htpasswd'), max_users: -1 } },
    packages: { '@*/*': access, '**': access },
    uplinks: {},
    web: { enable: false },
    log: { type: 'stdout', format: 'json', level: 'http' },
    ...(options.maxBodySize === undefined ? {} : { max_body_size: options.maxBodySize }),
    ...(options.urlPrefix === undefined ? {} : { url_prefix: options.urlPrefix }),
    ...(options.jwt === true ? { security: { api: { legacy: false, jwt: { sign: { expiresIn: '1h' } } } } } : {}),
  };
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

async function login(url: string): Promise<string> {
  const response = await fetch(`${url}-/user/org.couchdb.user:${SERVICE.username}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: serviceBasic() },
    body: JSON.stringify({ name: SERVICE.username, password: SERVICE.password }),
  });
  const body = (await response.json()) as { token?: string };
  if (body.token === undefined) throw new Error(`Verdaccio did not log svc in: ${response.status}`);
  return body.token;
}
