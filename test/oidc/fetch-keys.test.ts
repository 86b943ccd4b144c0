import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startIssuer, type CiIssuer, type IssuerOptions } from '../support/issuer.ts';
import type { Behaviour } from '../support/misbehave.ts';
import type { IssuerSettings } from '../../src/core/settings.ts';
import { createAuthority } from './certificate.ts';
import { outcome, startBench, type Bench } from './support.ts';

const benches: Bench[] = [];
async function start(settings: Partial<IssuerSettings> = {}, options: IssuerOptions = {}): Promise<Bench> {
  const bench = await startBench(settings, { alg: 'ES256', ...options });
  benches.push(bench);
  return bench;
}
afterAll(() => Promise.all(benches.map((bench) => bench.close())));

/** Presents a good token and tells what became of it, with the administrator's view when the keys could not be had. */
async function attempt(bench: Bench): Promise<string> {
  const code = outcome(await bench.present());
  return code === 'verified' ? code : `${code}: ${bench.verifier.status()[0]?.problem}`;
}

let elsewhere: CiIssuer;
beforeAll(async () => {
  elsewhere = await startIssuer();
});
afterAll(() => elsewhere.close());
const untouched = { discovery: 0, jwks: 0, token: 0 };

async function serving(discovery: Behaviour): Promise<Bench> {
  const bench = await start();
  bench.issuer.behave({ discovery });
  return bench;
}

