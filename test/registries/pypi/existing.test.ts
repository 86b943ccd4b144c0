import { describe, expect, it } from 'vitest';
import { pypi } from '../../../src/registries/pypi/index.ts';
import { packageName } from '../../../src/registries/pypi/name.ts';
import type { Probe } from '../../../src/registries/registry.ts';
import { registry } from './forms.ts';

const answering =
  (status: number, body: string): Probe =>
  async () => ({ status, body: Buffer.from(body) });
const redirecting: Probe = async (path) => ({ status: path === 'simple/' ? 200 : 303, body: Buffer.alloc(0) });

describe('what an upstream answers about a project', () => {
  const what = { name: packageName('acme-ui')!, version: '1.0', file: 'acme_ui-1.0.tar.gz' };

  it.each([401, 403, 500, 502, 503, 301, 302, 307, 308, 200])('P4: is an outage when it is status %d without an index', async (status) => {
    await expect(pypi.existing(answering(status, 'nonsense'), registry, what)).rejects.toThrow(/the upstream answered/);
    await expect(pypi.existing(answering(status, '{"meta":{}}'), { ...registry, simple: 'simple/' }, what)).rejects.toThrow(
      /the upstream answered/,
    );
  });

  it('P4: is an outage when there is nothing anywhere: every file could be replaced otherwise', async () => {
    await expect(pypi.existing(answering(404, ''), registry, what)).rejects.toThrow(/set `simple`/);
    await expect(pypi.existing(answering(303, ''), registry, what)).rejects.toThrow(/set `simple`/);
  });

  it('finds the project at pypiserver, which sends installers on to a public index where it has none', async () => {
    expect(await pypi.existing(redirecting, registry, what)).toBe('no-package');
  });

  const page = (anchors: string): Probe => answering(200, `<!DOCTYPE html><html><body>${anchors}</body></html>`);
  const looked = (probe: Probe, file = 'acme_ui-1.0.tar.gz') => pypi.existing(probe, { ...registry, simple: 'simple/' }, { ...what, file });

  it.each([
    ['plain', '<a href="../../packages/acme_ui-1.0.tar.gz#sha256=0">acme_ui-1.0.tar.gz</a>'],
    ['in upper case, without quotes', '<A HREF=../../packages/acme_ui-1.0.tar.gz>acme_ui-1.0.tar.gz</A>'],
    ['in single quotes', "<a rel='x' href='x/acme_ui-1.0.tar.gz'>acme_ui-1.0.tar.gz</a>"],
    ['with `>` in an attribute, as HTML allows', '<a href="x" data-requires-python=">=3.8">acme_ui-1.0.tar.gz</a>'],
    ['with a link in an attribute', '<a title="<a href=y>" href="x">acme_ui-1.0.tar.gz</a>'],
    ['with href twice, of which the first counts', '<a href="x/acme_ui-1.0.tar.gz" href="y">z</a>'],
    ['with entities in its text', '<a href="x">acme&#95;ui&#x2d;1&period;0.tar.gz</a>'],
    ['with a tag in its text', '<a href="x"><b>acme_ui-1.0</b>.tar.gz</a>'],
    ['with line ends all over', '<a\n\thref = "x"\n>\n acme_ui-1.0.tar.gz\n</a\n>'],
    ['by its URL, with another text', '<a href="x/acme_ui-1.0.tar.gz?x=/y#z">download</a>'],
    ['by its URL in escapes', '<a href="x/acme%5Fui-1.0.tar.gz">download</a>'],
    ['in another spelling', '<a href="x">Acme.UI-1.0.0.tar.gz</a>'],
    ['behind a comment', '<!-- <a href="y">no</a> --><a href="x">acme_ui-1.0.tar.gz</a>'],
    ['behind a tag that is not closed', '<a href="y">other-1.0.tar.gz<br><a href="x">acme_ui-1.0.tar.gz</a>'],
    ['behind a thousand others', `${'<a href="y">other-1.0.tar.gz</a>'.repeat(1000)}<a href="x">acme_ui-1.0.tar.gz</a>`],
    ['that was yanked', '<a href="x" data-yanked="">acme_ui-1.0.tar.gz</a>'],
  ])('beside PY-05: finds a file %s', async (_, anchors) => {
    expect(await looked(page(anchors))).toBe('exists');
  });

  it.each([
    ['in a comment', '<!-- <a href="x">acme_ui-1.0.tar.gz</a> --><a href="y">acme_ui-2.0.tar.gz</a>'],
    ['of another version', '<a href="acme_ui-1.0.1.tar.gz">acme_ui-1.0.1.tar.gz</a>'],
    ['in the text alone', 'acme_ui-1.0.tar.gz <a href="y">acme_ui-2.0.tar.gz</a>'],
  ])('beside PY-05: finds no file %s', async (_, anchors) => {
    expect(await looked(page(anchors))).toBe('no-version');
  });

  it('finds a local version, whose `+` some servers escape', async () => {
    for (const text of ['acme_ui-1.0+x.1.tar.gz', 'acme_ui-1.0&#43;x.1.tar.gz', 'acme_ui-1.0&plus;x.1.tar.gz'])
      expect(await looked(page(`<a href="x">${text}</a>`), 'acme_ui-1.0+x.1.tar.gz')).toBe('exists');
    expect(await looked(page('<a href="x/acme_ui-1.0%2Bx.1.tar.gz">y</a>'), 'acme_ui-1.0+x.1.tar.gz')).toBe('exists');
  });

  it.each([
    ['a quote that is not closed', page('<a href="x>acme_ui-1.0.tar.gz</a>')],
    ['a tag that is not closed', answering(200, '<html><a href=x')],
    ['a later major version', answering(200, '<html><meta name="pypi:repository-version" content="2.0"><a href="x">y</a>')],
    ['a later major version in JSON', answering(200, '{"meta":{"api-version":"2.0"},"files":[]}')],
    ['a file without a name', answering(200, '{"files":[{"url":"x"}]}')],
    ['files that are no list', answering(200, '{"files":{}}')],
    ['half a JSON', answering(200, '{"files":[')],
    ['a login page', answering(200, 'Please log in')],
    ['other bytes', async () => ({ status: 200, body: Buffer.from([0x3c, 0xff]) })],
  ])('beside PY-05: P4 %s is an outage, not an empty page', async (_, probe) => {
    await expect(looked(probe)).rejects.toThrow(/upstream|JSON|encoded data/);
  });

  it.each([
    ['<a ', 'x'],
    ['<a "', 'x'],
    ['<a href="', ''],
    ['<a x=', ''],
    ['<!--', ''],
    ['<', ''],
    ['<a href=x>', ''],
    ['&#', ''],
    ['<a href="y">&', ''],
  ])('beside DOS-13: a page of 1 MiB of %s is read, or is not, in a moment', async (piece, end) => {
    const probe = page(piece.repeat((1 << 20) / piece.length) + end);
    const started = performance.now();
    await looked(probe).catch(() => undefined);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
