import { requestsOf } from '../changes.ts';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { npm } from '../../../src/registries/npm/index.ts';
import { runClient, NPM_CLIENTS, type NpmClient } from '../../support/clients.ts';
import { npmPackage } from '../../support/npm-package.ts';
import { accepted, head, rebuiltBody } from './publishing.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

describe('what real clients send (NPM-30)', () => {
  const seen: Seen[] = [];
  let server: Server;
  let host = '';

  beforeAll(async () => {
    server = createServer((req, res) => {
      const parts: Buffer[] = [];
      req.on('data', (part: Buffer) => parts.push(part));
      req.on('end', () => {
        const headers = Object.fromEntries(Object.entries(req.headers).map(([key, value]) => [key, String(value)]));
        seen.push({ method: req.method ?? '', path: req.url ?? '', headers, body: Buffer.concat(parts) });
        const status = req.method === 'PUT' ? 201 : req.url?.endsWith('/dist-tags') ? 200 : 404;
        res.writeHead(status, { 'content-type': 'application/json' }).end('{"latest":"1.0.0"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    seen.length = 0;
  });

  const npmrc = (): string => `registry=http://${host}/\n//${host}/:_authToken=npm_abc`;

  async function publishWith(client: NpmClient, folder: string): Promise<string> {
    const env = {
      CI: 'true',
      YARN_NPM_REGISTRY_SERVER: `http://${host}`,
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      YARN_NPM_AUTH_TOKEN: 'npm_abc',
      YARN_ENABLE_TELEMETRY: '0',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    };
    const options = { cwd: folder, env, npmrc: npmrc() };
    if (client === 'yarn-4') {
      const installed = await runClient(client, ['install'], options);
      const published = await runClient(client, ['npm', 'publish'], options);
      return installed.output + published.output;
    }
    const args = client.startsWith('pnpm') ? ['publish', '--no-git-checks'] : ['publish'];
    return (await runClient(client, args, options)).output;
  }

  it.each(NPM_CLIENTS)('%s: an upload that is taken whole', async (client) => {
    const { name, folder } = npmPackage('@acme/client', '1.2.3-beta.1', client === 'yarn-4' ? {} : { publishConfig: { tag: 'beta' } });
    const output = await publishWith(client, folder);
    const put = seen.find(({ method }) => method === 'PUT');
    if (put === undefined) throw new Error(`${client} sent no PUT: ${output}`);
    const request = head('PUT', put.path, put.headers);
    expect(npm.route(request)).toEqual({ kind: 'upload', name });
    expect(npm.presented(request)).toEqual({ kind: 'text', text: 'npm_abc' });
    const upload = await accepted(put.body, { name, headers: put.headers, chunk: 1000 });
    expect(upload).toMatchObject({ name, version: '1.2.3-beta.1' });
    const before = JSON.parse(put.body.toString()) as { _attachments: object };
    const after = JSON.parse((await rebuiltBody(upload)).toString()) as { _attachments: object };
    expect(after._attachments).toEqual(before._attachments);
  });

  it('npm-12: a version with build metadata is taken as npm spells it', async () => {
    const { name, folder } = npmPackage('plain', '1.0.0+build.5');
    await publishWith('npm-12', folder);
    const put = seen.find(({ method }) => method === 'PUT');
    expect(await accepted(put?.body ?? '', { name })).toMatchObject({ version: '1.0.0' });
  });

  it('npm-12: a dist-tag that we understand (NPM-23)', async () => {
    await runClient('npm-12', ['dist-tag', 'add', '@acme/client@1.0.0', 'stable'], { npmrc: npmrc() });
    const put = seen.find(({ method }) => method === 'PUT');
    const route = npm.route(head('PUT', put?.path ?? '', put?.headers));
    expect(route).toMatchObject({ kind: 'manage', name: '@acme/client', action: 'dist_tag' });
    expect(await requestsOf(route, String(put?.body))).toMatchObject([{ path: '-/package/@acme%2fclient/dist-tags/stable' }]);
  });
});