describe('the discovery document', () => {
  it.each(['github', 'gitlab', 'circleci', 'generic'] as const)('of %s is understood as it really is', async (style) => {
    const path = style === 'circleci' ? '/org/6f6b1b1c' : '';
    expect(await attempt(await start({}, { style, path }))).toBe('verified');
  });

  it('needs only `issuer` and `jwks_uri`; all else may be missing or nonsense', async () => {
    for (const extra of [{}, { authorization_endpoint: 5, id_token_signing_alg_values_supported: 'none', claims_supported: null }]) {
      const bench = await start();
      bench.issuer.behave({ discovery: { body: { issuer: bench.issuer.issuer, jwks_uri: bench.issuer.jwksUri, ...extra } } });
      expect(await attempt(bench)).toBe('verified');
    }
  });

  it('may redirect within its origin, twice (JWK-01)', async () => {
    const bench = await serving({ redirect: '/.well-known/openid-configuration?moved', times: 2 });
    expect(await attempt(bench)).toBe('verified');
    expect(bench.issuer.requests.discovery).toBe(3);
    const loop = await serving({ redirect: '/.well-known/openid-configuration' });
    expect(await attempt(loop)).toMatch(/^issuer-unreachable: .* redirects more than 2 times$/);
    expect(loop.issuer.requests.discovery).toBe(3);
  });

  it('and the keys may not redirect anywhere else, and nothing is sent there (JWK-01)', async () => {
    const targets = [
      elsewhere.jwksUri,
      elsewhere.origin.replace('http:', 'https:'),
      'http://169.254.169.254/latest',
      'file:///etc/passwd',
      '//127.0.0.1:9/',
      'http://',
      '',
    ];
    for (const redirect of targets) {
      for (const endpoint of ['discovery', 'jwks'] as const) {
        const bench = await start();
        bench.issuer.behave({ [endpoint]: { redirect, status: 307 } });
        expect(await attempt(bench)).toMatch(/^issuer-unreachable: .* redirects (to another origin|more than 2 times)$/);
      }
    }
    const user = await start();
    user.issuer.behave({ jwks: { redirect: user.issuer.jwksUri.replace('//', '//user:secret@') } });
    expect(await attempt(user)).toBe('issuer-unreachable: the address holds a user name or a password');
    expect(elsewhere.requests).toEqual(untouched);
  });

  it('may not send us elsewhere for the keys (JWK-02)', async () => {
    const bench = await start();
    const { issuer, jwksUri, origin } = bench.issuer;
    const addresses = [
      elsewhere.jwksUri,
      jwksUri.replace('http:', 'https:'),
      jwksUri.replace('127.0.0.1', 'localhost'),
      'http://169.254.169.254/keys',
      'file:///etc/passwd',
      `data:application/json,${JSON.stringify({ keys: [] })}`,
      `${origin}@evil.example/keys`,
      '/keys',
      '',
      5,
      [jwksUri],
      undefined,
    ];
    for (const jwks_uri of addresses) {
      bench.issuer.behave({ discovery: { body: { issuer, jwks_uri } } });
      bench.pass(30);
      expect(await attempt(bench)).toMatch(/^issuer-unreachable: (.* is on another origin than the issuer|".*" is not a URL)$/);
    }
    expect(elsewhere.requests).toEqual(untouched);
    expect(bench.issuer.requests.jwks).toBe(0);
  });

  it('of another issuer is refused, also when only the slash differs (JWK-03)', async () => {
    const bench = await start();
    for (const issuer of [`${bench.issuer.issuer}/`, elsewhere.issuer, '', undefined, [bench.issuer.issuer]]) {
      bench.issuer.behave({ discovery: { body: { issuer, jwks_uri: bench.issuer.jwksUri } } });
      bench.pass(30);
      expect(await attempt(bench)).toMatch(/^issuer-unreachable: the discovery document is for issuer "/);
    }
    expect(bench.issuer.requests.jwks).toBe(0);
  });

  it('is not asked for when the address of the keys is configured, wherever that is (JWK-02)', async () => {
    const bench = await start({ jwksUri: elsewhere.jwksUri });
    elsewhere.behave({ jwks: { body: { keys: [bench.issuer.currentKey().jwk] } } });
    expect(await attempt(bench)).toBe('verified');
    expect(bench.issuer.requests).toEqual(untouched);
    elsewhere.requests.jwks = 0;
  });
});

describe('an answer of the issuer', () => {
  it('is cut at 256 KiB (JWK-04, JWK-09)', async () => {
    const large = await start();
    const { jwk } = large.issuer.currentKey();
    large.issuer.behave({ jwks: { body: { keys: [jwk], filler: 'x'.repeat(200_000) } } });
    expect(await attempt(large)).toBe('verified');
    for (const body of [
      { keys: [jwk], filler: 'x'.repeat(262_144) },
      'x'.repeat(50_000_000),
      { keys: Array.from({ length: 10_000 }, () => jwk) },
    ]) {
      const bench = await start();
      bench.issuer.behave({ jwks: { body } });
      const before = process.memoryUsage.rss();
      expect(await attempt(bench)).toMatch(/^issuer-unreachable: .* is longer than 262144 bytes$/);
      expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000);
    }
  });

  it('is never decompressed (JWK-04)', async () => {
    const bench = await start();
    bench.issuer.behave({ jwks: { headers: { 'content-encoding': 'gzip' } } });
    expect(await attempt(bench)).toMatch(/compressed body that was not asked for$/);
  });

  it.concurrent.each([
    ['never comes', { discovery: { hang: true } }],
    ['comes a byte a second', { jwks: { drip: { bytes: 1, everyMs: 1000 } } }],
    ['comes late twice', { discovery: { delayMs: 3000 }, jwks: { delayMs: 3000 } }],
    ['is a redirect that never comes', { discovery: { redirect: '/.well-known/openid-configuration', delayMs: 2600 } }],
  ])(
    'that %s is given up after five seconds in all (JWK-04)',
    async (_, behaviour) => {
      const bench = await start();
      bench.issuer.behave(behaviour);
      const started = performance.now();
      expect(await attempt(bench)).toBe('issuer-unreachable: no answer within 5 s');
      expect(performance.now() - started).toBeLessThan(8000);
    },
    10_000,
  );

  it('that is waited for ends with the verifier', async () => {
    const bench = await start();
    bench.issuer.behave({ jwks: { hang: true } });
    const waiting = attempt(bench);
    await vi.waitFor(() => expect(bench.issuer.requests.jwks).toBe(1));
    bench.verifier.close();
    expect(await waiting).toMatch(/^issuer-unreachable/);
  });
});

