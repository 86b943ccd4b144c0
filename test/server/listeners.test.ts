// The listeners by themselves: their settings, handshakes that never end, and bugs that must stay with their request.
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createRecorder } from '../support/recorder.ts';
import { nothingRequired } from '../../src/audit/record.ts';
import { createRing } from '../../src/audit/ring.ts';
import { createPublicServer } from '../../src/server/listeners.ts';
import { createMetrics } from '../../src/metrics.ts';
import { startServer } from '../../src/server/server.ts';
import { dashboardTools } from '../../src/cli/dashboard.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { basePolicy, loaded } from '../config/policy-file.ts';
import { pause, until } from '../gateway/raw-upstream.ts';
import { createAuthority } from '../oidc/certificate.ts';
import { freePorts } from '../support/ports.ts';
import { raw } from '../support/proxy.ts';

test('DOS-03 DOS-01 no request has a limit as a whole; heads, silence and kept connections have', () => {
  const server = createPublicServer(
    undefined,
    () => 10,
    () => undefined,
  );
  expect(server).toMatchObject({ requestTimeout: 0, headersTimeout: 10_000, timeout: 120_000, keepAliveTimeout: 65_000 });
});

test('DOS-09 connections that never end their TLS handshake make room for those that do', async () => {
  const { key, cert } = createAuthority().issue({ host: 'npm.example' });
  const server = createPublicServer(
    { key: Buffer.from(key), cert: Buffer.from(cert), minVersion: 'TLSv1.2' },
    () => 20,
    (_, res) => void res.end('ok'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const crowd = Array.from({ length: 200 }, () =>
    net
      .connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .resume(),
  );
  onTestFinished(() => {
    for (const socket of crowd) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  await until(() => crowd.filter((socket) => !socket.destroyed).length <= 20);
  for (let i = 0; i < 3; i += 1) {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString())).on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: npm.example\r\n\r\n');
    await until(() => heard.includes('200 OK'));
    // At work or kept, it is one connection and not two.
    await pause(20);
    socket.destroy();
  }
});

test('DOS-17 a bug in the store, or in verification, is a 500 for its request alone; the process serves the next', async () => {
  const [port = 0, admin = 0] = await freePorts(2);
  const policy = basePolicy('url: https://npm.acme.example/', `url: http://127.0.0.1:${port}/`);
  const configuration = await loaded(`server: { listen: "127.0.0.1:${port}", admin: "127.0.0.1:${admin}" }\n${policy}`);
  const store = createMemoryStore({ now: Date.now });
  const bug = (): Promise<never> => Promise.reject(new TypeError('of a bug'));
  const broken = { ...store, find: bug, use: bug, revoke: bug, remember: bug, recall: bug };
  const failures: unknown[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => failures.push(fields) };
  const running = await startServer(configuration, {
    store: broken,
    audit: createRecorder().audit,
    recorded: nothingRequired,
    auditProblem: () => undefined,
    auditStore: createRing(configuration.audit, Date.now),
    log,
    version: '0',
    tools: dashboardTools(),
    metrics: createMetrics(),
  });
  onTestFinished(running.close);
  const host = `127.0.0.1:${port}`;
  const token = 'csgn_' + '0'.repeat(49);
  const { formatToken } = await import('../../src/core/upload-token.ts');
  const good = formatToken(new Uint8Array(32).fill(7));
  const body = '{"_id":"@acme/ui"}';
  const put = (bearer: string) =>
    raw(
      { port },
      'PUT',
      '/@acme%2fui',
      { host, authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'content-length': String(body.length) },
      body,
    );
  const answers = await Promise.all([put(good), put(good), put(good)]);
  for (const answer of answers) {
    expect(answer.status).toBe(500);
    expect(answer.body + answer.reason).not.toMatch(/of a bug|TypeError|\.ts:/);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
  }
  expect((await put(token)).status, 'a damaged token asks no store').toBe(403);
  const form = { host, 'content-type': 'application/x-www-form-urlencoded' };
  expect((await raw({ port }, 'POST', '/-/oidc/revoke', form, `token=${good}`)).status).toBe(500);
  expect(failures).toHaveLength(4);
  expect((await raw({ port }, 'GET', '/-/oidc/token', { host })).status).toBe(405);
});
