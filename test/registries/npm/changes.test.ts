// Changes of published versions: what is understood of the client's document, and what is written from the upstream's.
import { describe, expect, it } from 'vitest';
import { isRefusal, type Refusal } from '../../../src/core/refusal.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import { isChange, type Change, type Plan, type Route, type UpstreamRequest } from '../../../src/registries/registry.ts';
import { planOf, probeOf, requestsOf, stored, type Stored } from '../changes.ts';
import { changed, head, inspect, registry } from './publishing.ts';

const name = '@acme/widget';
const other = '@acme/victim';

/** The document as npm sends it back, after a change. */
function sent(change: (document: Stored) => unknown, document = stored(name)): string {
  const copy = structuredClone(document);
  change(copy);
  return JSON.stringify(copy);
}

const texts = (by: Record<string, unknown>) => (document: Stored) =>
  Object.entries(by).forEach(([version, deprecated]) => Object.assign(document.versions[version] ?? {}, { deprecated }));

async function deprecate(body: string): Promise<Change | Refusal> {
  const result = await inspect(body);
  if (!isRefusal(result) && !isChange(result)) throw new Error('taken for an upload');
  return result;
}

async function planned(body: string, document: object | undefined = stored(name)): Promise<Plan> {
  const plan = await planOf(await deprecate(body), document);
  if (isRefusal(plan)) throw new Error(plan.message);
  return plan;
}

const codeOf = (result: Change | Plan | readonly UpstreamRequest[] | Refusal): string => ('code' in result ? result.code : 'taken');
const bodyOf = (request: UpstreamRequest | undefined): Stored => JSON.parse(String(Buffer.from(request?.body ?? ''))) as Stored;

describe('npm deprecate', () => {
  it('NPM-18 is the document of the registry with the text in the versions that differ, and nothing of the client', async () => {
    const document = stored(name, { users: { dev: true }, readme: 'true', time: { '1.0.0': 'then' }, _attachments: { x: {} } });
    const evil = sent((d) => {
      texts({ '1.0.0': 'use @acme/new' })(d);
      Object.assign(d, { readme: 'evil', 'dist-tags': { latest: '1.0.0', evil: '1.1.0' }, users: {}, _attachments: {} });
      Object.assign(d.versions['1.1.0'] ?? {}, { dist: { tarball: 'https://evil/' }, scripts: { install: 'evil' } });
    }, document);
    const plan = await planned(evil, document);
    expect(plan).toMatchObject({ says: 'deprecate 1.0.0: use @acme/new', version: '1.0.0' });
    const { _attachments, ...kept } = document;
    const versions = { ...document.versions, '1.0.0': { ...document.versions['1.0.0'], deprecated: 'use @acme/new' } };
    expect(plan.requests.map(({ method, path }) => [method, path])).toEqual([['PUT', '@acme%2fwidget']]);
    expect(bodyOf(plan.requests[0])).toEqual({ ...kept, versions });
  });

  it('npm.md E16 E17 never leaves out a version or a dist-tag: the shape that erases a package changes nothing of it', async () => {
    const erasing = JSON.stringify({
      _id: name,
      name,
      'dist-tags': {},
      versions: { '1.0.0': { name, version: '1.0.0', deprecated: 'x' } },
    });
    const { requests } = await planned(erasing);
    expect(Object.keys(bodyOf(requests[0]).versions)).toEqual(['1.0.0', '1.1.0']);
    expect(bodyOf(requests[0])['dist-tags']).toEqual({ latest: '1.1.0' });
    const unknown = { _id: name, name, 'dist-tags': {}, versions: { '0.0.0': { name, version: '0.0.0', deprecated: '' } } };
    expect(codeOf(await planOf(await deprecate(JSON.stringify(unknown)), stored(name)))).toBe('change-not-there');
  });

  it('takes a text away by the empty one, as npm undeprecate does', async () => {
    const document = stored(name);
    Object.assign(document.versions['1.0.0'] ?? {}, { deprecated: 'old' });
    const plan = await planned(sent(texts({ '1.0.0': '' }), document), document);
    expect(plan.says).toBe('undeprecate 1.0.0');
    expect(bodyOf(plan.requests[0]).versions['1.0.0']).toMatchObject({ deprecated: '' });
  });

  it('sends nothing when all is so already, and says yes', async () => {
    const document = stored(name);
    Object.assign(document.versions['1.0.0'] ?? {}, { deprecated: 'old' });
    const plan = await planned(
      sent(() => {}, document),
      document,
    );
    expect(plan).toMatchObject({ requests: [], done: { status: 200 } });
  });

  it('is refused when the package changed after the client read it, and would undo that', async () => {
    const before = sent(texts({ '1.0.0': 'old' }));
    expect(codeOf(await planOf(await deprecate(before), stored(name, { _rev: '2-y' })))).toBe('change-stale');
    expect(codeOf(await planOf(await deprecate(before), undefined))).toBe('change-not-there');
  });

  it.each<[string, (document: Stored) => unknown, string]>([
    ['another package on top', (d) => Object.assign(d, { name: other }), 'body-mismatch'],
    ['another _id', (d) => Object.assign(d, { _id: other }), 'body-mismatch'],
    ['another package in a version', (d) => Object.assign(d.versions['1.1.0'] ?? {}, { name: other }), 'body-mismatch'],
    ['another version under the key', (d) => Object.assign(d.versions['1.1.0'] ?? {}, { version: '9.9.9' }), 'body-mismatch'],
    ['a version that is none', (d) => Object.assign(d.versions, { latest: {} }), 'body-invalid'],
    ['a list as version', (d) => Object.assign(d.versions, { '1.1.0': [] }), 'body-invalid'],
    ['a key for Go', (d) => Object.assign(d, { Versions: {} }), 'body-invalid'],
    ['true as text', texts({ '1.0.0': true }), 'body-invalid'],
    ['null as text', texts({ '1.0.0': null }), 'body-invalid'],
    ['a line break', texts({ '1.0.0': 'a\nb' }), 'body-invalid'],
    ['an escape of a terminal', texts({ '1.0.0': '\u001b[2J' }), 'body-invalid'],
    ['a text without end', texts({ '1.0.0': 'x'.repeat(2001) }), 'body-invalid'],
  ])('npm.md E2 E3 E4 E10 P2 P3 is refused with %s', async (_, change, code) => {
    const body = sent((document) => {
      texts({ '1.0.0': 'old' })(document);
      change(document);
    });
    expect(codeOf(await planOf(await deprecate(body), stored(name)))).toBe(code);
  });

  it('npm.md E19 is none when there is a tarball', async () => {
    const publish = changed((_, { manifest }) => (manifest['deprecated'] = 'x'));
    expect(codeOf((await inspect(publish)) as Refusal)).toBe('upload-action');
  });

  it('is looked at afterwards: a version that is gone, or a text that is not there, is no success', async () => {
    const plan = await planned(sent(texts({ '1.0.0': 'old' })));
    const done = stored(name);
    Object.assign(done.versions['1.0.0'] ?? {}, { deprecated: 'old' });
    expect(await plan.verify?.(probeOf(done))).toBeUndefined();
    expect(await plan.verify?.(probeOf(stored(name)))).toMatchObject({ code: 'change-unverified' });
    delete done.versions['1.1.0'];
    expect(await plan.verify?.(probeOf(done))).toMatchObject({ code: 'change-unverified', message: expect.stringContaining('1.1.0') });
    expect(await plan.verify?.(probeOf(undefined))).toMatchObject({ code: 'change-unverified' });
  });
});

