// A real pypiserver: only the htpasswd user svc may upload; everybody may read.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { simpleFiles } from './devpi.ts';
import { freePort } from './ports.ts';
import { answers, plainEnv, startServer, type RunningServer } from './process.ts';
import { requires } from './components.ts';
import { SERVICE } from './service-user.ts';
import { removeTempDir, tempDir } from './temp.ts';

export type PypiServer = {
  /** `http://127.0.0.1:<port>/`, which is also the upload address. */
  readonly url: string;
  readonly port: number;
  /** The files stored on disk. */
  stored(): string[];
  /** The bytes of a stored file. */
  read(file: string): Buffer;
  /** File names of a project on the simple index. */
  files(project: string): Promise<string[]>;
  output(): string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Starts again on the same port and folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/** Starts pypiserver on a free port; `overwrite` lets a second upload replace a file. */
export async function startPypiserver(options: { readonly overwrite?: boolean } = {}): Promise<PypiServer> {
  const dir = tempDir('pypiserver');
  const packages = join(dir, 'packages');
  mkdirSync(packages);
  const htpasswd = join(dir, 'htpasswd');
  const hash = createHash('sha1').update(SERVICE.password).digest('base64');
  writeFileSync(htpasswd, `${SERVICE.username}:{SHA}${hash}\n`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const listen = ['--interface', '127.0.0.1', '--port', `${port}`, '--disable-fallback'];
  const access = ['--passwords', htpasswd, '--authenticate', 'update', ...(options.overwrite ? ['--overwrite'] : [])];
  const start = (): Promise<RunningServer> =>
    startServer({
      name: 'pypiserver',
      command: requires('pypi-server'),
      args: ['run', ...listen, ...access, packages],
      cwd: dir,
      env: plainEnv({ HOME: dir }),
      ready: () => answers(`${url}health`),
    });
  let server = await start();
  const kill = async (): Promise<void> => {
    server.signal('SIGKILL');
    await server.exited;
  };
  return {
    url,
    port,
    stored: () => readdirSync(packages).filter((name) => !name.startsWith('.')),
    files: (project) => simpleFiles(`${url}simple/${project}/`),
    read: (file) => readFileSync(join(packages, file)),
    output: () => server.output(),
    kill,
    async restart() {
      await kill();
      server = await start();
    },
    async close() {
      await server.stop();
      removeTempDir(dir);
    },
  };
}
