// Webhooks: signed, in order, once where they are taken, again where they are not, and never in anybody's way.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { signed } from '../../src/audit/signature.ts';
import { createWebhook, type Webhook, type WebhookRoom } from '../../src/audit/webhook.ts';
import { Secret } from '../../src/core/secret.ts';
import type { WebhookSettings } from '../../src/core/settings.ts';
import { createAuthority } from '../oidc/certificate.ts';
import { startWorld } from '../security/world.ts';
import { freePort } from '../support/ports.ts';
import { tempDir } from '../support/temp.ts';
import { entryOf } from './entries.ts';
import { isGenuine, startReceiver, type Receiver } from './receiver.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function receiver(...pair: Parameters<typeof startReceiver>): Promise<Receiver> {
  const started = await startReceiver(...pair);
  closing.push(() => started.close());
  return started;
}

interface Told {
  readonly problems: string[];
  readonly given: string[];
}

function webhookTo(url: string, change: Partial<WebhookSettings> = {}, room: Partial<WebhookRoom> = {}): Webhook & Told {
  const told: Told = { problems: [], given: [] };
  const webhook = createWebhook(
    { url, secret: { kind: 'value', value: new Secret('a-secret') }, outcomes: ['uploaded', 'refused'], ...change },
    {
      now: Date.now,
      version: '1.2.3',
      scrub: (text) => text.replaceAll('hunter22', '[secret]'),
      told: (problem) => void told.problems.push(problem ?? 'well'),
      gaveUp: (_, reason) => void told.given.push(reason),
      pause: () => 10,
      ...room,
    },
  );
  closing.push(() => webhook.close());
  return { ...webhook, ...told };
}

const ids = ({ got }: Receiver): string[] => got.map(({ entry }) => entry.id);
const some = (count: number, outcome: AuditEntry['outcome'] = 'uploaded'): AuditEntry[] =>
  Array.from({ length: count }, () => entryOf({ outcome }));

