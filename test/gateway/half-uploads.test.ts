// A refused upload against the most trusting server there is: pypiserver on wsgiref takes a body that ends early for a whole one.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import type { PackageName } from '../../src/core/package-name.ts';
import { refuse } from '../../src/core/refusal.ts';
import type { Authorised } from '../../src/gateway/authorise.ts';
import { createForward } from '../../src/gateway/forward.ts';
import { UploadRefused } from '../../src/registries/registry.ts';
import { freePort } from '../support/ports.ts';
import { answers, plainEnv, startServer } from '../support/process.ts';
import { pythonPackage } from '../support/python-package.ts';
import { describeWith, requires } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { pause } from './raw-upstream.ts';
import { plainProtocol, registryAt } from './registry.ts';

const permit = { registry: 'npm', name: 'demo' as PackageName, action: 'publish', publishers: [] } as unknown as Authorised;

async function* form(file: string, boundary: string, refused: boolean): AsyncGenerator<Uint8Array> {
  const field = (name: string, value: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  yield Buffer.from(field(':action', 'file_upload') + field('name', 'demo') + field('version', '1.0.0'));
  yield Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="content"; filename="${basename(file)}"\r\n\r\n`);
  yield readFileSync(file);
  await pause(300);
  if (refused) throw new UploadRefused(refuse('body-digest', { algorithm: 'SHA-256', actual: 'a', expected: 'b' }));
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

describeWith('pypi-server')('an upload that is refused at its last byte', () => {
  it('P9 is not stored, although everything but the closing boundary was sent', async () => {
    const dir = tempDir('pypiserver');
    const packages = join(dir, 'packages');
    mkdirSync(packages);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const server = await startServer({
      name: 'pypiserver',
      command: requires('pypi-server'),
      args: ['run', '--server', 'wsgiref', '--interface', '127.0.0.1', '--port', `${port}`, '-P', '.', '-a', '.', packages],
      cwd: dir,
      env: plainEnv({ HOME: dir }),
      ready: () => answers(`${url}health`),
    });
    const forward = createForward({ version: '1', idleTimeout: 5000 });
    try {
      const registry = registryAt(new URL(url), { protocol: plainProtocol('pypi') });
      const upload = async (name: string, refused: boolean, known: boolean) => {
        const { wheel } = pythonPackage(name);
        const parts: Uint8Array[] = [];
        for await (const part of form(wheel, 'B', false)) parts.push(part);
        const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
        const request = { method: 'POST', path: '', headers: { 'content-type': 'multipart/form-data; boundary=B' } } as const;
        const body = { chunks: form(wheel, 'B', refused), ...(known ? { length } : {}) };
        return forward.forward(permit, registry, request, { credential: undefined, body });
      };
      await expect(upload('refused-length', true, true)).rejects.toBeInstanceOf(UploadRefused);
      await expect(upload('refused-chunks', true, false)).rejects.toBeInstanceOf(UploadRefused);
      expect(await upload('whole-length', false, true)).toMatchObject({ kind: 'answered', answer: { status: 200 } });
      expect(await upload('whole-chunks', false, false)).toMatchObject({ kind: 'answered', answer: { status: 200 } });
      await pause(300);
      const stored = readdirSync(packages).filter((file) => file.endsWith('.whl'));
      expect(stored.toSorted()).toEqual(['whole_chunks-1.0.0-py3-none-any.whl', 'whole_length-1.0.0-py3-none-any.whl']);
    } finally {
      await forward.close();
      await server.stop();
    }
  }, 90_000);
});
