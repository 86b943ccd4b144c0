// Stock Python clients publish through Countersign to a real devpi-server and a real pypiserver, over https as uv insists.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { countersign } from '../cli/fake-terminal.ts';
import { createAuthority } from '../oidc/certificate.ts';
import { publishPython, runClient, type ClientRun } from '../support/clients.ts';
import { startDevpi } from '../support/devpi.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { startPypiserver } from '../support/pypiserver.ts';
import { pythonPackage } from '../support/python-package.ts';
import { pastEpoch, startProxy, type Policy, type Proxy } from '../support/proxy.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { SERVICE } from '../support/service-user.ts';
import { tempDir } from '../support/temp.ts';
import { uiJob } from '../support/ui-job.ts';

const fork = uiJob.workflow_ref.replace('ui', 'fork');
const stranger = { ...uiJob, repository: 'acme/fork', workflow_ref: fork, job_workflow_ref: fork };

/** A real index: where uploads go, below which path clients see it, and what it stores. */
interface Index {
  readonly upstream: string;
  readonly path: string;
  readonly files: (project: string) => Promise<string[]>;
  readonly download: (project: string, file: string) => Promise<Buffer>;
  readonly close: () => Promise<void>;
}

const indexes = {
  devpi: async (): Promise<Index> => {
    const server = await startDevpi();
    return {
      upstream: server.dev,
      path: 'svc/dev/',
      files: (project) => server.files('dev', project),
      download: linked(`${server.dev}+simple/`),
      close: server.close,
    };
  },
  pypiserver: async (): Promise<Index> => {
    const server = await startPypiserver();
    return { upstream: server.url, path: '', files: server.files, download: linked(`${server.url}simple/`), close: server.close };
  },
};

