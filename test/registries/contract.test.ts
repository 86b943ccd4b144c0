// What every upload protocol has to hold, run against each in the list: a new one gets these with its line there and its fixture.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { covers, namesExactly } from '../../src/core/package-name.ts';
import { isRefusal, refusalKinds, refuse, type RefusalCode } from '../../src/core/refusal.ts';
import { formatToken } from '../../src/core/upload-token.ts';
import { registries } from '../../src/registries/index.ts';
import { isChange, UploadRefused, type Head, type Inspected, type Registry } from '../../src/registries/registry.ts';
import { registryAt } from '../gateway/registry.ts';
import { fixtures, type Fixture } from './fixtures.ts';

const token = formatToken(new Uint8Array(32).fill(7));

function head(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Head {
  return { method, path, query: '', headers: new Map(Object.entries(headers)) };
}

/** Hands the upload over in pieces, and gives the bytes of what is rebuilt. Throws `UploadRefused` wherever it is refused. */
async function passed(protocol: Registry, { upload }: Fixture, body: Uint8Array): Promise<{ inspected: Inspected; rebuilt: Buffer }> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.length; at += 61) yield body.subarray(at, at + 61);
  }
  const inspected = await protocol.inspect({
    head: head(upload.method, upload.path, { 'content-type': upload.contentType }),
    registry: registryAt(new URL('http://upstream.example/'), { protocol }),
    ...nameIn(protocol, upload),
    body: pieces(),
    publishers: ['ui-release'],
  });
  if (isRefusal(inspected)) throw new UploadRefused(inspected);
  if (isChange(inspected)) throw new Error('it is no upload');
  const chunks: Uint8Array[] = [];
  for await (const chunk of inspected.rebuild()) chunks.push(Buffer.from(chunk));
  return { inspected, rebuilt: Buffer.concat(chunks) };
}

function nameIn(protocol: Registry, { method, path }: Fixture['upload']): object {
  const route = protocol.route(head(method, path));
  return route.kind === 'upload' && route.name !== undefined ? { name: route.name } : {};
}

