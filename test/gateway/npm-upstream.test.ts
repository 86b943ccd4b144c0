// What goes past an upload token (long-lived tokens, reads, logins), and the registry behind in good and bad days, for npm.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256, type RawAnswer } from '../support/proxy.ts';
import { describeWith } from '../support/requirement.ts';
import { basic } from '../support/service-user.ts';
import { DEV, live, refusal, startProgram, type Program } from './npm-program.ts';
import { draft, escaped, packed, slowUpload } from './npm-scene.ts';
import { startRawUpstream } from './raw-upstream.ts';

describeWith('verdaccio')('npm, beside uploads', () => {
  let scene: Program;
  beforeAll(async () => {
    scene = await startProgram();
  }, 60_000);
  afterAll(() => scene?.close());
  beforeEach(() => scene.tap.forget());

  describe('long-lived tokens', () => {
    const byHand = (name: string, base: string, document: object = draft(name)): Promise<RawAnswer> =>
      scene.call('PUT', `${base}/${escaped(name)}`, `Bearer ${scene.dev}`, JSON.stringify(document));

    test('TOK-24 refuse: a real token of the registry publishes nothing, changes nothing, and is told so', async () => {
      for (const answer of [
        await byHand('@acme/by-hand', ''),
        await scene.call('PUT', '/-/package/@exact%2fone/dist-tags/next', `Bearer ${scene.dev}`, '"1.0.0"'),
        await scene.call('DELETE', '/@exact%2fone/-rev/1-x', `Bearer ${scene.dev}`),
        await scene.call('PUT', '/@acme%2fby-hand', basic(DEV.username, DEV.password), JSON.stringify(draft('@acme/by-hand'))),
      ]) {
        expect(refusal(answer)).toEqual([403, 'long-lived-refused']);
        expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'refused', code: 'long-lived-refused' });
      }
      expect(scene.tap.text()).toBe('');
    });

    test('TOK-24 warn: it goes through with a notice, as the client’s own, and is recorded', async () => {
      const answer = await byHand('@acme/warned', '/warn');
      expect(answer.status, answer.body).toBe(201);
      expect(answer.headers['npm-notice']).toContain('moving to trusted publishing');
      expect(scene.credentials()).toEqual([`Bearer ${scene.dev}`]);
      expect(await scene.eventOf(answer)).toMatchObject({
        event: 'pass-through',
        outcome: 'long-lived',
        package: '@acme/warned',
        registry: 'warn',
      });
    });

    test('TOK-24 allow: it goes through without a word, and is recorded', async () => {
      const answer = await byHand('@acme/allowed-by-hand', '/allow');
      expect(answer.status, answer.body).toBe(201);
      expect(answer.headers['npm-notice']).toBeUndefined();
      expect(scene.credentials()).toEqual([`Bearer ${scene.dev}`]);
      expect(await scene.eventOf(answer)).toMatchObject({ event: 'pass-through', outcome: 'long-lived', package: '@acme/allowed-by-hand' });
    });

    test('beside TOK-24: a credential that somebody made up is none that a package lives on, and the record says so', async () => {
      const forged = [
        await scene.call('PUT', '/allow/@acme%2fforged', 'Bearer made-up', JSON.stringify(draft('@acme/forged'))),
        await scene.call('PUT', '/moving/@acme%2fforged', 'Bearer made-up', JSON.stringify(draft('@acme/forged'))),
        await scene.call('DELETE', '/warn/@acme%2fforged/-rev/1-x', basic(DEV.username, 'wrong')),
      ];
      for (const answer of forged) {
        expect(answer.status, answer.body).toBeGreaterThanOrEqual(401);
        expect(await scene.eventOf(answer)).toMatchObject({
          event: 'pass-through',
          outcome: 'upstream-refused',
          package: '@acme/forged',
          upstreamStatus: answer.status,
        });
      }
      expect(scene.proxy.audit().filter((event) => event.package === '@acme/forged' && event.outcome === 'long-lived')).toEqual([]);
    });

    test('TOK-26 trusted_only packages refuse them, by every path, and so does what names no package', async () => {
      const own = JSON.stringify(draft('@trusted/one'));
      for (const [method, path, body] of [
        ['PUT', '/moving/@trusted%2fone', own],
        ['PUT', '/moving/@trusted/one', own],
        ['PUT', '/moving/%40trusted%2Fone', own],
        ['PUT', '/moving/@trusted%2fone/-rev/1-x', '{}'],
        ['DELETE', '/moving/@trusted%2fone/-rev/1-x', undefined],
        ['PUT', '/moving/-/package/@trusted%2fone/dist-tags/latest', '"1.0.0"'],
      ] as const) {
        expect(refusal(await scene.call(method, path, `Bearer ${scene.dev}`, body)), path).toEqual([403, 'long-lived-refused']);
      }
      for (const [method, path, body] of [
        ['POST', '/moving/-/stage/package/@trusted%2fone', own],
        ['PUT', '/moving/-/pnpr/v0/publish', own],
        ['PUT', '/moving/-/org/acme/package', '{}'],
        ['POST', '/moving/-/npm/v1/user', '{}'],
        ['POST', '/moving/-/anything', own],
      ] as const) {
        expect(refusal(await scene.call(method, path, `Bearer ${scene.dev}`, body)), path).toEqual([403, 'long-lived-unnamed']);
      }
      const disguised = await byHand('@acme/disguise', '/moving', draft('@trusted/one'));
      expect(refusal(disguised)).toEqual([400, 'body-mismatch']);
      expect(scene.writes()).toEqual([]);
      const token = await scene.tokenFor('@trusted/one', '/moving');
      expect((await scene.put(token, '@trusted/one', draft('@trusted/one'), '/moving')).status).toBe(201);
    });

    test('TOK-26 P3 beside them other packages go through rebuilt, with the client’s own token', async () => {
      const forged = draft('@acme/rebuilt', '1.0.0', (d, { manifest, dist }) => {
        d['_rev'] = '99-forged';
        manifest['_npmUser'] = { name: 'trusted-publisher', trustedPublisher: { id: 'forged' } };
        dist['attestations'] = { url: 'https://evil.example' };
      });
      const answer = await byHand('@acme/rebuilt', '/moving', forged);
      expect(answer.status, answer.body).toBe(201);
      expect(scene.credentials()).toEqual([`Bearer ${scene.dev}`]);
      expect(scene.tap.text()).not.toContain('forged');
      expect((await scene.packument('@acme/rebuilt'))?.versions['1.0.0']).not.toHaveProperty('_npmUser.trustedPublisher');
      expect(await scene.eventOf(answer)).toMatchObject({ event: 'pass-through', outcome: 'long-lived', package: '@acme/rebuilt' });
    });
  });

  describe('reads', () => {
    test('an upload token reads anonymously; a client’s own credential goes along', async () => {
      const token = await scene.tokenFor('@acme/read');
      expect((await scene.put(token, '@acme/read')).status).toBe(201);
      scene.tap.forget();
      for (const path of ['/@acme%2fread', '/@acme/read', '/@acme/read/-/read-1.0.0.tgz', '/-/package/@acme%2fread/dist-tags']) {
        const answer = await scene.get(path, token);
        expect(answer.status, path).toBe(200);
      }
      expect((await scene.get('/@acme%2fnot-there', token)).status).toBe(404);
      expect((await scene.call('GET', '/@acme%2fread', 'Bearer XXXXX-XXXXX-XXXXX-XXXXX')).status).toBe(200);
      expect(scene.credentials()).toEqual([]);
      expect((await scene.get('/@acme%2fread', scene.dev)).status).toBe(200);
      expect(scene.credentials()).toEqual([`Bearer ${scene.dev}`]);
    });

    test('reads: service reads the granted package with the service credential, and nothing else', async () => {
      const token = await scene.tokenFor('@acme/private', '/closed');
      const file = packed('@acme/private', '1.0.0');
      expect(
        (
          await scene.put(
            token,
            '@acme/private',
            draft('@acme/private', '1.0.0', () => {}, file),
            '/closed',
          )
        ).status,
      ).toBe(201);
      const other = await scene.tokenFor('@acme/private-two', '/closed');
      expect((await scene.put(other, '@acme/private-two', draft('@acme/private-two'), '/closed')).status).toBe(201);

      const read = await scene.get('/closed/@acme%2fprivate', token);
      expect([read.status, JSON.parse(read.body)]).toMatchObject([200, { name: '@acme/private' }]);
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${scene.proxy.url}closed/@acme/private/-/private-1.0.0.tgz`, { headers });
      expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(file));
      // Another package, nobody's token, and a token that is none read like anybody: not at all.
      for (const answer of [
        await scene.get('/closed/@acme%2fprivate-two', token),
        await scene.get('/closed/@acme%2fprivate'),
        await scene.get('/closed/@acme%2fprivate?x=/@acme/private/', other),
        await scene.call('HEAD', '/closed/@acme%2fprivate', `Bearer ${token}`),
      ])
        expect([401, 403]).toContain(answer.status);
      expect((await scene.get('/closed/@acme%2fprivate', await scene.revoked('@acme/private-three'))).status).toBeGreaterThanOrEqual(400);
    });
  });

  describe('what is answered here, and what passes', () => {
    test('visibility, whoami and ping are answered to the holder of a token, and asked of nobody', async () => {
      const token = await scene.tokenFor('@acme/local');
      expect(JSON.parse((await scene.get('/-/package/@acme%2flocal/visibility', token)).body)).toEqual({ public: false });
      expect(JSON.parse((await scene.get('/-/whoami', token)).body)).toEqual({ username: 'trusted-publisher:ui-release' });
      expect((await scene.get('/-/ping', token)).status).toBe(200);
      expect(scene.tap.text()).toBe('');
      expect(JSON.parse((await scene.get('/-/whoami', scene.dev)).body)).toEqual({ username: DEV.username });
      expect(scene.credentials()).toEqual([`Bearer ${scene.dev}`]);
      const gone = await scene.get('/-/whoami', await scene.revoked('@acme/local'));
      expect([gone.status, gone.headers['www-authenticate']]).toEqual([401, undefined]);
    });

    test('DELETE /-/user/token/<token> revokes, once and for all', async () => {
      const token = await scene.tokenFor('@acme/logout');
      const answer = await scene.call('DELETE', `/-/user/token/${token}`, `Bearer ${token}`);
      expect(answer.status).toBe(200);
      expect(await scene.eventOf(answer)).toMatchObject({
        event: 'revoke',
        outcome: 'revoked',
        token: sha256(Buffer.from(token)).slice(0, 12),
      });
      expect(refusal(await scene.put(token, '@acme/logout'))).toEqual([403, 'upload-token-unknown']);
      expect((await scene.call('DELETE', `/-/user/token/${token}`, `Bearer ${token}`)).status).toBe(200);
      expect(scene.tap.text()).toBe('');
    });

    test('P1 npm login, search and audit pass with the client’s own credential and never with ours', async () => {
      const id = `/-/user/org.couchdb.user:${DEV.username}`;
      const own = basic(DEV.username, DEV.password);
      const loggedIn = await scene.call('PUT', id, own, JSON.stringify({ name: DEV.username, password: DEV.password }));
      expect(loggedIn.status, loggedIn.body).toBe(201);
      expect(JSON.parse(loggedIn.body)).toMatchObject({ token: expect.any(String) });
      expect(scene.credentials()).toEqual([own]);
      const audit = '{"lodash":["4.17.0"]}';
      for (const [method, path, body] of [
        ['GET', '/-/v1/search?text=acme&size=20', undefined],
        ['POST', '/-/npm/v1/security/advisories/bulk', audit],
      ] as const) {
        for (const authorization of [`Bearer ${scene.dev}`, undefined]) {
          scene.tap.forget();
          const answer = await scene.call(method, path, authorization, body);
          const headers = { ...(authorization === undefined ? {} : { authorization }), 'content-type': 'application/json' };
          const direct = await fetch(scene.open.url + path.slice(1), { method, headers, ...(body === undefined ? {} : { body }) });
          expect([path, answer.status]).toEqual([path, direct.status]);
          expect(scene.tap.heard().map((request) => `${request.method} ${request.path}`)).toEqual([`${method} ${path}`]);
          expect(scene.credentials()).toEqual(authorization === undefined ? [] : [authorization]);
        }
      }
      expect(
        (await scene.call('POST', '/-/npm/v1/security/advisories/bulk', `Bearer ${await scene.tokenFor('@acme/x')}`, audit)).status,
      ).toBe(403);
    });
  });

  describe('the registry behind', () => {
    test('DOS-12 one upload more than max_concurrent_uploads is told when to come back, and comes through then', async () => {
      const token = await scene.tokenFor('@acme/capped', '/capped');
      const first = await slowUpload(scene.proxy, token, '/capped/@acme%2fcapped', draft('@acme/capped'));
      const second = await scene.put(token, '@acme/capped', draft('@acme/capped', '1.1.0'), '/capped');
      expect(refusal(second)).toEqual([503, 'too-many']);
      expect(second.headers['retry-after']).toBe('5');
      expect((await scene.put(await scene.tokenFor('@acme/uncapped'), '@acme/uncapped')).status, 'another registry').toBe(201);
      expect((await first.sendRest()).status).toBe(201);
      expect((await scene.put(token, '@acme/capped', draft('@acme/capped', '1.1.0'), '/capped')).status).toBe(201);
    });

    test.each(['wrong', 'locked', 'mislogged'])(
      'TOK-23 a service credential that %s does not accept is 502, not the client’s 401',
      async (name) => {
        const token = await scene.tokenFor('@acme/credential', `/${name}`);
        const answer = await scene.put(token, '@acme/credential', draft('@acme/credential'), `/${name}`);
        expect(refusal(answer), answer.body).toEqual([502, 'upstream-credential']);
        expect(answer.headers['www-authenticate']).toBeUndefined();
        expect(answer.body).not.toContain('not-the-service-secret');
        expect((await scene.eventOf(answer)).code).toBe('upstream-credential');
        expect(await scene.packument('@acme/credential')).toBeUndefined();
        const read = await scene.get(`/${name}/@acme%2fcredential`, token);
        expect(refusal(read)).toEqual(name === 'locked' ? [502, 'upstream-credential'] : [404, undefined]);
      },
    );

    test('P1 a login stays with the upstream that gave it, also when a reload moves the registry to another', async () => {
      const token = await scene.tokenFor('@acme/moved');
      expect((await scene.put(token, '@acme/moved')).status).toBe(201);
      const jwt = scene.credentials().find((credential) => credential.startsWith('Bearer '));
      expect(jwt).toBeDefined();
      const stranger = await startRawUpstream((socket) =>
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
      );
      await scene.proxy.reload(scene.policyWith([live], (all) => (all['npm'] = { ...all['npm'], upstream: stranger.url.href })));
      const answer = await scene.put(token, '@acme/moved', draft('@acme/moved', '1.1.0'));
      expect(refusal(answer)).toEqual([502, 'upstream-credential']);
      await scene.proxy.reload(scene.policyWith([live]));
      await stranger.close();
      expect(stranger.received()).toMatch(/^PUT \/-\/user\/org\.couchdb\.user:svc /);
      expect(stranger.received()).not.toContain(jwt);
      expect((await scene.put(token, '@acme/moved', draft('@acme/moved', '1.1.0'))).status).toBe(201);
    });

    test('P4 P9 FLT-06 a registry that is away is 502; back with another secret it is logged in to again, and so when its login runs out', async () => {
      const token = await scene.tokenFor('@acme/back', '/closed');
      const publish = (version: string): Promise<RawAnswer> => scene.put(token, '@acme/back', draft('@acme/back', version), '/closed');
      expect((await publish('1.0.0')).status).toBe(201);
      const shut = await scene.tokenFor('@acme/shut', '/shut');
      expect((await scene.put(shut, '@acme/shut', draft('@acme/shut'), '/shut')).status).toBe(201);
      await scene.closed().server().stop();
      const away = await publish('1.1.0');
      expect(refusal(away)).toEqual([502, 'upstream-unreachable']);
      expect(away.body).toContain('nothing was published');
      expect(refusal(await scene.get('/closed/@acme%2fback', token))).toEqual([502, 'upstream-unreachable']);
      expect(await scene.eventOf(away)).toMatchObject({ outcome: 'refused', code: 'upstream-unreachable' });

      await scene.replaceClosed({ jwt: true, jwtLife: '3s', closed: true });
      const logins = (): number => scene.closed().output().split('PUT /-/user/org.couchdb.user:svc').length;
      // Each of the two registries has a login of its own that is worth nothing now: one finds out by a read, one by an upload.
      expect((await scene.get('/closed/@acme%2fback', token)).status).toBe(404);
      const back = await scene.put(shut, '@acme/shut', draft('@acme/shut'), '/shut');
      expect(back.status, back.body).toBe(201);
      expect((await publish('1.1.0')).status).toBe(201);
      const before = logins();
      await new Promise((resolve) => setTimeout(resolve, 3200));
      const read = await scene.get('/closed/@acme%2fback', token);
      expect([read.status, JSON.parse(read.body)]).toMatchObject([200, { versions: { '1.1.0': {} } }]);
      expect((await publish('1.2.0')).status).toBe(201);
      expect(logins()).toBeGreaterThan(before);
    });

    test('TOK-23 where everybody may read, a login that is worth nothing shows at the upload only: it is made anew, once', async () => {
      const token = await scene.tokenFor('@acme/anew', '/shut');
      for (const version of ['1.0.0', '1.1.0']) {
        await scene.replaceClosed({ jwt: true });
        const answer = await scene.put(token, '@acme/anew', draft('@acme/anew', version), '/shut');
        expect(answer.status, answer.body).toBe(201);
        expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'uploaded', version });
      }
    });
  });

  test('P1 the service credential, the logins that it gave, and upload tokens are in no answer, log line or audit event', async () => {
    expect(scene.answers.length).toBeGreaterThan(40);
    expect(await scene.leaks()).toEqual([]);
  });
});
