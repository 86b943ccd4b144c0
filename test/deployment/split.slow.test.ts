// Reads around Countersign: the nginx and Caddy configurations of docs/operations.md, run as they are printed there.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishNpm, runClient } from '../support/clients.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { npmPackage } from '../support/npm-package.ts';
import { freePorts } from '../support/ports.ts';
import { answers, plainEnv, startServer, type RunningServer } from '../support/process.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { fromUi, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';

const run = promisify(execFile);
const FRONTS = ['nginx', 'caddy'] as const;

/** The block of docs/operations.md in this language, with this machine's addresses. */
function printed(language: string, by: Readonly<Record<string, string>>): string {
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
  expect(blocks).toHaveLength(1);
  let [text = ''] = blocks;
  for (const [from, to] of Object.entries(by)) {
    if (!text.includes(from)) throw new Error(`${from} is not in the ${language} block`);
    text = text.replaceAll(from, to);
  }
  return text;
}

describeWith(
  ...FRONTS,
  'verdaccio',
  'npm-12',
)('reads around Countersign', () => {
  let issuer: CiIssuer;
  let verdaccio: VerdaccioServer;
  let countersign: Proxy;
  const ports = { nginx: 0, caddy: 0 };
  const servers: RunningServer[] = [];

  beforeAll(async () => {
    [issuer, verdaccio] = await Promise.all([startIssuer({ style: 'github' }), startVerdaccio()]);
    [ports.nginx = 0, ports.caddy = 0] = await freePorts(2);
    const registry = (port: number): object => registryOf('npm', `http://127.0.0.1:${port}/`, verdaccio.url);
    countersign = await startProxy({
      env: serviceEnv,
      policy: () => ({
        server: { trusted_proxies: ['127.0.0.1/32'] },
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: { nginx: registry(ports.nginx), caddy: registry(ports.caddy) },
        publishers: [{ name: 'ui', from: fromUi, publish: { nginx: ['@acme/nginx'], caddy: ['@acme/caddy'] } }],
      }),
    });
    servers.push(await startNginx(), await startCaddy());
    await pastEpoch();
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await countersign?.close();
    await Promise.all([issuer?.close(), verdaccio?.close()]);
  });

  const url = (name: (typeof FRONTS)[number]): string => `http://127.0.0.1:${ports[name]}/`;

  async function startNginx(): Promise<RunningServer> {
    const folder = tempDir('nginx');
    const server = printed('nginx', {
      '127.0.0.1:8080': `127.0.0.1:${countersign.port}`,
      '127.0.0.1:4873': `127.0.0.1:${verdaccio.port}`,
      'listen 443 ssl;': `listen 127.0.0.1:${ports.nginx};`,
      '  ssl_certificate     /etc/nginx/cert.pem;\n': '',
      '  ssl_certificate_key /etc/nginx/key.pem;\n': '',
    });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};\n`).join('');
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary}${server}}\n`);
    await run(requires('nginx'), ['-t', '-c', file], { env: plainEnv() });
    const ready = () => answers(`${url('nginx')}-/ping`);
    return startServer({ name: 'nginx', command: requires('nginx'), args: ['-c', file, '-g', 'daemon off;'], ready });
  }

  async function startCaddy(): Promise<RunningServer> {
    const folder = tempDir('caddy');
    const site = printed('caddyfile', {
      '127.0.0.1:8080': `127.0.0.1:${countersign.port}`,
      '127.0.0.1:4873': `127.0.0.1:${verdaccio.port}`,
      'npm.acme.example': url('caddy').slice(0, -1),
    });
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, `{\n\tadmin off\n}\n${site}`);
    const env = plainEnv({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
    await run(requires('caddy'), ['validate', '--config', file, '--adapter', 'caddyfile'], { env });
    const ready = () => answers(`${url('caddy')}-/ping`);
    return startServer({ name: 'caddy', command: requires('caddy'), args: ['run', '--config', file], env, ready });
  }

  /** Countersign writes its request id into everything that it answers. */
  async function answeredByCountersign(address: string, init: RequestInit = {}): Promise<boolean> {
    const answer = await fetch(address, init);
    await answer.arrayBuffer();
    return answer.headers.has('x-request-id');
  }

  describe.each(FRONTS)('%s', (name) => {
    test('a job publishes', async () => {
      const { folder } = npmPackage(`@acme/${name}`);
      const published = await publishNpm('npm-12', folder, { registry: url(name), env: issuer.githubEnv(uiJob) });
      expect(published, published.output).toMatchObject({ code: 0 });
    });

    test('anonymous reads go straight to the registry; what may carry a token, writes, and what only Countersign has, to it', async () => {
      const packument = `${url(name)}@acme%2f${name}`;
      expect(await answeredByCountersign(packument)).toBe(false);
      expect(await answeredByCountersign(packument, { method: 'HEAD' })).toBe(false);
      expect(await answeredByCountersign(packument, { headers: { authorization: 'Bearer csgn_something' } })).toBe(true);
      for (const method of ['PUT', 'POST', 'DELETE', 'OPTIONS'])
        expect(await answeredByCountersign(packument, { method }), method).toBe(true);
      const own = ['-/ping', '-/whoami', '_/oidc/audience', 'acme/prod/_/oidc/audience', '.well-known/pytp?discover=/acme/prod/'];
      for (const path of own) expect(await answeredByCountersign(url(name) + path), path).toBe(true);
    });
  });

  test('P4 with Countersign away packages are installed, and nothing is published', async () => {
    countersign.server().signal('SIGKILL');
    await countersign.server().exited;
    for (const name of FRONTS) {
      const { folder } = npmPackage('consumer');
      const installed = await runClient('npm-12', ['install', `@acme/${name}`], { cwd: folder, npmrc: `registry=${url(name)}` });
      expect(installed, installed.output).toMatchObject({ code: 0 });
      expect((await fetch(`${url(name)}@acme%2f${name}`, { method: 'PUT', body: '{}' })).status).toBe(502);
    }
  });
});
