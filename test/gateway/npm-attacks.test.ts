// Every attack of the npm study (part E) with a valid upload token for @acme/allowed, through Countersign to a real Verdaccio.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RefusalCode } from '../../src/core/refusal.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { describeWith } from '../support/requirement.ts';
import { basic, SERVICE, serviceBasic } from '../support/service-user.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';
import { ALLOWED, VICTIM, PATH, ask, at, json, shown, stored, type Ask, type Packument, type Stored } from './npm-attack.ts';
import { documents } from './npm-attacks-documents.ts';
import { encodings } from './npm-attacks-encodings.ts';
import { requests } from './npm-attacks-requests.ts';
import { codeOf, draft, listing, publisher, startTap, uploadToken, wire, type Tap } from './npm-scene.ts';

describeWith('verdaccio')('npm.md part E', () => {
  let issuer: CiIssuer;
  let verdaccio: VerdaccioServer;
  let tap: Tap;
  let proxy: Proxy;
  let token = '';
  let other = '';
  let died: unknown;
  let before: Record<string, string> = {};

  const policy = (port: number): Policy => ({
    issuers: { github: { issuer: issuer.issuer, insecure: true } },
    registries: {
      npm: {
        protocol: 'npm',
        url: `http://127.0.0.1:${port}/`,
        upstream: tap.url,
        credential: { verdaccio_login: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } },
        max_upload: '2MiB',
      },
    },
    publishers: [publisher('ui-release', { npm: [ALLOWED, '@acme/other'] })],
  });

  beforeAll(async () => {
    [issuer, verdaccio] = await Promise.all([startIssuer(), startVerdaccio({ jwt: true, maxBodySize: '1mb' })]);
    void verdaccio.server().exited.then((how) => (died = how));
    tap = await startTap(verdaccio.port);
    proxy = await startProxy({ policy, env: { SERVICE_PASSWORD: SERVICE.password } });
    await pastEpoch();
    [token, other] = await Promise.all([uploadToken(proxy, issuer, ALLOWED), uploadToken(proxy, issuer, '@acme/other')]);
    const first = await send(at(PATH, ALLOWED, '1.0.0'));
    // Somebody else's package, published beside the proxy.
    const theirs = await fetch(`${verdaccio.url}@acme%2fneighbour`, {
      method: 'PUT',
      headers: { ...json, authorization: serviceBasic() },
      body: JSON.stringify(draft('@acme/neighbour')),
    });
    if (first.status !== 201 || theirs.status !== 201) throw new Error(`not published: ${first.body}`);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([proxy?.close(), tap?.close(), verdaccio?.close(), issuer?.close()]);
  });
  beforeEach(() => {
    tap.forget();
    before = listing(verdaccio.storage);
  });

  function send({ method, path, headers, body, wire: text }: Ask): Promise<RawAnswer> {
    if (text !== undefined) return wire(proxy.port, Buffer.from(text.replace('TOKEN', token).replace('HOST', proxy.host), 'latin1'));
    return raw(proxy, method, path, { host: proxy.host, authorization: `Bearer ${token}`, ...headers }, body);
  }

  /** The refusal in the dialect that npm shows, and in the audit record when a request was understood at all. */
  async function refused(answer: RawAnswer, code: RefusalCode): Promise<void> {
    expect([answer.status, codeOf(answer)], answer.body).toEqual([expect.any(Number), code]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect([401, 404], 'npm hides the text of these').not.toContain(answer.status);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    // Where the head itself is refused no registry is known yet: RFC 9457 then.
    if (code === 'request-invalid' && answer.headers['content-type'] === 'application/problem+json') return;
    expect(answer.headers['npm-notice']).toContain(code);
    expect(JSON.parse(answer.body)).toMatchObject({ error: answer.headers['npm-notice'] });
  }

  /** One version more, one tarball more, and nothing else changed. */
  function grown({ version, holds }: Stored): void {
    const now = listing(verdaccio.storage);
    const changed = Object.keys({ ...before, ...now }).filter((path) => before[path] !== now[path]);
    expect(changed.toSorted()).toEqual([`${ALLOWED}/allowed-${version}.tgz`, `${ALLOWED}/package.json`]);
    before = now;
    const packument = JSON.parse(readFileSync(join(verdaccio.storage, ALLOWED, 'package.json'), 'utf8')) as Packument;
    const manifest = packument.versions[version]!;
    expect(manifest).toMatchObject({
      name: ALLOWED,
      version,
      _id: `${ALLOWED}@${version}`,
      _npmUser: { name: 'trusted-publisher', trustedPublisher: { id: 'ui-release', anchor: 'acme/ui' } },
    });
    const held = holds?.(manifest, packument, { url: proxy.url, sent: tap.text() }) ?? {};
    expect(Object.keys(held).filter((what) => held[what] !== true)).toEqual([]);
  }

  /** The service credential went with requests for the one package and with nothing else (P1). */
  function credentialStayed(): void {
    const withCredential = tap.heard().filter(({ head }) => /^authorization:/im.test(head));
    expect(withCredential.filter(({ method, path }) => path !== PATH || !['GET', 'PUT'].includes(method))).toEqual([]);
  }

  for (const { row, ids, cases } of [...documents, ...requests, ...encodings]) {
    test.each(cases)(`npm.md E${row} ${ids}: %s`, async (_, request, verdict) => {
      const answer = await send(request);
      if (typeof verdict === 'object') expect(answer.status, answer.body).toBe(201);
      else if (verdict === 'passed') expect(answer.status).toBeLessThan(500);
      else if (verdict === 'unparsed') expect([answer.status, answer.body]).toEqual([400, '']);
      else await refused(answer, verdict);
      if (typeof verdict === 'object') grown(verdict);
      expect(listing(verdaccio.storage)).toEqual(before);
      const writes = tap.heard().filter(({ method }) => method !== 'GET' && method !== 'HEAD');
      if (typeof verdict === 'string' && verdict !== 'upstream-refused') expect(writes).toEqual([]);
      credentialStayed();
      expect(died, verdaccio.output().slice(-2000)).toBeUndefined();
      expect((await send(ask('GET', PATH))).status, 'the package is served').toBe(200);
    });
  }

  test('npm.md E38 TOK-02 TOK-06 TOK-07: an upload token in any form but the exact ones is refused and goes nowhere', async () => {
    const flipped = `${token.slice(0, 20)}${token[20] === 'a' ? 'b' : 'a'}${token.slice(21)}`;
    const wrong: readonly (readonly [string, RefusalCode])[] = [
      [`Bearer ${flipped}`, 'upload-token-damaged'],
      [`Bearer ${token.slice(0, -1)}`, 'upload-token-damaged'],
      [`Bearer ${token},`, 'request-invalid'],
      [`Bearer "${token}"`, 'request-invalid'],
      [`Bearer ${token} extra`, 'request-invalid'],
      [`Bearer  ${token}`, 'request-invalid'],
      [`Token ${token}`, 'request-invalid'],
      [token, 'request-invalid'],
      [basic(token, ''), 'request-invalid'],
      [basic('svc', token), 'request-invalid'],
      [basic('__token__', `${token}:x`), 'upload-token-damaged'],
    ];
    for (const [authorization, code] of wrong) await refused(await send(shown(authorization)), code);
    expect(tap.text()).toBe('');
    for (const [i, authorization] of [`bearer ${token}`, basic('__token__', token)].entries()) {
      expect((await send(shown(authorization, `3.38.${i}`))).status).toBe(201);
      grown(stored(`3.38.${i}`));
    }
    expect(tap.text()).not.toContain(token);
    for (const form of [basic('__token__', token), token.slice(5, 40)]) expect(tap.text()).not.toContain(form);
  });

  test('npm.md E40 TOK-12: a token that was exchanged for another package is refused, though its publisher has both', async () => {
    await refused(await send({ ...at(PATH), headers: { ...json, authorization: `Bearer ${other}` } }), 'upload-scope');
    const renamed = { ...at('/@acme%2fother', '@acme/other'), headers: { ...json } };
    await refused(await send(renamed), 'upload-scope');
    expect(tap.text()).toBe('');
    expect(listing(verdaccio.storage)).toEqual(before);
  });

  test('npm.md E1 to E40: no attack left a package, and Verdaccio is the process that it was', async () => {
    expect(Object.keys(listing(verdaccio.storage)).filter((path) => path.endsWith('/'))).toEqual([
      '@acme/',
      `${ALLOWED}/`,
      '@acme/neighbour/',
    ]);
    expect(await verdaccio.packument(VICTIM)).toBeUndefined();
    expect(died).toBeUndefined();
    expect(verdaccio.output()).not.toContain('uncaught');
  });
});
