// Reports of leaked upload tokens, and the rules by which secret scanners find them.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatToken, parseToken } from '../../src/core/upload-token.ts';
import { codeOf } from '../gateway/npm-scene.ts';
import { sha256, type RawAnswer } from '../support/proxy.ts';
import { ROOT } from '../support/requirement.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world?.close());

const report = (body: unknown, path = '/-/oidc/leaked'): Promise<RawAnswer> => world.post(path, JSON.stringify(body));
const idOf = (token: string): string => sha256(Buffer.from(token.replace(/^pypi-/, ''))).slice(0, 12);
const revocations = (): number => world.proxy.audit().filter((event) => event.event === 'revoke').length;
const damaged = (token: string): string => `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;

describe('POST /-/oidc/leaked', () => {
  test('TOK-27 SEC-15 a report in the form of GitHub kills a live token and is recorded with where it was found', async () => {
    const token = await world.pypiToken();
    const url = `https://github.com/acme/ui/blob/main/log.txt?found=${token}`;
    const answer = await report([{ token, type: 'countersign_upload_token', url, source: 'content' }]);
    expect([answer.status, answer.body]).toEqual([200, '{}']);
    const event = await world.proxy.event((e) => e.event === 'revoke' && e.token === idOf(token));
    expect(event).toMatchObject({
      outcome: 'revoked',
      detail: expect.stringContaining('reported leaked, source content https://github.com/'),
    });
    expect((await world.uploadPypi(token, '1.0')).status).toBe(401);
    expect(world.writes()).toEqual([]);
    expect(world.proxy.output()).not.toContain(token);
  });

  test('our own forms work too, below the path of a registry as well, and with both prefixes', async () => {
    const [first, second, third] = [await world.pypiToken(), await world.pypiToken(), await world.npmToken('@acme/ui')];
    await report({ token: first.replace('pypi-', '') });
    await report({ tokens: [second, third] }, '/pypi/-/oidc/leaked');
    for (const token of [first, second, third]) await world.proxy.event((e) => e.event === 'revoke' && e.token === idOf(token));
    expect(codeOf(await world.uploadNpm(third, '@acme/ui'))).toBe('upload-token-unknown');
  });

  test('TOK-27 live, dead, unknown, damaged and foreign tokens are answered alike', async () => {
    const live = await world.pypiToken();
    const before = revocations();
    const seen = new Set<string>();
    for (const token of [live, live, formatToken(randomBytes(32)), damaged(live), 'ghp_0123456789', '']) {
      const { status, body, headers } = await report({ token });
      delete headers['date'];
      delete headers['x-request-id'];
      seen.add(JSON.stringify([status, body, headers]));
    }
    expect([...seen]).toHaveLength(1);
    await world.proxy.event((e) => e.event === 'revoke' && e.token === idOf(live));
    expect(revocations() - before).toBe(1);
  });

  test.each([
    ['no JSON', '{'],
    ['a key twice', '{"token":"a","token":"b"}'],
    ['a token that is no text', '[{"token":1}]'],
    ['an entry that is no object', '["csgn_x"]'],
    ['no tokens', '[]'],
    ['both forms', '{"token":"a","tokens":["b"]}'],
    ['tokens that are no list', '{"tokens":"a"}'],
    ['a number', '1'],
    ['101 tokens', JSON.stringify({ tokens: Array.from({ length: 101 }, () => 'x') })],
    ['deep nesting', `${'['.repeat(2000)}${']'.repeat(2000)}`],
  ])('a report with %s is refused', async (_, body) => {
    expect((await world.post('/-/oidc/leaked', body)).status).toBe(400);
  });

  test('a report that is too large, of another media type, compressed, or not a POST is refused', async () => {
    // Kept alive: a connection that is closed after the answer may be cut while the rest of the body is on its way.
    const large = JSON.stringify({ token: 'x'.repeat(70_000) });
    expect((await world.post('/-/oidc/leaked', large, { connection: 'keep-alive' })).status).toBe(413);
    expect((await world.post('/-/oidc/leaked', '{"token":"x"}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await world.post('/-/oidc/leaked', '{"token":"x"}', { 'content-encoding': 'gzip' })).status).toBe(415);
    const got = await fetch(`${world.proxy.url}-/oidc/leaked`);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('words of the reporter cannot forge a line of the record', async () => {
    const token = await world.pypiToken();
    await report([{ token, source: 'x\n{"audit":true,"event":"upload"}\u001b[31m', url: 7 }]);
    const event = await world.proxy.event((e) => e.event === 'revoke' && e.token === idOf(token));
    expect(event.detail).toBe(String.raw`reported leaked, source x\u{a}{"audit":true,"event":"upload"}\u{1b}[31m`);
  });
});

describe('rules for secret scanners', () => {
  const gitleaks = readFileSync(join(ROOT, 'docs', 'gitleaks.toml'), 'utf8');
  const trufflehog = parse(readFileSync(join(ROOT, 'docs', 'trufflehog.yaml'), 'utf8')) as {
    detectors: { keywords: string[]; regex: { token: string }; verify?: unknown }[];
  };
  const patterns = {
    gitleaks: /^regex = '''(.*)'''$/m.exec(gitleaks)?.[1] ?? '',
    trufflehog: trufflehog.detectors[0]?.regex.token ?? '',
    page: /^ {4}(\\b.*\\b)$/m.exec(readFileSync(join(ROOT, 'docs', 'secret-scanning.md'), 'utf8'))?.[1] ?? '',
  };
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-';

  test('SEC-01 all three places have the same expression, which needs nothing that RE2 lacks', () => {
    expect(patterns).toEqual({ gitleaks: patterns.page, trufflehog: patterns.page, page: String.raw`\b(?:pypi-)?csgn_[0-9A-Za-z]{49}\b` });
  });

  test('SEC-01 the expression finds 10,000 tokens whole, in both dialects, in the middle of text', () => {
    const rule = new RegExp(patterns.page);
    for (let i = 0; i < 10_000; i += 1) {
      const token = formatToken(randomBytes(32), i % 2 === 0 ? 'plain' : 'pypi');
      expect(rule.exec(`export TOKEN="${token}" # x`)?.[0] === token && parseToken(token).kind === 'token').toBe(true);
    }
  });

  test('SEC-01 the expression finds nothing in 100,000 random texts, in longer words, in cut tokens', () => {
    const rule = new RegExp(patterns.page);
    for (let i = 0; i < 100_000; i += 1) {
      const text = Array.from(randomBytes(60), (byte) => alphabet[byte & 63]).join('');
      if (rule.test(text) || rule.test(`csgn ${text}`)) throw new Error(text);
    }
    const token = formatToken(randomBytes(32));
    for (const near of [token.slice(0, -1), `${token}x`, `x${token}`, token.replace('_', '-'), token.toUpperCase()]) {
      expect(rule.test(near), near).toBe(false);
    }
  });
});
