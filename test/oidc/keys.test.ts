import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRefusal } from '../../src/core/refusal.ts';
import { createVerifier } from '../../src/oidc/verify.ts';
import { startIssuer } from '../support/issuer.ts';
import { createIssuerKey } from '../support/keys.ts';
import { audience, outcome, settingsFor, startBench, words, type Bench } from './support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench({}, { alg: 'ES256' });
});
afterEach(() => bench.close());

const coolDown = 30;
const fresh = 600;
const stale = 3600;
const status = () => bench.verifier.status()[0];
const unknownKid = () => bench.present({}, { kid: crypto.randomUUID() });

describe('the keys of an issuer', () => {
  it('are fetched once and believed for ten minutes, whatever Cache-Control says (JWK-21)', async () => {
    bench.issuer.behave({ jwks: { headers: { 'cache-control': 'max-age=0', expires: 'Thu, 01 Jan 1970 00:00:00 GMT' } } });
    for (let i = 0; i < 5; i += 1) expect(outcome(await bench.present())).toBe('verified');
    bench.pass(fresh - 5);
    expect(outcome(await bench.present())).toBe('verified');
    expect(bench.issuer.requests).toMatchObject({ discovery: 1, jwks: 1 });
    bench.issuer.behave({ jwks: { headers: { 'cache-control': 'max-age=31536000' } } });
    bench.pass(10);
    expect(outcome(await bench.present())).toBe('verified');
    bench.pass(fresh + 1);
    expect(outcome(await bench.present())).toBe('verified');
    expect(bench.issuer.requests).toMatchObject({ discovery: 3, jwks: 3 });
  });

  it('are fetched once for 500 exchanges at the same time (JWK-19)', async () => {
    bench.issuer.behave({ jwks: { delayMs: 50 } });
    const all = await Promise.all(Array.from({ length: 500 }, () => bench.present()));
    expect(all.map(outcome)).toEqual(Array(500).fill('verified'));
    expect(bench.issuer.requests).toMatchObject({ discovery: 1, jwks: 1 });
  });

  it('are not asked for again by floods of unknown kids, whether the fetch works or fails (JWK-10)', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    for (const behaviour of [null, { status: 500 }]) {
      bench.issuer.behave({ jwks: behaviour });
      const before = bench.issuer.requests.jwks;
      bench.pass(coolDown + 1);
      const flood = await Promise.all(Array.from({ length: 500 }, unknownKid));
      bench.pass(coolDown - 2);
      flood.push(...(await Promise.all(Array.from({ length: 500 }, unknownKid))));
      expect(flood.map(outcome).every((code) => code !== 'verified')).toBe(true);
      expect(bench.issuer.requests.jwks).toBe(before + 1);
    }
  });

  it('are had within the cool-down after a rotation, though a flood of unknown kids goes on (JWK-11)', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    bench.pass(coolDown - 5);
    await bench.issuer.rotate();
    let waited = 0;
    for (; waited <= coolDown; waited += 1) {
      await Promise.all(Array.from({ length: 10 }, unknownKid));
      if (outcome(await bench.present()) === 'verified') break;
      bench.pass(1);
    }
    expect(waited).toBeLessThanOrEqual(5);
  });

  it('verify both before and after a rotation; a withdrawn one is gone after ten minutes (JWK-12)', async () => {
    const { kid } = bench.issuer.currentKey();
    const old = () =>
      bench.verify(bench.issuer.sign(bench.issuer.githubClaims({ aud: audience, iat: bench.now(), exp: bench.now() + 300 }), { kid }));
    expect(outcome(await old())).toBe('verified');
    bench.pass(coolDown);
    await bench.issuer.rotate();
    expect([outcome(await old()), outcome(await bench.present())]).toEqual(['verified', 'verified']);
    await bench.issuer.rotate({ withdraw: true });
    bench.issuer.behave({ token: null });
    bench.pass(fresh);
    expect(outcome(await bench.present())).toBe('verified');
    expect(outcome(await bench.present({}, { kid }))).toBe('token-invalid');
  });

  it('stay usable for an hour when the issuer is down, and status says so (JWK-15, JWK-16)', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    bench.issuer.behave({ discovery: { reset: true }, jwks: { reset: true } });
    expect(outcome(await bench.present())).toBe('verified');
    expect(status()).toMatchObject({ name: 'ci', keys: 1, ageSeconds: 0, attempt: 'success', stale: false });
    expect(status()?.problem).toBeUndefined();
    bench.pass(stale - 10);
    expect(outcome(await bench.present())).toBe('verified');
    expect(status()).toMatchObject({ name: 'ci', keys: 1, ageSeconds: stale - 10, problem: expect.stringMatching(/./) as string });
    expect(status()).toMatchObject({ attempt: 'failure', stale: true });
    expect(bench.log.at(-1)).toEqual(status());
  });

  it('are not stale when an unknown kid was asked for in vain while they are fresh, nor when nobody has asked since', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    bench.pass(fresh + 10);
    expect(status()).toMatchObject({ stale: false });
    bench.pass(-fresh - 10);
    bench.issuer.behave({ jwks: { status: 500 } });
    bench.pass(coolDown + 1);
    await unknownKid();
    expect(status()).toMatchObject({ attempt: 'failure', stale: false });
  });

  it('tell how far our clock is from their issuer, by the Date of its answer and what that spent in caches (FLT-03)', async () => {
    const date = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
    const skewBy = async (headers: Record<string, string>) => {
      bench.issuer.behave({ jwks: { headers } });
      bench.pass(fresh);
      bench.pass(-fresh);
      bench.configure({ audiences: [], jwksUri: `${bench.issuer.jwksUri}?${JSON.stringify(headers)}` });
      await bench.verifier.refresh();
      return status()?.skewSeconds ?? Number.NaN;
    };
    expect(Math.abs(await skewBy({}))).toBeLessThan(10);
    expect(await skewBy({ date: date(600) })).toBeCloseTo(-600, -1);
    expect(await skewBy({ date: date(-600), age: '500' })).toBeCloseTo(100, -1);
    expect(await skewBy({ date: 'yesterday' })).toBeNaN();
  });

  it('are too old after that hour: 503 for that issuer alone (JWK-17), until it is back', async () => {
    const other = await startIssuer();
    const issuers = new Map([
      ['ci', settingsFor(bench.issuer)],
      ['other', settingsFor(other, { name: 'other' })],
    ]);
    let ahead = 0;
    const verifier = createVerifier({ issuers: () => issuers, now: () => Date.now() + ahead });
    const present = (from: typeof other) => {
      const iat = Math.floor((Date.now() + ahead) / 1000);
      return verifier.verify(from.sign(from.githubClaims({ aud: audience, iat, exp: iat + 300 })), [audience]);
    };
    expect([outcome(await present(bench.issuer)), outcome(await present(other))]).toEqual(['verified', 'verified']);
    bench.issuer.behave({ discovery: { status: 500 } });
    ahead = (stale + 1) * 1000;
    const refusal = await present(bench.issuer);
    expect(isRefusal(refusal) && refusal).toMatchObject({
      code: 'issuer-unreachable',
      status: 503,
      retryAfter: 30,
      detail: expect.stringContaining('status 500') as string,
    });
    expect(isRefusal(refusal) && refusal.message).not.toContain('500');
    expect(outcome(await present(other))).toBe('verified');
    bench.issuer.behave({ discovery: null });
    ahead += coolDown * 1000;
    expect(outcome(await present(bench.issuer))).toBe('verified');
    verifier.close();
    await other.close();
  });

  it('that were never had refuse with 503, and the issuer is asked once per cool-down (JWK-18, JWT-03)', async () => {
    bench.issuer.behave({ jwks: { body: { keys: [] } } });
    const unsigned = bench.issuer.sign(bench.issuer.githubClaims({ aud: audience }), { alg: 'none' });
    expect(outcome(await bench.verify(unsigned))).toBe('token-invalid');
    for (let i = 0; i < 20; i += 1) expect(outcome(await bench.present())).toBe('issuer-unreachable');
    expect(bench.issuer.requests.jwks).toBe(1);
    expect(status()).toMatchObject({
      name: 'ci',
      keys: 0,
      stale: true,
      problem: expect.stringMatching(/is not a JWK set with keys$/) as string,
    });
    expect(status()?.ageSeconds).toBeUndefined();
    bench.issuer.behave({ jwks: null });
    bench.pass(coolDown);
    expect(outcome(await bench.present())).toBe('verified');
    expect(status()).toMatchObject({ keys: 1, ageSeconds: 0 });
  });

  it('do not change by an answer that is no set of keys, and none of it throws (JWK-06)', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    const good = JSON.stringify({ keys: [bench.issuer.currentKey().jwk] });
    const answers = [
      { body: '<html></html>', headers: { 'content-type': 'text/html' } },
      { body: good, headers: { 'content-type': 'text/html; charset=utf-8' } },
      { status: 204, body: '' },
      { status: 206, body: good },
      { status: 304, body: '' },
      { status: 404, body: good },
      { status: 500, body: good },
      { body: '' },
      { body: '[]' },
      { body: 'null' },
      { body: '{"keys":{}}' },
      { body: '{"keys":[]}' },
      { body: `${good}x` },
      { body: good, headers: { 'content-encoding': 'gzip' } },
    ];
    for (const answer of answers) {
      bench.issuer.behave({ jwks: answer });
      bench.pass(coolDown);
      const before = bench.issuer.requests.jwks;
      expect(outcome(await unknownKid())).toBe('issuer-unreachable');
      expect(bench.issuer.requests.jwks).toBe(before + 1);
      expect(outcome(await bench.present())).toBe('verified');
    }
  });

  it('are not asked for sooner than Retry-After says, within five minutes (JWK-06)', async () => {
    bench.issuer.behave({ jwks: { status: 429, headers: { 'retry-after': '60' }, times: 1 } });
    expect(outcome(await bench.present())).toBe('issuer-unreachable');
    bench.pass(59);
    const refusal = await bench.present();
    expect(isRefusal(refusal) && refusal.retryAfter).toBe(1);
    bench.pass(1);
    expect(outcome(await bench.present())).toBe('verified');
    bench.issuer.behave({ jwks: { status: 503, headers: { 'retry-after': '99999' }, times: 1 } });
    bench.pass(stale + 1);
    expect(outcome(await bench.present())).toBe('issuer-unreachable');
    bench.pass(301);
    expect(outcome(await bench.present())).toBe('verified');
  });

  it('that are bad do not spoil the good ones, and the refusal says what is wrong with them (JWT-07, JWT-08, JWK-07)', async () => {
    const encrypting = await createIssuerKey();
    const good = bench.issuer.currentKey().jwk;
    bench.issuer.behave({ jwks: { body: { keys: [null, { kty: 'RSA' }, { ...encrypting.jwk, use: 'enc' }, good] } } });
    expect(outcome(await bench.present())).toBe('verified');
    const claims = bench.issuer.githubClaims({ aud: audience });
    const token = bench.issuer.sign(claims, { key: encrypting.privateKey, header: { kid: encrypting.kid } });
    bench.pass(coolDown);
    expect(words(await bench.verify(token))).toMatch(/^token-invalid: .* is refused: its `use` is not `sig`\. /);
    expect(bench.issuer.requests.jwks).toBe(1);
    expect(status()?.problem).toMatch(/refused/);
  });

  it('are fetched again after a clock that was set back', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    bench.pass(-86_400);
    expect(outcome(await bench.present())).toBe('verified');
    expect(bench.issuer.requests.jwks).toBe(2);
  });

  it('are fetched ahead of the first token by refresh, which never throws', async () => {
    await bench.verifier.refresh();
    await bench.verifier.refresh();
    expect(status()).toMatchObject({ keys: 1 });
    expect(bench.issuer.requests.jwks).toBe(1);
    bench.configure({ url: 'not a url' });
    await bench.verifier.refresh();
    expect(status()).toEqual({ name: 'ci', keys: 0, attempt: 'failure', stale: true, problem: '"not a url" is not a URL' });
  });

  it('survive a reload of the configuration unless the issuer itself changed', async () => {
    expect(outcome(await bench.present())).toBe('verified');
    bench.configure({ maxAge: 600, audiences: ['x'] });
    expect(outcome(await bench.present())).toBe('verified');
    expect(bench.issuer.requests).toMatchObject({ discovery: 1, jwks: 1 });
    bench.configure({ jwksUri: bench.issuer.jwksUri });
    expect(outcome(await bench.present())).toBe('verified');
    expect(bench.issuer.requests).toMatchObject({ discovery: 1, jwks: 2 });
  });
});

