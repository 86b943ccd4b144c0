import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import type { CredentialSettings } from '../../src/core/settings.ts';
import { createCredentials, CredentialUnavailable } from '../../src/gateway/credential.ts';
import { createUpstreamClient } from '../../src/gateway/upstream-client.ts';
import type { RegistrySettings } from '../../src/registries/registry.ts';
import { SERVICE } from '../support/service-user.ts';
import { startVerdaccio } from '../support/verdaccio.ts';
import { startRawUpstream } from './raw-upstream.ts';
import { registryAt } from './registry.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const nowhere = new URL('http://127.0.0.1:9/');
const value = (text: string) => ({ kind: 'value', value: new Secret(text) }) as const;
const open = (now?: () => number) => {
  const client = createUpstreamClient({ version: '1', idleTimeout: 2000 });
  closers.push(client.close);
  return { client, credentials: createCredentials(client, now) };
};
const fixed = async (credential: CredentialSettings): Promise<string | undefined> =>
  (await open().credentials.header(registryAt(nowhere, { credential })))?.reveal();

describe('a fixed credential', () => {
  it('is Basic, Bearer or none', async () => {
    expect(await fixed({ kind: 'basic', username: 'svc', password: value('p\u00e4ss:word') })).toBe(
      `Basic ${Buffer.from('svc:p\u00e4ss:word').toString('base64')}`,
    );
    expect(await fixed({ kind: 'bearer', token: value('abc.def') })).toBe('Bearer abc.def');
    expect(await fixed({ kind: 'none' })).toBeUndefined();
  });

  it.each<[string, CredentialSettings]>([
    ['HDR-15 a token with a line break', { kind: 'bearer', token: value('a\r\nX-Evil: 1') }],
    ['HDR-15 a token with NUL', { kind: 'bearer', token: value('a\0b') }],
    ['HDR-15 a token of other letters', { kind: 'bearer', token: value('caf\u00e9') }],
    ['a token with a space', { kind: 'bearer', token: value('a b') }],
    ['an empty password', { kind: 'basic', username: 'svc', password: value('') }],
    ['HDR-16 a user name with a colon', { kind: 'basic', username: 'a:b', password: value('c') }],
    ['a password with a line break', { kind: 'basic', username: 'svc', password: value('a\nb') }],
  ])('%s is not used', async (_, credential) => {
    await expect(fixed(credential)).rejects.toBeInstanceOf(CredentialUnavailable);
  });

  it('beside SEC-05: tells the log each secret, from files and with its user name too, before it is used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-credential-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'password');
    const told: string[] = [];
    const { client } = open();
    const credentials = createCredentials(client, Date.now, (secret) => void told.push(secret));
    const registry = registryAt(nowhere, { credential: { kind: 'basic', username: 'svc', password: { kind: 'file', path } } });
    for (const password of ['first-password', 'second-password']) {
      writeFileSync(path, `${password}\n`);
      await credentials.header(registry);
      expect(told).toEqual(expect.arrayContaining([password, `svc:${password}`]));
    }
  });

  it('beside HDR-15: a pipe, a device, a folder and a file of megabytes are no secrets, and nothing waits for them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-credential-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const [pipe, large] = [join(folder, 'pipe'), join(folder, 'large')];
    execFileSync('mkfifo', [pipe]);
    writeFileSync(large, 'x'.repeat(65_537));
    for (const path of [pipe, '/dev/zero', folder, large, join(folder, 'missing'), '/proc/self/mem']) {
      await expect(fixed({ kind: 'bearer', token: { kind: 'file', path } }), path).rejects.toBeInstanceOf(CredentialUnavailable);
    }
  });

  it('FLT-32 from a file is read again when the file changes, and loses the newline of secret mounts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-credential-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'token');
    writeFileSync(path, 'first\n');
    const { credentials } = open();
    const registry = registryAt(nowhere, { credential: { kind: 'bearer', token: { kind: 'file', path } } });
    const header = async (): Promise<string | undefined> => (await credentials.header(registry))?.reveal();
    expect(await header()).toBe('Bearer first');
    writeFileSync(join(folder, 'new'), 'other\n');
    renameSync(join(folder, 'new'), path);
    expect(await header()).toBe('Bearer other');
    writeFileSync(path, 'a\nb\n');
    await expect(header()).rejects.toThrow(/line break/);
    rmSync(path);
    await expect(header()).rejects.toThrow(/cannot be read: ENOENT/);
  });

  it('SEC-05 does not show itself', async () => {
    const header = await open().credentials.header(registryAt(nowhere, { credential: { kind: 'bearer', token: value('hidden') } }));
    expect(`${String(header)} ${JSON.stringify({ header })} ${inspect(header)}`).not.toContain('hidden');
  });
});

