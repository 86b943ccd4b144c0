import { describe, expect, it } from 'vitest';
import { pypi } from '../../../src/registries/pypi/index.ts';
import { packageName } from '../../../src/registries/pypi/name.ts';
import type { Probe } from '../../../src/registries/registry.ts';
import { registry } from './forms.ts';

const answering =
  (status: number, body: string): Probe =>
  async () => ({ status, body: Buffer.from(body) });
const redirecting: Probe = async (path) => ({ status: path === 'simple/' ? 200 : 303, body: Buffer.alloc(0) });

describe('what an upstream answers about a project', () => {
  const what = { name: packageName('acme-ui')!, version: '1.0', file: 'acme_ui-1.0.tar.gz' };

  it.each([401, 403, 500, 502, 503, 301, 302, 307, 308, 200])('P4: is an outage when it is status %d without an index', async (status) => {
    await expect(pypi.existing(answering(status, 'nonsense'), registry, what)).rejects.toThrow(/the upstream answered/);
    await expect(pypi.existing(answering(status, '{"meta":{}}'), { ...registry, simple: 'simple/' }, what)).rejects.toThrow(
      /the upstream answered/,
    );
  });

  it('P4: is an outage when there is nothing anywhere: every file could be replaced otherwise', async () => {
    await expect(pypi.existing(answering(404, ''), registry, what)).rejects.toThrow(/set `simple`/);
    await expect(pypi.existing(answering(303, ''), registry, what)).rejects.toThrow(/set `simple`/);
  });

  it('finds the project at pypiserver, which sends installers on to a public index where it has none', async () => {
    expect(await pypi.existing(redirecting, registry, what)).toBe('no-package');
  });
});
