import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIssuerKey } from '../support/keys.ts';
import { audience, outcome, startBench, verified, words, type Bench } from './support.ts';

let bench: Bench;
let elliptic: Bench;
beforeAll(async () => {
  bench = await startBench();
  elliptic = await startBench({}, { alg: 'ES256' });
});
afterAll(() => Promise.all([bench.close(), elliptic.close()]));

const goodToken = () => bench.issuer.sign(bench.issuer.githubClaims({ aud: audience }));
const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');
const codes = async (tokens: readonly string[]) => (await Promise.all(tokens.map((token) => bench.verify(token)))).map(outcome);

/** A token whose payload is exactly this text, honestly signed. */
const withPayload = (text: string) => bench.verify(bench.issuer.sign(text));

/** A token whose payload is exactly these bytes, honestly signed. */
function signedBytes(payload: Uint8Array): string {
  const key = bench.issuer.currentKey();
  const input = `${encode(JSON.stringify({ alg: 'RS256', kid: key.kid }))}.${encode(payload)}`;
  return `${input}.${signBytes('RSA-SHA256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}

/** Good claims with one more member, first or last. */
function doubled(member: string): readonly string[] {
  const text = JSON.stringify(bench.issuer.githubClaims({ aud: audience }));
  return [`{${member},${text.slice(1)}`, `${text.slice(0, -1)},${member}}`];
}

describe('a well-formed identity token', () => {
  it('is verified, and its claims, times and identity are given back', async () => {
    const token = verified(await bench.present());
    expect(token.claims.issuer).toBe('ci');
    expect(token.claims.set['repository']).toBe('acme/ui');
    expect(token.expires - token.issuedAt).toBe(300);
    expect(token.identity).toMatch(/^[0-9a-f]{64}$/);
  });

  it('may be as long as 16 KiB and no longer, and a longer one is refused before anything is fetched (JWT-29)', async () => {
    const fresh = await startBench();
    const filler = (size: number) => fresh.issuer.sign(fresh.issuer.githubClaims({ aud: audience, filler: 'x'.repeat(size) }));
    const exact = (limit: number) => {
      for (let size = (limit * 3) >> 2; size > 0; size -= 1) {
        const token = filler(size);
        if (token.length <= limit) return token;
      }
      throw new Error('no size fits');
    };
    const tokens = [filler(14_000), 'a.'.repeat(32_768), 'a'.repeat(1_048_576), `${filler(100)}${'A'.repeat(16_384)}`];
    expect(await Promise.all(tokens.map(async (token) => outcome(await fresh.verify(token))))).toEqual(Array(4).fill('token-too-large'));
    expect(fresh.issuer.requests).toEqual({ discovery: 0, jwks: 0, token: 0 });
    expect(exact(16_384).length).toBeGreaterThan(16_380);
    expect(await Promise.all([filler(5000), exact(16_384)].map(async (token) => outcome(await fresh.verify(token))))).toEqual([
      'verified',
      'verified',
    ]);
    await fresh.close();
  });

  it('has exactly three parts; floods of dots cost nothing (JWT-19)', async () => {
    const [head = '', payload = ''] = goodToken().split('.');
    const started = performance.now();
    const tokens = ['', '.', `${head}.${payload}`, `${goodToken()}.`, 'a.b.c.d.e', '.'.repeat(16_000)];
    expect(await codes(tokens)).toEqual(Array(6).fill('token-malformed'));
    expect(await codes(['.'.repeat(1_000_000)])).toEqual(['token-too-large']);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('is not a JSON serialization (JWT-18)', async () => {
    const [head = '', payload = '', signature = ''] = goodToken().split('.');
    const flattened = JSON.stringify({ protected: head, payload, signature });
    const general = JSON.stringify({ payload, signatures: [{ protected: head, signature }] });
    expect(await codes([flattened, general, JSON.stringify(flattened)])).toEqual(Array(3).fill('token-malformed'));
  });

  it('has one spelling: stray bits, padding, white space and the standard alphabet are refused (JWT-20, JWT-22)', async () => {
    const token = goodToken();
    const [head = '', payload = '', signature = ''] = token.split('.');
    // 256 bytes leave four unused bits in the last character.
    const stray = signature.slice(0, -1) + String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1);
    expect(Buffer.from(stray, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
    const spellings = [
      `${head}.${payload}.${stray}`,
      `${token}=`,
      `${token}==`,
      `${head}=.${payload}.${signature}`,
      `${head}.${payload.slice(0, 9)}\n${payload.slice(9)}.${signature}`,
      ` ${token}`,
      `${token} `,
      token.replace('.', '%2E'),
      `${head}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+`,
      `${head}.${payload.slice(0, -1)}/.${signature}`,
    ];
    expect(await codes(spellings)).toEqual(spellings.map(() => 'token-malformed'));
    expect(await codes([token])).toEqual(['verified']);
  });
});

describe('the payload', () => {
  it.each(['"sub":"x"', '"repository_id":"101"', '"repository_id":"102"', '"iss":"x"', `"aud":"${audience}"`, '"s\\u0075b":"x"'])(
    'is refused with a second %s, before or after (JWT-23)',
    async (member) => {
      for (const text of doubled(member)) expect(words(await withPayload(text))).toMatch(/^token-invalid: .*duplicate key/);
    },
  );

  it('is a JSON object in UTF-8 and nothing else (JWT-26)', async () => {
    const good = JSON.stringify(bench.issuer.githubClaims({ aud: audience }));
    expect(outcome(await withPayload(good))).toBe('verified');
    for (const text of ['[]', '"x"', '1', 'null', '', `${good}x`, `${good}{}`, `\ufeff${good}`, `[${good}]`]) {
      expect(outcome(await withPayload(text))).toBe('token-invalid');
    }
    const latin1 = Buffer.from(good.replace('acme/ui', 'acm\u00e9/ui'), 'latin1');
    for (const bytes of [latin1, Buffer.from(good, 'utf16le'), Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])]) {
      expect(outcome(await bench.verify(signedBytes(bytes)))).toBe('token-invalid');
    }
  });

  it('is bounded in depth, size and number of claims (JWT-28)', async () => {
    const started = performance.now();
    expect(outcome(await withPayload(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`))).toBe('token-too-large');
    expect(outcome(await withPayload(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`))).toBe('token-invalid');
    expect(outcome(await withPayload(`{${' '.repeat(5_000_000)}}`))).toBe('token-too-large');
    expect(outcome(await withPayload(`{${Array.from({ length: 1100 }, (_, i) => `"${i}":1`).join()}}`))).toBe('token-invalid');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('may have 200 claims that nobody knows (JWT-50)', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`future_${i}`, i]));
    expect(outcome(await bench.present(unknown))).toBe('verified');
  });

  it('gains nothing by keys such as __proto__ (JWT-27)', async () => {
    const text = JSON.stringify(bench.issuer.githubClaims({ aud: undefined }));
    const inherited = `{"__proto__":{"aud":"${audience}","repository_id":"1"},"constructor":{"prototype":{"aud":"${audience}"}},${text.slice(1)}`;
    expect(outcome(await withPayload(inherited))).toBe('token-invalid');
    const harmless = verified(await withPayload(inherited.replace('"constructor"', `"aud":"${audience}","constructor"`)));
    expect(Object.hasOwn(harmless.claims.set, '__proto__')).toBe(true);
    expect(harmless.claims.set['repository_id']).toBe('101');
  });
});

describe('the signature', () => {
  it('of five parts is an encrypted token and refused without any decryption (JWT-15)', async () => {
    const header = encode('{"alg":"dir","enc":"A256GCM","zip":"DEF"}');
    expect(await codes([`${header}..AAAA.${'A'.repeat(9000)}.AAAA`])).toEqual(['token-malformed']);
  });

  it('cannot be left out (JWT-01)', async () => {
    const [head = '', payload = ''] = goodToken().split('.');
    const unsigned = bench.issuer.sign(bench.issuer.githubClaims({ aud: audience }), { alg: 'none' });
    expect(await codes([`${head}.${payload}.`, unsigned])).toEqual(['token-invalid', 'token-invalid']);
  });

  it('cannot be an HMAC with the public key as its secret (JWT-02, JWT-06), even if the list of algorithms said so', async () => {
    const { publicKey, jwk, kid } = bench.issuer.currentKey();
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const secret = { kty: 'oct', kid: 'shared', k: encode('secret'), alg: 'HS256', use: 'sig' };
    const listed = await startBench({ algorithms: ['RS256', 'HS256', 'none'] });
    listed.issuer.behave({ jwks: { body: { keys: [{ ...jwk }, secret, { ...secret, kid }] } } });
    for (const key of [pem, pem.trimEnd(), der, JSON.stringify(jwk), 'secret']) {
      for (const name of [kid, 'shared']) {
        const claims = listed.issuer.githubClaims({ aud: audience });
        const token = listed.issuer.sign(claims, { alg: 'HS256', key, header: { kid: name } });
        expect(outcome(await listed.verify(token))).toBe('token-invalid');
        expect(outcome(await bench.verify(token.replace(listed.issuer.issuer, bench.issuer.issuer)))).not.toBe('verified');
      }
    }
    await listed.close();
  });

  it('must fit the key: RS256 with an elliptic key and ES256 with an RSA key are refused (JWT-04)', async () => {
    const both = await startBench();
    const rsa = both.issuer.currentKey();
    const ec = await both.issuer.rotate({ alg: 'ES256' });
    const claims = both.issuer.githubClaims({ aud: audience });
    const crossed = [
      both.issuer.sign(claims, { alg: 'RS256', key: rsa.privateKey, header: { kid: ec.kid } }),
      both.issuer.sign(claims, { alg: 'ES256', key: ec.privateKey, header: { kid: rsa.kid } }),
    ];
    for (const token of crossed) expect(words(await both.verify(token))).toMatch(/^token-invalid: .* is not for (RS|ES)256\. /);
    expect(outcome(await both.verify(both.issuer.sign(claims)))).toBe('verified');
    expect(outcome(await both.verify(both.issuer.sign(claims, { kid: rsa.kid })))).toBe('verified');
    await both.close();
  });

  it('is refused in an algorithm that the issuer does not list, however well it is made (JWT-05)', async () => {
    const claims = bench.issuer.githubClaims({ aud: audience });
    for (const alg of ['RS384', 'RS512', 'PS256'] as const) {
      expect(outcome(await bench.verify(bench.issuer.sign(claims, { alg })))).toBe('token-invalid');
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(outcome(await bench.verify(bench.issuer.sign(claims, { alg: 'EdDSA', key: privateKey })))).toBe('token-invalid');
  });

  it('is accepted in the other algorithms when the issuer lists them', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const edwards = { ...publicKey.export({ format: 'jwk' }), kid: 'ed', use: 'sig' };
    const wide = await startBench({ algorithms: ['RS512', 'PS256', 'EdDSA'] });
    const { alg: _, ...rsa } = wide.issuer.currentKey().jwk;
    wide.issuer.behave({ jwks: { body: { keys: [rsa, edwards] } } });
    const claims = wide.issuer.githubClaims({ aud: audience });
    for (const alg of ['RS512', 'PS256'] as const) expect(outcome(await wide.verify(wide.issuer.sign(claims, { alg })))).toBe('verified');
    const token = wide.issuer.sign(claims, { alg: 'EdDSA', key: privateKey, header: { kid: 'ed' } });
    expect(outcome(await wide.verify(token))).toBe('verified');
    expect(outcome(await wide.verify(wide.issuer.sign(claims)))).toBe('token-invalid');
    await wide.close();
  });

  it('of ES256 is 64 bytes of a real point: psychic and DER signatures are refused (JWT-09)', async () => {
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    const token = elliptic.issuer.sign(elliptic.issuer.githubClaims({ aud: audience }));
    const [head = '', payload = '', signature = ''] = token.split('.');
    const raw = Buffer.from(signature, 'base64url');
    const der = signBytes('sha256', Buffer.from(`${head}.${payload}`), elliptic.issuer.currentKey().privateKey);
    const zero = Buffer.alloc(32);
    const forgeries = [
      Buffer.alloc(64),
      Buffer.concat([order, order]),
      Buffer.concat([zero, raw.subarray(32)]),
      Buffer.alloc(64, 0xff),
      der,
      Buffer.alloc(0),
    ];
    for (const forgery of forgeries) {
      expect(outcome(await elliptic.verify(`${head}.${payload}.${encode(forgery)}`))).toBe('token-invalid');
    }
    expect(outcome(await elliptic.verify(token))).toBe('verified');
  });

  it('of ES256 has a twin, which is the same token to the store (JWT-21)', async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const token = elliptic.issuer.sign(elliptic.issuer.githubClaims({ aud: audience }));
    const [head = '', payload = '', signature = ''] = token.split('.');
    const raw = Buffer.from(signature, 'base64url');
    const twin = (order - BigInt(`0x${raw.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
    const other = `${head}.${payload}.${encode(Buffer.concat([raw.subarray(0, 32), Buffer.from(twin, 'hex')]))}`;
    const [first, second] = [verified(await elliptic.verify(token)), verified(await elliptic.verify(other))];
    expect(other).not.toBe(token);
    expect(second.identity).toBe(first.identity);
  });

  it("of another issuer's key with the same kid is refused (JWT-46)", async () => {
    const stranger = await createIssuerKey('RS256', bench.issuer.currentKey().kid);
    const token = bench.issuer.sign(bench.issuer.githubClaims({ aud: audience }), { key: stranger.privateKey });
    expect(words(await bench.verify(token))).toMatch(/signature is not that of its issuer/);
  });

  it('does not match once a byte of the payload changed', async () => {
    const [head = '', payload = '', signature = ''] = goodToken().split('.');
    const changed = encode(Buffer.from(payload, 'base64url').toString().replace('acme/ui', 'acme/uj'));
    expect(await codes([`${head}.${changed}.${signature}`])).toEqual(['token-invalid']);
  });

  it('never puts the token into the refusal', async () => {
    const token = bench.issuer.sign(bench.issuer.githubClaims({ aud: 'other' }));
    const [, , signature = ''] = token.split('.');
    for (const bad of [token, `${token}x`, `${token}.`, token.slice(0, -9)]) {
      expect(JSON.stringify(await bench.verify(bad))).not.toContain(signature.slice(0, 20));
    }
  });
});