describe('the keys in a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-jwks-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are read without any fetch, again when the file changes, and kept when the new file is bad', async () => {
    const path = join(folder, 'jwks.json');
    const publish = async (text: string) => {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
      bench.pass(2);
    };
    bench.configure({ jwksFile: path, insecure: false, url: 'https://ci.example' });
    const present = () => bench.present({ iss: 'https://ci.example' });
    expect(outcome(await present())).toBe('issuer-unreachable');
    await publish(JSON.stringify({ keys: [bench.issuer.currentKey().jwk] }));
    expect(outcome(await present())).toBe('verified');
    const second = await bench.issuer.rotate({ withdraw: true });
    expect(outcome(await present())).toBe('token-invalid');
    await publish(JSON.stringify({ keys: [second.jwk] }));
    expect(outcome(await present())).toBe('verified');
    for (const bad of ['{"keys":[', '{"keys":[]}', `{"keys":[${' '.repeat(300_000)}]}`]) {
      await publish(bad);
      expect(outcome(await present())).toBe('verified');
      expect(status()?.problem).toMatch(/jwks\.json/);
    }
    bench.pass(stale);
    expect(outcome(await present())).toBe('issuer-unreachable');
    expect(bench.issuer.requests).toEqual({ discovery: 0, jwks: 0, token: 0 });
  });
});