function route(method: string, path: string): Route {
  return npm.route(head(method, path, { 'content-type': 'application/json' }));
}
const withoutLast = sent((document) => delete document.versions['1.1.0']);

describe('npm unpublish', () => {
  it('NPM-20 of a version is the document of the registry without it, and `latest` at the highest that is left', async () => {
    const document = stored(name, { 'dist-tags': { latest: '1.1.0', next: '1.1.0', old: '1.0.0' }, users: { dev: true } });
    const requests = await requestsOf(route('PUT', '/@acme%2fwidget/-rev/1-x'), withoutLast, document);
    if (isRefusal(requests)) throw new Error(requests.message);
    expect(requests).toMatchObject([{ method: 'PUT', path: '@acme%2fwidget/-rev/1-x' }]);
    const { '1.1.0': _gone, ...versions } = document.versions;
    expect(bodyOf(requests[0])).toEqual({ ...document, versions, 'dist-tags': { latest: '1.0.0', old: '1.0.0' } });
  });

  it.each<[string, string, object | undefined, string]>([
    ['of an older revision', withoutLast, stored(name, { _rev: '2-y' }), 'change-stale'],
    ['of a package that is not there', withoutLast, undefined, 'change-not-there'],
    ['of two versions', sent((d) => Object.assign(d, { versions: {} })), stored(name), 'body-invalid'],
    ['of none', sent(() => {}), stored(name), 'body-invalid'],
    [
      'that brings a version',
      sent((d) => Object.assign(d.versions, { '9.9.9': { name, version: '9.9.9' } })),
      stored(name),
      'change-not-there',
    ],
    [
      'of the last version',
      sent((d) => Object.assign(d, { versions: {} })),
      stored(name, { versions: { '1.0.0': { name } } }),
      'body-invalid',
    ],
    ['under another name', sent((d) => Object.assign(d, { name: other, versions: {} })), stored(name), 'body-mismatch'],
    ['with a tarball', sent((d) => Object.assign(d, { _attachments: { 'x.tgz': {} } })), stored(name), 'body-invalid'],
    ['that changes owners', JSON.stringify({ _id: name, _rev: '1-x', maintainers: [] }), stored(name), 'upload-action'],
    ['that is no JSON', 'x', stored(name), 'body-invalid'],
    ['with a key twice', '{"name":"a","name":"b"}', stored(name), 'body-invalid'],
  ])('NPM-20 npm.md E20 is refused %s', async (_, body, document, code) => {
    expect(codeOf(await requestsOf(route('PUT', '/@acme%2fwidget/-rev/1-x'), body, document))).toBe(code);
  });

  it('NPM-05 is refused in another character set', () => {
    const found = npm.route(head('PUT', '/@acme%2fwidget/-rev/1-x', { 'content-type': 'application/json; charset=utf-7' }));
    expect(found.kind === 'manage' && found.read(Buffer.from(withoutLast))).toMatchObject({ code: 'body-type' });
  });

  it('NPM-21 removes the tarball of a version that is gone, and no other', async () => {
    const document = stored(name);
    const ask = (file: string) => requestsOf(route('DELETE', `/@acme/widget/-/${file}/-rev/1-x`), '', document);
    expect(codeOf(await ask('widget-1.1.0.tgz'))).toBe('upload-action');
    delete document.versions['1.1.0'];
    expect(await ask('widget-1.1.0.tgz')).toMatchObject([{ method: 'DELETE', path: '@acme%2fwidget/-/widget-1.1.0.tgz/-rev/1-x' }]);
    for (const file of ['victim-1.1.0.tgz', 'widget-1.1.0.tar', 'package.json', 'widget-.tgz', 'widget-01.0.0.tgz'])
      expect(codeOf(await ask(file)), file).toBe('body-mismatch');
  });

  it('NPM-21 removes the whole package at the revision that the client has seen', async () => {
    const at = (revision: string) => requestsOf(route('DELETE', `/@acme%2fwidget/-rev/${revision}`), '', stored(name));
    expect(await at('1-x')).toMatchObject([{ method: 'DELETE', path: '@acme%2fwidget/-rev/1-x' }]);
    expect(codeOf(await at('0-x'))).toBe('change-stale');
    const without = requestsOf(route('DELETE', '/@acme%2fwidget/-rev/undefined'), '', stored(name, { _rev: undefined }));
    expect(await without).toMatchObject([{ path: '@acme%2fwidget/-rev/undefined' }]);
  });

  it.each([
    ['PUT', '/@acme%2fwidget/-/widget-1.0.0.tgz/-rev/1-x'],
    ['PUT', '/@acme%2fwidget/-rev/1-x/2'],
    ['DELETE', '/@acme%2fwidget'],
    ['DELETE', '/@acme%2fwidget/-/widget-1.0.0.tgz'],
    ['POST', '/@acme%2fwidget/-rev/1-x'],
    ['PATCH', '/@acme%2fwidget/-rev/1-x'],
  ])('is no %s of %s', (method, path) => expect(route(method, path).kind).toBe('write'));

  it.each(['/@acme%2fwidget/-rev/1%2fx', '/@acme%2fwidget/-/..%2fwidget-1.0.0.tgz/-rev/1-x', '/@acme%2fwidget/-/a/../b/-rev/1-x'])(
    'PTH-06 is refused at %s',
    (path) => expect(['refused', 'write']).toContain(route('DELETE', path).kind),
  );
});

describe('what a registry answers before a change', () => {
  it.each<[string, object]>([
    ['without versions', { name, 'dist-tags': {} }],
    ['without dist-tags', { name, versions: {} }],
    ['of another package', { ...stored(name), name: other }],
    ['with a version that is none, which ends Verdaccio (npm.md E10)', stored(name, { versions: { '1.0.0': 'x' } })],
  ])('is no answer %s: nothing is sent', async (_, document) => {
    const change = await deprecate(sent(texts({ '1.0.0': 'old' })));
    await expect(planOf(change, document)).rejects.toThrow(/the upstream answered/);
  });

  it('is asked for as npm does: what comes from other registries stays out of it', async () => {
    const probe = probeOf(stored(name));
    const change = await deprecate(sent(texts({ '1.0.0': 'old' })));
    if (!isRefusal(change)) await change.plan(probe, registry());
    expect(probe.asked).toEqual(['@acme%2fwidget?write=true']);
  });
});
