// What is published: the package, twice the same, installed from its tarball into an empty folder and run; its bills of materials.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runClient, type ClientRun } from '../support/clients.ts';
import { freePorts } from '../support/ports.ts';
import { plainEnv, startServer } from '../support/process.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
  dependencies: Record<string, string>;
};
const tools = join(ROOT, '.cache/deployment/python/bin');

/** What a package is made of, in a folder of its own, as another checkout would have it. */
function checkout(): string {
  const folder = tempDir('checkout');
  for (const path of ['src', 'scripts', 'config', 'deploy/systemd', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'Dockerfile']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  for (const path of ['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(ROOT, path), join(folder, path));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** npm with the machine's own settings, which say where packages are. */
async function npm(cwd: string, ...args: string[]): Promise<string> {
  const path = `${dirname(requires('node'))}:${process.env['PATH']}`;
  const { stdout } = await run(requires('node'), [requires('npm'), ...args], { cwd, env: { ...process.env, PATH: path, CI: 'true' } });
  return stdout;
}

async function pack(from: string): Promise<string> {
  const into = tempDir('pack');
  await npm(from, 'pack', '--pack-destination', into);
  return join(into, `${manifest.name}-${manifest.version}.tgz`);
}

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('the package', () => {
  let tarball = '';
  let again = '';
  let folder = '';
  beforeAll(async () => {
    const first = checkout();
    // What an older build left behind must not be published.
    mkdirSync(join(first, 'dist'));
    writeFileSync(join(first, 'dist', 'left-behind.js'), 'old');
    [tarball, again] = await Promise.all([pack(first), pack(checkout())]);
    folder = tempDir('installed');
    writeFileSync(join(folder, 'package.json'), '{}');
    await npm(folder, 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball);
  }, 180_000);

  const installed = (name: string): string => join(folder, 'node_modules', name);

  test('SUP-04 two checkouts of one commit give the same bytes', () => {
    expect(sha256(again)).toBe(sha256(tarball));
  });

  test('SUP-04 it holds what was compiled, what the dashboard is made with, and a fixed list of files beside', () => {
    const inside = globSync('**/*', { cwd: installed('countersign'), withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed('countersign').length + 1));
    const compiled = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => path.replace(/^src/, 'dist').replace(/\.ts$/, '.js'));
    const assets = globSync('src/admin/assets/**/*.*', { cwd: ROOT }).map((path) => path.replace(/^src/, 'dist'));
    const beside = [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'config/schema.json',
      'deploy/systemd/countersign.service',
      'package.json',
    ];
    expect(inside.toSorted()).toEqual([...compiled, ...assets, ...beside].toSorted());
  });

  test('SUP-03 nothing of it runs at an installation', () => {
    const scripts = globSync(['node_modules/*/package.json', 'node_modules/@*/*/package.json'], { cwd: folder }).flatMap((path) => {
      const { name, scripts: its = {} } = JSON.parse(readFileSync(join(folder, path), 'utf8')) as { name: string; scripts?: object };
      return ['preinstall', 'install', 'postinstall'].filter((script) => script in its).map((script) => `${name} ${script}`);
    });
    expect(scripts).toEqual([]);
  });

  test('its program runs from there: version, check, serve', async () => {
    const program = join(folder, 'node_modules/.bin/countersign');
    const countersign = (...args: string[]): Promise<ClientRun> => runClient('node', [program, ...args]);
    expect((await countersign('version')).stdout).toMatch(new RegExp(`^countersign ${manifest.version.replaceAll('.', '\\.')} `));
    const [port, admin] = await freePorts(2);
    const policy = join(tempDir('policy'), 'countersign.yaml');
    const registry = { protocol: 'npm', url: `http://127.0.0.1:${port}/`, upstream: 'http://127.0.0.1:9/', credential: 'none' };
    const server = { listen: `127.0.0.1:${port}`, admin: `127.0.0.1:${admin}` };
    writeFileSync(policy, stringify({ server, issuers: { github: {} }, registries: { npm: registry }, publishers: [] }));
    const checked = await countersign('check', '--config', policy);
    expect(checked, checked.output).toMatchObject({ code: 0 });
    const started = await startServer({
      name: 'countersign from its tarball',
      command: requires('node'),
      args: [program, 'serve', '--config', policy],
      env: plainEnv({ NODE_ENV: 'production' }),
      ready: async () => (await fetch(`http://127.0.0.1:${admin}/readyz`)).ok,
    });
    // Its registry is not there, and it says so.
    expect((await fetch(`http://127.0.0.1:${port}/anything`)).status).toBe(502);
    await started.stop();
    expect(await started.exited).toBe(0);
  });

  describeWith('pyspdxtools')('its bills of materials', () => {
    const sbom = async (into: string, env: Record<string, string> = { SOURCE_DATE_EPOCH: '1700000000' }): Promise<string[]> => {
      await run(requires('node'), [join(ROOT, 'scripts/release/sbom.mjs'), into], { env: plainEnv(env), cwd: ROOT });
      return ['cdx', 'spdx'].map((kind) => join(into, `${manifest.name}-${manifest.version}.${kind}.json`));
    };
    interface CycloneDx {
      readonly components: readonly { group?: string; name: string; version: string; 'bom-ref': string; hashes: { content: string }[] }[];
      readonly dependencies: readonly { ref: string; dependsOn: string[] }[];
      readonly metadata: { readonly component: { name: string; version: string; 'bom-ref': string } };
    }
    interface Spdx {
      readonly packages: readonly { name: string; versionInfo: string }[];
    }
    let cyclonedx: string;
    let spdx: string;
    beforeAll(async () => {
      [cyclonedx = '', spdx = ''] = await sbom(tempDir('sbom'));
    });
    const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

    test('SUP-05 they list exactly what `npm ci --omit=dev` installs, in its versions: what the image has', async () => {
      const clean = tempDir('clean');
      for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(ROOT, name), join(clean, name));
      await npm(clean, 'ci', '--omit=dev', '--ignore-scripts', '--prefer-offline');
      const present = globSync(['node_modules/**/package.json'], { cwd: clean })
        .filter((path) => /^(node_modules\/(@[^/]+\/)?[^/]+\/)+package\.json$/.test(path))
        .map((path) => JSON.parse(readFileSync(join(clean, path), 'utf8')) as { name: string; version: string })
        .map(({ name, version }) => `${name} ${version}`);
      const listed = (read(cyclonedx) as CycloneDx).components.map(
        ({ group, name, version }) => `${group === undefined ? '' : `${group}/`}${name} ${version}`,
      );
      expect(listed.toSorted()).toEqual(present.toSorted());
      expect(listed.length).toBeGreaterThan(Object.keys(manifest.dependencies).length);
      const inSpdx = (read(spdx) as Spdx).packages.map(({ name, versionInfo }) => `${name} ${versionInfo}`);
      expect(inSpdx).toEqual([`${manifest.name} ${manifest.version}`, ...listed]);
    });

    test('SUP-05 every dependency of a component is a component, and all are reached from the package', () => {
      const { components, dependencies, metadata } = read(cyclonedx) as CycloneDx;
      const needs = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
      const reached = new Set<string>();
      for (const queue = [metadata.component['bom-ref']]; queue.length > 0;) {
        const ref = queue.pop() ?? '';
        if (!reached.has(ref)) queue.push(...(needs.get(ref) ?? []));
        reached.add(ref);
      }
      expect([...reached].toSorted()).toEqual([metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])].toSorted());
      expect(components.filter(({ hashes }) => hashes[0]?.content.length !== 128)).toEqual([]);
    });

    test('SUP-05 they are valid CycloneDX 1.6 and SPDX 2.3', async () => {
      const validate = (file: string): Promise<unknown> => run(join(tools, 'python'), ['-c', VALIDATE, file], { env: plainEnv() });
      await validate(cyclonedx);
      const broken = join(tempDir('broken'), 'cdx.json');
      writeFileSync(broken, readFileSync(cyclonedx, 'utf8').replace('"scope": "required"', '"scope": "needed"'));
      await expect(validate(broken)).rejects.toThrow(/needed/);
      await run(requires('pyspdxtools'), ['--infile', spdx], { env: plainEnv() });
    });

    test('SUP-04 the same commit gives the same bytes, another time another date', async () => {
      const [same = ''] = await sbom(tempDir('sbom'));
      expect(sha256(same)).toBe(sha256(cyclonedx));
      const [later = ''] = await sbom(tempDir('sbom'), { SOURCE_DATE_EPOCH: '1800000000' });
      expect(sha256(later)).not.toBe(sha256(cyclonedx));
    });
  });
});

