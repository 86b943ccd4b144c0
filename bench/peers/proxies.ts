// The proxies that Countersign is measured against, each in front of the same upstream with kept connections and no log.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requires, ROOT } from '../../test/support/components.ts';
import { tempDir } from '../../test/support/temp.ts';
import { start, startPeer, type Started } from '../lab/start.ts';
import { debian, installOauth2Proxy, installReplyFrom } from './install.ts';

type Peer = Started | undefined;

export interface NginxOptions {
  /** Where writes, and what has a credential, go: the split set-up of docs/operations.md. */
  readonly writesTo?: number;
}

/** One worker, kept connections, bodies passed on as they come. */
export async function startNginx(upstream: number, { writesTo }: NginxOptions = {}): Promise<Peer> {
  const command = await debian('nginx', 'nginx-light');
  if (command === undefined) return undefined;
  const folder = tempDir('nginx');
  const split = writesTo === undefined ? '' : splitOf(writesTo);
  const config = (port: number): string => `daemon off; worker_processes 1; user root; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  upstream registry { server 127.0.0.1:${upstream}; keepalive 64; }
  ${split}
  server {
    listen 127.0.0.1:${port};
    merge_slashes off; client_max_body_size 0; proxy_buffer_size 64k; proxy_buffers 8 64k; client_body_buffer_size 64k;
    proxy_http_version 1.1; proxy_request_buffering off; proxy_read_timeout 300s;
    proxy_set_header Connection ""; proxy_set_header Host $host;
    location / { proxy_pass http://${writesTo === undefined ? 'registry' : '$behind'}; }
  }
}`;
  const args = (port: number): string[] => {
    writeFileSync(join(folder, 'nginx.conf'), config(port));
    return ['-c', join(folder, 'nginx.conf'), '-p', folder];
  };
  return start({ name: writesTo === undefined ? 'nginx' : 'nginx, split', command, args, ready: 'b1' });
}

function splitOf(port: number): string {
  return `upstream countersign { server 127.0.0.1:${port}; keepalive 64; }
  map "$request_method:$http_authorization" $behind { "GET:" registry; "HEAD:" registry; default countersign; }`;
}

export async function startHaproxy(upstream: number): Promise<Peer> {
  const command = await debian('haproxy');
  if (command === undefined) return undefined;
  const folder = tempDir('haproxy');
  const args = (port: number): string[] => {
    const lines = [
      'global',
      '  nbthread 1',
      'defaults',
      '  mode http',
      '  timeout connect 5s',
      '  timeout client 300s',
      '  timeout server 300s',
    ];
    const parts = ['frontend in', `  bind 127.0.0.1:${port}`, '  default_backend out', 'backend out', '  http-reuse always'];
    writeFileSync(join(folder, 'haproxy.cfg'), `${[...lines, ...parts, `  server one 127.0.0.1:${upstream}`].join('\n')}\n`);
    return ['-db', '-f', join(folder, 'haproxy.cfg')];
  };
  return start({ name: 'haproxy', command, args, ready: 'b1' });
}

/** Everybody may pass: what is left is its way through. */
export async function startOauth2Proxy(upstream: number): Promise<Peer> {
  const command = await installOauth2Proxy();
  if (command === undefined) return undefined;
  const never = 'https://ci.bench.example';
  const options = {
    provider: 'oidc',
    'oidc-issuer-url': never,
    'skip-oidc-discovery': 'true',
    'login-url': `${never}/authorize`,
    'redeem-url': `${never}/token`,
    'oidc-jwks-url': `${never}/keys`,
    'client-id': 'bench',
    'client-secret': 'bench',
    'cookie-secret': '0123456789abcdef',
    'email-domain': '*',
    'skip-auth-route': '.*',
    'request-logging': 'false',
    'auth-logging': 'false',
    'standard-logging': 'false',
    upstream: `http://127.0.0.1:${upstream}/`,
  };
  const fixed = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const args = (port: number): string[] => [...fixed, `--http-address=127.0.0.1:${port}`];
  // One thread runs Go code at a time, as one runs JavaScript.
  return start({ name: 'oauth2-proxy', command, args, ready: 'b1', env: { GOMAXPROCS: '1' } });
}

export async function startReplyFrom(upstream: number): Promise<Peer> {
  const cwd = await installReplyFrom();
  if (cwd === undefined) return undefined;
  const file = join(ROOT, 'bench', 'peers', 'reply-from.mjs');
  const args = (port: number): string[] => [file, String(port), `http://127.0.0.1:${upstream}/`];
  return start({ name: 'fastify reply-from', command: requires('node'), args, cwd, ready: 'b1' });
}

export function startHttpProxy3(upstream: number): Promise<Started> {
  return startPeer('http-proxy-3', [`http://127.0.0.1:${upstream}/`], { ready: 'b1' });
}
