// Who may ask the admin side.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refuseAccess, type AccessRule } from '../../src/admin/access.ts';
import { Secret } from '../../src/core/secret.ts';
import { tempDir } from '../support/temp.ts';
import type { AdminReply, AdminRequest } from '../../src/admin/reply.ts';
import { asked } from './ask.ts';

const secret = 'a-token-of-some-length';
const now = Date.UTC(2026, 10, 29, 12);
const turnedAway = (rule: AccessRule, request: AdminRequest): AdminReply | undefined => refuseAccess(rule, request, now);
const rule = (change: Partial<AccessRule> = {}): AccessRule => ({
  loopback: false,
  session: 3600,
  token: { kind: 'value', value: new Secret(secret) },
  ...change,
});
const showing = (authorization: string) => asked('/api/v1/events', { authorization, host: 'audit.acme.example' });

describe('with a token', () => {
  test.each([`Bearer ${secret}`, `bearer ${secret}`, `Bearer   ${secret}`])('%s opens', (text) => {
    expect(turnedAway(rule(), showing(text))).toBeUndefined();
    expect(turnedAway(rule({ loopback: true }), showing(text))).toBeUndefined();
  });

  test.each([
    'Bearer x',
    `Bearer ${secret}x`,
    `Bearer ${secret.slice(0, -1)}`,
    `Bearer ${'x'.repeat(4000)}`,
    `Bearer ${secret} ${secret}`,
    `Basic ${Buffer.from(`a:${secret}`).toString('base64')}`,
    'Bearer',
    'Bearer \u00e4',
    '',
  ])('"%s" does not, whatever its length (SEC-03)', (text) => {
    const reply = turnedAway(rule(), showing(text));
    expect(reply?.status).toBe(401);
    expect(reply?.body).not.toContain(secret);
  });

  test('this machine has to show it, too', () => {
    expect(turnedAway(rule({ loopback: true }), asked('/api/v1/events'))?.status).toBe(401);
  });

  test('the challenge says `invalid_token` only to whoever showed one (SEC-10)', () => {
    const challenge = (text: string) => turnedAway(rule(), showing(text))?.headers['www-authenticate'];
    expect(challenge('Bearer x')).toBe('Bearer realm="countersign admin", error="invalid_token"');
    expect(challenge('')).toBe('Bearer realm="countersign admin"');
  });

  test('from a file: a new one counts at once, and without the file nobody gets in', () => {
    const path = join(tempDir('admin'), 'token');
    const file = rule({ token: { kind: 'file', path } });
    writeFileSync(path, 'the-first-token-there\n');
    expect(turnedAway(file, showing('Bearer the-first-token-there'))).toBeUndefined();
    writeFileSync(path, 'the-second-token-there\n');
    expect(turnedAway(file, showing('Bearer the-first-token-there'))?.status).toBe(401);
    expect(turnedAway(file, showing('Bearer the-second-token-there'))).toBeUndefined();
    writeFileSync(path, '\n');
    expect(turnedAway(file, showing('Bearer '))?.status).toBe(503);
    rmSync(path);
    expect(turnedAway(file, showing('Bearer the-second-token-there'))?.status).toBe(503);
  });
});

describe('without a token', () => {
  const open: AccessRule = { loopback: true, session: 3600 };
  test.each(['127.0.0.1:9090', 'localhost:9090', 'LOCALHOST', '[::1]:9090', '127.1.2.3', 'countersign.localhost'])(
    '%s is let in',
    (host) => {
      expect(turnedAway(open, asked('/api/v1/events', { host }))).toBeUndefined();
    },
  );

  test.each([
    'evil.example:9090',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '0.0.0.0:9090',
    '',
    'evil.example#localhost',
  ])('a page of "%s" that has its name point here is not (DNS rebinding)', (host) => {
    expect(turnedAway(open, asked('/api/v1/events', { host }))?.status).toBe(403);
  });

  test('a listener that others reach answers nobody', () => {
    expect(turnedAway({ loopback: false, session: 3600 }, asked('/api/v1/events'))?.status).toBe(403);
  });
});
