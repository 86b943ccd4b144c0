// The audit record on a full disk (FLT-20): refused before the upstream is touched where it is required, told and survived where it is not.
import { readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { startWorld, type World } from '../security/world.ts';
import { raw } from '../support/proxy.ts';
import { tempDir } from '../support/temp.ts';

interface Disk {
  readonly file: string;
  /** The next look at the file finds a full disk, or one with room. */
  readonly fill: () => void;
  readonly empty: () => void;
  readonly lines: () => AuditEntry[];
}

function disk(): Disk {
  const folder = tempDir('audit');
  const [file, room] = [join(folder, 'audit.jsonl'), join(folder, 'room.jsonl')];
  const point = (to: string): void => {
    symlinkSync(to, join(folder, 'next'));
    renameSync(join(folder, 'next'), file);
  };
  point(room);
  return {
    file,
    fill: () => point('/dev/full'),
    empty: () => point(room),
    lines: () => {
      const text = readFileSync(room, 'utf8');
      expect(text.endsWith('\n')).toBe(true);
      return text
        .split('\n')
        .filter((line) => line.includes('"audit":true'))
        .map((line) => JSON.parse(line) as AuditEntry);
    },
  };
}

/** The program looks at the file once a second. */
const aLook = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_100));
const ready = async ({ proxy }: World): Promise<[number, string]> => {
  const answer = await fetch(`${proxy.admin}readyz`);
  return [answer.status, ((await answer.json()) as { audit: string }).audit];
};
const mint = ({ exchangeNpm }: World): Promise<number> => exchangeNpm('@acme/ui').then(({ status }) => status);
const withToken = ({ proxy }: World, token: string): Promise<{ status: number; body: string }> =>
  raw(proxy, 'POST', '/pypi/', { host: proxy.host, authorization: `Basic ${Buffer.from(`ci:${token}`).toString('base64')}` }, 'x');

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
    const answers = [
      await mint(world),
      (await world.uploadPypi(token, '2.0')).status,
      (await withToken(world, 'a-long-lived-token')).status,
    ];
    expect(answers).toEqual([503, 503, 503]);
    expect(world.all()).toHaveLength(before);
    expect(await ready(world)).toEqual([503, 'The audit file cannot be written (ENOSPC).']);
    // Reads go on.
    expect((await raw(world.proxy, 'GET', '/pypi/simple/acme-ui/', { host: world.proxy.host })).status).toBe(404);
    // What the file did not take is in the log.
    const told = world.proxy.audit().map(({ outcome, code }) => code ?? outcome);
    expect(told).toEqual(['minted', ...Array.from({ length: 4 }, () => 'audit-unavailable')]);
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
