// The rules of the policy and the promises, for npm: raw requests with tokens of the real exchange, through the program to Verdaccio.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256, type RawAnswer } from '../support/proxy.ts';
import { describeWith } from '../support/requirement.ts';
import { fromWith, live, refusal, RUN, startProgram, type Packument, type Program } from './npm-program.ts';
import { draft, exchange, listing, packed, publisher, slowUpload } from './npm-scene.ts';

describeWith('verdaccio')('npm, rule by rule', () => {
  let scene: Program;
  beforeAll(async () => {
    scene = await startProgram();
  }, 60_000);
  afterAll(() => scene?.close());
  beforeEach(() => scene.tap.forget());

  describe('what is stored', () => {
    test('P2 P3 names, file, integrity and evidence of trust are the true ones, and the bytes come back as they were packed', async () => {
      const file = packed('@acme/true', '1.2.0', 'exports.bytes = 1\n'.repeat(20_000));
      const answer = await scene.put(
        await scene.tokenFor('@acme/true'),
        '@acme/true',
        draft('@acme/true', '1.2.0', () => {}, file),
      );
      expect(answer.status, answer.body).toBe(201);
      const read = JSON.parse((await scene.get('/@acme%2ftrue')).body) as Packument;
      const digest = createHash('sha512').update(file).digest('base64');
      expect(read).toMatchObject({ name: '@acme/true', 'dist-tags': { latest: '1.2.0' } });
      expect(Object.keys(read.versions)).toEqual(['1.2.0']);
      expect(read.versions['1.2.0']).toMatchObject({
        name: '@acme/true',
        version: '1.2.0',
        _id: '@acme/true@1.2.0',
        dist: {
          integrity: `sha512-${digest}`,
          shasum: createHash('sha1').update(file).digest('hex'),
          tarball: `${scene.proxy.url}@acme/true/-/true-1.2.0.tgz`,
        },
        _npmUser: {
          name: 'trusted-publisher',
          trustedPublisher: { id: 'ui-release', anchor: 'acme/ui', workflow: 'release.yml', ref: 'refs/tags/v1.0.0', commit: RUN.sha },
        },
      });
      const bytes = Buffer.from(await (await fetch(`${scene.proxy.url}@acme/true/-/true-1.2.0.tgz`)).arrayBuffer());
      expect(sha256(bytes)).toBe(sha256(file));
    });

    test('P2 what goes to the registry is a new request: our path, our Host, our headers', async () => {
      const token = await scene.tokenFor('@acme/new-request');
      const body = JSON.stringify(draft('@acme/new-request'));
      const extra = { 'npm-otp': '123456', 'x-mine': 'yes', 'user-agent': 'npm/12.2.0', 'npm-command': 'publish' };
      expect((await scene.call('PUT', '/%40acme/new-request', `Bearer ${token}`, body, extra)).status).toBe(201);
      const sent = scene.tap.heard().find(({ method, path }) => method === 'PUT' && !path.startsWith('/-/'));
      expect(sent?.path).toBe('/@acme%2fnew-request');
      expect(sent?.head).toMatch(new RegExp(`^host: ${scene.proxy.host}$`, 'im'));
      for (const name of ['npm-otp', 'x-mine', 'npm-command', 'npm/12']) expect(scene.tap.text()).not.toContain(name);
      expect(scene.tap.text()).not.toContain(token);
    });
  });

  describe('what a publisher may', () => {
    test('rule 11: a new package under a pattern needs create: true; one that is named exactly does not', async () => {
      expect(refusal(await scene.put(await scene.tokenFor('@glob/new'), '@glob/new'))).toEqual([403, 'upload-new-package']);
      expect(await scene.packument('@glob/new')).toBeUndefined();
      expect((await scene.put(await scene.tokenFor('@exact/one'), '@exact/one')).status).toBe(201);
      expect(refusal(await scene.put(await scene.tokenFor('@exact/two'), '@exact/two'))).toEqual([403, 'upload-new-package']);
      expect((await scene.put(await scene.tokenFor('@live/made'), '@live/made')).status).toBe(201);
      // What is there already may be published under a pattern.
      const token = await scene.open.login();
      const body = JSON.stringify(draft('@glob/old'));
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      expect((await fetch(`${scene.open.url}@glob%2fold`, { method: 'PUT', headers, body })).status).toBe(201);
      expect((await scene.put(await scene.tokenFor('@glob/old'), '@glob/old', draft('@glob/old', '1.1.0'))).status).toBe(201);
    });

    test('rule 10: the tag of the run has to name the version', async () => {
      const token = await scene.tokenFor('@tagged/one');
      const answer = await scene.put(token, '@tagged/one', draft('@tagged/one', '1.1.0'));
      expect(refusal(answer)).toEqual([403, 'upload-tag-rule']);
      expect(answer.body).toContain('publishes version 1.1.0 only from tag refs/tags/v1.1.0; this run is on refs/tags/v1.0.0');
      expect((await scene.put(token, '@tagged/one', draft('@tagged/one', '1.0.0'))).status).toBe(201);
      const branch = await scene.tokenFor('@tagged/one', '', { ref: 'refs/heads/v1.2.0' });
      expect(refusal(await scene.put(branch, '@tagged/one', draft('@tagged/one', '1.2.0')))).toEqual([403, 'upload-tag-rule']);
      expect(Object.keys((await scene.packument('@tagged/one'))?.versions ?? {})).toEqual(['1.0.0']);
    });

    test('rule 12: a version that is there is refused with 409 and the words that clients look for; P7 with its digest', async () => {
      const token = await scene.tokenFor('@acme/fixed');
      expect((await scene.put(token, '@acme/fixed')).status).toBe(201);
      const again = draft('@acme/fixed', '1.0.0', () => {}, packed('@acme/fixed', '1.0.0', 'evil()'));
      scene.tap.forget();
      const answer = await scene.put(token, '@acme/fixed', again);
      expect(refusal(answer)).toEqual([409, 'upload-exists']);
      expect(answer.body).toMatch(/cannot publish over the previously published version/i);
      expect(scene.writes()).toEqual([]);
      expect(await scene.eventOf(answer)).toMatchObject({
        outcome: 'refused',
        code: 'upload-exists',
        package: '@acme/fixed',
        version: '1.0.0',
        sha256: sha256(packed('@acme/fixed', '1.0.0', 'evil()')),
      });
    });

    test('rule 12: of uploads of one version at the same time one is stored, whole', async () => {
      const token = await scene.tokenFor('@acme/race');
      expect((await scene.put(token, '@acme/race', draft('@acme/race', '0.9.0'))).status).toBe(201);
      const files = Array.from({ length: 5 }, (_, i) => packed('@acme/race', '1.0.0', `exports.racer = ${i}\n`.repeat(500 * (i + 1))));
      const answers = await Promise.all(
        files.map((file) =>
          scene.put(
            token,
            '@acme/race',
            draft('@acme/race', '1.0.0', () => {}, file),
          ),
        ),
      );
      const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([201, 409, 409, 409, 409]);
      const won = files[answers.findIndex((answer) => answer.status === 201)]!;
      const bytes = Buffer.from(await (await fetch(`${scene.proxy.url}@acme/race/-/race-1.0.0.tgz`)).arrayBuffer());
      expect(sha256(bytes)).toBe(sha256(won));
      const integrity = `sha512-${createHash('sha512').update(won).digest('base64')}`;
      expect((await scene.packument('@acme/race'))?.versions['1.0.0']).toMatchObject({ dist: { integrity } });
    });

    test('rule 12: immutable: false leaves it to the registry, whose own 409 comes through', async () => {
      const token = await scene.tokenFor('@acme/loose', '/mutable');
      expect((await scene.put(token, '@acme/loose', draft('@acme/loose'), '/mutable')).status).toBe(201);
      scene.tap.forget();
      const answer = await scene.put(token, '@acme/loose', draft('@acme/loose'), '/mutable');
      expect(refusal(answer)).toEqual([409, 'upstream-refused']);
      expect(answer.body).toContain('already present');
      expect(scene.writes()).toEqual(['PUT /@acme%2floose']);
      expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'upstream-refused', upstreamStatus: 409 });
    });

    test('NPM-17 NPM-23 dist_tags says which tags, for a publish and for npm dist-tag', async () => {
      const token = await scene.tokenFor('@channels/one');
      expect(refusal(await scene.put(token, '@channels/one'))).toEqual([403, 'upload-dist-tag']);
      const next = (version: string, tag: string): object => draft('@channels/one', version, (d) => (d['dist-tags'] = { [tag]: version }));
      expect((await scene.put(token, '@channels/one', next('1.0.0', 'next'))).status).toBe(201);
      expect((await scene.put(token, '@channels/one', next('1.1.0', 'beta-2'))).status).toBe(201);
      const tag = (method: string, name: string, body?: string): Promise<RawAnswer> =>
        scene.call(method, `/-/package/@channels%2fone/dist-tags/${name}`, `Bearer ${token}`, body);
      const moved = await tag('PUT', 'next', '"1.1.0"');
      expect(moved.status, moved.body).toBe(201);
      expect(refusal(await tag('PUT', 'stable', '"1.1.0"'))).toEqual([403, 'upload-dist-tag']);
      expect(refusal(await tag('DELETE', 'latest'))).toEqual([403, 'upload-dist-tag']);
      expect((await tag('DELETE', 'beta-2')).status).toBe(201);
      expect((await scene.packument('@channels/one'))?.['dist-tags']).toMatchObject({ next: '1.1.0' });
      expect((await scene.packument('@channels/one'))?.['dist-tags']).not.toHaveProperty('beta-2');
      expect(await scene.eventOf(moved)).toMatchObject({
        event: 'manage',
        outcome: 'changed',
        package: '@channels/one',
        detail: 'PUT dist_tag next',
      });
    });

    test('NPM-23 TOK-15 without allow: [dist_tag] a token moves no tag, and is told how it could', async () => {
      const token = await scene.tokenFor('@exact/one');
      const answer = await scene.call('PUT', '/-/package/@exact%2fone/dist-tags/next', `Bearer ${token}`, '"1.0.0"');
      expect(refusal(answer)).toEqual([403, 'upload-action']);
      expect(answer.body).toContain('allow: [publish, dist_tag]');
      expect(scene.writes()).toEqual([]);
      expect(await scene.eventOf(answer)).toMatchObject({ event: 'manage', outcome: 'refused', code: 'upload-action' });
    });

    test('TOK-12 TOK-13 a token of one registry is refused at another of the same host and upstream', async () => {
      const token = await scene.tokenFor('@acme/here', '/allow');
      expect(refusal(await scene.put(token, '@acme/here'))).toEqual([403, 'upload-registry']);
      expect((await scene.put(token, '@acme/here', draft('@acme/here'), '/allow')).status).toBe(201);
    });
  });

  describe('P6 the live policy', () => {
    test('P6 TOK-20 a publisher that is removed, narrowed or confined stops its live tokens at their next use, until it is back', async () => {
      const token = await scene.tokenFor('@live/one');
      expect((await scene.put(token, '@live/one')).status).toBe(201);
      const changes: readonly (readonly object[])[] = [
        [],
        [publisher('live', { npm: ['@live/other'] })],
        [publisher('live', { npm: ['@live/*'] }, { create: true, ...fromWith({ environment: 'staging' }) })],
        [publisher('live', { npm: ['@live/*'] }, { create: true, ...fromWith({ ref: 'refs/heads/main' }) })],
      ];
      for (const [i, more] of changes.entries()) {
        await scene.proxy.reload(scene.policyWith(more));
        const answer = await scene.put(token, '@live/one', draft('@live/one', `1.${i + 1}.0`));
        expect(refusal(answer), JSON.stringify(more)).toEqual([403, 'upload-token-withdrawn']);
        expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'refused', code: 'upload-token-withdrawn', anchor: 'acme/ui' });
      }
      expect(scene.writes()).toEqual(['PUT /@live%2fone']);
      await scene.proxy.reload(scene.policyWith([live]));
      expect((await scene.put(token, '@live/one', draft('@live/one', '1.9.0'))).status).toBe(201);
    });

    test('P6 revoked_before ends the tokens minted until then, and no token minted since', async () => {
      const token = await scene.tokenFor('@live/revoked');
      const moment = Math.floor(Date.now() / 1000) + 1;
      const revoking = { create: true, revoked_before: new Date(moment * 1000).toISOString().replace('.000', '') };
      await scene.proxy.reload(scene.policyWith([publisher('live', { npm: ['@live/*'] }, revoking)]));
      const answer = await scene.put(token, '@live/revoked');
      expect(refusal(answer)).toEqual([403, 'upload-token-withdrawn']);
      expect(await scene.eventOf(answer)).toMatchObject({ detail: 'minted before revoked_before of live' });
      while (Date.now() < moment * 1000) await new Promise((resolve) => setTimeout(resolve, moment * 1000 - Date.now()));
      expect((await scene.put(await scene.tokenFor('@live/revoked'), '@live/revoked')).status).toBe(201);
      await scene.proxy.reload(scene.policyWith([live]));
    });

    test('P6 a policy that gained rules after the exchange applies them to the token; one that gained packages does not widen it', async () => {
      const token = await scene.tokenFor('@live/two');
      await scene.proxy.reload(scene.policyWith([publisher('live', { npm: ['@live/two'] }, { tag: 'v{{version}}' })]));
      expect(refusal(await scene.put(token, '@live/two', draft('@live/two', '1.1.0')))).toEqual([403, 'upload-tag-rule']);
      await scene.proxy.reload(scene.policyWith([publisher('live', { npm: ['@live/*', '@more/*'] }, { create: true })]));
      expect(refusal(await scene.put(token, '@more/one'))).toEqual([403, 'upload-scope']);
      await scene.proxy.reload(scene.policyWith([live]));
      expect((await scene.put(token, '@live/two', draft('@live/two', '1.1.0'))).status).toBe(201);
    });
  });

  describe('P7 the audit record', () => {
    test('P7 minted, uploaded and refused name the commit, the run, the package, the version and the digest', async () => {
      const token = await scene.tokenFor('@acme/recorded');
      const minted = await scene.proxy.event((e) => e.outcome === 'minted' && e.package === '@acme/recorded');
      const identity = { commit: RUN.sha, run: RUN.run_id, anchor: 'acme/ui', ref: 'refs/tags/v1.0.0', provider: 'github' };
      const short = sha256(Buffer.from(token)).slice(0, 12);
      expect(minted).toMatchObject({ event: 'exchange', ...identity, publishers: ['ui-release'], token: short });
      const file = packed('@acme/recorded', '1.0.0');
      const what = { package: '@acme/recorded', version: '1.0.0', file: 'recorded-1.0.0.tgz', sha256: sha256(file), bytes: file.length };
      const answer = await scene.put(
        token,
        '@acme/recorded',
        draft('@acme/recorded', '1.0.0', () => {}, file),
      );
      expect(await scene.eventOf(answer)).toMatchObject({
        event: 'upload',
        outcome: 'uploaded',
        registry: 'npm',
        ...identity,
        ...what,
        token: short,
        publishers: ['ui-release'],
        upstreamStatus: 201,
      });
      const elsewhere = await scene.put(token, '@acme/elsewhere');
      expect(await scene.eventOf(elsewhere)).toMatchObject({
        event: 'upload',
        outcome: 'refused',
        code: 'upload-scope',
        ...identity,
        token: short,
      });
    });

    test('P7 one event for each request, also where the token is damaged, the path refused or the change not possible', async () => {
      const token = await scene.tokenFor('@acme/each');
      const damaged = await scene.put(`${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`, '@acme/each');
      const upper = await scene.call('PUT', '/@ACME%2feach', `Bearer ${token}`, '{}');
      const unpublish = await scene.call('DELETE', '/@acme%2feach/-rev/1-x', `Bearer ${token}`);
      const unknown = await scene.put(await scene.revoked('@acme/each'), '@acme/each');
      for (const [answer, code] of [
        [damaged, 'upload-token-damaged'],
        [upper, 'request-path'],
        [unpublish, 'upload-action'],
        [unknown, 'upload-token-unknown'],
      ] as const) {
        expect(refusal(answer)[1]).toBe(code);
        expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'refused', code });
        const id = answer.headers['x-request-id'];
        expect(scene.proxy.audit().filter((event) => event.request === id)).toHaveLength(1);
      }
    });
  });

  describe('P8 what the client hears', () => {
    const placeholder = 'XXXXX-XXXXX-XXXXX-XXXXX';

    test('P8 after a refused exchange the upload says why, whatever it carries', async () => {
      const refused = await exchange(scene.proxy, scene.issuer, '@strict/one', { claims: { environment: 'staging' } });
      scene.answers.push(refused);
      const why = 'Publisher strict requires environment production; this job uses staging.';
      expect(refused.headers['npm-notice']).toContain(why);
      for (const authorization of [
        `Bearer ${placeholder}`,
        undefined,
        'Bearer npm_old_token',
        `Bearer ${await scene.revoked('@acme/gone')}`,
      ]) {
        const answer = await scene.call('PUT', '/@strict%2fone', authorization, JSON.stringify(draft('@strict/one')));
        expect(refusal(answer)).toEqual([403, 'upload-exchange-refused']);
        expect(answer.body).toMatch(new RegExp(`refused \\d+ s ago: ${why.replaceAll('.', '\\.')}`));
        expect(answer.headers['npm-notice']).toContain(why);
      }
    });

    test('P8 without an exchange it says id-token: write; the reason is remembered for its package only', async () => {
      for (const [authorization, code] of [
        [`Bearer ${placeholder}`, 'upload-placeholder'],
        [undefined, 'upload-unauthenticated'],
      ] as const) {
        const answer = await scene.call('PUT', '/@strict%2fother', authorization, JSON.stringify(draft('@strict/other')));
        expect(refusal(answer)).toEqual([403, code]);
        expect(answer.body).toContain('`permissions: id-token: write`');
        expect(answer.body).not.toContain('production');
        expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'refused', code, package: '@strict/other' });
      }
      expect(scene.writes()).toEqual([]);
    });

    test('P8 a stranger hears nothing of the policy, neither at the exchange nor at the upload', async () => {
      const claims = { repository: 'evil/fork', repository_owner: 'evil', repository_owner_id: '666' };
      const first = await exchange(scene.proxy, scene.issuer, '@acme/secret', { claims });
      const second = await scene.call('PUT', '/@acme%2fsecret', undefined, JSON.stringify(draft('@acme/secret')));
      for (const answer of [first, second]) {
        expect(answer.status).toBe(403);
        expect(answer.body).not.toMatch(/ui-release|production|acme\/ui/);
      }
    });
  });

  describe('P9 nothing half done', () => {
    test('P9 a client that goes in mid-upload leaves nothing stored, nothing sent, and no record of an upload', async () => {
      const token = await scene.tokenFor('@acme/half');
      const before = listing(scene.open.storage);
      const half = await slowUpload(scene.proxy, token, '/@acme%2fhalf', draft('@acme/half'));
      half.cut();
      const event = await scene.proxy.event((e) => e.event === 'upload' && e.code === 'body-incomplete');
      expect(event).toMatchObject({ outcome: 'refused', anchor: 'acme/ui' });
      expect(scene.writes()).toEqual([]);
      expect(listing(scene.open.storage)).toEqual(before);
      expect(scene.proxy.audit().filter((e) => e.outcome === 'uploaded' && e.package === '@acme/half')).toEqual([]);
      expect((await scene.put(token, '@acme/half')).status, 'the token is as good as before').toBe(201);
    });

    test('P9 RSP-17 a registry that is cut off in mid-upload has nothing, and the record says that nobody knows', async () => {
      const token = await scene.tokenFor('@acme/cut');
      const file = packed('@acme/cut', '1.0.0', createHash('sha512').update('x').digest('base64').repeat(10));
      const filler = Array.from({ length: 4000 }, (_, i) => sha256(Buffer.from(`${i}`))).join('');
      const large = draft('@acme/cut', '1.0.0', (d) => (d['readme'] = filler), file);
      scene.tap.cutAfter(100_000);
      const answer = await scene.put(token, '@acme/cut', large);
      scene.tap.cutAfter(undefined);
      expect(refusal(answer)).toEqual([502, 'upstream-broken']);
      expect(await scene.eventOf(answer)).toMatchObject({ outcome: 'upstream-unknown', package: '@acme/cut', version: '1.0.0' });
      expect(await scene.packument('@acme/cut')).toBeUndefined();
      expect(listing(scene.open.storage)).not.toHaveProperty(['@acme/cut/']);
      expect((await scene.put(token, '@acme/cut', large)).status).toBe(201);
    });
  });

  test('P1 the service credential, the logins that it gave, and upload tokens are in no answer, log line or audit event', async () => {
    expect(scene.answers.length).toBeGreaterThan(40);
    expect(await scene.leaks()).toEqual([]);
  });
});