describe.each(registries.map((protocol) => [protocol.id, protocol, fixtures[protocol.id]] as const))('%s', (_, protocol, fixture) => {
  const { upload } = fixture;
  const settings = registryAt(new URL('http://upstream.example/'), { protocol, url: new URL('https://packages.acme.example:8443/team/') });

  test('a name has one canonical form, which is its own', () => {
    for (const [written, canonical] of Object.entries(fixture.names)) {
      expect(protocol.packageName(written)).toBe(canonical);
      expect(protocol.packageName(canonical)).toBe(canonical);
    }
  });

  test('what could be read as another name is none', () => {
    const hostile = [
      '',
      '.',
      '..',
      '../x',
      'a/../b',
      'a b',
      ' a',
      'a\n',
      'a\0',
      'a%2fb',
      'a\\b',
      'a?b',
      'a#b',
      '\u212A',
      'a\u0301',
      'a'.repeat(300),
    ];
    expect(hostile.filter((text) => protocol.packageName(text) !== undefined)).toEqual([]);
  });

  test('POL-16 an entry covers what it says and nothing else; none covers everything', () => {
    const [pattern, covered, other] = fixture.pattern.map((text) => text);
    for (const all of ['', '*', '**', '@*/*', '.', '../*']) expect(protocol.entryProblem(all), all).toBeDefined();
    expect(protocol.entryProblem(pattern ?? '')).toBeUndefined();
    const entry = protocol.entry(pattern ?? '');
    const [yes, no] = [protocol.packageName(covered ?? ''), protocol.packageName(other ?? '')];
    if (yes === undefined || no === undefined) throw new Error('the fixture has no names');
    expect([covers(entry, yes), namesExactly(entry, yes), covers(entry, no)]).toEqual([true, false, false]);
    expect(covers(protocol.entry(covered ?? ''), yes)).toBe(true);
  });

  test('audiences name the host, and differ from host to host (JWT-43)', () => {
    const audiences = protocol.audiences(settings.url);
    expect(audiences.length).toBeGreaterThan(0);
    expect(audiences.filter((audience) => !audience.includes('packages.acme.example'))).toEqual([]);
    const elsewhere = protocol.audiences(new URL('https://other.example/'));
    expect(audiences.filter((audience) => elsewhere.includes(audience))).toEqual([]);
  });

  test('the exchange is where clients look for it, for POST alone, and reads no token out of nothing', () => {
    const endpoint = protocol.exchange(head('POST', fixture.mint, { 'content-type': 'application/json' }), [settings.url]);
    expect(endpoint?.kind).toBe('mint');
    if (endpoint?.kind === 'mint') expect(isRefusal(endpoint.read(new Uint8Array()))).toBe(true);
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(protocol.exchange(head(method, fixture.mint), [settings.url])?.kind, method).not.toBe('mint');
    expect(protocol.exchange(head('POST', `${fixture.mint}/x`), [settings.url])?.kind).not.toBe('mint');
    expect(protocol.exchange(head(upload.method, upload.path), [settings.url])).toBeUndefined();
  });

  test('the upload is an upload by its method, and the read a read', () => {
    expect(protocol.route(head(upload.method, upload.path)).kind).toBe('upload');
    for (const method of ['GET', 'HEAD', 'DELETE']) expect(protocol.route(head(method, upload.path)).kind, method).not.toBe('upload');
    for (const method of ['GET', 'HEAD']) expect(protocol.route(head(method, fixture.read)).kind).toBe('read');
  });

  test('whatever the path, a method that changes something is never a read', () => {
    const piece = fc.stringMatching(/^[A-Za-z0-9@+_.~%-]{1,12}$/);
    const path = fc.array(piece, { maxLength: 5 }).map((pieces) => `/${pieces.join('/')}`);
    fc.assert(
      fc.property(fc.constantFrom('PUT', 'POST', 'DELETE', 'PATCH', 'MKCOL'), path, (method, at) => {
        expect(['read', 'trust']).not.toContain(protocol.route(head(method, at)).kind);
      }),
    );
  });

  test('TOK-06 TOK-07 an upload token is read exactly or refused, and never somebody else’s credential', () => {
    expect(protocol.presented(head('GET', '/'))).toEqual({ kind: 'none' });
    const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const said = (authorization: string) => protocol.presented(head('PUT', upload.path, { authorization }));
    for (const good of [`Bearer ${token}`, basic('__token__', token)]) expect(said(good)).toEqual({ kind: 'text', text: token });
    for (const odd of [
      `Token ${token}`,
      `Bearer  ${token}`,
      `Bearer ${token} x`,
      basic(token, ''),
      basic('svc', token),
      `${basic('__token__', token)}=`,
    ])
      expect(said(odd).kind, odd).toBe('refused');
    expect(said(basic('alice', 'secret'))).toEqual({ kind: 'foreign' });
  });

  test('MP-66 an upload says what it is, and is rebuilt as another request with the same file', async () => {
    const { inspected, rebuilt } = await passed(protocol, fixture, upload.body);
    expect(inspected).toMatchObject(upload.says);
    expect(inspected.digest()).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: expect.any(Number) });
    expect(rebuilt.equals(upload.body)).toBe(false);
    if (inspected.length !== undefined) expect(rebuilt.length).toBe(inspected.length);
    expect(inspected.request.path).not.toMatch(/^\/|\/\/|\.\.|[\s\\]/);
    // What is forwarded is understood as the same upload.
    const contentType = inspected.request.headers['content-type'] ?? '';
    const again = await passed(protocol, { ...fixture, upload: { ...upload, contentType } }, rebuilt);
    expect(again.inspected).toMatchObject(upload.says);
    expect(again.inspected.digest()).toEqual(inspected.digest());
  });

  test('P9 an upload that ends before its end is refused', async () => {
    const { length } = upload.body;
    for (const kept of [0, 1, Math.floor(length / 2), length - 60, length - 8, length - 4]) {
      const cut = passed(protocol, fixture, upload.body.subarray(0, kept));
      await expect(cut, `${kept} of ${length} bytes`).rejects.toBeInstanceOf(UploadRefused);
    }
  });

  test('P4 an upstream that does not say what it has is an outage', async () => {
    const { name, ...rest } = upload.says;
    const what = { ...rest, name: protocol.packageName(name) ?? ('' as never) };
    for (const status of [301, 401, 403, 500, 503]) {
      const probe = async () => ({ status, body: Buffer.from('{}') });
      await expect(protocol.existing(probe, settings, what), String(status)).rejects.toBeInstanceOf(Error);
    }
    await expect(protocol.existing(() => Promise.reject(new Error('away')), settings, what)).rejects.toThrow('away');
  });

  test('P8 every refusal is an answer of its own status that shows the sentence and the request, on one line where it is a header', () => {
    for (const code of Object.keys(refusalKinds) as RefusalCode[])
      for (const where of ['exchange', 'upload', 'other'] as const) {
        const refusal = refuse(code, { actual: 'a\r\nx: y', package: upload.says.name, problem: 'it is wrong' });
        const reply = protocol.reply(refusal, where, '0123456789abcdef');
        expect(reply.status, code).toBeGreaterThanOrEqual(400);
        expect(reply.status >= 500, code).toBe(refusal.status >= 500);
        expect(reply.headers['cache-control'], code).toBe('no-store');
        for (const value of [reply.reason ?? '', ...Object.values(reply.headers)]) expect(value).toMatch(/^[\x20-\x7e]*$/);
        expect(() => JSON.parse(reply.body) as unknown).not.toThrow();
        expect(reply.body).toContain(JSON.stringify(refusal.message).slice(1, -1));
        expect(reply.body).toContain('0123456789abcdef');
      }
  });

  test('people are told how to publish, at this address', () => {
    const ways = protocol.howTo(settings);
    expect(ways.length).toBeGreaterThan(0);
    expect(ways.filter(({ code }) => !code.includes(settings.url.href))).toEqual([]);
    expect(protocol.snippet.clients.length).toBeGreaterThan(0);
  });
});

test('each protocol is in the list once', () => {
  expect(registries.map(({ id }) => id)).toEqual(Object.keys(fixtures));
});
