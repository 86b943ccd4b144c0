// The audit record on a full disk (FLT-20): refused before the upstream is touched where it is required, told and survived where it is not.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../security/world.ts';
import { raw } from '../support/proxy.ts';
import { aLook, disk, ready, uploadLongLived } from './full-disk.ts';

const mint = ({ exchangeNpm }: World): Promise<number> => exchangeNpm('@acme/ui').then(({ status }) => status);

describe('with audit.required', () => {
  const { file, fill, empty, lines } = disk();
  const opening = startWorld({ sections: { audit: { file, required: true } }, pypi: { long_lived_tokens: 'allow' } });
  afterAll(async () => (await opening).close());

  test('FLT-20 records are in the file, intent before result, and not in the log (SEC-14)', async () => {
    const world = await opening;
    expect((await world.uploadPypi(await world.pypiToken(), '1.0')).status).toBe(200);
    expect(await ready(world)).toEqual([200, 'ok']);
    expect(lines().map(({ outcome }) => outcome)).toEqual(['started', 'minted', 'forwarding', 'uploaded']);
    expect(lines().every(({ id, time }) => /^[0-9a-f]{16}$/.test(id) && new Date(time).toISOString() === time)).toBe(true);
    expect(world.proxy.audit()).toEqual([]);
  });

  test('FLT-20 a full disk: 503 with Retry-After for exchanges and every write, and nothing reaches the upstream; then all goes on', async () => {
    const world = await opening;
    const token = await world.pypiToken();
    const known = lines().length;
    fill();
    await aLook();
    const before = world.all().length;
    // The first is minted before anybody can know, and taken back.
    const first = await world.exchangeNpm('@acme/ui');
    expect([first.status, first.headers['retry-after']]).toEqual([503, '5']);
    expect(first.body).toContain('The audit record cannot be written');
    expect(first.body).not.toContain('csgn_');
    const answers = [await mint(world), (await world.uploadPypi(token, '2.0')).status, (await uploadLongLived(world)).status];
    expect(answers).toEqual([503, 503, 503]);
    expect(world.all()).toHaveLength(before);
    expect(await ready(world)).toEqual([503, 'The audit file cannot be written (ENOSPC).']);
    // Reads go on.
    expect((await raw(world.proxy, 'GET', '/pypi/simple/acme-ui/', { host: world.proxy.host })).status).toBe(404);
    // What the file did not take is in the log.
    const told = (): string[] => world.proxy.audit().map(({ outcome, code }) => code ?? outcome);
    await expect.poll(told, { timeout: 10_000 }).toEqual(['minted', ...Array.from({ length: 4 }, () => 'audit-unavailable')]);
    expect(world.proxy.output()).toContain('audit records cannot be written to their file and go to the log');

    empty();
    await expect.poll(() => ready(world), { timeout: 10_000 }).toEqual([200, 'ok']);
    expect((await world.uploadPypi(token, '2.0')).status).toBe(200);
    expect(await mint(world)).toBe(201);
    expect(
      lines()
        .slice(known)
        .map(({ outcome }) => outcome),
    ).toEqual(['forwarding', 'uploaded', 'minted']);
    expect(readFileSync(file, 'utf8')).toMatch(/"lost":\d+,"msg":"log lines are lost"/);
  });
});

describe('without it', () => {
  const { file, fill, lines } = disk();
  const opening = startWorld({ sections: { audit: { file } } });
  afterAll(async () => (await opening).close());

  test('FLT-20 a full disk stops nothing: the records go to the log, which says why', async () => {
    const world = await opening;
    fill();
    await aLook();
    expect((await world.uploadPypi(await world.pypiToken(), '1.0')).status).toBe(200);
    const uploaded = await world.proxy.event(({ outcome }) => outcome === 'uploaded');
    expect(uploaded).toMatchObject({ package: 'acme-ui', version: '1.0' });
    expect(await ready(world)).toEqual([200, 'The audit file cannot be written (ENOSPC).']);
    expect(lines().map(({ outcome }) => outcome)).toEqual(['started']);
  });
});
