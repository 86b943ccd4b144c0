import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVerifier, leeway } from '../../src/oidc/verify.ts';
import { startIssuer } from '../support/issuer.ts';
import { audience, outcome, settingsFor, startBench, verified, words, type Bench } from './support.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

describe('the issuer', () => {
  it('is compared exactly, and nothing is fetched for another one (JWT-44, JWT-45)', async () => {
    const fresh = await startBench();
    const url = fresh.issuer.issuer;
    const port = new URL(url).port;
    const others = [
      url.replace('http:', 'https:'),
      url.replace('http:', 'HTTP:'),
      url.replace('//', '//user@'),
      url.replace('127.0.0.1', '127.0.0.%31'),
      url.replace('127.0.0.1', 'localhost'),
      url.replace('127.0.0.1', '\uff11\uff12\uff17.0.0.1'),
      url.replace(`:${port}`, ''),
      ` ${url}`,
      `${url}/x`,
      'https://other.example',
    ];
    for (const iss of others) expect(outcome(await fresh.present({ iss }))).toBe('issuer-unknown');
    for (const iss of [[url], { url }, 1, null, '', undefined]) expect(outcome(await fresh.present({ iss }))).toBe('token-invalid');
    expect(fresh.issuer.requests).toEqual({ discovery: 0, jwks: 0, token: 0 });
    await fresh.close();
  });

  it('that differs only by a final slash is told so (JWT-44)', async () => {
    expect(words(await bench.present({ iss: `${bench.issuer.issuer}/` }))).toMatch(/^issuer-slash: Issuer http.*\/ differs/);
    const slashed = await startIssuer({ path: '/' });
    const verifier = createVerifier({ issuers: () => new Map([['ci', settingsFor(slashed)]]) });
    const token = slashed.sign(slashed.genericClaims({ iss: slashed.issuer.slice(0, -1) }));
    expect(outcome(await verifier.verify(token, [audience]))).toBe('issuer-slash');
    await slashed.close();
  });

  it('that is unknown is echoed printably and cut (JWT-45, JWT-48)', async () => {
    const refusal = words(await bench.present({ iss: `https://evil.example/\n\u202e\u0000${'x'.repeat(5000)}` }));
    expect(refusal).toMatch(/^issuer-unknown: Issuer https:\/\/evil\.example\/\\u\{a\}\\u\{202e\}\\u\{0\}x+\.\.\. is not/);
    expect(refusal.length).toBeLessThan(620);
  });

  it("has its own keys: another issuer's key with the same kid verifies nothing (JWT-46), and claims name their issuer (JWT-47)", async () => {
    const [one, two] = [await startIssuer(), await startIssuer()];
    const issuers = new Map([
      ['one', settingsFor(one, { name: 'one' })],
      ['two', settingsFor(two, { name: 'two' })],
    ]);
    const verifier = createVerifier({ issuers: () => issuers });
    const kid = one.currentKey().kid;
    two.behave({ jwks: { body: { keys: [{ ...two.currentKey().jwk, kid }] } } });
    const sign = (iss: string, key: typeof one) =>
      verifier.verify(one.sign(one.githubClaims({ iss, aud: audience }), { key: key.currentKey().privateKey, header: { kid } }), [
        audience,
      ]);
    expect(verified(await sign(one.issuer, one)).claims.issuer).toBe('one');
    expect(verified(await sign(two.issuer, two)).claims.issuer).toBe('two');
    expect(outcome(await sign(one.issuer, two))).toBe('token-invalid');
    expect(outcome(await sign(two.issuer, one))).toBe('token-invalid');
    verifier.close();
    await Promise.all([one.close(), two.close()]);
  });
});

