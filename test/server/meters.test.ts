// However many packages, repositories, paths and addresses go by, the number of series is that of the policy (DOS-15, SEC-17).
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { createMetrics, printMetrics, type Metrics } from '../../src/metrics.ts';
import { counted } from '../../src/server/meters/decisions.ts';
import { createMeters } from '../../src/server/meters/index.ts';
import { base, loaded } from '../config/policy-file.ts';
import { samples, sum } from '../support/scrape.ts';

async function linesOf(metrics: Metrics): Promise<string[]> {
  return printMetrics(await metrics.read(), 'text').split('\n');
}

/** Everything that a caller chooses, and what a policy bounds. */
function somebody(i: number): Partial<AuditEvent> {
  const word = `secret${i}x${Math.random().toString(36).slice(2)}`;
  return {
    request: word,
    package: `@${word}/pkg`,
    version: word,
    file: `${word}.whl`,
    anchor: `${word}/repo`,
    actor: word,
    commit: word,
    ref: `refs/heads/${word}`,
    workflow: word,
    environment: word,
    run: word,
    runUrl: `https://ci.example/${word}`,
    token: word.slice(0, 12),
    client: word,
    address: `192.0.2.${i % 256}`,
    message: word,
    detail: word,
    policy: word,
    considered: [word],
    milliseconds: i % 1000,
    bytes: i,
  };
}

test('DOS-15 SEC-17 100,000 random callers add no series, and none of their words', async () => {
  const metrics = createMetrics();
  const audit = counted(() => undefined, metrics);
  const record = (i: number): void => {
    const about = somebody(i);
    audit({ event: 'exchange', outcome: 'refused', code: 'publisher-none', registry: 'npm', provider: 'github', ...about });
    audit({ event: 'exchange', outcome: 'refused', code: 'token-invalid', registry: 'npm,pypi', ...about });
    audit({ event: 'upload', outcome: 'uploaded', registry: 'npm', publishers: ['ui'], ...about });
    audit({ event: 'manage', outcome: 'changed', registry: 'npm', ...about });
    audit({ event: 'pass-through', outcome: 'long-lived', registry: 'npm', ...about });
    audit({ event: 'revoke', outcome: 'revoked', ...about });
  };
  record(0);
  const before = (await linesOf(metrics)).length;
  for (let i = 1; i <= 100_000; i += 1) record(i);
  const lines = await linesOf(metrics);
  expect(lines).toHaveLength(before);
  expect(lines.join('\n')).not.toMatch(/secret\d|192\.0\.2/);
  const all = samples(lines.join('\n'));
  expect(sum(all, 'countersign_exchanges_total', { registry: 'npm', code: 'publisher-none' })).toBe(100_001);
  expect(sum(all, 'countersign_exchanges_total', { registry: '*', provider: '-', code: 'token-invalid' })).toBe(100_001);
});

test('an intent to forward is no decision, and an upload counts when its end is known', async () => {
  const metrics = createMetrics();
  const audit = counted(() => undefined, metrics);
  audit({ event: 'upload', outcome: 'forwarding', registry: 'npm' });
  audit({ event: 'upload', outcome: 'upstream-unknown', registry: 'npm', code: 'upstream-timeout', bytes: 7 });
  const all = samples(printMetrics(await metrics.read(), 'text'));
  expect(sum(all, 'countersign_uploads_total')).toBe(1);
  expect(sum(all, 'countersign_upload_bytes_total'), 'nobody knows whether they are there').toBeUndefined();
});

test('DOS-12 EXC-24 a limit that the record names is counted under its key', async () => {
  const metrics = createMetrics();
  const audit = counted(() => undefined, metrics);
  const tooMany = { outcome: 'refused', code: 'too-many', registry: 'npm' } as const;
  audit({ event: 'upload', ...tooMany });
  audit({ event: 'upload', ...tooMany, detail: 'ceiling packages_per_minute' });
  audit({ event: 'exchange', ...tooMany, detail: 'ceiling exchanges_per_package' });
  audit({ event: 'exchange', ...tooMany, detail: 'ceiling of_somebody' });
  audit({ event: 'exchange', ...tooMany });
  const all = samples(printMetrics(await metrics.read(), 'text'));
  const counts = all.filter(({ name }) => name === 'countersign_limit_refusals_total').map(({ labels, value }) => [labels['limit'], value]);
  expect(Object.fromEntries(counts)).toEqual({ max_concurrent_uploads: 1, packages_per_minute: 1, exchanges_per_package: 1 });
});

test('DOS-15 a policy that is written anew a hundred times leaves the series of its last revision', async () => {
  const metrics = createMetrics();
  const meters = createMeters(metrics);
  const numbered = async (i: number): Promise<void> => {
    meters.use(await loaded(base.replace('ui-release', `ui${i}`).replace('  pypi:\n', `  pypi${i}:\n`)), Date.now());
    for (const registry of ['npm', `pypi${i}`]) {
      const watch = meters.public.begin({ on: () => undefined } as unknown as ServerResponse);
      watch.enter(registry, 'read');
      watch.closed(200);
    }
    metrics.publisherPackages.of({ publisher: `ui${i}` }).add();
  };
  await numbered(0);
  const before = (await linesOf(metrics)).length;
  for (let i = 1; i <= 100; i += 1) await numbered(i);
  const text = (await linesOf(metrics)).join('\n');
  expect(text.split('\n')).toHaveLength(before);
  expect(text).toContain('publisher="ui100"');
  expect(text).toMatch(/requests_total\{listener="public",registry="npm",route="read",status="2xx"\} 101/);
});

test('a request counts once, whatever the end of it', async () => {
  const metrics = createMetrics();
  const { public: meter } = createMeters(metrics);
  const server = createServer((req, res) => {
    meter.begin(res).enter('npm', 'read');
    if (req.url === '/cut') res.destroy();
    else res.writeHead(304).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const ask = (path: string): Promise<void> =>
    new Promise((resolve) => {
      const asked = request({ port: (server.address() as AddressInfo).port, path, agent: false }, (res) =>
        res.resume().once('end', resolve),
      );
      asked.once('error', () => resolve()).end();
    });
  await ask('/');
  await ask('/cut');
  const all = samples(printMetrics(await metrics.read(), 'text')).filter(({ name }) => name === 'countersign_http_requests_total');
  expect(all.map(({ labels, value }) => [labels['status'], value])).toEqual([
    ['3xx', 1],
    ['aborted', 1],
  ]);
  expect(sum(samples(printMetrics(await metrics.read(), 'text')), 'countersign_http_requests_in_flight', { listener: 'public' })).toBe(0);
});
