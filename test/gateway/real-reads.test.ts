// Reads and human writes of real clients, through the pass-through alone, from real registries.
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createOnward } from '../../src/gateway/onward.ts';
import type { RegistrySettings } from '../../src/registries/registry.ts';
import { publishPython, runClient } from '../support/clients.ts';
import { startDevpi } from '../support/devpi.ts';
import { npmPackage } from '../support/npm-package.ts';
import { pythonPackage } from '../support/python-package.ts';
import { describeWith } from '../support/requirement.ts';
import { SERVICE } from '../support/service-user.ts';
import { tempDir } from '../support/temp.ts';
import { startVerdaccio } from '../support/verdaccio.ts';
import { startFront } from './front.ts';
import { plainProtocol, registryAt } from './registry.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A proxy for one registry below `prefix` of its host; the public URL. */
async function proxy(upstream: string, prefix: string, changes: Partial<RegistrySettings>): Promise<string> {
  const passThrough = createOnward();
  const holder: { registry?: RegistrySettings } = {};
  const front = await startFront((req, res, head) => {
    if (holder.registry === undefined || !head.path.startsWith(prefix)) return void res.writeHead(404).end();
    const below = { ...head, path: head.path.slice(prefix.length - 1) };
    passThrough.pass({ req, res, registry: holder.registry, head: below, requestId: 'r' }, { credential: 'own' });
  });
  closers.push(front.close, passThrough.close);
  const url = new URL(prefix, `http://127.0.0.1:${front.port}/`);
  holder.registry = registryAt(new URL(upstream), { url, ...changes });
  return url.href;
}

describeWith('npm-12', 'verdaccio')('npm through the pass-through', () => {
  it('publishes with a long-lived token, and installs with the tarball from our own address', async () => {
    const verdaccio = await startVerdaccio();
    closers.push(() => verdaccio.close());
    const url = await proxy(verdaccio.url, '/', {});
    const npmrc = `registry=${url}\n//${new URL(url).host}/:_authToken=${await verdaccio.login()}`;
    const made = npmPackage('@acme/ui', '1.0.0');
    const published = await runClient('npm-12', ['publish'], { cwd: made.folder, npmrc });
    expect(published.output).toContain('+ @acme/ui@1.0.0');
    const again = await runClient('npm-12', ['publish', '--force'], { cwd: made.folder, npmrc });
    expect(again.output).toMatch(/409 Conflict[^]*already present/);
    const folder = tempDir('install');
    const installed = await runClient('npm-12', ['install', '@acme/ui', '--prefix', folder], { cwd: folder, npmrc: `registry=${url}` });
    expect(installed).toMatchObject({ code: 0 });
    expect(existsSync(`${folder}/node_modules/@acme/ui/index.js`)).toBe(true);
    const packument = (await (await fetch(`${url}@acme%2fui`)).json()) as { versions: Record<string, { dist: { tarball: string } }> };
    expect(packument.versions['1.0.0']?.dist.tarball.startsWith(`${url}@acme/ui/-/`)).toBe(true);
  });
});

describeWith(
  'devpi-server',
  'python',
  'twine',
  'uv',
)('pip, uv and twine through the pass-through', () => {
  it('upload and download from devpi under another public path, without X-Outside-Url: its links are relative', async () => {
    const devpi = await startDevpi();
    closers.push(() => devpi.close());
    const url = await proxy(devpi.prod, '/team/', { protocol: plainProtocol('pypi') });
    const made = pythonPackage('Acme_UI', '1.0.0');
    const sent = await publishPython('twine', made.files, { url, login: SERVICE });
    expect(sent).toMatchObject({ code: 0 });
    expect(await devpi.files('prod', 'acme-ui')).toHaveLength(2);

    const folder = tempDir('pip');
    const index = ['--index-url', `${url}+simple/`, '--no-deps'];
    const pip = await runClient('python', ['-m', 'pip', 'download', ...index, '--dest', folder, 'Acme_UI'], {});
    expect(pip).toMatchObject({ code: 0 });
    expect(readdirSync(folder)).toEqual([basename(made.wheel)]);
    const uv = await runClient('uv', ['pip', 'install', ...index, '--target', `${folder}/uv`, 'acme-ui'], {});
    expect(uv).toMatchObject({ code: 0 });
    expect(existsSync(`${folder}/uv/acme_ui.py`)).toBe(true);
  }, 120_000);
});
