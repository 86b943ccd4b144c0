// The files of deploy/compose, read by the library with which docker compose reads them: valid, hardened, no way around the proxy.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfiguration } from '../../src/config/load.ts';
import { plainEnv } from '../support/process.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);

interface Service {
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly user?: string;
  readonly image?: string;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string }[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string; readonly read_only?: boolean }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}
interface Project {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<
    Record<string, { readonly internal?: boolean; readonly ipam?: { readonly config: readonly { subnet: string }[] } }>
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const ALONE = ['verdaccio', 'devpi', 'gitea'];
const FRONTS = ['nginx', 'caddy', 'traefik', 'haproxy'];
const files = (name: string): string[] => [...(FRONTS.includes(name) ? ['compose.yaml'] : []), `deploy/compose/${name}/compose.yaml`];

/** `docker compose -f … config` in the checkout. Rejects with what it says. */
async function config(
  paths: readonly string[],
  env: Record<string, string> = { COUNTERSIGN_HOST: 'packages.acme.example' },
): Promise<Project> {
  const { stdout } = await run(requires('compose'), paths, { cwd: ROOT, env: plainEnv(env) });
  return parse(stdout) as Project;
}

describeWith('compose')('deploy/compose', () => {
  const projects = new Map<string, Project>();
  beforeAll(async () => {
    for (const name of [...ALONE, ...FRONTS]) projects.set(name, await config(files(name)));
  });
  const project = (name: string): Project => {
    const found = projects.get(name);
    if (found === undefined) throw new Error(`${name} was not read`);
    return found;
  };

  test('the reader finds mistakes: an unknown key, a network that is not there', async () => {
    const file = join(tempDir('compose'), 'compose.yaml');
    for (const mistake of ['read_onlyy: true', 'networks: [nowhere]']) {
      writeFileSync(file, `name: x\nservices:\n  a:\n    image: x\n    ${mistake}\n`);
      await expect(config([file]), mistake).rejects.toThrow(/read_onlyy|nowhere/);
    }
  });

  describe.each([...ALONE, ...FRONTS])('%s', (name) => {
    test('everything can write to its volumes only, and gains no right', () => {
      for (const [service, settings] of Object.entries(project(name).services)) {
        expect(settings.read_only, service).toBe(true);
        expect(settings.cap_drop, service).toEqual(['ALL']);
        expect(settings.cap_add, service).toEqual(service === 'caddy' ? ['NET_BIND_SERVICE'] : undefined);
        expect(settings.security_opt, service).toEqual(['no-new-privileges:true']);
        expect(settings.privileged, service).toBeUndefined();
        expect(settings.volumes?.filter(({ source }) => source.includes('docker.sock')) ?? [], service).toEqual([]);
      }
    });

    test('one service is reached from outside: the TLS proxy where there is one, else Countersign on loopback', () => {
      const reached = Object.entries(project(name).services).filter(([, { ports }]) => ports !== undefined);
      expect(reached.map(([service]) => service)).toEqual([FRONTS.includes(name) ? name : 'countersign']);
      const [, { ports = [] } = {}] = reached[0] ?? [];
      if (ALONE.includes(name)) expect(ports.map(({ host_ip }) => host_ip)).toEqual(['127.0.0.1']);
      else expect(ports.map(({ published }) => published)).toContain('443');
    });

    test('P1 the registry is alone with Countersign on a network without a way out', () => {
      const { services, networks } = project(name);
      const registries = Object.keys(services).filter((service) => ['verdaccio', 'devpi', 'gitea', 'redis'].includes(service));
      expect(registries.length).toBeGreaterThan(0);
      for (const registry of registries) {
        const [network = '', ...others] = Object.keys(services[registry]?.networks ?? {});
        expect([others, networks[network]?.internal], registry).toEqual([[], true]);
        const there = Object.entries(services).filter(([, service]) => service.networks !== undefined && network in service.networks);
        expect(there.map(([service]) => service).toSorted()).toEqual(['countersign', registry]);
      }
    });

    test('no secret is in a variable; what is mounted from the checkout is there and cannot be written to', () => {
      for (const [service, { environment = {}, volumes = [] }] of Object.entries(project(name).services)) {
        const suspicious = Object.entries(environment).filter(([key, value]) => /pass|secret|token/i.test(`${key} ${value}`));
        expect(suspicious, service).toEqual([]);
        for (const { type, source, read_only } of volumes) {
          if (type === 'volume') expect(Object.keys(project(name).volumes)).toContain(source);
          // The administrator's own.
          else if (!relative(ROOT, source).startsWith('certificates'))
            expect([existsSync(source), read_only], source).toEqual([true, true]);
        }
      }
    });

    test('Countersign starts after its registry is well, and has more time to stop than it takes', () => {
      const { depends_on = {}, stop_grace_period } = project(name).services['countersign'] ?? {};
      expect(stop_grace_period).toBe('35s');
      expect(Object.values(depends_on).map(({ condition }) => condition)).not.toContain('service_started');
      expect(depends_on['secrets']).toMatchObject({ condition: 'service_completed_successfully' });
    });

    test('the policy that is mounted passes in the environment that it is given, without a warning', async () => {
      const { environment = {}, volumes = [] } = project(name).services['countersign'] ?? {};
      const policy = volumes.find(({ target }) => target === '/etc/countersign')?.source ?? '';
      const folder = tempDir('policy');
      for (const secret of ['verdaccio', 'devpi', 'gitea']) writeFileSync(join(folder, secret), 'a-secret');
      const file = join(folder, 'countersign.yaml');
      writeFileSync(file, readFileSync(join(policy, 'countersign.yaml'), 'utf8').replaceAll('/run/secrets', folder));
      const loaded = await loadConfiguration(file, environment as Record<string, string>);
      const said = loaded.ok ? loaded.configuration.warnings : loaded.diagnostics;
      expect(said.map(({ message }) => message)).toEqual([]);
      if (!loaded.ok || ALONE.includes(name)) return;
      const subnet = project(name).networks['front']?.ipam?.config[0]?.subnet;
      expect(loaded.configuration.server.trustedProxies).toEqual([subnet]);
      expect([...loaded.configuration.registries.values()].map(({ url }) => url.href)).toEqual([
        'https://packages.acme.example/',
        'https://packages.acme.example/svc/prod/',
      ]);
    });
  });

  test.each(FRONTS)('%s says which variable is missing', async (name) => {
    await expect(config(files(name), {})).rejects.toThrow(/COUNTERSIGN_HOST/);
  });

  test.each(ALONE)('%s is given its one password, and the proxy the same', async (name) => {
    const [, ...command] = (
      parse(readFileSync(join(ROOT, `deploy/compose/${name}/compose.yaml`), 'utf8'), { merge: true }) as {
        services: { secrets: { entrypoint: string[] } };
      }
    ).services.secrets.entrypoint;
    const folder = tempDir('secrets');
    const [, , ...registries] = command;
    expect(registries).toEqual([name]);
    await run(requires('node'), [join(ROOT, 'deploy/secrets.mjs'), folder, ...registries], { env: plainEnv() });
    const made = [`proxy/${name}`, name === 'verdaccio' ? 'verdaccio/htpasswd' : `${name}/svc`].map((path) => join(folder, path));
    for (const path of made) expect(readFileSync(path, 'utf8').length).toBeGreaterThan(30);
  });
});
