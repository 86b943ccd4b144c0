// The container image: built from the Dockerfile by buildah, looked into, and run with a root that cannot be written to.
import { chmodSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildImage, type Image } from './support/image.ts';
import { startIssuer, type CiIssuer } from './support/issuer.ts';
import { freePorts } from './support/ports.ts';
import type { RunningServer } from './support/process.ts';
import { pastEpoch } from './support/proxy.ts';
import { describeWith, ROOT } from './support/requirement.ts';
import { tempDir } from './support/temp.ts';
import { uiJob } from './support/ui-job.ts';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version: string; dev?: boolean; devOptional?: boolean; optional?: boolean; peer?: boolean }>;
};

// Namespaces and mounts need root; CI has it and must not pass without this suite.
const asRoot = process.getuid?.() === 0 || process.env['CI'] === 'true';
if (!asRoot) console.warn('skipped: the image is built and run by root only');
const suite = asRoot ? describeWith('buildah') : describe.skip;

suite('the image', () => {
  let image: Image;
  let files: string[];

  beforeAll(async () => {
    const started = Date.now();
    image = await buildImage();
    files = filesBelow(image.root);
    console.info(`image: ${(image.size / 1e6).toFixed(0)} MB, built in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }, 300_000);
  afterAll(async () => {
    await image?.remove();
  });

  test('SUP-01 holds Node, its libraries and the application: no shell, no package manager, nothing else to run', () => {
    const beside = files.filter((file) => !file.startsWith('app/'));
    const expected = /^(usr\/bin\/node|etc\/(passwd|group|nsswitch\.conf)|(usr\/)?lib(64)?\/([\w-]+\/)?[\w+.-]+\.so(\.\d+)*)$/;
    expect(beside.filter((file) => !expected.test(file))).toEqual([]);
    expect(beside).toContain('usr/bin/node');
    expect(files.filter((file) => /(^|\/)(sh|bash|dash|busybox|npm|npx|corepack|tsc)$/.test(file))).toEqual([]);
    expect(image.size).toBeLessThan(170e6);
  });

  test('the application is complete: what is compiled, the manifest with the version, the schema, the licence', () => {
    const own = files.filter((file) => file.startsWith('app/') && !/^app\/(dist|node_modules)\//.test(file));
    expect(own.toSorted()).toEqual(['app/LICENSE', 'app/config/schema.json', 'app/package.json']);
    expect(files).toContain('app/dist/main.js');
    const styles = files.filter((file) => /^app\/dist\/admin\/assets\/(style\/[\w-]+\.css|mark\.svg)$/.test(file));
    expect(styles.length).toBeGreaterThan(5);
    expect(files.filter((file) => file.startsWith('app/dist/') && !file.endsWith('.js') && !styles.includes(file))).toEqual([]);
    const schema = 'config/schema.json';
    expect(readFileSync(join(image.root, 'app', schema))).toEqual(readFileSync(join(ROOT, schema)));
  });

  test('only the production dependencies of the lock file are there, and all of them but the packages for traces', () => {
    const name = /^app\/((?:node_modules\/(?:@[^/]+\/)?[^/]+\/)*node_modules\/(?:@[^/]+\/)?[^/]+)\/package\.json$/;
    const installed = files.flatMap((file) => name.exec(file)?.[1] ?? []);
    const traces = /^node_modules\/@opentelemetry\//;
    const wanted = Object.entries(lock.packages).filter(
      ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional && !traces.test(path),
    );
    expect(installed.filter((path) => !wanted.some(([known]) => known === path))).toEqual([]);
    expect(wanted.filter(([path, { optional, peer }]) => !optional && !peer && !installed.includes(path))).toEqual([]);
  });

  test('nothing in it belongs to the user that runs it, can be written by all, or changes the user', () => {
    const suspicious = ['.', ...files].filter((file) => {
      const { uid, mode } = lstatSync(join(image.root, file));
      const isLink = (mode & 0o170000) === 0o120000;
      return uid !== 0 || (!isLink && (mode & 0o6022) !== 0);
    });
    expect(suspicious).toEqual([]);
  });

  test('says who it is and how it is run', () => {
    const { config } = image;
    expect(config.User).toBe('10001:10001');
    expect([...config.Entrypoint, ...config.Cmd]).toEqual(['/usr/bin/node', '/app/dist/main.js', 'serve']);
    expect(config.Env).toContain('NODE_ENV=production');
    expect(config.Env.filter((variable) => /npm|ca_certs/i.test(variable))).toEqual([]);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Countersign',
      'org.opencontainers.image.version': manifest.version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
  });

  describe('run with a read-only root', () => {
    let issuer: CiIssuer;
    let container: RunningServer;
    let folder: string;
    let url: string;
    let admin: string;

    beforeAll(async () => {
      issuer = await startIssuer({ style: 'github' });
      const [port = 0, adminPort = 0, nothing = 0] = await freePorts(3);
      url = `http://127.0.0.1:${port}/`;
      admin = `http://127.0.0.1:${adminPort}/`;
      folder = tempDir('image-policy');
      writeFileSync(join(folder, 'countersign.yaml'), stringify(policy(issuer, { port, adminPort, nothing })), { mode: 0o644 });
      // tempDir makes folders that their owner alone can enter; the container's user is another one.
      chmodSync(folder, 0o755);
      container = await image.start(folder, async () => (await fetch(`${admin}readyz`)).ok);
      await pastEpoch();
    });
    afterAll(async () => {
      await container?.stop();
      await issuer?.close();
    });

    const health = (): Promise<{ code: number; output: string }> => {
      const [kind, ...command] = image.config.Healthcheck.Test;
      expect(kind).toBe('CMD');
      return image.exec(folder, command);
    };

    test('it runs as its own user, without capabilities and unable to gain any', () => {
      const status = readFileSync(`/proc/${childOf(container.pid)}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
      expect(status).toMatch(/^Gid:\t10001\t10001\t10001\t10001$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapPrm:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    });

    test('it answers /readyz, and its health check says that it is well', async () => {
      const ready = await fetch(`${admin}readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ready' }]);
      expect(await health()).toMatchObject({ code: 0 });
    });

    test('it exchanges an identity token', async () => {
      const token = issuer.sign({ ...issuer.githubClaims(uiJob), aud: new URL(url).host });
      const answer = await fetch(`${url}_/oidc/mint-token`, { method: 'POST', body: JSON.stringify({ token }) });
      const body = (await answer.json()) as { token?: string };
      expect(answer.status, JSON.stringify(body)).toBe(200);
      expect(body.token).toMatch(/^pypi-csgn_/);
    });

    test('SIGTERM ends it with 0; its health check then says 1', async () => {
      container.signal('SIGTERM');
      expect(await container.exited, container.output()).toBe(0);
      expect(await health()).toMatchObject({ code: 1 });
    });
  });
});

function policy(issuer: CiIssuer, at: { readonly port: number; readonly adminPort: number; readonly nothing: number }): object {
  return {
    server: { listen: `127.0.0.1:${at.port}`, admin: `127.0.0.1:${at.adminPort}` },
    issuers: { github: { issuer: issuer.issuer, insecure: true } },
    registries: {
      pypi: { protocol: 'pypi', url: `http://127.0.0.1:${at.port}/`, upstream: `http://127.0.0.1:${at.nothing}/`, credential: 'none' },
    },
    publishers: [
      {
        name: 'ui',
        from: {
          issuer: 'github',
          repository: 'acme/ui',
          repository_owner_id: '11',
          workflow: 'release.yml',
          environment: 'any',
          ref: 'refs/tags/v*',
        },
        publish: { pypi: ['acme-ui'] },
      },
    ],
  };
}

/** Every file and link below a folder, relative to it. */
function filesBelow(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function childOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
}
