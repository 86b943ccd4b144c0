// Everything the demo runs, on free loopback ports: CI issuers, a real Verdaccio, a Python index, Countersign itself.
import { join } from 'node:path';
import type { AuditEvent } from '../../src/audit/event.ts';
import { locate, requires, ROOT } from '../../test/support/components.ts';
import { startIssuer, type CiIssuer } from '../../test/support/issuer.ts';
import { freePorts } from '../../test/support/ports.ts';
import { plainEnv, startServer, type RunningServer } from '../../test/support/process.ts';
import { startPypiserver } from '../../test/support/pypiserver.ts';
import { SERVICE } from '../../test/support/service-user.ts';
import { startVerdaccio, type VerdaccioServer } from '../../test/support/verdaccio.ts';
import { historyPolicy } from './history/policy.ts';

/** The policy that the demo runs on, as it is shipped. */
export const POLICY = join(ROOT, 'config', 'countersign.yaml');

export type PythonIndex = {
  readonly program: string;
  /** Upload address. */
  readonly upload: string;
  /** Path of the simple index below the upload address. */
  readonly simple: string;
  close(): Promise<void>;
};

export type Stage = {
  readonly github: CiIssuer;
  readonly verdaccio: VerdaccioServer;
  /** Undefined where there is no Python. */
  readonly python: PythonIndex | undefined;
  /** Public address of the npm registry, and the origin of all. */
  readonly npm: string;
  /** Public address of the Python index. */
  readonly pypi: string;
  readonly admin: string;
  /** Audit events since the start, oldest first. */
  audit(): AuditEvent[];
  close(): Promise<void>;
};

/** Starts all of it; what was started is closed again when one of them fails. @param history with a made-up month in the record */
export async function setStage(history: boolean): Promise<Stage> {
  const closers: (() => Promise<void>)[] = [];
  const own = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    closers.push(() => started.close());
    return started;
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(closers.toReversed().map((closer) => closer()));
  };
  try {
    const started = await Promise.allSettled([
      own(startIssuer({ style: 'github' })),
      own(startIssuer({ style: 'gitlab' })),
      own(startIssuer({ style: 'generic' })),
      own(startVerdaccio()),
      pythonIndex().then((index) => (index === undefined ? undefined : own(Promise.resolve(index)))),
    ]);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const [github, gitlab, jenkins, verdaccio, python] = started.map((result) => (result as PromiseFulfilledResult<unknown>).value) as [
      CiIssuer,
      CiIssuer,
      CiIssuer,
      VerdaccioServer,
      PythonIndex | undefined,
    ];
    const [port = 0, adminPort = 0, nothing = 0] = await freePorts(3);
    const npm = `http://127.0.0.1:${port}/`;
    // A host name of its own: the pages of pypiserver link to the root of the host.
    const pypi = npm.replace('127.0.0.1', 'localhost');
    const admin = `http://127.0.0.1:${adminPort}/`;
    const server = await startCountersign(admin, history, {
      COUNTERSIGN_DEMO: 'true',
      COUNTERSIGN_LISTEN: `127.0.0.1:${port}`,
      COUNTERSIGN_ADMIN: `127.0.0.1:${adminPort}`,
      COUNTERSIGN_GITHUB_ISSUER: github.issuer,
      COUNTERSIGN_GITLAB_ISSUER: gitlab.issuer,
      COUNTERSIGN_JENKINS_ISSUER: jenkins.issuer,
      COUNTERSIGN_NPM_URL: npm,
      COUNTERSIGN_NPM_UPSTREAM: verdaccio.url,
      COUNTERSIGN_NPM_USER: SERVICE.username,
      COUNTERSIGN_NPM_PASSWORD: SERVICE.password,
      COUNTERSIGN_PYPI_URL: pypi,
      // Without a Python index nothing answers there, and a request for it is told so.
      COUNTERSIGN_PYPI_UPSTREAM: python?.upload ?? `http://127.0.0.1:${nothing}/`,
      COUNTERSIGN_PYPI_USER: SERVICE.username,
      COUNTERSIGN_PYPI_PASSWORD: SERVICE.password,
    });
    closers.push(() => server.stop());
    return { github, verdaccio, python, npm, pypi, admin, audit: () => auditEvents(server), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** pypiserver, which is there in a second; devpi takes several and half a gigabyte. */
async function pythonIndex(): Promise<PythonIndex | undefined> {
  if (locate('twine') === undefined || locate('pypi-server') === undefined) return undefined;
  const { url, close } = await startPypiserver();
  return { program: 'pypiserver', upload: url, simple: 'simple/', close };
}

async function startCountersign(admin: string, history: boolean, env: Readonly<Record<string, string>>): Promise<RunningServer> {
  const server = await startServer({
    name: 'countersign',
    command: requires('node'),
    ...(history
      ? { args: [join(ROOT, 'scripts', 'demo', 'history', 'serve.ts')], cwd: historyPolicy(POLICY) }
      : { args: [join(ROOT, 'src', 'main.ts'), 'serve', '--config', POLICY], cwd: ROOT }),
    env: plainEnv(env),
    ready: async () => (await fetch(`${admin}readyz`)).ok,
  });
  await pastStoreStart();
  return server;
}

/**
 * The embedded store cannot know what was exchanged before it started, so it refuses identity tokens that were issued in
 * the same second or earlier: waits that second out.
 */
async function pastStoreStart(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 10));
}

function auditEvents(server: RunningServer): AuditEvent[] {
  const lines = server.output().split('\n').slice(0, -1);
  const events = lines.filter((line) => line.includes('"audit":true')).map((line) => JSON.parse(line) as AuditEvent);
  // The story shows how things ended, not that they were about to begin.
  return events.filter((event) => event.outcome !== 'forwarding');
}
