// `pin`: ids from jobs that were let in, into the policy file and nowhere else.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { unknownId } from '../../src/core/pin.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, startProxy, type Proxy } from '../support/proxy.ts';
import { tempDir } from '../support/temp.ts';
import { fromUi, identityOf, mintWith, uiJob } from '../support/ui-job.ts';
import { startFakeAdmin } from './fake-admin.ts';
import { countersign, policyEnv as env, written, type Around } from './fake-terminal.ts';

let issuer: CiIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());

/** As people write it: comments, odd spacing, both forms of maps, quotes of both kinds. */
const policy = (): string => `# Our publishers.
issuers:
  github:
    issuer: ${issuer.issuer} # the test's
    insecure: true

registries:
  npm:   { protocol: npm, url: 'https://npm.acme.dev/',  upstream: "http://127.0.0.1:4873/", credential: none }

publishers:
  # The release.
  - name: ui-release
    from:
      issuer: github
      repository: acme/ui       # renamed in March
      repository_owner_id: any  # not known yet

      workflow: release.yml
      environment: any
      ref: refs/tags/v*
    publish: { npm: ["@acme/ui"] }   # one package
  - name: ui-nightly
    from: { issuer: github, repository: acme/ui, repository_owner_id: 11, workflow: nightly.yml, environment: any, ref: refs/heads/main }
    publish: { npm: ["@acme/ui-nightly"] }
`;
const claimsFile = (changes: Record<string, unknown> = {}): string =>
  written('claims.json', JSON.stringify(issuer.githubClaims({ ...uiJob, ...changes })));
const pin = (config: string, rest: readonly string[], around: Around = {}) =>
  countersign(['pin', '--config', config, ...rest], { env, ...around });
const minted = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  time: '2026-11-25T10:00:00.000Z',
  audit: true,
  event: 'exchange',
  outcome: 'minted',
  publishers: ['ui-release'],
  anchor: 'acme/ui',
  ids: ['repository_owner_id 11', 'repository_id 101'],
  ...changes,
});
const logOf = (...records: Record<string, unknown>[]): string =>
  written('countersign.log', records.map((record) => `${JSON.stringify(record)}\n`).join(''));