describe('the connection to an issuer', () => {
  const authority = createAuthority();
  let folder: string;
  let caFile: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-ca-'));
    caFile = join(folder, 'ca.pem');
    await writeFile(caFile, authority.certificate);
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());
  const secure = (tls: IssuerOptions['tls'], settings: Partial<IssuerSettings> = {}) =>
    start({ caFile, ...settings }, { host: 'localhost', ...(tls && { tls }) });

  it('trusts the authorities of `ca_file` beside those of the system', async () => {
    expect(await attempt(await secure(authority.issue({ host: 'localhost' })))).toBe('verified');
    expect(await attempt(await secure(authority.issue({ host: 'localhost' }), { caFile: join(folder, 'missing.pem') }))).toMatch(/ENOENT/);
  });

  it.each(['1', '0'])(
    'is refused with a bad certificate, though NODE_TLS_REJECT_UNAUTHORIZED=%s and `insecure` is set (JWK-22)',
    async (value) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', value);
      const yesterday = new Date(Date.now() - 86_400_000);
      const expired = authority.issue({ host: 'localhost', notBefore: new Date(0), notAfter: yesterday });
      expect(await attempt(await secure(expired))).toMatch(/CERT_HAS_EXPIRED/);
      expect(await attempt(await secure(authority.issue({ host: 'other.example' })))).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
      expect(await attempt(await secure(createAuthority('Other').issue({ host: 'localhost' })))).toMatch(/UNABLE_TO/);
      const { caFile: _, ...unknown } = { caFile };
      const bench = await start(unknown, { host: 'localhost', tls: authority.issue({ host: 'localhost' }) });
      expect(await attempt(bench)).toMatch(/UNABLE_TO/);
      expect(bench.issuer.requests).toEqual(untouched);
    },
  );

  it('is refused below TLS 1.2 (JWK-22)', async () => {
    const old = { ...authority.issue({ host: 'localhost' }), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await attempt(await secure(old))).toMatch(/^issuer-unreachable: .*(PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|ECONNRESET)/);
  });

  it('is https to a public address, unless the issuer is marked insecure (JWK-02, JWK-23)', async () => {
    expect(await attempt(await start({ insecure: false }))).toMatch(/^issuer-unreachable: http:.* is not https$/);
    const named = await secure(authority.issue({ host: 'localhost' }), { insecure: false });
    expect(await attempt(named)).toMatch(/^issuer-unreachable: localhost is at (127\.0\.0\.1|::1), which is not a public address/);
    const literal = await start({ insecure: false, caFile }, { tls: authority.issue({ host: 'localhost' }) });
    expect(await attempt(literal)).toBe('issuer-unreachable: 127.0.0.1 is not a public address');
    for (const host of ['[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '2130706433', '10.0.0.1']) {
      const elsewhereKeys = await start({ insecure: false, jwksUri: `https://${host}/keys` });
      expect(await attempt(elsewhereKeys)).toMatch(/ is not a public address$/);
    }
    expect([named, literal].map((bench) => bench.issuer.requests)).toEqual([untouched, untouched]);
  });

  it('is not made to odd addresses', async () => {
    expect(await attempt(await start({ jwksUri: 'file:///etc/passwd' }))).toMatch(/is not https$/);
    for (const user of ['user:secret@', 'user@', ':secret@']) {
      expect(await attempt(await start({ jwksUri: `https://${user}ci.example/` }))).toMatch(/user name or a password$/);
    }
    expect(await attempt(await start({ jwksUri: 'keys' }))).toMatch(/is not a URL$/);
  });
});
