// `health`, the container's HEALTHCHECK.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countersign, written } from './fake-terminal.ts';

let admin: Server;
let port: number;
let ready = true;
beforeAll(async () => {
  // As src/server/health.ts answers.
  admin = createServer((request, response) => {
    const well = request.url === '/healthz' || (request.url === '/readyz' && ready);
    response
      .writeHead(well ? 200 : 503, { 'content-type': 'application/json' })
      .end(`${JSON.stringify({ status: well ? 'ok' : 'not ready' })}\n`);
  });
  await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
  port = (admin.address() as AddressInfo).port;
});
afterAll(() => admin.close());

describe('health', () => {
  test('asks the admin listener of the policy file, on this machine also when it is bound to every address', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '']) {
      const file = written('countersign.yaml', `server:\n  admin: "${host}:${port}"\n`);
      expect(await countersign(['health', '--config', file])).toEqual({ code: 0, out: 'ok: {"status":"ok"}\n', err: '' });
    }
    const map = written('countersign.yaml', `server:\n  admin: { listen: "127.0.0.1:${port}", token: "\${NOT_SET}" }\n`);
    expect((await countersign(['health', '--config', map])).code).toBe(0);
  });

  test('needs neither a valid policy nor its secrets: a proxy that runs on its old policy is well', async () => {
    const file = written(
      'countersign.yaml',
      `server:\n  admin: 127.0.0.1:${port}\nregistries: { npm: { credential: { bearer: "\${NOT_SET}" } } }\nnonsense: 1\n`,
    );
    expect((await countersign(['health', '--config', file])).code).toBe(0);
  });

  test('reads the address through variables, as the policy does', async () => {
    const file = written('countersign.yaml', 'server:\n  admin: "${COUNTERSIGN_ADMIN:-127.0.0.1:1}"\n');
    expect((await countersign(['health', '--config', file], { env: { COUNTERSIGN_ADMIN: `127.0.0.1:${port}` } })).code).toBe(0);
    expect((await countersign(['health', '--config', file])).code).toBe(1);
  });

  test('--ready asks whether it can do its work', async () => {
    const address = ['--address', `127.0.0.1:${port}`];
    expect((await countersign(['health', '--ready', ...address])).code).toBe(0);
    ready = false;
    const { code, out } = await countersign(['health', '--ready', ...address]);
    ready = true;
    expect([code, out]).toEqual([1, 'not well: {"status":"not ready"}\n']);
  });

  test('ends with 1 when nothing answers, so that a container is restarted', async () => {
    const { code, out } = await countersign(['health', '--address', '127.0.0.1:1']);
    expect(code).toBe(1);
    expect(out).toContain('nothing listens there');
  });

  test('ends with 2 for what is no address', async () => {
    expect((await countersign(['health', '--address', 'nonsense here'])).code).toBe(2);
  });
});
