// What the program counts while clients do what clients do: read from its own `/metrics`.
import { request, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draft, escaped } from '../gateway/npm-scene.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { raw } from '../support/proxy.ts';
import { scrape, scrapeUntil, sum, type Sample } from '../support/scrape.ts';
import { fromUi, tokenBasic } from '../support/ui-job.ts';
import { startWorld, type World } from '../security/world.ts';

const multipart = `multipart/form-data; boundary=${BOUNDARY}`;

let world: World;
let before: readonly Sample[];
beforeAll(async () => {
  world = await startWorld();
  before = await scrape(world.proxy);
}, 40_000);
afterAll(() => world.close());

/** How much a number grew since the beginning, once it grew at all. */
async function grown(name: string, labels: Readonly<Record<string, string>>, least = 1): Promise<number> {
  const start = sum(before, name, labels) ?? 0;
  const all = await scrapeUntil(world.proxy, (now) => (sum(now, name, labels) ?? 0) - start >= least);
  return (sum(all, name, labels) ?? 0) - start;
}

const read = (path: string, headers: Record<string, string> = {}) => raw(world.proxy, 'GET', path, { host: world.proxy.host, ...headers });
const putWith = (authorization: string) =>
  raw(
    world.proxy,
    'PUT',
    `/${escaped('@acme/ui')}`,
    { host: world.proxy.host, authorization, 'content-type': 'application/json' },
    JSON.stringify(draft('@acme/ui', '9.0.0')),
  );

describe('requests', () => {
  test('are counted by listener, registry, route and status, with the time that they took', async () => {
    await read('/lodash');
    await read('/pypi/simple/');
    await raw(world.proxy, 'GET', '/', { host: 'other.example' });
    const npm = { listener: 'public', registry: 'npm', route: 'read' };
    expect(await grown('countersign_http_requests_total', { ...npm, status: '4xx' })).toBe(1);
    expect(await grown('countersign_http_request_duration_seconds_count', npm)).toBe(1);
    expect(await grown('countersign_http_requests_total', { registry: 'pypi', route: 'read', status: '4xx' })).toBe(1);
    expect(await grown('countersign_http_requests_total', { listener: 'public', registry: '-', route: '-', status: '4xx' })).toBe(1);
    expect(await grown('countersign_upstream_requests_total', { registry: 'npm', purpose: 'pass-through', status: '4xx' })).toBe(1);
    expect(await grown('countersign_upstream_request_duration_seconds_count', { registry: 'npm', purpose: 'pass-through' })).toBe(1);
    await grown('countersign_http_requests_total', { listener: 'admin', route: 'metrics', status: '2xx' });
  });

  test('of a client that goes before its answer is out are aborted, and under way no more', async () => {
    const held: ServerResponse[] = [];
    world.answerWrites((res) => held.push(res));
    const headers = { host: world.proxy.host, authorization: tokenBasic(await world.pypiToken()), 'content-type': multipart };
    const client = request({ port: world.proxy.port, method: 'POST', path: '/pypi/', headers, agent: false });
    client.on('error', () => undefined).end(form(plainWith({ name: 'acme-ui', version: '0.9' }, 'acme_ui-0.9.tar.gz')));
    const inFlight = { listener: 'public' };
    await scrapeUntil(world.proxy, (all) => sum(all, 'countersign_uploads_in_flight', { registry: 'pypi' }) === 1 && held.length === 1);
    expect(sum(await scrape(world.proxy), 'countersign_http_requests_in_flight', inFlight)).toBe(1);
    client.destroy();
    expect(await grown('countersign_http_requests_total', { registry: 'pypi', route: 'upload', status: 'aborted' })).toBe(1);
    expect(sum(await scrape(world.proxy), 'countersign_http_requests_in_flight', inFlight)).toBe(0);
    for (const res of held) res.destroy();
    world.answerWrites();
    await scrapeUntil(world.proxy, (all) => sum(all, 'countersign_uploads_in_flight', { registry: 'pypi' }) === 0);
  });
});