const jwt = (exp: number): string => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s${Math.random()}`;

describe('a Verdaccio login', () => {
  const settings: CredentialSettings = { kind: 'verdaccio_login', username: SERVICE.username, password: value(SERVICE.password) };

  /** Counts logins and answers each with a token that expires in a while. */
  async function counting(life: number | undefined, status = 201): Promise<{ registry: RegistrySettings; logins: () => number }> {
    let logins = 0;
    const upstream = await startRawUpstream((socket, text) => {
      if (!text.endsWith('}')) return;
      logins += 1;
      const body = JSON.stringify({ ok: true, token: life === undefined ? `opaque${logins}` : jwt(Date.now() / 1000 + life) });
      setTimeout(() => socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`), 30);
    });
    closers.push(upstream.close);
    return { registry: registryAt(upstream.url, { credential: settings }), logins: () => logins };
  }

  it('is made once, however many ask at the same time', async () => {
    const { registry, logins } = await counting(undefined);
    const { credentials } = open();
    const headers = await Promise.all(Array.from({ length: 20 }, () => credentials.header(registry)));
    await credentials.header(registry);
    expect(new Set(headers.map((header) => header?.reveal())).size).toBe(1);
    expect(logins()).toBe(1);
  });

  it('is made again after a 401, once for all who saw it', async () => {
    const { registry, logins } = await counting(undefined);
    const { credentials } = open();
    const first = await credentials.header(registry);
    for (let i = 0; i < 5; i += 1) credentials.rejected(registry, first);
    const second = await credentials.header(registry);
    credentials.rejected(registry, first);
    expect(await credentials.header(registry)).toBe(second);
    expect(second?.reveal()).not.toBe(first?.reveal());
    expect(logins()).toBe(2);
  });

  it('is made again before the token expires', async () => {
    let clock = Date.now();
    const { registry, logins } = await counting(3600);
    const { credentials } = open(() => clock);
    await credentials.header(registry);
    clock += 3500_000;
    await credentials.header(registry);
    expect(logins()).toBe(1);
    clock += 60_000;
    await credentials.header(registry);
    expect(logins()).toBe(2);
  });

  it('that fails is not tried again for a while, and says nothing of the password', async () => {
    let clock = Date.now();
    const { registry, logins } = await counting(undefined, 401);
    const { credentials } = open(() => clock);
    const error: unknown = await credentials.header(registry).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CredentialUnavailable);
    expect(inspect(error)).not.toContain(SERVICE.password);
    await expect(credentials.header(registry)).rejects.toThrow(/just before/);
    expect(logins()).toBe(1);
    clock += 6000;
    await expect(credentials.header(registry)).rejects.toThrow(/answered 401/);
    expect(logins()).toBe(2);
  });

  it.each([true, false])('works with a real Verdaccio (JWT: %s)', async (withJwt) => {
    const verdaccio = await startVerdaccio({ jwt: withJwt });
    closers.push(() => verdaccio.close());
    const { client, credentials } = open();
    const registry = registryAt(new URL(verdaccio.url), { credential: settings });
    const header = await credentials.header(registry);
    expect(header?.reveal()).toMatch(/^Bearer \S{20,}$/);
    const sent = await client.send(registry, { method: 'GET', path: '-/whoami', headers: {} }, { credential: header });
    expect(sent.kind === 'answered' ? JSON.parse(sent.answer.body.toString()) : sent).toEqual({ username: SERVICE.username });
    const wrong = registryAt(new URL(verdaccio.url), { name: 'wrong', credential: { ...settings, password: value('wrong-password') } });
    await expect(credentials.header(wrong)).rejects.toThrow(/answered 4\d\d/);
  });
});
