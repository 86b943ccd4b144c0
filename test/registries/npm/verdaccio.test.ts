import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRefusal } from '../../../src/core/refusal.ts';
import { requestsOf } from '../changes.ts';
import type { Inspected, Probe } from '../../../src/registries/registry.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import { serviceBasic } from '../../support/service-user.ts';
import { startVerdaccio, type VerdaccioServer } from '../../support/verdaccio.ts';
import { accepted, head, name, publish, rebuiltBody, registry, tarball, version } from './publishing.ts';

describe('a real Verdaccio', () => {
  let verdaccio: VerdaccioServer;
  beforeAll(async () => {
    verdaccio = await startVerdaccio();
  });
  afterAll(() => verdaccio.close());

  const probe: Probe = async (path, headers) => {
    const response = await fetch(verdaccio.url + path, { headers });
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  };
  const what = { name: npm.packageName(name)!, version, file: 'widget-1.0.0.tgz' };

  async function send(upload: Pick<Inspected, 'request'>, body: Uint8Array | undefined): Promise<number> {
    const { method, path, headers } = upload.request;
    const sent = await fetch(verdaccio.url + path, {
      method,
      headers: { ...headers, authorization: serviceBasic() },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
    return sent.status;
  }

  it('takes the rebuilt publish, serves the same tarball, and is asked about it before the next one', async () => {
    const file = tarball();
    const upload = await accepted(JSON.stringify(publish(() => {}, file)));
    expect(await npm.existing(probe, registry(), what)).toBe('no-package');
    expect(await send(upload, await rebuiltBody(upload))).toBe(201);
    expect(await npm.existing(probe, registry(), what)).toBe('exists');
    expect(await npm.existing(probe, registry(), { ...what, version: '1.0.1' })).toBe('no-version');
    const packument = await verdaccio.packument(name);
    expect(packument).toMatchObject({ name, versions: { [version]: { name, _npmUser: { name: 'trusted-publisher' } } } });
    const served = await fetch(`${verdaccio.url}${name}/-/${what.file}`);
    expect(Buffer.from(await served.arrayBuffer()).equals(file)).toBe(true);
  });

  it('takes the dist-tag that we set and remove (NPM-23)', async () => {
    for (const [method, body, expected] of [
      ['PUT', '"1.0.0"', { latest: version, stable: version }],
      ['DELETE', '', { latest: version }],
    ] as const) {
      const route = npm.route(head(method, '/-/package/@acme%2fwidget/dist-tags/stable', { 'content-type': 'application/json' }));
      const built = await requestsOf(route, body);
      const [request] = isRefusal(built) ? [] : built;
      if (request === undefined) throw new Error('no request');
      expect(await send({ request }, request.body)).toBe(201);
      expect((await verdaccio.packument(name))?.['dist-tags']).toEqual(expected);
    }
  });
});