/** Downloads a file by the link that the simple page has for it. */
function linked(simple: string) {
  return async (project: string, file: string): Promise<Buffer> => {
    const page = await (await fetch(`${simple}${project}/`, { headers: { accept: 'text/html' } })).text();
    const link = [...page.matchAll(/href="([^"#]+)/g)].map(([, href = '']) => href).find((href) => basename(href) === file);
    if (link === undefined) throw new Error(`${file} is not on the page of ${project}`);
    return Buffer.from(await (await fetch(new URL(link, `${simple}${project}/`))).arrayBuffer());
  };
}

for (const kind of Object.keys(indexes) as (keyof typeof indexes)[]) {
  describeWith(
    'devpi-server',
    'pypi-server',
    'uv',
    'pdm',
    'maturin',
    'twine',
    'curl',
  )(`Python clients and ${kind}`, () => {
    const dir = tempDir('tls');
    const ca = join(dir, 'ca.pem');
    let issuer: CiIssuer;
    let index: Index;
    let proxy: Proxy;
    /** The same without TLS, for maturin: it keeps the scheme, and knows no authority but its own list. */
    let plain: Proxy;
    let url: string;

    const policy = (port: number, scheme = 'https'): Policy => ({
      ...(scheme === 'https' ? { server: { tls: { cert_file: join(dir, 'cert.pem'), key_file: join(dir, 'key.pem') } } } : {}),
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: {
        pypi: {
          protocol: 'pypi',
          url: `${scheme}://localhost:${port}/${index.path}`,
          upstream: index.upstream,
          credential: { basic: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } },
        },
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
          publish: { pypi: ['acme-*'] },
          create: true,
        },
      ],
    });

    beforeAll(async () => {
      const authority = createAuthority();
      const { key, cert } = authority.issue({ host: 'localhost' });
      writeFileSync(ca, authority.certificate);
      writeFileSync(join(dir, 'cert.pem'), cert);
      writeFileSync(join(dir, 'key.pem'), key);
      [issuer, index] = await Promise.all([startIssuer({ style: 'github' }), indexes[kind]()]);
      const env = { SERVICE_PASSWORD: SERVICE.password };
      [proxy, plain] = await Promise.all([
        startProxy({ policy: (port) => policy(port), env }),
        startProxy({ policy: (port) => policy(port, 'http'), env }),
      ]);
      url = `https://localhost:${proxy.port}/${index.path}`;
      await pastEpoch();
    }, 90_000);
    afterAll(async () => {
      await Promise.all([proxy?.close(), plain?.close(), index?.close(), issuer?.close()]);
    });

    const trust = (): Record<string, string> => ({
      SSL_CERT_FILE: ca,
      REQUESTS_CA_BUNDLE: ca,
      CURL_CA_BUNDLE: ca,
      NODE_EXTRA_CA_CERTS: ca,
    });
    const env = (claims = uiJob): Record<string, string> => ({ ...trust(), ...issuer.githubEnv(claims) });

    /** `countersign mint` in a CI job: the upload token alone on stdout. */
    const mint = (claims = uiJob): Promise<ClientRun> =>
      runClient(
        'python',
        [
          '-c',
          'import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)',
          requires('node'),
          join(ROOT, 'src', 'main.ts'),
          'mint',
          '--url',
          url,
        ],
        { env: env(claims) },
      );

    test.each(['uv', 'pdm', 'maturin'] as const)('P2 %s publishes sdist and wheel, and the bytes come back', async (client) => {
      const name = `acme-${client}`;
      const pkg = pythonPackage(name);
      const through = client === 'maturin' ? plain : proxy;
      const at = client === 'maturin' ? url.replace('https:', 'http:').replace(`:${proxy.port}`, `:${plain.port}`) : url;
      const run = await publishPython(client, pkg.files, { url: at, env: env(), cwd: pkg.folder });
      expect(run, run.output).toMatchObject({ code: 0 });
      expect((await index.files(name)).toSorted()).toEqual([basename(pkg.wheel), basename(pkg.sdist)].toSorted());
      for (const file of pkg.files) expect((await index.download(name, basename(file))).equals(readFileSync(file))).toBe(true);
      const event = await through.event((e) => e.event === 'upload' && e.package === name);
      expect(event).toMatchObject({ outcome: 'uploaded', version: '1.0.0', anchor: 'acme/ui' });
    });

    test('twine publishes with a token of `countersign mint`', async () => {
      const pkg = pythonPackage('acme-twine');
      const minted = await mint();
      expect(minted, minted.output).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) });
      const run = await publishPython('twine', pkg.files, {
        url,
        env: trust(),
        login: { username: '__token__', password: minted.stdout.trim() },
      });
      expect(run, run.output).toMatchObject({ code: 0 });
      expect(await index.files('acme-twine')).toHaveLength(2);
    });

    test('the job that `countersign snippet` writes for twine publishes, and shows no token that it does not mask', async () => {
      const argv = ['snippet', 'ui', '--config', proxy.config, '--client', 'twine', '--json'];
      const { out } = await countersign(argv, { env: { SERVICE_PASSWORD: SERVICE.password } });
      const { snippets } = JSON.parse(out) as { snippets: { files: { text: string }[] }[] };
      const workflow = parse(snippets[0]!.files[0]!.text) as { jobs: { publish: { steps: { name?: string; run?: string }[] } } };
      const script = workflow.jobs.publish.steps.find((step) => step.name === 'Publish')?.run ?? '';
      const job = (claims = uiJob): Promise<ClientRun> =>
        runClient('python', ['-c', 'import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)', 'bash', '-ec', script], {
          cwd: pkg.folder,
          env: { ...env(claims), PATH: `${dirname(requires('twine'))}:/usr/bin:/bin` },
        });
      const pkg = pythonPackage('acme-snippet');
      const refused = await job(stranger);
      expect(refused.code, refused.output).not.toBe(0);
      expect(refused.output).toContain('No trusted publisher lets acme/fork publish');
      const run = await job();
      expect(run, run.output).toMatchObject({ code: 0 });
      expect(await index.files('acme-snippet')).toHaveLength(2);
      const shown = run.output.split('\n').filter((line) => /eyJ|csgn_/.test(line));
      expect(shown.every((line) => line.startsWith('::add-mask::')) && shown.length === 2).toBe(true);
    });

    test("gh-action-pypi-publish's exchange as documented, then its twine", async () => {
      const origin = `https://localhost:${proxy.port}`;
      const curl = (args: string[]): Promise<ClientRun> => runClient('curl', ['-sS', '--fail-with-body', ...args], { env: env() });
      const { audience } = JSON.parse((await curl([`${origin}/_/oidc/audience`])).stdout) as { audience: string };
      const job_ = env();
      const asked = await runClient(
        'curl',
        [
          '-sS',
          '-H',
          `Authorization: bearer ${job_['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}`,
          `${job_['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=${audience}`,
        ],
        { env: job_ },
      );
      const identity = (JSON.parse(asked.stdout) as { value: string }).value;
      const minted = await curl([
        '-X',
        'POST',
        '-H',
        'Content-Type: application/json',
        '-d',
        JSON.stringify({ token: identity }),
        `${origin}/_/oidc/mint-token`,
      ]);
      const { token } = JSON.parse(minted.stdout) as { token: string };
      expect(token).toMatch(/^pypi-/);
      const pkg = pythonPackage('acme-action');
      const run = await publishPython('twine', pkg.files, { url, env: trust(), login: { username: '__token__', password: token } });
      expect(run, run.output).toMatchObject({ code: 0 });
      expect(await index.files('acme-action')).toHaveLength(2);
    });

    test('P8 uv and twine show why they were refused, and nothing is stored', async () => {
      const pkg = pythonPackage('acme-refused');
      const uv = await publishPython('uv', [pkg.wheel], { url, env: env(stranger), args: ['--trusted-publishing', 'always'] });
      expect(uv.code).not.toBe(0);
      expect(uv.output).toContain('No trusted publisher lets acme/fork publish here.');
      const minted = await mint();
      const other = pythonPackage('other-project');
      const twine = await publishPython('twine', [other.wheel], {
        url,
        env: trust(),
        login: { username: '__token__', password: minted.stdout.trim() },
      });
      expect(twine.code).not.toBe(0);
      expect(twine.output).toContain('The upload token is for pypi acme-*, the request is for other-project.');
      for (const name of ['acme-refused', 'other-project']) expect(await index.files(name)).toEqual([]);
    });

    test('PY-18 P9 a wheel with something in front, which twine reads from its end, is refused in words, and nothing is stored', async () => {
      const pkg = pythonPackage('acme-hidden');
      writeFileSync(pkg.wheel, Buffer.concat([Buffer.alloc(3 * 1024 * 1024, 'in front'), readFileSync(pkg.wheel)]));
      const login = { username: '__token__', password: (await mint()).stdout.trim() };
      const run = await publishPython('twine', [pkg.wheel], { url, env: trust(), login });
      expect(run.code).not.toBe(0);
      expect(run.output.replaceAll(/\s+/g, ' ')).toContain('its wheel has something between its files');
      expect(await index.files('acme-hidden')).toEqual([]);
    });

    test('a file that is there is refused with 409 and in words', async () => {
      const pkg = pythonPackage('acme-again');
      const login = { username: '__token__', password: (await mint()).stdout.trim() };
      const first = await publishPython('twine', [pkg.wheel], { url, env: trust(), login });
      expect(first, first.output).toMatchObject({ code: 0 });
      const again = await publishPython('twine', [pkg.wheel], { url, env: trust(), login });
      expect(again.code).not.toBe(0);
      expect(again.output).toContain('already exists');
      expect(again.output).toContain('409');
    });

    test('30 wheels with one token', async () => {
      const wheels = Array.from({ length: 30 }, (_, i) => pythonPackage('acme-many', `1.0.${i}`).wheel);
      const before = proxy.audit().filter((e) => e.outcome === 'minted').length;
      const run = await publishPython('uv', wheels, { url, env: env() });
      expect(run, run.output).toMatchObject({ code: 0 });
      expect(await index.files('acme-many')).toHaveLength(30);
      await expect.poll(() => proxy.audit().filter((e) => e.outcome === 'minted').length - before, { timeout: 10_000 }).toBe(1);
    }, 120_000);

    test('a 300 MB wheel passes with flat memory', async () => {
      const file = bigWheel(dirname(pythonPackage('acme-big').wheel), 300);
      const login = { username: '__token__', password: (await mint()).stdout.trim() };
      const before = residentMiB(proxy.pid);
      const sampler = sampleMemory(proxy.pid);
      const run = await publishPython('twine', [file], { url, env: trust(), login, timeoutMs: 120_000 });
      const peak = sampler();
      expect(run, run.output).toMatchObject({ code: 0 });
      expect(await index.files('acme-big')).toEqual([basename(file)]);
      expect((await proxy.event((e) => e.package === 'acme-big')).bytes).toBeGreaterThan(300 * 1024 * 1024);
      console.log(`${kind}: resident memory ${before} MiB before, ${peak} MiB at most`);
      expect(peak - before).toBeLessThan(150);
    }, 180_000);
  });
}

/** The small wheel, with a file more: Python's own zipfile writes it. */
function bigWheel(dir: string, mebibytes: number): string {
  const file = join(dir, 'acme_big-1.0.0-py3-none-any.whl');
  const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "a") as wheel, wheel.open("acme_big.bin", "w") as ballast:
    for _ in range(int(sys.argv[2])):
        ballast.write(b"countersign." * 87382)`;
  execFileSync(requires('python'), ['-c', script, file, String(mebibytes)]);
  return file;
}

function residentMiB(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}

function sampleMemory(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMiB(pid));
  }, 50);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