const VALIDATE = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
if problem: sys.exit(str(problem))
`;

describe('a new version', () => {
  const script = (folder: string, ...args: string[]): Promise<ClientRun> =>
    runClient('node', [join(folder, 'scripts/release/version.mjs'), ...args], { cwd: folder });
  const fresh = (): string => {
    const folder = checkout();
    for (const path of ['deploy/helm', 'deploy/kubernetes']) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    rmSync(join(folder, 'node_modules'));
    return folder;
  };

  test('one command writes it everywhere; the notes of its tag are what the changelog said', async () => {
    const folder = fresh();
    const before = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8');
    const set = await script(folder, '7.8.9');
    expect(set, set.output).toMatchObject({ code: 0 });
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
      version: string;
      packages: { '': { version: string } };
    };
    expect([lock.version, lock.packages[''].version]).toEqual(['7.8.9', '7.8.9']);
    for (const path of ['package.json', 'Dockerfile', 'deploy/helm/countersign/Chart.yaml', 'deploy/kubernetes/kustomization.yaml']) {
      expect(readFileSync(join(folder, path), 'utf8'), path).toContain('7.8.9');
    }
    const notes = await script(folder, '--notes', 'v7.8.9');
    expect(notes, notes.output).toMatchObject({ code: 0 });
    const [, unreleased = ''] = before.split(/^## .*$/m);
    expect(notes.stdout.trim()).toBe(unreleased.trim());
  });

  test('a tag that is not the version, a file that says another, a changelog without a word: no release', async () => {
    const folder = fresh();
    await script(folder, '7.8.9');
    expect((await script(folder, '--notes', 'v7.8.8')).output).toContain('the tag is v7.8.8, package.json says 7.8.9');
    const chart = join(folder, 'deploy/helm/countersign/Chart.yaml');
    writeFileSync(chart, readFileSync(chart, 'utf8').replace('appVersion: 7.8.9', 'appVersion: 7.8.8'));
    expect((await script(folder, '--notes', 'v7.8.9')).output).toContain('Chart.yaml says 7.8.8');
    expect((await script(folder, '7.9.0')).output).toContain('CHANGELOG.md says nothing under "Unreleased"');
    expect(existsSync(join(folder, 'dist'))).toBe(false);
  });
});
