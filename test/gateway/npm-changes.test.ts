// `allow: [deprecate, unpublish]`: the real npm client through Countersign to a real Verdaccio.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { runClient, type ClientRun } from '../support/clients.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { describeWith } from '../support/requirement.ts';
import { fromUi, registryOf, serviceEnv, uiJob } from '../support/ui-job.ts';
import { startVerdaccio, type VerdaccioServer } from '../support/verdaccio.ts';
import { codeOf, draft, escaped, listing, uploadToken } from './npm-scene.ts';

type Packument = { readonly _rev: string; readonly 'dist-tags': object; readonly versions: Record<string, { deprecated?: string }> };

describeWith(
  'verdaccio',
  'npm-12',
  'devpi-server',
  'pypi-server',
)('changes of what is published', () => {
  let issuer: CiIssuer;
  let verdaccio: VerdaccioServer;
  let proxy: Proxy;

  const policy = (port: number): Policy => {
    const url = `http://127.0.0.1:${port}/`;
    return {
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: {
        npm: registryOf('npm', url, verdaccio.url),
      },
      publishers: [
        { name: 'plain', from: fromUi, publish: { npm: ['@acme/plain'] } },
        { name: 'careful', from: fromUi, publish: { npm: ['@acme/old'] }, allow: ['publish', 'deprecate'] },
        { name: 'remover', from: fromUi, publish: { npm: ['@acme/gone'] }, allow: ['publish', 'unpublish'] },
        { name: 'warner', from: fromUi, publish: { npm: ['@acme/warned'] }, allow: ['deprecate'], max_uploads: 1 },
      ],
    };
  };

  beforeAll(async () => {
    [issuer, verdaccio] = await Promise.all([startIssuer(), startVerdaccio({ jwt: true })]);
    proxy = await startProxy({ policy, env: serviceEnv });
    await pastEpoch();
  }, 60_000);
  afterAll(async () => {
    await Promise.all([proxy, verdaccio, issuer].map((each) => each?.close()));
  });

  const tokenFor = (name: string): Promise<string> => uploadToken(proxy, issuer, name, { claims: uiJob });
  const publish = async (name: string, version: string, token?: string): Promise<RawAnswer> => {
    const headers = { host: proxy.host, authorization: `Bearer ${token ?? (await tokenFor(name))}`, 'content-type': 'application/json' };
    return raw(proxy, 'PUT', `/${escaped(name)}`, headers, JSON.stringify(draft(name, version)));
  };
  const packument = async (name: string): Promise<Packument | undefined> => (await verdaccio.packument(name)) as Packument | undefined;
  const npm = (token: string, ...args: string[]): Promise<ClientRun> =>
    runClient('npm-12', args, { npmrc: `registry=${proxy.url}\n//${proxy.host}/:_authToken=${token}` });
  const changed = (name: string, outcome = 'changed'): AuditEvent[] =>
    proxy.audit().filter((event) => event.event === 'manage' && event.package === name && event.outcome === outcome);

  describe('npm deprecate', () => {
    test('P2 P7 NPM-18 changes the text of the versions that are named and nothing else on the disk, and takes it away again', async () => {
      for (const version of ['1.0.0', '1.1.0', '2.0.0']) expect((await publish('@acme/old', version)).status).toBe(201);
      const before = await packument('@acme/old');
      const files = listing(verdaccio.storage);
      const token = await tokenFor('@acme/old');
      const run = await npm(token, 'deprecate', '@acme/old@^1', 'use @acme/new');
      expect(run, run.output).toMatchObject({ code: 0 });
      const after = await packument('@acme/old');
      expect(Object.entries(after?.versions ?? {}).map(([version, { deprecated }]) => [version, deprecated])).toEqual([
        ['1.0.0', 'use @acme/new'],
        ['1.1.0', 'use @acme/new'],
        ['2.0.0', undefined],
      ]);
      expect(after).toEqual({
        ...before,
        _rev: after?._rev,
        time: expect.anything(),
        versions: Object.fromEntries(
          Object.entries(before?.versions ?? {}).map(([version, manifest]) => [
            version,
            version === '2.0.0' ? manifest : { ...manifest, deprecated: 'use @acme/new' },
          ]),
        ),
      });
      const touched = Object.keys(files).filter((path) => files[path] !== listing(verdaccio.storage)[path]);
      expect(touched).toEqual(['@acme/old/package.json']);
      await expect
        .poll(() => changed('@acme/old'))
        .toMatchObject([
          { detail: 'deprecate 1.0.0: use @acme/new; deprecate 1.1.0: use @acme/new', publishers: ['careful'], upstreamStatus: 201 },
        ]);
      expect(changed('@acme/old', 'forwarding')).toHaveLength(1);
      expect((await npm(token, 'deprecate', '@acme/old@1.0.0', '')).code).toBe(0);
      expect((await packument('@acme/old'))?.versions['1.0.0']?.deprecated).toBeUndefined();
      expect((await packument('@acme/old'))?.versions['1.1.0']?.deprecated).toBe('use @acme/new');
    });

    test('npm.md E17 E18 with the right to deprecate no version can be erased, and none replaced', async () => {
      const token = await tokenFor('@acme/old');
      const before = await packument('@acme/old');
      const send = (document: object): Promise<RawAnswer> =>
        raw(
          proxy,
          'PUT',
          '/@acme%2fold',
          { host: proxy.host, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          JSON.stringify(document),
        );
      const erasing = { _id: '@acme/old', name: '@acme/old', 'dist-tags': {}, versions: { '0.0.0': { deprecated: '' } } };
      expect(codeOf(await send(erasing))).toBe('body-mismatch');
      const named = { name: '@acme/old', version: '0.0.0', deprecated: '' };
      expect(codeOf(await send({ ...erasing, versions: { '0.0.0': named } }))).toBe('change-not-there');
      expect(codeOf(await send({ ...erasing, _attachments: {}, versions: {} }))).toBe('upload-action');
      const one = { name: '@acme/old', version: '2.0.0', deprecated: 'x' };
      expect((await send({ ...erasing, versions: { '2.0.0': one } })).status).toBe(201);
      const after = await packument('@acme/old');
      expect(Object.keys(after?.versions ?? {})).toEqual(Object.keys(before?.versions ?? {}));
      expect(after?.['dist-tags']).toEqual(before?.['dist-tags']);
      expect(codeOf(await publish('@acme/old', '1.0.0', token))).toBe('upload-exists');
    });

    test('P3 a deprecation and publishes of the same package at the same time lose nothing of each other', async () => {
      const token = await tokenFor('@acme/old');
      const versions = ['3.0.0', '3.1.0', '3.2.0', '3.3.0'];
      const texts = [1, 2, 3, 4].map((n) => ({ name: '@acme/old', version: '1.0.0', deprecated: `text ${n}` }));
      const headers = { host: proxy.host, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answers = await Promise.all([
        ...versions.map((version) => publish('@acme/old', version, token)),
        ...texts.map((text) =>
          raw(proxy, 'PUT', '/@acme%2fold', headers, JSON.stringify({ name: '@acme/old', 'dist-tags': {}, versions: { '1.0.0': text } })),
        ),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(201));
      expect(Object.keys((await packument('@acme/old'))?.versions ?? {})).toEqual(expect.arrayContaining(versions));
      expect((await packument('@acme/old'))?.versions['1.0.0']?.deprecated).toMatch(/^text [1-4]$/);
    });

    test('TOK-15 needs to be allowed, and allowing it alone lets nothing be published; TOK-16 it is no upload', async () => {
      expect((await publish('@acme/plain', '1.0.0')).status).toBe(201);
      const refused = await npm(await tokenFor('@acme/plain'), 'deprecate', '@acme/plain', 'old');
      expect(refused.code).not.toBe(0);
      expect(refused.output).toContain('it may not deprecate versions. A publisher allows that with `allow: [publish, deprecate]`.');
      expect((await packument('@acme/plain'))?.versions['1.0.0']?.deprecated).toBeUndefined();
      const basic = { authorization: `Bearer ${await verdaccio.login()}`, 'content-type': 'application/json' };
      await fetch(`${verdaccio.url}@acme%2fwarned`, { method: 'PUT', headers: basic, body: JSON.stringify(draft('@acme/warned')) });
      const token = await tokenFor('@acme/warned');
      for (const text of ['old', 'older']) expect((await npm(token, 'deprecate', '@acme/warned', text)).output).toContain(text);
      expect((await packument('@acme/warned'))?.versions['1.0.0']?.deprecated).toBe('older');
      const upload = await publish('@acme/warned', '1.1.0', token);
      expect([codeOf(upload), upload.body]).toEqual([
        'upload-action',
        expect.stringContaining('may deprecate versions; it may not publish new versions'),
      ]);
    });
  });

  describe('npm unpublish', () => {
    test('NPM-20 NPM-21 P7 removes one version with its tarball, moves latest, and then the whole package', async () => {
      for (const version of ['1.0.0', '1.1.0']) expect((await publish('@acme/gone', version)).status).toBe(201);
      const token = await tokenFor('@acme/gone');
      const one = await npm(token, 'unpublish', '@acme/gone@1.1.0');
      expect(one, one.output).toMatchObject({ code: 0 });
      expect(await packument('@acme/gone')).toMatchObject({ 'dist-tags': { latest: '1.0.0' } });
      expect(Object.keys((await packument('@acme/gone'))?.versions ?? {})).toEqual(['1.0.0']);
      expect(Object.keys(listing(verdaccio.storage)).filter((path) => path.includes('gone-'))).toEqual(['@acme/gone/gone-1.0.0.tgz']);
      const all = await npm(token, 'unpublish', '@acme/gone', '--force');
      expect(all, all.output).toMatchObject({ code: 0 });
      expect(await packument('@acme/gone')).toBeUndefined();
      await expect
        .poll(() => changed('@acme/gone').map(({ detail }) => detail))
        .toEqual(['unpublish 1.1.0', 'unpublish the tarball of 1.1.0', 'unpublish the package: 1.0.0']);
    });

    test('TOK-15 needs to be allowed, for that package', async () => {
      const plain = await npm(await tokenFor('@acme/plain'), 'unpublish', '@acme/plain', '--force');
      expect(plain.output).toContain('it may not unpublish. A publisher allows that with `allow: [publish, unpublish]`.');
      const other = await npm(await tokenFor('@acme/gone'), 'unpublish', '@acme/plain', '--force');
      expect(other.output).toContain('The upload token is for npm @acme/gone, the request is for @acme/plain.');
      expect(Object.keys((await packument('@acme/plain'))?.versions ?? {})).toEqual(['1.0.0']);
    });
  });
});