describe('the audience', () => {
  it('is one string or a list of exactly one (JWT-39)', async () => {
    expect(outcome(await bench.present({ aud: audience }))).toBe('verified');
    expect(outcome(await bench.present({ aud: [audience] }))).toBe('verified');
  });

  it('is the only one: lists of several are refused in either order (JWT-40)', async () => {
    for (const aud of [
      [audience, 'other'],
      ['other', audience],
      [audience, audience],
    ]) {
      expect(words(await bench.present({ aud }))).toMatch(/^token-invalid: .*several audiences/);
    }
  });

  it.each(['pypi', 'npm:registry.example', 'sts.amazonaws.com', 'sigstore', 'octo-sts.dev'])(
    'of another registry, %s, is refused (JWT-41)',
    async (aud) => {
      expect(words(await bench.present({ aud }))).toBe(
        `audience: The identity token is for audience ${aud}; this registry expects ${audience}. Ask the CI for a token with that audience.`,
      );
    },
  );

  it('is compared exactly, and every other type is refused (JWT-42)', async () => {
    const near = [
      'PYPI.acme.dev',
      `${audience}/`,
      `https://${audience}`,
      ` ${audience}`,
      'pypi.acm\u0435.dev',
      `${audience}\u0000`,
      'pypi.acme',
    ];
    for (const aud of near) expect(outcome(await bench.present({ aud }))).toBe('audience');
    for (const aud of ['', [], [[audience]], { aud: audience }, 1, null, true, undefined, ['']]) {
      expect(outcome(await bench.present({ aud }))).toBe('token-invalid');
    }
  });

  it('may be any of those of the registry and those that the configuration adds for the issuer', async () => {
    bench.configure({ audiences: ['extra'] });
    const { issuer, verifier } = bench;
    const ask = (aud: string, ours: readonly string[]) => verifier.verify(issuer.sign(issuer.githubClaims({ aud })), ours);
    expect(outcome(await ask('npm:a', ['npm:a', 'npm:a:4873']))).toBe('verified');
    expect(outcome(await ask('npm:a:4873', ['npm:a', 'npm:a:4873']))).toBe('verified');
    expect(outcome(await ask('extra', ['npm:a']))).toBe('verified');
    expect(words(await ask('x', ['npm:a', 'npm:a:4873']))).toMatch(/expects npm:a or npm:a:4873 or extra\. /);
    bench.configure({});
    expect(outcome(await ask('extra', ['npm:a']))).toBe('audience');
    expect(outcome(await ask('npm:a', []))).toBe('audience');
  });

  it('is refused with the hint of the caller', async () => {
    const token = bench.issuer.sign(bench.issuer.gitlabClaims({ aud: 'x' }));
    bench.configure({ maxAge: 3600 });
    const refusal = await bench.verifier.verify(token, [audience], (issuer) => `Set aud: ${audience} for ${issuer}.`);
    expect(words(refusal)).toMatch(/; this registry expects pypi\.acme\.dev\. Set aud: pypi\.acme\.dev for ci\.$/);
    bench.configure({});
  });
});

const at = (times: { exp?: unknown; iat?: unknown; nbf?: unknown }) => bench.present({ nbf: undefined, ...times });
const now = () => bench.now();

describe('the times', () => {
  it('may be fractions; what comes out are whole seconds (JWT-31)', async () => {
    const token = verified(await at({ exp: now() + 300.5, iat: now() - 0.25 }));
    expect(Number.isSafeInteger(token.expires) && Number.isSafeInteger(token.issuedAt)).toBe(true);
    expect(token.expires).toBeLessThanOrEqual(now() + 300);
  });

  it('end with the year 9999 (JWT-32) and start with 1970 (JWT-36)', async () => {
    for (const exp of [1e300, 2 ** 53, 253_402_300_800, -1]) expect(outcome(await at({ exp }))).toBe('token-invalid');
    expect(outcome(await at({ exp: 253_402_300_799 }))).toBe('token-too-old');
    expect(outcome(await at({ iat: -1 }))).toBe('token-invalid');
    expect(outcome(await at({ nbf: -1 }))).toBe('token-invalid');
    expect(outcome(await at({ iat: 0 }))).toBe('token-too-old');
  });

  it.each(['exp', 'iat', 'nbf'])('are numbers: `%s` as anything else is refused (JWT-36, JWT-37)', async (name) => {
    for (const value of [String(now()), [now()], null, true, {}]) {
      expect(words(await at({ [name]: value }))).toContain(
        `token-invalid: The identity token is not valid: its \`${name}\` is not a time. `,
      );
    }
  });

  it('`exp` and `iat` have to be there, `nbf` need not (JWT-36, JWT-37)', async () => {
    expect(outcome(await at({ exp: undefined }))).toBe('token-invalid');
    expect(outcome(await at({ iat: undefined }))).toBe('token-invalid');
    expect(outcome(await at({ nbf: undefined }))).toBe('verified');
  });

  it('allow a life of `max_age` and no more (JWT-33)', async () => {
    const iat = now();
    expect(outcome(await at({ iat, exp: iat + 900 }))).toBe('verified');
    expect(words(await at({ iat, exp: iat + 901 }))).toMatch(
      /^token-too-old: The identity token is valid for 15 min 1 s; this issuer's limit is 15 min/,
    );
    expect(words(await at({ iat, exp: iat + 86_400 }))).toMatch(/^token-too-old: .* is valid for 24 h;/);
  });

  it('allow `iat` and `nbf` to be ahead by the leeway (JWT-36, JWT-37)', async () => {
    expect(outcome(await at({ iat: now() + leeway - 1 }))).toBe('verified');
    expect(outcome(await at({ nbf: now() + leeway - 1 }))).toBe('verified');
    expect(words(await at({ iat: now() + leeway + 30 }))).toMatch(
      /^token-not-yet: .* valid only from 20\d\d-.*Z; the clock here says 20\d\d-.*Z\./,
    );
    expect(outcome(await at({ nbf: now() + leeway + 30 }))).toBe('token-not-yet');
  });

  it('end at `exp` plus the leeway (JWT-35)', async () => {
    const moved = await startBench();
    const iat = moved.now();
    const token = moved.issuer.sign(moved.issuer.githubClaims({ aud: audience, iat, nbf: iat, exp: iat + 900 }));
    moved.pass(900 + leeway - 2);
    expect(outcome(await moved.verify(token))).toBe('verified');
    moved.pass(2);
    expect(words(await moved.verify(token))).toMatch(/^token-expired: The identity token expired 3\d s ago\./);
    moved.pass(7200);
    expect(words(await moved.verify(token))).toMatch(/expired 2 h 3\d s ago/);
    await moved.close();
  });

  it('refuse an old token although its `exp` was set late: `iat` in 1970 (JWT-36)', async () => {
    bench.configure({ maxAge: 86_400 });
    expect(outcome(await at({ iat: now() - 80_000, exp: now() + 6000 }))).toBe('verified');
    bench.configure({ maxAge: 3600 });
    expect(outcome(await at({ iat: now() - 3700, exp: now() - 100 + 80 }))).toBe('token-too-old');
    expect(outcome(await at({ iat: 1, exp: now() + 60 }))).toBe('token-too-old');
    bench.configure({});
  });

  it('must be in order (JWT-38)', async () => {
    expect(words(await at({ iat: now(), exp: now() - 1 }))).toMatch(/^token-invalid: .* expires before it was issued/);
    expect(words(await at({ nbf: now() + 302, exp: now() + 300 }))).toMatch(/^token-invalid: .* expires before it becomes valid/);
  });
});

