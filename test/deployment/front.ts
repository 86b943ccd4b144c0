// The proxies that stand in front of Countersign, each a real program on its file of deploy/compose with this machine's addresses.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createAuthority } from '../oidc/certificate.ts';
import { requires, ROOT, type Component } from '../support/components.ts';
import { freePort } from '../support/ports.ts';
import { plainEnv, startServer, type RunningServer } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);

export const FRONTS = ['nginx', 'caddy', 'traefik', 'haproxy'] as const satisfies readonly Component[];
export type FrontName = (typeof FRONTS)[number];

/** A certificate for localhost that clients can be told to trust. */
export interface Certificate {
  /** Folder with cert.pem, key.pem and, for HAProxy, cert.pem.key. */
  readonly folder: string;
  /** PEM file of the authority. */
  readonly authority: string;
}

export interface Front {
  readonly port: number;
  /** PEM file of the authority that clients trust. */
  readonly authority: string;
  readonly server: RunningServer;
}

/** Everything that a front's files are moved to. */
interface Place {
  readonly port: number;
  readonly countersign: number;
  readonly certificate: Certificate;
  readonly folder: string;
}

export function makeCertificate(): Certificate {
  const folder = tempDir('certificate');
  const authority = createAuthority();
  const { key, cert } = authority.issue({ host: 'localhost' });
  const files = { 'cert.pem': cert, 'key.pem': key, 'cert.pem.key': key, 'authority.pem': authority.certificate };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { folder, authority: join(folder, 'authority.pem') };
}

/** Starts a front on this port, before the Countersign on that port. */
export async function startFront(name: FrontName, at: Omit<Place, 'folder'>): Promise<Front> {
  const place: Place = { ...at, folder: tempDir(name) };
  const { command, check, authority } = await programs[name](place);
  // The program's own check of its file, where it has one.
  if (check !== undefined) await run(requires(name), check, { env: environment(place) });
  const server = await startServer({
    name,
    command: requires(name),
    args: command,
    cwd: place.folder,
    env: environment(place),
    ready: () => listens(place.port),
  });
  return { port: place.port, authority: authority ?? place.certificate.authority, server };
}

interface Program {
  readonly command: readonly string[];
  readonly check?: readonly string[];
  /** Where it is not the certificate's. */
  readonly authority?: string;
}

const programs: Record<FrontName, (place: Place) => Promise<Program>> = {
  async nginx(place) {
    const file = moved(place, 'nginx/nginx.conf', {
      '/tmp/': `${place.folder}/`,
      // A pipe here, which cannot be opened by its name.
      '/dev/stdout': `${place.folder}/access.log`,
      'countersign:8080': countersign(place),
      'listen 8443': `listen 127.0.0.1:${place.port}`,
      '/run/secrets/tls': place.certificate.folder,
    });
    return { command: ['-c', file, '-g', 'daemon off;'], check: ['-t', '-c', file] };
  },
  async caddy(place) {
    const authority = join(place.folder, 'caddy', 'pki', 'authorities', 'local', 'root.crt');
    // For `localhost` Caddy is an authority of its own; its second listener, on port 80, is the machine's.
    const extra = `admin off\n\tdefault_bind 127.0.0.1\n\thttp_port ${await freePort()}`;
    const file = moved(place, 'caddy/Caddyfile', { 'countersign:8080': countersign(place), 'admin off': extra });
    return { command: ['run', '--config', file], check: ['validate', '--config', file, '--adapter', 'caddyfile'], authority };
  },
  async traefik(place) {
    const routes = moved(place, 'traefik/dynamic.yaml', {
      'countersign:8080': countersign(place),
      '/run/secrets/tls': place.certificate.folder,
    });
    const file = moved(place, 'traefik/traefik.yaml', {
      '":8443"': `"127.0.0.1:${place.port}"`,
      '/etc/traefik/dynamic.yaml': routes,
    });
    return { command: [`--configFile=${file}`] };
  },
  async haproxy(place) {
    const file = moved(place, 'haproxy/haproxy.cfg', {
      'countersign:8080': countersign(place),
      'bind :8443': `bind 127.0.0.1:${place.port}`,
      '/run/secrets/tls': place.certificate.folder,
    });
    return { command: ['-db', '-f', file], check: ['-c', '-f', file] };
  },
};

const countersign = (place: Place): string => `127.0.0.1:${place.countersign}`;

function environment({ port, folder }: Place): Record<string, string> {
  return plainEnv({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, COUNTERSIGN_HOST: `localhost:${port}` });
}

/** The file with other addresses. Each has to be there: a file that changed must not leave the test on the containers' ones. */
function moved({ folder }: Place, path: string, by: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(ROOT, 'deploy/compose', path), 'utf8');
  for (const [from, to] of Object.entries(by)) {
    if (!text.includes(from)) throw new Error(`${JSON.stringify(from)} is not in ${path}`);
    text = text.replaceAll(from, to);
  }
  const [name = ''] = path.split('/').slice(-1);
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
