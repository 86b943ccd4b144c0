// FLT-20, kind by kind: the first request after the disk filled up. Nobody can know before its own record fails, and still nothing is done.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { startWorld, type World } from '../security/world.ts';
import { raw } from '../support/proxy.ts';
import { aLook, disk, ready, uploadLongLived } from './full-disk.ts';

describe('the first request on a full disk is refused, and no write reaches the upstream (FLT-20, SEC-14)', () => {
  const { file, fill, empty } = disk();
  let world: World;
  let pypi: string;
  let npm: string;
  beforeAll(async () => {
    const sections = { audit: { file, required: true } };
    // The upload that is read for its project is the other way in which a long-lived token goes on.
    world = await startWorld({
      sections,
      pypi: { long_lived_tokens: 'allow' },
      npm: { long_lived_tokens: 'allow', trusted_only: ['@acme/late'] },
      allow: ['publish', 'dist_tag'],
    });
    [pypi, npm] = [await world.pypiToken(), await world.npmToken('@acme/ui')];
  }, 30_000);
  afterAll(() => world.close());

  const multipart = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  const put = (path: string, authorization: string, body: string) =>
    raw(world.proxy, 'PUT', path, { host: world.proxy.host, authorization, 'content-type': 'application/json' }, body);

  test.each<[string, () => Promise<{ status: number }>]>([
    ['an exchange', () => world.exchangeNpm('@acme/ui')],
    ['an upload to PyPI', () => world.uploadPypi(pypi, '5.0')],
    ['an upload to npm', () => world.uploadNpm(npm, '@acme/ui', '5.0.0')],
    ['a dist-tag', () => put('/-/package/@acme%2fui/dist-tags/next', `Bearer ${npm}`, '"1.0.0"')],
    [
      'a write with a long-lived token',
      () => uploadLongLived(world, form(plainWith({ name: 'acme-ui', version: '6.0' }, 'acme_ui-6.0.tar.gz')), multipart),
    ],
    ['an upload with a long-lived token that is read', () => world.uploadNpm('a-long-lived-token', '@acme/other', '6.0.0')],
  ])('%s', async (_, request) => {
    fill();
    await aLook();
    const before = world.writes().length;
    expect((await request()).status).toBe(503);
    expect(world.writes()).toHaveLength(before);
    empty();
    await expect.poll(() => ready(world), { timeout: 10_000 }).toEqual([200, 'ok']);
    const answer = await request();
    expect([answer.status, answer.status < 300], JSON.stringify(answer)).toEqual([answer.status, true]);
  });
});
