import { describe, expect, it } from 'vitest';
import { npm } from '../../../src/registries/npm/index.ts';
import type { Existing } from '../../../src/registries/registry.ts';
import { registry } from './publishing.ts';

function existing(status: number, body: string | Uint8Array, version = '1.0.0'): Promise<Existing> {
  const name = npm.packageName('@acme/widget')!;
  return npm.existing(
    (path) =>
      path === '@acme%2fwidget' ? Promise.resolve({ status, body: Buffer.from(body) }) : Promise.reject(new Error(`asked for ${path}`)),
    registry(),
    { name, version, file: `widget-${version}.tgz` },
  );
}

describe('what the upstream has of a package', () => {
  const packument = JSON.stringify({ name: '@acme/widget', versions: { '1.0.0': {} } });

  it.each<[string, number, string, string, Existing]>([
    ['nothing', 404, '{"error":"no such package"}', '1.0.0', 'no-package'],
    ['the version', 200, packument, '1.0.0', 'exists'],
    ['other versions', 200, packument, '1.0.1', 'no-version'],
    ['no version called constructor', 200, packument, 'constructor', 'no-version'],
  ])('is %s', async (_, status, body, version, answer) => {
    expect(await existing(status, body, version)).toBe(answer);
  });

  it.each([
    [401, '{}'],
    [403, '{}'],
    [500, ''],
    [302, ''],
    [200, 'no JSON'],
    [200, '[]'],
    [200, '{}'],
    [200, '{"versions":[]}'],
    [200, '{"name":"@acme/victim","versions":{}}'],
    [200, '{"name":["@acme/widget"],"versions":{}}'],
    [204, ''],
  ])('is not known from %i %s, and no upload goes on (P4)', async (status, body) => {
    await expect(existing(status, body)).rejects.toBeInstanceOf(Error);
  });
});
