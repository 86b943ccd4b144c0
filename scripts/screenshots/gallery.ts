// What the pictures are of: Countersign with a month of records, at addresses that a company would have; and a second one that
// asks who somebody is.
import { join } from 'node:path';
import { startIssuer } from '../../test/support/issuer.ts';
import { requires, ROOT } from '../../test/support/components.ts';
import { freePorts } from '../../test/support/ports.ts';
import { plainEnv, startServer } from '../../test/support/process.ts';
import { startProxy } from '../../test/support/proxy.ts';
import { historyPolicy } from '../demo/history/policy.ts';
import { POLICY } from '../demo/stage.ts';

export interface Gallery {
  /** Address of the dashboard with the month in it. */
  readonly open: string;
  /** Of one at which nobody is let in without signing in. */
  readonly closed: string;
  /** The issuer of GitHub's jobs, as the month has it. */
  readonly github: string;
  close(): Promise<void>;
}

export async function startGallery(): Promise<Gallery> {
  const [github, gitlab, jenkins] = await Promise.all([
    startIssuer({ style: 'github' }),
    startIssuer({ style: 'gitlab' }),
    startIssuer({ style: 'generic' }),
  ]);
  const [port = 0, adminPort = 0] = await freePorts(2);
  const open = `http://127.0.0.1:${adminPort}/`;
  const month = await startServer({
    name: 'countersign',
    command: requires('node'),
    args: [join(ROOT, 'scripts', 'demo', 'history', 'serve.ts')],
    cwd: historyPolicy(POLICY),
    env: plainEnv({
      COUNTERSIGN_DEMO: 'true',
      COUNTERSIGN_LISTEN: `127.0.0.1:${port}`,
      COUNTERSIGN_ADMIN: `127.0.0.1:${adminPort}`,
      COUNTERSIGN_GITHUB_ISSUER: github.issuer,
      COUNTERSIGN_GITLAB_ISSUER: gitlab.issuer,
      COUNTERSIGN_JENKINS_ISSUER: jenkins.issuer,
      COUNTERSIGN_NPM_PASSWORD: 'of-the-pictures',
      COUNTERSIGN_PYPI_PASSWORD: 'of-the-pictures',
    }),
    ready: async () => (await fetch(`${open}readyz`)).ok,
  });
  const door = await startProxy({
    policy: (_, admin) => ({
      server: {
        admin: {
          listen: `127.0.0.1:${admin}`,
          url: `http://127.0.0.1:${admin}/`,
          token: '${ADMIN_TOKEN}',
          login: {
            issuer: 'https://login.acme.example',
            client_id: 'countersign',
            client_secret: '${CLIENT_SECRET}',
            emails: ['*@acme.example'],
          },
        },
      },
      issuers: { github: {} },
      registries: { npm: { protocol: 'npm', url: 'http://127.0.0.1:1/', upstream: 'http://127.0.0.1:2/', credential: 'none' } },
      publishers: [],
    }),
    env: { ADMIN_TOKEN: 'the admin token of the pictures', CLIENT_SECRET: 'of-the-pictures' },
  });
  const close = async (): Promise<void> => {
    await Promise.all([month.stop(), door.close(), github.close(), gitlab.close(), jenkins.close()]);
  };
  return { open, closed: door.admin, github: github.issuer, close };
}
