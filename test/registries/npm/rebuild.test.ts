import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isChange } from '../../../src/registries/registry.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import { accepted, changed, incoming, inspect, manifest, name, publish, rebuiltBody, tarball, version, type Draft } from './publishing.ts';

/** The rebuilt document, as far as the tests look into it. */
interface Rebuilt {
  readonly _id: string;
  readonly name: string;
  readonly 'dist-tags': Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, Manifest>>;
  readonly _attachments: Readonly<Record<string, unknown>>;
}
interface Manifest {
  readonly name: string;
  readonly _id: string;
  readonly _npmUser: { readonly name: string };
  readonly dist: { readonly tarball: string };
}

async function rebuilt(body: string | Uint8Array): Promise<Rebuilt> {
  return JSON.parse((await rebuiltBody(await accepted(body))).toString());
}

describe('the npm document that goes on', () => {
  it('is canonical (npm.md E, “Canonical publish document”)', async () => {
    const file = tarball();
    const sent = publish(() => {}, file);
    expect(await rebuilt(JSON.stringify(sent))).toEqual({
      _id: name,
      name,
      description: 'a widget',
      'dist-tags': { latest: version },
      versions: {
        [version]: {
          ...(sent.versions[version] as object),
          _npmUser: {
            name: 'trusted-publisher',
            trustedPublisher: {
              id: 'widget-release',
              anchor: 'acme/widget',
              workflow: 'release.yml',
              ref: 'refs/tags/v1.0.0',
              commit: 'c0ffee',
            },
          },
          dist: expect.objectContaining({ tarball: 'https://npm.acme.test/@acme/widget/-/widget-1.0.0.tgz' }),
        },
      },
      access: null,
      _attachments: {
        '@acme/widget-1.0.0.tgz': { content_type: 'application/octet-stream', data: file.toString('base64'), length: file.length },
      },
    });
  });

  it('drops what only a registry may say (npm.md E rows 34 and 35)', async () => {
    const body = await rebuilt(
      changed((draft, { manifest: sent, dist }) => {
        Object.assign(draft, { _rev: '1-x', time: {}, users: {}, maintainers: [], _uplinks: {}, _distfiles: { 'x.tgz': {} }, unknown: 1 });
        Object.assign(sent, {
          _npmUser: { trustedPublisher: { id: 'github' } },
          hasInstallScript: false,
          approver: 'eve',
          _from: '.',
          _resolved: 'x',
          _npmOperationalInternal: {},
          custom: { kept: true },
        });
        Object.assign(dist, { attestations: { provenance: {} }, signatures: [{}], fileCount: 1 });
      }),
    );
    expect(Object.keys(body)).toEqual(['_id', 'name', 'description', 'dist-tags', 'versions', 'access', '_attachments']);
    const sent = body.versions[version]!;
    expect(Object.keys(sent.dist)).toEqual(['integrity', 'shasum', 'tarball']);
    expect(sent._npmUser.name).toBe('trusted-publisher');
    for (const key of ['hasInstallScript', 'approver', '_from', '_resolved', '_npmOperationalInternal'])
      expect(sent).not.toHaveProperty(key);
    expect(sent).toMatchObject({ custom: { kept: true }, _npmVersion: '12.2.0' });
  });

  it('claims no trusted publisher for an upload with a long-lived token', async () => {
    const { run: _run, ...foreign } = incoming(JSON.stringify(publish()));
    const inspected = await npm.inspect({ ...foreign, publishers: [] });
    if (isRefusal(inspected) || isChange(inspected)) throw new Error('it is no upload');
    expect((await rebuiltBody(inspected)).toString()).not.toContain('_npmUser');
  });

  it('is as long as it says, more than once', async () => {
    const inspected = await accepted(JSON.stringify(publish()));
    for (let time = 0; time < 2; time += 1) expect((await rebuiltBody(inspected)).length).toBe(inspected.length);
  });

  it('has the digests of the tarball', async () => {
    const file = tarball();
    const inspected = await accepted(JSON.stringify(publish(() => {}, file)));
    expect(inspected.digest()).toMatchObject({
      bytes: file.length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sha512: expect.stringMatching(/^[0-9a-f]{128}$/),
    });
  });

  it('is given in pieces, never as one (DOS-07)', async () => {
    const file = tarball([manifest(), { path: 'package/random', content: randomBytes(5 * 1024 * 1024) }]);
    const inspected = await accepted(JSON.stringify(publish(() => {}, file)), { chunk: 60_000 });
    for await (const piece of inspected.rebuild()) expect(piece.length).toBeLessThanOrEqual(512 * 1024);
  });
});

