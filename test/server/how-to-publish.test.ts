// The page for people, through the program: where it is, what is in it, and that nothing can get out of it or into it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { npm } from '../../src/registries/npm/index.ts';
import { pypi } from '../../src/registries/pypi/index.ts';
import type { Head, RegistrySettings } from '../../src/registries/registry.ts';
import { howToPublish } from '../../src/server/how-to-publish.ts';
import { registryAt } from '../gateway/registry.ts';
import { startWorld, type World } from '../security/world.ts';
import { raw, type RawAnswer } from '../support/proxy.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 40_000);
afterAll(() => world?.close());

const get = (path: string, method = 'GET', headers: Record<string, string> = {}): Promise<RawAnswer> =>
  raw(world.proxy, method, path, { host: world.proxy.host, accept: 'text/html,*/*;q=0.8', ...headers });

test.each([
  ['npm', '/-/how-to-publish', ['npm publish --registry', 'npm:127.0.0.1']],
  ['PyPI', '/pypi/-/how-to-publish', ['uv publish --trusted-publishing always --publish-url', 'gh-action-pypi-publish']],
])('P8 the %s registry says how to publish at %s, and nothing of its policy', async (_, path, texts) => {
  const answer = await get(path);
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  for (const text of [...texts, world.proxy.host]) expect(answer.body).toContain(text);
  for (const secret of ['acme/ui', '@acme', 'acme-ui', 'release.yml', 'three', 'issuer', world.issuer.issuer, 'svc'])
    expect(answer.body, secret).not.toContain(secret);
  expect(answer.headers).toMatchObject({
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    ),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  expect(answer.body).not.toMatch(/<script|<img|<link|\son\w+=|style="/i);
  expect((await get(path, 'HEAD')).body).toBe('');
});

const browser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('a browser at the URL of a Python index is shown it, with a way to what the index shows; npm keeps its front page', async () => {
  const before = world.all().length;
  const answer = await get('/pypi/', 'GET', browser);
  expect([answer.status, answer.headers['vary']]).toEqual([200, 'accept, user-agent']);
  expect(answer.body).toContain('uv publish --trusted-publishing always');
  expect(answer.body).toContain('<a href="?registry">');
  expect(world.all().length - before).toBe(0);
  for (const path of ['/pypi/?registry', '/']) await get(path, 'GET', browser);
  expect(world.all().length - before).toBe(2);
});

test('it is in the way of nothing: the front page, other methods, queries and longer paths go where they always went', async () => {
  const before = world.all().length;
  for (const path of ['/', '/pypi/', '/pypi/simple/', '/-/how-to-publish/x', '/how-to-publish']) await get(path);
  expect(world.all().length - before).toBe(5);
  expect((await get('/-/how-to-publish', 'POST', { 'content-length': '0' })).body).not.toContain('<html');
  expect((await get('/', 'GET')).body).not.toContain('<html');
});

test('P8 a publish without a credential is told where the page is', async () => {
  const answer = await raw(world.proxy, 'PUT', '/@acme%2fui', { host: world.proxy.host, 'content-type': 'application/json' }, '{}');
  expect(answer.body).toContain(`See http://${world.proxy.host}/-/how-to-publish`);
});

const head = (path: string): Head => ({ method: 'GET', path, query: '', headers: new Map() });
const at = (url: string, protocol = npm): RegistrySettings =>
  registryAt(new URL('http://upstream/'), { protocol, url: new URL(url), audiences: [`<b>"'&`] });

test('everything that stands in it is text, whatever it is', () => {
  const registry = { ...at('https://npm.acme.example/'), protocol: { ...npm, title: '<script>alert(1)</script>' } };
  const body = howToPublish(head('/-/how-to-publish'), [registry], { registry, path: '/-/how-to-publish' })?.body ?? '';
  expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(body).toContain('&lt;b&gt;&quot;&#39;&amp;');
  expect(body).not.toMatch(/<script|<b>/);
});

test('where no registry is at the root, the page there leads to those below', () => {
  const registries = [at('https://acme.example/npm/'), at('https://acme.example/py/', pypi)];
  const body = howToPublish(head('/-/how-to-publish'), registries, undefined)?.body ?? '';
  expect(body).toContain('<a href="/npm/-/how-to-publish">https://acme.example/npm/</a> (npm)');
  expect(body).toContain('<a href="/py/-/how-to-publish">https://acme.example/py/</a> (PyPI)');
  expect(howToPublish(head('/other'), registries, undefined)).toBeUndefined();
  expect(howToPublish(head('/'), registries, undefined)).toBeUndefined();
  expect(howToPublish({ ...head('/'), headers: new Map(Object.entries(browser)) }, registries, undefined)?.body).toBe(body);
});