describe('the other claims', () => {
  it.each([1, ['x'], null, '', undefined, 'x'.repeat(10_000), 'a\nb', 'a\u0000', '\u202eabc', {}])(
    '`sub` %j is refused (JWT-48)',
    async (sub) => {
      expect(words(await bench.present({ sub }))).toMatch(/^token-invalid: [ -~]*`sub`/);
    },
  );

  it('`sub` may hold what people name their environments', async () => {
    const sub = 'repo:acme@11/ui@101:environment:Pr\u00f6d \u{1f680}';
    expect(outcome(await bench.present({ sub }))).toBe('verified');
  });

  it.each([undefined, 1, {}, ['a'], '', null, true, 'x'.repeat(1025)])(
    '`jti` %j is refused where the issuer sends one (JWT-62, JWT-63)',
    async (jti) => {
      expect(words(await bench.present({ jti }))).toMatch(/^token-invalid: .*`jti`/);
    },
  );

  it('`jti` may be missing where the issuer sends none, and is checked when there is one (JWT-62)', async () => {
    bench.configure({ jti: false });
    expect(outcome(await bench.present({ jti: undefined }))).toBe('verified');
    for (const jti of [1, {}, ['a'], '', null, true]) expect(outcome(await bench.present({ jti }))).toBe('token-invalid');
    bench.configure({});
  });

  it('in another case are other claims: beside the real ones ignored, instead of them missing (JWT-25)', async () => {
    const beside = verified(await bench.present({ Sub: 'x', SUB: 'y', Iss: 'z', Aud: 'w', EXP: 1, Repository_Id: '9' }));
    expect(beside.claims.set['repository_id']).toBe('101');
    for (const name of ['iss', 'aud', 'exp', 'iat', 'sub', 'jti']) {
      const claims = bench.issuer.githubClaims({ aud: audience });
      const renamed = { ...claims, [name]: undefined, [name.toUpperCase()]: claims[name] };
      expect(outcome(await bench.verify(bench.issuer.sign(renamed)))).toBe('token-invalid');
    }
  });

  it('are not flattened out of lists (JWT-49)', async () => {
    const lists = Object.fromEntries(Object.entries(bench.issuer.githubClaims({ aud: audience })).map(([name, value]) => [name, [value]]));
    expect(outcome(await bench.verify(bench.issuer.sign(lists)))).toBe('token-invalid');
    const { iss, exp, iat, nbf, jti, sub } = bench.issuer.githubClaims({ aud: audience });
    const some = verified(await bench.verify(bench.issuer.sign({ ...lists, iss, exp, iat, nbf, jti, sub })));
    expect(some.claims.set['repository']).toEqual(['acme/ui']);
  });
});