test('the signature is that of the Standard Webhooks libraries', () => {
  // The vector of their own tests.
  const headers = signed('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('records come one by one, in order, signed, with the outcomes asked for and no secret', async () => {
  const to = await receiver();
  const { sink, settle } = webhookTo(to.url);
  const wanted = [entryOf({ message: 'x hunter22 y' }), entryOf({ outcome: 'refused', code: 'publisher-none' })];
  for (const entry of [...some(1, 'minted'), ...wanted, ...some(1, 'forwarding')]) sink(entry);
  await settle();
  expect(ids(to)).toEqual(wanted.map(({ id }) => id));
  expect(to.got.map(({ type }) => type)).toEqual(['upload.uploaded', 'upload.refused']);
  expect(to.got[0]?.entry.message).toBe('x [secret] y');
  for (const delivery of to.got) {
    expect(delivery.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': delivery.entry.id });
    expect(delivery.headers['user-agent']).toBe('countersign/1.2.3');
    expect(isGenuine(delivery, 'a-secret')).toBe(true);
    expect(isGenuine({ ...delivery, body: delivery.body.replace('uploaded', 'minted_') }, 'a-secret')).toBe(
      delivery.type === 'upload.refused',
    );
    expect(isGenuine(delivery, 'another')).toBe(false);
  }
});

test('what is not taken comes again under the same id, and what is behind it keeps its place', async () => {
  const to = await receiver();
  const answers = [500, 503, 429, 302, 404, 204];
  to.answer = (res, count) => void res.writeHead(answers[count - 1] ?? 204, { location: `${to.url}?followed` }).end('x'.repeat(100_000));
  const { sink, settle, problems } = webhookTo(to.url);
  const entries = some(3);
  for (const entry of entries) sink(entry);
  await settle();
  expect(ids(to)).toEqual([...Array.from({ length: 5 }, () => entries[0]?.id), ...entries.map(({ id }) => id)]);
  expect(problems).toEqual(['it answered 500', 'it answered 503', 'it answered 429', 'it answered 302', 'it answered 404', 'well']);
  // A redirect is followed to nobody.
  expect(to.got.every(({ path }) => !path.includes('followed'))).toBe(true);
  expect(to.got.every((delivery) => isGenuine(delivery, 'a-secret'))).toBe(true);
});

test('a receiver that asks for time gets it (Retry-After)', async () => {
  const to = await receiver();
  to.answer = (res, count) => void res.writeHead(count === 1 ? 503 : 204, { 'retry-after': '1' }).end();
  const { sink } = webhookTo(to.url);
  sink(entryOf());
  await expect.poll(() => to.got.length, { timeout: 5000 }).toBe(2);
  expect((to.got[1]?.at ?? 0) - (to.got[0]?.at ?? 0)).toBeGreaterThanOrEqual(990);
});

test('what a receiver refuses for good is given up, and the next one is sent', async () => {
  const to = await receiver();
  to.answer = (res, count) => void res.writeHead(count === 1 ? 422 : 204).end();
  const { sink, settle, given } = webhookTo(to.url);
  const entries = some(2);
  for (const entry of entries) sink(entry);
  await settle();
  expect(ids(to)).toEqual(entries.map(({ id }) => id));
  expect(given).toEqual(['it was answered 422']);
});

test('a receiver that comes up late gets what waited, but nothing older than a day', async () => {
  const port = await freePort();
  const { sink, problems, given } = webhookTo(`http://127.0.0.1:${port}/x`);
  const [old, ...entries] = [entryOf({}, Date.now() - 25 * 3_600_000), ...some(3)];
  for (const entry of [old, ...entries]) sink(entry);
  await expect.poll(() => problems, { timeout: 5000 }).toEqual(['it cannot be reached (ECONNREFUSED)']);
  expect(given).toEqual(['it was not taken for a day']);
});

test('nobody waits for a receiver that never answers, and what does not fit into memory is counted', async () => {
  const to = await receiver();
  to.answer = () => undefined;
  const { sink, close } = webhookTo(to.url);
  const started = performance.now();
  for (const entry of some(6_000)) sink(entry);
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(await close()).toBe(5_000);
});

test('a new secret in its file counts at once, and without the file nothing is sent unsigned', async () => {
  const to = await receiver();
  const path = join(tempDir('webhook'), 'secret');
  const { sink, settle, problems } = webhookTo(to.url, { secret: { kind: 'file', path } });
  sink(entryOf());
  await expect.poll(() => problems, { timeout: 5000 }).toEqual(['the file with its secret cannot be read']);
  const key = Buffer.from('0123456789abcdef');
  writeFileSync(path, `whsec_${key.toString('base64')}\n`);
  await settle();
  writeFileSync(path, 'second');
  sink(entryOf());
  await settle();
  expect(to.got.map((delivery) => [isGenuine(delivery, key), isGenuine(delivery, 'second')])).toEqual([
    [true, false],
    [false, true],
  ]);
});

test('https with a private authority: only the one that is named is believed', async () => {
  const [ours, others] = [createAuthority(), createAuthority()];
  const to = await receiver(ours.issue({ host: 'localhost' }));
  const caFile = join(tempDir('webhook'), 'ca.pem');
  writeFileSync(caFile, ours.certificate);
  const other = join(tempDir('webhook'), 'ca.pem');
  writeFileSync(other, others.certificate);
  const good = webhookTo(to.url, { caFile });
  good.sink(entryOf());
  await good.settle();
  expect(to.got).toHaveLength(1);
  const bad = webhookTo(to.url, { caFile: other });
  bad.sink(entryOf());
  await expect.poll(() => bad.problems[0], { timeout: 5000 }).toMatch(/cannot be reached \([A-Z_]+\)/);
  expect(to.got).toHaveLength(1);
});

test('the running program tells a webhook of an upload and of refusals; neither its path nor its secret is in the log (SEC-06)', async () => {
  const to = await receiver();
  const webhooks = [{ url: '${HOOK}', secret: '${HOOK_SECRET}', outcomes: ['uploaded', 'refused'] }];
  const env = { HOOK: to.url, HOOK_SECRET: 'the-secret-of-the-hook' };
  const world = await startWorld({ sections: { audit: { webhooks } }, env });
  closing.push(() => world.close());
  expect((await world.uploadPypi(await world.pypiToken(), '1.0')).status).toBe(200);
  await expect.poll(() => to.got.length, { timeout: 5000 }).toBe(1);
  to.answer = (res) => void res.writeHead(500).end();
  expect((await world.uploadPypi('csgn_nonsense', '1.0')).status).toBe(401);
  // The second comes again and again.
  await expect.poll(() => to.got.slice(0, 2).map(({ type }) => type), { timeout: 5000 }).toEqual(['upload.uploaded', 'upload.refused']);
  await expect.poll(() => world.proxy.output(), { timeout: 5000 }).toContain('audit records wait for the webhook');
  expect(to.got.every((delivery) => isGenuine(delivery, env.HOOK_SECRET))).toBe(true);
  expect(to.got[0]?.entry).toMatchObject({ package: 'acme-ui', version: '1.0', anchor: 'acme/ui' });
  for (const secret of ['of-which-the-path-is-secret', env.HOOK_SECRET]) expect(world.proxy.output()).not.toContain(secret);
});