/** Every place of a document from which some registry takes the package's name. */
function namesIn(document: Rebuilt): unknown[] {
  return [
    document._id,
    document.name,
    ...Object.values(document.versions).flatMap((sent) => [
      sent.name,
      sent._id.slice(0, -version.length - 1),
      sent.dist.tarball.split('/').slice(3, 5).join('/'),
    ]),
    ...Object.keys(document._attachments).map((file) => file.slice(0, -`-${version}.tgz`.length)),
  ];
}

/** Keys that a registry written in Go takes for one of these, because its JSON folds case. */
function variants(object: object, keys: readonly string[]): string[] {
  return Object.keys(object).filter((found) => !keys.includes(found) && keys.includes(found.toUpperCase().toLowerCase()));
}

const victim = fc.constantFrom<unknown>(
  '@acme/victim',
  '@ACME/widget',
  'widget',
  '@acme/widget ',
  null,
  5,
  ['@acme/widget'],
  { name: '@acme/widget' },
  name,
  '@acme/victim-1.0.0.tgz',
  version,
  '2.0.0',
);
const key = fc.constantFrom(
  '_id',
  'name',
  'Name',
  'NAME',
  'version',
  'versions',
  'Versions',
  'dist-tags',
  'dist',
  '_attachments',
  '_rev',
  'users',
  'access',
  'latest',
  version,
  '2.0.0',
  '@acme/victim-1.0.0.tgz',
  '@acme/widget-1.0.0.sigstore',
  'data',
  'length',
  '__proto__',
  'constructor',
  'toJSON',
);
const edit = fc.record({
  depth: fc.nat(3),
  pick: fc.nat(20),
  key,
  value: fc.oneof(victim, fc.jsonValue()),
  how: fc.constantFrom('set', 'delete', 'repeat'),
});

/** Applies an edit to the text: sets or deletes a key somewhere, or writes a key a second time. */
function edited(
  text: string,
  { depth, pick, key: at, value, how }: { depth: number; pick: number; key: string; value: unknown; how: string },
): string {
  if (how === 'repeat')
    return text.replaceAll('{', (brace, offset: number) =>
      offset % 7 === pick % 7 ? `{${JSON.stringify(at)}:${JSON.stringify(value)},` : brace,
    );
  const draft = JSON.parse(text) as Draft;
  let object: Record<string, unknown> = draft;
  for (let level = 0; level < depth; level += 1) {
    const inner = Object.values(object).filter((child) => typeof child === 'object' && child !== null && !Array.isArray(child)) as Record<
      string,
      unknown
    >[];
    object = inner[pick % Math.max(inner.length, 1)] ?? object;
  }
  if (how === 'delete') Reflect.deleteProperty(object, Object.keys(object)[pick % Math.max(Object.keys(object).length, 1)] ?? at);
  else Object.defineProperty(object, at, { value, enumerable: true, configurable: true, writable: true });
  return JSON.stringify(draft);
}

describe('whatever is accepted (P2)', () => {
  it('names only the granted package in every place where a registry could read a name', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 0, maxLength: 3 }), fc.integer({ min: 1, max: 2000 }), async (edits, chunk) => {
        let body = JSON.stringify(publish());
        for (const one of edits) if (isJson(body)) body = edited(body, one);
        const result = await inspect(body, { chunk });
        if (isRefusal(result) || isChange(result)) return;
        taken += 1;
        const bytes = await rebuiltBody(result);
        expect(bytes.length).toBe(result.length);
        const document = JSON.parse(bytes.toString()) as Rebuilt;
        expect(new Set(namesIn(document))).toEqual(new Set([name]));
        expect(Object.keys(document.versions)).toEqual([version]);
        expect(new Set(Object.values(document['dist-tags']))).toEqual(new Set([version]));
        expect(
          variants(
            document,
            Object.keys(document).map((found) => found.toLowerCase()),
          ),
        ).toEqual([]);
        expect(variants(document.versions[version]!, ['name', 'version', 'dist', '_id', 'deprecated'])).toEqual([]);
        expect(Object.keys(document)).not.toEqual(expect.arrayContaining(['_rev']));
      }),
      { numRuns: 1500 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