describe('exchanges and uploads', () => {
  test('P7 are counted as they are recorded: minted, refused with their code, uploaded with their bytes', async () => {
    const token = await world.pypiToken();
    expect((await world.uploadPypi(token, '1.0')).status).toBe(200);
    await world.exchangeNpm('@acme/ui', { repository: 'mallory/ui' });
    expect(
      await grown('countersign_exchanges_total', { registry: 'pypi', provider: 'github', outcome: 'minted', code: '-' }),
    ).toBeGreaterThan(0);
    expect(
      await grown('countersign_exchanges_total', { registry: 'npm', provider: 'github', outcome: 'refused', code: 'publisher-none' }),
    ).toBe(1);
    const { bytes = 0 } = await world.proxy.event((event) => event.event === 'upload' && event.version === '1.0');
    expect(bytes).toBeGreaterThan(0);
    expect(await grown('countersign_uploads_total', { registry: 'pypi', outcome: 'uploaded', code: '-' })).toBe(1);
    expect(await grown('countersign_upload_bytes_total', { registry: 'pypi' }, bytes)).toBe(bytes);
    expect(await grown('countersign_upload_duration_seconds_count', { registry: 'pypi', outcome: 'uploaded' })).toBe(1);
    expect(await grown('countersign_upstream_requests_total', { registry: 'pypi', purpose: 'upload', status: '2xx' })).toBe(1);
    expect(await grown('countersign_upstream_requests_total', { registry: 'pypi', purpose: 'lookup', status: '4xx' })).toBeGreaterThan(0);
    expect(await grown('countersign_upload_tokens_total', { change: 'minted' })).toBeGreaterThan(0);
    expect(await grown('countersign_store_command_duration_seconds_count', { command: 'mint' })).toBeGreaterThan(0);
    expect(await grown('countersign_publisher_packages_total', { publisher: 'ui' })).toBe(1);
  });

  test('an upstream that takes the credential for a wrong one is a number of its own', async () => {
    world.answerWrites((res) => res.writeHead(403).end());
    expect((await world.uploadPypi(await world.pypiToken(), '1.1')).status).toBe(502);
    world.answerWrites();
    const refused = { registry: 'pypi', outcome: 'upstream-refused', code: 'upstream-credential' };
    expect(sum(before, 'countersign_uploads_total', refused), 'it is there before it happens').toBe(0);
    expect(await grown('countersign_uploads_total', refused)).toBe(1);
    expect(await grown('countersign_upstream_requests_total', { registry: 'pypi', purpose: 'upload', status: '4xx' })).toBe(1);
  });

  test('a token that is given back is counted', async () => {
    const token = await world.pypiToken();
    await world.post('/_/oidc/burn-token', JSON.stringify({ token }));
    expect(await grown('countersign_upload_tokens_total', { change: 'revoked' })).toBe(1);
  });
});

describe('long-lived tokens', () => {
  test('are counted by what the policy says of them, before and after a reload', async () => {
    const verdict = (name: string) => ({ registry: 'npm', verdict: name });
    const writes = 'countersign_long_lived_writes_total';
    const old = 'Bearer an-old-token-of-somebody';
    expect((await putWith(old)).status).toBe(403);
    expect(await grown(writes, verdict('refused'))).toBe(1);
    const change = (more: object) => (port: number) => {
      const policy = world.policy(port) as { registries: { npm: object } };
      return { ...policy, registries: { ...policy.registries, npm: { ...policy.registries.npm, ...more } } };
    };
    await world.proxy.reload(change({ long_lived_tokens: 'warn' }));
    await putWith(old);
    expect(await grown(writes, verdict('warned'))).toBe(1);
    await world.proxy.reload(change({ long_lived_tokens: 'allow', trusted_only: ['@acme/ui'] }));
    expect((await putWith(old)).status).toBe(403);
    expect(await grown(writes, verdict('trusted-only'))).toBe(1);
    expect(sum(await scrape(world.proxy), writes, verdict('refused')), 'a reload forgets no count').toBe(1);
    await world.proxy.reload(world.policy);
    expect(await grown('countersign_policy_reloads_total', { outcome: 'success' }, 3)).toBe(3);
  });
});

test('POL-33 FLT-30 the policy in force is shown by its revision alone, with its publishers and their breadth', async () => {
  const old = (await scrape(world.proxy)).find(({ name }) => name === 'countersign_policy_info')?.labels['revision'];
  const { publishers } = world.policy(world.proxy.port) as { publishers: object[] };
  const open = { name: 'open', from: { ...fromUi, ref: 'any' }, publish: { npm: ['@acme/open'] } };
  await world.proxy.reload((port) => ({ ...world.policy(port), publishers: [...publishers, open] }));
  const all = await scrapeUntil(world.proxy, (now) => sum(now, 'countersign_policy_publishers') === publishers.length + 1);
  const revisions = all.filter(({ name }) => name === 'countersign_policy_info');
  expect(revisions).toHaveLength(1);
  expect(revisions[0]?.labels['revision']).not.toBe(old);
  expect(revisions[0]?.labels['revision']).toMatch(/^[0-9a-f]{12}$/);
  expect(sum(all, 'countersign_policy_unconstrained_publishers')).toBe(1);
  expect(sum(all, 'countersign_policy_warnings')).toBeGreaterThan(0);
  expect(sum(all, 'countersign_publisher_packages_total', { publisher: 'open' })).toBe(0);
  expect(Math.abs(Date.now() / 1000 - (sum(all, 'countersign_policy_loaded_timestamp_seconds') ?? 0))).toBeLessThan(60);
  await world.proxy.reload(world.policy);
  const after = await scrapeUntil(world.proxy, (now) => sum(now, 'countersign_policy_publishers') === publishers.length);
  expect(sum(after, 'countersign_publisher_packages_total', { publisher: 'open' }), 'gone with its publisher').toBeUndefined();
});
