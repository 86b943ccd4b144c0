// `GET /-/provenance/…`: where a version came from, for everybody where the registry says so, and for nobody where it does not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provenanceAsked } from '../../src/server/provenance.ts';
import { pypi } from '../../src/registries/pypi/index.ts';
import { startWorld, type World } from '../security/world.ts';
import { raw, type RawAnswer } from '../support/proxy.ts';
import { registry as npmRegistry } from '../registries/npm/publishing.ts';

interface Answer {
  readonly registry: string;
  readonly package: string;
  readonly version: string;
  readonly files: readonly Record<string, unknown>[];
}

let world: World;
let quiet: World;
beforeAll(async () => {
  [world, quiet] = await Promise.all([
    startWorld({ pypi: { provenance: true }, npm: { provenance: true } }),
    startWorld({ pypi: { provenance: true } }),
  ]);
}, 30_000);
afterAll(() => Promise.all([world, quiet].map((each) => each?.close())));

const ask = (path: string, headers: Record<string, string> = {}, at = world, method = 'GET'): Promise<RawAnswer> =>
  raw(at.proxy, method, `/-/provenance/${path}`, { host: at.proxy.host, ...headers });
const read = ({ body }: RawAnswer): Answer => JSON.parse(body) as Answer;

describe('a published version', () => {
  beforeAll(async () => {
    for (const each of [world, quiet]) {
      await each.uploadNpm(await each.npmToken('@acme/ui'), '@acme/ui', '1.0.0');
      await each.uploadPypi(await each.pypiToken(), '1.0');
      await each.proxy.event(({ outcome, registry }) => outcome === 'uploaded' && registry === 'pypi');
    }
  });

  test('says which repository, commit, workflow and run it came from, with digest and publisher', async () => {
    const answer = await ask('npm/@acme/ui/1.0.0');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    const uploaded = await world.proxy.event(({ outcome, registry }) => outcome === 'uploaded' && registry === 'npm');
    expect(read(answer)).toEqual({
      registry: 'npm',
      package: '@acme/ui',
      version: '1.0.0',
      files: [
        {
          file: uploaded.file,
          published: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
          sha256: uploaded.sha256,
          bytes: uploaded.bytes,
          publishers: ['ui'],
          provider: 'github',
          repository: 'acme/ui',
          commit: uploaded.commit,
          ref: uploaded.ref,
          workflow: uploaded.workflow,
          run: uploaded.run,
          runUrl: uploaded.runUrl,
        },
      ],
    });
    expect(uploaded.sha256).toMatch(/^[0-9a-f]{64}$/);
    // Nothing of people, of what is inside, of the policy, of tokens.
    for (const hidden of [uploaded.actor, uploaded.environment, uploaded.policy, uploaded.token, uploaded.address]) {
      if (hidden !== undefined) expect(answer.body).not.toContain(`"${hidden}"`);
    }
  });

  test('is found in every spelling of its package that a client may use', async () => {
    const expected = (await ask('npm/@acme/ui/1.0.0')).body;
    for (const path of ['npm/@acme%2fui/1.0.0', 'npm/@acme%2Fui/1.0.0', 'npm/%40acme%2Fui/1.0.0'])
      expect((await ask(path)).body, path).toBe(expected);
    const project = (await ask('pypi/acme-ui/1.0')).body;
    for (const path of ['pypi/Acme_UI/1.0', 'pypi/acme.ui/1.0']) expect((await ask(path)).body, path).toBe(project);
  });

  test('of a project is told file by file, too', async () => {
    const { files } = read(await ask('pypi/acme-ui/1.0'));
    expect(files.map(({ file }) => file)).toEqual(['acme_ui-1.0.tar.gz']);
    expect(read(await ask('pypi/acme-ui/1.0/acme_ui-1.0.tar.gz')).files).toEqual(files);
    expect((await ask('pypi/acme-ui/1.0/acme_ui-1.0-py3-none-any.whl')).status).toBe(404);
  });

  test('may be kept for a while, and costs 304 when it is still the same (RFC 9110)', async () => {
    const { headers, body } = await ask('npm/@acme/ui/1.0.0');
    expect(headers['cache-control']).toBe('public, max-age=300');
    const etag = String(headers['etag']);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await ask('npm/@acme/ui/1.0.0', { 'if-none-match': known });
      expect([again.status, again.body, again.headers['etag']], known).toEqual([304, '', etag]);
    }
    expect((await ask('npm/@acme/ui/1.0.0', { 'if-none-match': '"x"' })).body).toBe(body);
    const head = await ask('npm/@acme/ui/1.0.0', {}, world, 'HEAD');
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', String(Buffer.byteLength(body))]);
    await world.uploadNpm(await world.npmToken('@acme/ui'), '@acme/ui', '1.0.1');
    expect((await ask('npm/@acme/ui/1.0.1')).headers['etag']).not.toBe(etag);
  });

  test('of a registry that does not tell is not known: the same words as for what never was', async () => {
    const never = await ask('pypi/acme-ui/9.9', {}, quiet);
    expect(never.status).toBe(404);
    for (const path of ['npm/@acme/ui/1.0.0', 'nowhere/@acme/ui/1.0.0', 'npm/@acme/ui', 'pypi/acme-ui/1.0/x/y', 'pypi//1.0', '']) {
      const answer = await ask(path, {}, quiet);
      if (path.includes('//')) expect(answer.status).toBe(400);
      else expect([answer.status, answer.body], path).toEqual([never.status, never.body]);
    }
    expect((await ask('pypi/acme-ui/1.0', {}, quiet)).status).toBe(200);
    expect(String(never.headers['cache-control'])).toBe('no-store');
  });

  test('is not told of to a write, and a refused upload leaves nothing', async () => {
    expect((await ask('npm/@acme/ui/1.0.0', {}, world, 'DELETE')).status).not.toBe(200);
    world.answerWrites((res) => void res.writeHead(500).end());
    await world.uploadNpm(await world.npmToken('@acme/ui'), '@acme/ui', '2.0.0');
    world.answerWrites();
    await world.proxy.event(({ outcome }) => outcome === 'upstream-refused');
    expect((await ask('npm/@acme/ui/2.0.0')).status).toBe(404);
  });
});

describe('a path', () => {
  const telling = npmRegistry({ provenance: true });
  const head = (path: string, method = 'GET') => ({ method, path: `/-/provenance/${path}`, query: '', headers: new Map() });

  test('belongs to the upstream on a host where no registry tells', () => {
    expect(provenanceAsked(head('npm/ui/1.0.0'), [npmRegistry()])).toBeUndefined();
    expect(provenanceAsked({ ...head(''), path: '/-/provenancex/npm/ui/1.0.0' }, [telling])).toBeUndefined();
    expect(provenanceAsked(head('npm/ui/1.0.0', 'PUT'), [telling])).toBeUndefined();
  });

  test.each(['npm/__proto__/1', 'npm/../1', 'npm/@acme/1.0.0', 'constructor/ui/1.0.0', 'npm/ui/1.0.0/f/g', 'npm/ui%2f1.0.0/2'])(
    '%s names nothing',
    (path) => {
      expect(provenanceAsked(head(path), [telling, npmRegistry({ name: 'other' })])).toBeNull();
    },
  );

  test('names a project in its canonical form', () => {
    const asked = provenanceAsked(head('pypi/Acme__UI/1.0/a.whl'), [npmRegistry({ name: 'pypi', protocol: pypi, provenance: true })]);
    expect(asked).toEqual({ registry: 'pypi', package: 'acme-ui', version: '1.0', file: 'a.whl' });
  });
});