describe('pin', () => {
  test('shows what it would fill in, and changes nothing', async () => {
    const config = written('countersign.yaml', policy());
    const { code, out } = await pin(config, ['--claims', claimsFile()]);
    expect(code).toBe(0);
    expect(out).toContain(`--- ${config}\n+++ ${config}\n@@ -14,5 +14,6 @@\n`);
    expect(out).toContain(
      '-      repository_owner_id: any  # not known yet\n+      repository_owner_id: 11  # not known yet\n+      repository_id: 101\n',
    );
    expect(out).toContain('2 ids for 1 publisher. Nothing was changed; review it, then run again with --write.');
    expect(out).toContain('Nothing proves where the token or claims come from but you.');
    expect(readFileSync(config, 'utf8')).toBe(policy());
  });

  test('with --write changes these lines alone, and keeps the comments, the form and the rights of the file', async () => {
    const config = written('countersign.yaml', policy());
    chmodSync(config, 0o640);
    const { code, out } = await pin(config, ['--write', '--audit', logOf(minted(), minted({ publishers: ['ui-nightly'] }))]);
    expect(code).toBe(0);
    expect(out).toContain('Wrote 3 ids for 2 publishers. Review and commit.');
    expect(readFileSync(config, 'utf8')).toBe(
      policy()
        .replace('repository_owner_id: any  #', 'repository_owner_id: 11  #')
        .replace('# not known yet\n', '# not known yet\n      repository_id: 101\n')
        .replace('repository_owner_id: 11, workflow: nightly.yml', 'repository_owner_id: 11, repository_id: 101, workflow: nightly.yml'),
    );
    expect(statSync(config).mode & 0o777).toBe(0o640);
    const checked = await countersign(['check', '--config', config], { env });
    expect([checked.code, checked.out.includes('pin-missing')]).toEqual([0, false]);
    expect((await pin(config, ['--audit', logOf(minted())])).out).toBe('Nothing to fill in.\n');
  });

  test("takes away what init wrote beside an id that it did not know, and nobody else's comment", async () => {
    const [wrote, ours] = [policy().replace('# not known yet', `# ${unknownId}`), policy()];
    const config = written('countersign.yaml', wrote);
    await pin(config, ['--write', '--audit', logOf(minted())]);
    const expected = ours.replace('any  # not known yet\n', '11\n      repository_id: 101\n');
    expect(readFileSync(config, 'utf8')).toBe(expected);
  });

  test('fills in only what everything else of the publisher matched', async () => {
    const config = written('countersign.yaml', policy());
    for (const changes of [{ ref: 'refs/heads/main' }, { repository: 'acme/other' }, { event_name: 'schedule' }]) {
      const { out } = await pin(config, ['--claims', claimsFile(changes)]);
      expect(out).toContain('Nothing to fill in.');
    }
    const refused = await pin(config, ['--audit', logOf(minted({ outcome: 'refused' }), minted({ event: 'upload', outcome: 'uploaded' }))]);
    expect(refused.out).toContain('Nothing to fill in.');
    const older = await pin(config, [
      '--audit',
      logOf(
        minted({ anchor: 'acme/old-name' }),
        minted({ publishers: ['ui-nightly'], ids: ['repository_owner_id 12', 'repository_id 7'] }),
      ),
    ]);
    expect(older.out).toContain('Nothing to fill in.');
    expect(older.out).toContain('ui-nightly: no job with repository_id was seen.');
  });

  test('jobs with different ids are a doubt (1): nothing is filled in for that id, and both are shown', async () => {
    const config = written('countersign.yaml', policy());
    const other = minted({ ids: ['repository_owner_id 66', 'repository_id 101'] });
    const { code, out } = await pin(config, ['--write', '--audit', logOf(minted(), other, minted())]);
    expect(code).toBe(1);
    expect(out).toContain('ui-release: jobs with different repository_owner_id were let in: 11, 66. The name may have been taken over');
    expect(readFileSync(config, 'utf8')).toContain('repository_owner_id: any');
    expect(parse(readFileSync(config, 'utf8'))).toMatchObject({ publishers: [{ from: { repository_id: 101 } }, {}] });
  });

  test('asks the admin listener, page by page', async () => {
    const config = written('countersign.yaml', policy());
    const admin = await startFakeAdmin([minted(), minted({ publishers: ['ui-nightly'] }), minted({ outcome: 'refused' })], { page: 1 });
    const { code, out } = await pin(config, ['--admin', admin.address, '--json']);
    await admin.close();
    expect(code).toBe(0);
    expect(admin.asked.map(({ query }) => query)).toEqual(['?event=exchange&outcome=minted', '?event=exchange&outcome=minted&cursor=1']);
    expect(JSON.parse(out)).toMatchObject({
      written: false,
      files: [config],
      pins: [
        { publisher: 'ui-release', key: 'repository_owner_id', values: ['11'], jobs: 1 },
        { publisher: 'ui-release', key: 'repository_id', values: ['101'] },
        { publisher: 'ui-nightly', key: 'repository_id', values: ['101'], file: config, line: expect.any(Number) as number },
      ],
      conflicts: [],
      unseen: [],
    });
  });

  test('writes into the file that was included, and leaves the policy itself alone', async () => {
    const folder = tempDir('pin');
    const text = policy();
    const [head = '', publishers = ''] = text.split('publishers:\n');
    mkdirSync(join(folder, 'teams'));
    writeFileSync(join(folder, 'countersign.yaml'), `${head}include: [teams/*.yaml]\n`);
    writeFileSync(join(folder, 'teams', 'ui.yaml'), `publishers:\r\n${publishers.replaceAll('\n', '\r\n')}`);
    const config = join(folder, 'countersign.yaml');
    const { out } = await pin(config, ['--write', '--claims', claimsFile()]);
    expect(out).toContain('--- teams/ui.yaml\n');
    expect(readFileSync(config, 'utf8')).toBe(`${head}include: [teams/*.yaml]\n`);
    const changed = readFileSync(join(folder, 'teams', 'ui.yaml'), 'utf8');
    expect(changed).toContain('not known yet\r\n      repository_id: 101\r\n\r\n');
    expect((await countersign(['check', '--config', config], { env })).code).toBe(0);
  });

  test('quotes an id that a number would not hold', async () => {
    const config = written('countersign.yaml', policy());
    await pin(config, ['--write', '--claims', claimsFile({ repository_id: '90071992547409931' })]);
    expect(readFileSync(config, 'utf8')).toContain('repository_id: "90071992547409931"\n');
    expect((await countersign(['check', '--config', config], { env })).code).toBe(0);
  });

  test('of a policy that is not valid ends with 3, and of a file that may not be written with 1', async () => {
    expect((await pin(written('countersign.yaml', 'publishers: []\n'), ['--claims', claimsFile()])).code).toBe(3);
    const config = written('countersign.yaml', policy());
    writeFileSync(`${config}.pinned`, 'of another run');
    const { code, err } = await pin(config, ['--write', '--claims', claimsFile()]);
    expect([code, err]).toEqual([1, expect.stringContaining('cannot be written (EEXIST)')]);
    expect(readFileSync(config, 'utf8')).toBe(policy());
  });

  test('fits a terminal of 80 columns but for the lines of the file', async () => {
    const { out } = await pin(
      written('countersign.yaml', policy()),
      ['--audit', logOf(minted(), minted({ ids: ['repository_owner_id 66'] }))],
      { width: 80 },
    );
    const prose = out.split('\n').filter((line) => !/^(?:[-+ @]|---)/.test(line) || line.startsWith('  '));
    expect(Math.max(...prose.filter((line) => !/^ {3}/.test(line)).map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('the record of the real proxy, in its log and at its admin listener', () => {
  let proxy: Proxy;
  beforeAll(async () => {
    proxy = await startProxy({
      policy: (port) => ({
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: { pypi: { protocol: 'pypi', url: `http://127.0.0.1:${port}/`, upstream: 'http://127.0.0.1:9/', credential: 'none' } },
        publishers: [{ name: 'ui', from: { ...fromUi, repository_owner_id: 'any' }, publish: { pypi: ['acme-ui'] } }],
      }),
    });
    await pastEpoch();
  }, 60_000);
  afterAll(() => proxy.close());

  test('has the ids, and with them written another repository of the name is refused after a reload', async () => {
    expect((await mintWith(proxy, identityOf(issuer, proxy))).status).toBe(200);
    const event = await proxy.event(({ outcome }) => outcome === 'minted');
    expect(event.ids).toEqual(['repository_owner_id 11', 'repository_id 101']);
    const log = written('countersign.log', proxy.output());
    expect((await pin(proxy.config, [])).out).toBe((await pin(proxy.config, ['--audit', log])).out);
    const { code, out } = await pin(proxy.config, ['--write']);
    expect([code, out]).toEqual([0, expect.stringContaining('Wrote 2 ids for 1 publisher.')]);
    proxy.server().signal('SIGHUP');
    await proxy.event(({ outcome }) => outcome === 'reloaded');
    expect((await mintWith(proxy, identityOf(issuer, proxy))).status).toBe(200);
    const taken = await mintWith(proxy, identityOf(issuer, proxy, { repository_owner_id: '66', repository_id: '666' }));
    expect([taken.status, taken.body]).toEqual([422, expect.stringContaining('the name was moved or taken over')]);
  });
});
