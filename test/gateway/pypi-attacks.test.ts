// Crafted uploads with a real upload token, through Countersign to a real devpi-server and a real pypiserver. The worst of
// them are sent straight to the servers first and succeed: what the proxy is measured against is real.
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crafted, craftedBeside, craftedTypes } from '../registries/pypi/crafted.ts';
import { BOUNDARY, content, fields, form, part, plain, plainWith, type Part } from '../registries/pypi/forms.ts';
import { startDevpi, type DevpiServer } from '../support/devpi.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { startPypiserver, type PypiServer } from '../support/pypiserver.ts';
import { describeWith } from '../support/requirement.ts';
import { serviceBasic } from '../support/service-user.ts';
import { yankers, yankTests } from './pypi-yank.ts';
import { fromUi, mintToken, registryOf, serviceEnv, tokenBasic } from '../support/ui-job.ts';

type Kind = 'devpi' | 'pypiserver';
const kinds: readonly Kind[] = ['devpi', 'pypiserver'];
const paths: Record<Kind, string> = { devpi: '/svc/dev/', pypiserver: '/files/' };
const multipart = `multipart/form-data; boundary=${BOUNDARY}`;

let issuer: CiIssuer;
let devpi: DevpiServer;
let pypiserver: PypiServer;
let proxy: Proxy;
let token: string;

/** All that the servers hold: `disk file` of pypiserver, `dev project/file` and `prod project/file` of devpi. */
async function stored(): Promise<string[]> {
  const indexes = (['dev', 'prod'] as const).map(async (index) => {
    const { result } = (await devpi.api('GET', `svc/${index}`)) as { result: { projects: string[] } };
    const files = result.projects.map(async (project) => {
      const listed = await devpi.files(index, project);
      return listed.length === 0 ? [`${index} ${project}`] : listed.map((file) => `${index} ${project}/${file}`);
    });
    return (await Promise.all(files)).flat();
  });
  return [...(await Promise.all(indexes)).flat(), ...pypiserver.stored().map((file) => `disk ${file}`)].toSorted();
}

/** What an act added (`+`) and removed (`-`). */
async function changes(act: () => Promise<unknown>): Promise<string[]> {
  const before = await stored();
  await act();
  const after = await stored();
  return [
    ...after.filter((file) => !before.includes(file)).map((file) => `+ ${file}`),
    ...before.filter((file) => !after.includes(file)).map((file) => `- ${file}`),
  ];
}

/** Grows with everything that devpi writes; pypiserver's files are looked at. */
async function state(): Promise<string> {
  const answer = await fetch(`${devpi.url}+api`);
  await answer.arrayBuffer();
  return `devpi at ${answer.headers.get('x-devpi-serial')}, pypiserver with ${pypiserver.stored().toSorted().join(', ')}`;
}

interface Attempt {
  readonly type?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
}

/** Sends a body through Countersign, with the upload token. */
async function through(kind: Kind, body: string | Uint8Array, attempt: Attempt = {}): Promise<RawAnswer> {
  const { type = multipart, method = 'POST', path = '' } = attempt;
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const usual = { host: proxy.host, authorization: tokenBasic(token), 'content-length': String(bytes.byteLength) };
  const headers = { ...usual, ...(type === '' ? {} : { 'content-type': type }), ...attempt.headers };
  return raw(proxy, method, paths[kind] + path, headers, bytes);
}

/** Sends the same straight to the server with the service credential, as a proxy would that passes on what it received. */
async function straight(
  kind: Kind,
  body: string | Uint8Array,
  { type = multipart, method = 'POST', path = '', headers }: Attempt = {},
): Promise<number> {
  const url = new URL(kind === 'devpi' ? devpi.dev : pypiserver.url);
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const usual = { host: url.host, authorization: serviceBasic(), 'content-type': type, 'content-length': String(bytes.byteLength) };
  return (await raw({ port: Number(url.port) }, method, url.pathname + path, { ...usual, ...headers }, bytes)).status;
}

/** Refused in the way Python's clients show (reason phrase; JSON with both keys that twine indexes), and nothing was written. */
async function expectRefused(attempt: () => Promise<RawAnswer>, status: readonly number[] = [400, 413, 415]): Promise<void> {
  const before = await state();
  const answer = await attempt();
  expect(status, `${answer.status} ${answer.reason}`).toContain(answer.status);
  expect(answer.reason).toMatch(/^[\x20-\x7e]{20,}$/);
  expect(JSON.parse(answer.body)).toMatchObject({ message: expect.any(String), errors: [{ code: expect.any(String) }] });
  expect(await state()).toBe(before);
}

/** The plain upload of a version, with these changes. */
const upload = (
  version: string,
  changed: Readonly<Record<string, string | undefined>> = {},
  filename = `allowed-${version}.tar.gz`,
): Part[] => plainWith({ version, ...changed }, filename);

/** Parts as Python's `cgi` reads them too: their lines end in LF only, and are text to strict parsers. */
const hidden = (boundary: string, parts: readonly Part[]): string =>
  parts.map((each) => `\n${part(each, boundary).toString('latin1').replaceAll('\r\n', '\n').slice(0, -1)}`).join('');

/** Places of an upload of `version` where a lie can be hidden. */
const places = {
  description: (version: string, lie: string): Buffer => {
    const file = upload(version).filter((each) => each.name === 'content');
    const others = upload(version).filter((each) => each.name !== 'content');
    return form([...others, ...fields(['description', `hello${lie}`]), ...file]);
  },
  file: (version: string, lie: string): Buffer =>
    form(upload(version).map((each) => (each.name === 'content' ? { ...each, value: `data${lie}` } : each))),
  behind: (version: string, lie: string): Buffer => form([...upload(version), ...fields(['summary', `hello${lie}`])]),
};
type Place = keyof typeof places;
/** devpi's API to copy a release to another index. */
const push = (targetindex: string, version = '1.0'): string => JSON.stringify({ name: 'allowed', version, targetindex });

const evil = (name: string, version: string): Part[] => [
  ...fields(['name', name]),
  { ...content, filename: `${name}-${version}.tar.gz`, value: 'EVIL' },
];
const removal = (name: string): Part[] => fields([':action', 'remove_pkg'], ['name', name], ['version', '1.0']);
const lf = (place: Place, version: string, lie: readonly Part[]): Buffer => places[place](version, hidden(BOUNDARY, lie));
const withoutEnd = (body: Buffer): Buffer => body.subarray(0, -`\r\n--${BOUNDARY}--\r\n`.length);
/** `upload` with this head in place of the one of its name. */
const nameHead = (version: string, head: string, value: string, filename: string): string =>
  `--${BOUNDARY}\r\n${head}\r\n\r\n${value}\r\n${form(upload(version, { name: undefined }, filename)).toString('latin1')}`;

/**
 * Requests that do harm when they are sent on as they are; `effect` is what they do then. `kept` and `old` are projects of
 * somebody else, which are there already. Both servers take the last of doubled fields, pypiserver goes by action and file alone.
 */
const harmful = (
  [
    [
      'MP-06 a name hidden in the description',
      'devpi',
      '+ dev allow/allowed-7.0.tar.gz',
      lf('description', '7.0', fields(['name', 'allow'])),
    ],
    ['MP-06 an action hidden in the description', 'pypiserver', '- disk kept-1.0.tar.gz', lf('description', '7.0', removal('kept'))],
    ['MP-05 a project hidden in the file', 'devpi', '+ dev evil-file/evil-file-7.1.tar.gz', lf('file', '7.1', evil('evil-file', '7.1'))],
    ['MP-05 a project hidden in the file', 'pypiserver', '+ disk evil-file-7.1.tar.gz', lf('file', '7.1', evil('evil-file', '7.1'))],
    ['MP-05 a project hidden behind the file', 'devpi', '+ dev evil-end/evil-end-7.2.tar.gz', lf('behind', '7.2', evil('evil-end', '7.2'))],
    ['MP-05 a project hidden behind the file', 'pypiserver', '+ disk evil-end-7.2.tar.gz', lf('behind', '7.2', evil('evil-end', '7.2'))],
    ['PY-05 another project in the file name', 'pypiserver', '+ disk victim-7.3.tar.gz', form(upload('7.3', {}, 'victim-7.3.tar.gz'))],
    [
      'PY-06 a file name that only begins with the name',
      'devpi',
      '+ dev allowed/allowed-evil-7.4.tar.gz',
      form(upload('7.4', {}, 'allowed-evil-7.4.tar.gz')),
    ],
    [
      'PY-07 a version that is in the file name',
      'devpi',
      '+ dev allowed/allowed-17.5.tar.gz',
      form(upload('7.5', {}, 'allowed-17.5.tar.gz')),
    ],
    ['PY-08 an empty version', 'pypiserver', '+ disk allowed-7.6.tar.gz', form(upload('', {}, 'allowed-7.6.tar.gz'))],
    ['no name', 'pypiserver', '+ disk nameless-7.7.tar.gz', form(upload('7.7', { name: undefined }, 'nameless-7.7.tar.gz'))],
    ['MP-02 two contents', 'pypiserver', '+ disk evil-second-7.8.tar.gz', form([...upload('7.8'), evil('evil-second', '7.8')[1]!])],
    [
      'MP-01 two names',
      'devpi',
      '+ dev allowed-long/allowed-long-7.9.tar.gz',
      form([...upload('7.9', {}, 'allowed-long-7.9.tar.gz'), ...fields(['name', 'allowed-long'])]),
    ],
    [
      'MP-46 a name in base64',
      'devpi',
      '+ dev evil-d/evil-d-8.0.tar.gz',
      nameHead('8.0', 'Content-Disposition: form-data; name="name"\r\nContent-Transfer-Encoding: base64', 'ZXZpbC1k', 'evil-d-8.0.tar.gz'),
    ],
    [
      'MP-48 a name in UTF-7',
      'devpi',
      '+ dev evil-7/evil-7-8.1.tar.gz',
      nameHead(
        '8.1',
        'Content-Disposition: form-data; name="name"\r\nContent-Type: text/plain; charset=utf-7',
        'evil+AC0-7',
        'evil-7-8.1.tar.gz',
      ),
    ],
    [
      'MP-19 name="x"; name="name"',
      'devpi',
      '+ dev evil-x/evil-x-8.2.tar.gz',
      nameHead('8.2', 'Content-Disposition: form-data; name="x"; name="name"', 'evil-x', 'evil-x-8.2.tar.gz'),
    ],
    [
      'MP-11 attachment; name="name"',
      'devpi',
      '+ dev evil-a/evil-a-8.3.tar.gz',
      nameHead('8.3', 'Content-Disposition: attachment; name="name"', 'evil-a', 'evil-a-8.3.tar.gz'),
    ],
    [
      'MP-14 two file names',
      'pypiserver',
      '+ disk evil-two-1.0.tar.gz',
      form(upload('8.4')).toString('latin1').replace('filename="', 'filename="x"; filename="').replace('allowed-8.4', 'evil-two-1.0'),
    ],
    ['MP-43 no end', 'pypiserver', '+ disk allowed-8.5.tar.gz', withoutEnd(form(upload('8.5')))],
    [
      'MP-27 multipart/mixed',
      'pypiserver',
      '+ disk allowed-8.6.tar.gz',
      form(upload('8.6')),
      { type: multipart.replace('form-data', 'mixed') },
    ],
    [
      'MP-25 two boundaries',
      'pypiserver',
      '+ disk evil-b-1.0.tar.gz',
      Buffer.concat([form(upload('8.7')), form([...upload('1.0', {}, 'evil-b-1.0.tar.gz')], 'C')]),
      { type: `${multipart}; boundary=C` },
    ],
    [':action remove_pkg', 'pypiserver', '- disk old-1.0.tar.gz', form(removal('old'))],
    [
      ':action remove_pkg behind another',
      'pypiserver',
      '- disk old-2.0.tar.gz',
      form([...upload('2.0', { name: 'old' }, 'old-2.0.tar.gz'), ...fields([':action', 'remove_pkg'])]),
    ],
    [
      'PTH-23 :action remove_pkg as plain text',
      'pypiserver',
      '- disk old-3.0.tar.gz',
      ':action=remove_pkg&name=old&version=3.0',
      { type: 'text/plain' },
    ],
    [
      ':action submit',
      'devpi',
      '+ dev submitted',
      form(fields([':action', 'submit'], ['name', 'submitted'], ['version', '1.0'], ['metadata_version', '1.0'])),
    ],
    [
      ':action submit as a plain form',
      'devpi',
      '+ dev submitted-too',
      ':action=submit&name=submitted-too&version=1.0&metadata_version=1.0',
      { type: 'application/x-www-form-urlencoded' },
    ],
    [
      'PTH-22 a JSON body, which pushes to another index',
      'devpi',
      '+ prod allowed/allowed-1.0.tar.gz',
      push('svc/prod'),
      { type: 'application/json' },
    ],
    [
      'MP-27 a JSON body with a form type in mixed case',
      'devpi',
      '+ prod allowed/allowed-1.1.tar.gz',
      push('svc/prod', '1.1'),
      { type: 'MultiPart/Form-Data; boundary=x' },
    ],
    [
      'HDR-07 X-Outside-Url, which moves the path to another index',
      'devpi',
      '+ prod allowed/allowed-8.8.tar.gz',
      form(upload('8.8')),
      { path: 'svc/prod/', headers: { 'x-outside-url': 'http://registry.example/svc/dev' } },
    ],
  ] as readonly (readonly [string, Kind, string, string | Uint8Array, Attempt?])[]
).map(([title, kind, effect, body, attempt]) => ({ title, kind, effect, body, attempt }));

type NameRow = readonly [title: string, changed: Readonly<Record<string, string | undefined>>, file?: string];

/** Names and versions that some reader takes for others. */
const names: readonly NameRow[] = [
  ...['allowed-', '-allowed', '_allowed', 'allowed.', '.', 'allowed x', 'allowed/x', 'allowed@x', 'allowed$x', 'allowed%x'].map(
    (name) => [`PY-03 the name ${name}`, { name }] as const,
  ),
  ...['\u212a', '\u017f', '\u0130', '\ufb00', '\uff41', '\u0430', 'e\u0301', '\u202e', '\u200d'].map(
    (letter) => [`PY-04 a name with U+${letter.codePointAt(0)?.toString(16)}`, { name: `allowed${letter}` }] as const,
  ),
  ...['allowed-evil-1.0', 'allowed.evil-1.0', 'allowedevil-1.0'].map((file) => [`PY-06 ${file}`, {}, `${file}.tar.gz`] as const),
  ...['11.0', '1.0.1', '2.0+1.0'].map((version) => [`PY-07 version ${version} in the file name`, {}, `allowed-${version}.tar.gz`] as const),
  ...['', undefined, 'UNKNOWN'].map((version) => [`PY-08 the version ${version}`, { version }] as const),
  ...['allowed-v1.0', 'allowed-1.0-victim-2.0', 'allowed', 'allowed--1.0'].map((file) => [`PY-11 ${file}`, {}, `${file}.tar.gz`] as const),
  ...[
    'allowed-1x-2.0-py3-none-any.whl',
    'allowed-1.0-1-2-py3-none-any.whl',
    'allowed-1.0-py3-none-any.WHL',
    'allowed-1.0-py3-none-any.whl.asc',
    'allowed-1.0-py3-none-any.whl.metadata',
  ].map((file) => [`PY-13 ${file}`, { filetype: 'bdist_wheel' }, file] as const),
  ...['exe', 'msi', 'rpm', 'deb', 'egg', 'dmg', 'tgz', 'bz2', 'tar.xz'].map((end) => [`PY-14 .${end}`, {}, `allowed-1.0.${end}`] as const),
  ['PY-15 a wheel as sdist', {}, 'allowed-1.0-py3-none-any.whl'],
  ['PY-15 another pyversion', { pyversion: 'cp39' }],
  ['an all-zero digest, which neither server looks at', { sha256_digest: '0'.repeat(64) }],
];

/** Requests that are no upload to the registry, or name it otherwise, with the status each gets. */
const elsewhere: readonly (readonly [string, string, number])[] = [
  ...[
    '/svc/dev/../prod/',
    '/svc/dev/%2e%2e/prod/',
    '/svc/dev/..%2fprod/',
    '/svc/./dev/',
    '//svc/dev/',
    '/svc//dev/',
    '/svc/%64ev/',
    '/svc/dev/;x',
    '/svc/dev\\',
    '/svc/dev/#x',
  ].map((target) => ['POST', target, 400] as const),
  ...['/root/pypi/', '/svc', '/svc/', '/svc/prod/', '/svc/devx/', '/+login', '/+api', '/', '/svc%2fdev/'].map(
    (target) => ['POST', target, 404] as const,
  ),
  ...[
    '+simple/',
    '+simple/allowed/refresh',
    '+login',
    'allowed/',
    'legacy/',
    'simple/',
    'pypi',
    '?:action=remove_pkg&name=old&version=1.0',
    '?x',
    '+f/abc',
  ].map((below) => ['POST', `/svc/dev/${below}`, 403] as const),
  ...['PUT', 'PATCH', 'DELETE'].map((method) => [method, '/svc/dev/', 403] as const),
  ['DELETE', '/svc/dev/allowed/0.1', 403],
  ['DELETE', '/svc/dev/allowed', 403],
  ['POST', '/files/legacy/', 403],
  ['POST', '/files/?:action=remove_pkg&name=old&version=1.0', 403],
];

/** Headers that devpi or a framework takes for authority, on an upload that is in order. */
const ignored: Record<string, string> = {
  'x-outside-url': 'http://registry.example/svc/dev',
  'x-devpi-auth': Buffer.from('nobody:nothing').toString('base64'),
  'x-http-method-override': 'DELETE',
  'x-method-override': 'PUSH',
  'x-http-method': 'DELETE',
  'x-original-url': '/svc/prod/',
  'x-rewrite-url': '/svc/prod/',
  'x-remote-user': 'root',
  'x-forwarded-prefix': '/svc/prod',
  'x-script-name': '/svc/dev',
  cookie: 'session=1',
  connection: 'close, Content-Type',
};

describeWith('devpi-server', 'pypi-server')('attacks on Python indexes', () => {
  beforeAll(async () => {
    [issuer, devpi, pypiserver] = await Promise.all([startIssuer({ style: 'github' }), startDevpi(), startPypiserver()]);
    const publish = ['allowed', 'a-1b'];
    const moving = { long_lived_tokens: 'allow', trusted_only: ['trusted', 'trusted-*'] };
    proxy = await startProxy({
      env: serviceEnv,
      policy: (port) => ({
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: {
          devpi: registryOf('pypi', `http://127.0.0.1:${port}/svc/dev/`, devpi.dev),
          open: registryOf('pypi', `http://127.0.0.1:${port}/open/`, pypiserver.url, { long_lived_tokens: 'warn' }),
          prod: registryOf('pypi', `http://127.0.0.1:${port}/locked/`, devpi.prod),
          pypiserver: registryOf('pypi', `http://127.0.0.1:${port}/files/`, pypiserver.url),
          moving: registryOf('pypi', `http://127.0.0.1:${port}/moving/`, devpi.dev, moving),
          leaving: registryOf('pypi', `http://127.0.0.1:${port}/leaving/`, pypiserver.url, moving),
        },
        publishers: [{ name: 'ui', from: fromUi, publish: { devpi: publish, pypiserver: publish } }, ...yankers],
      }),
    });
    await pastEpoch();
    token = await mintToken(proxy, issuer);
  }, 90_000);
  afterAll(async () => {
    await Promise.all([proxy?.close(), issuer?.close(), devpi?.close(), pypiserver?.close()]);
  });

  test.each(kinds)('the plain upload passes (%s): what is refused below is refused for its trick', async (kind) => {
    const at = kind === 'devpi' ? 'dev allowed/' : 'disk ';
    const effect = await changes(async () => expect(await through(kind, form(upload('0.1')))).toMatchObject({ status: 200 }));
    expect(effect).toEqual([`+ ${at}allowed-0.1.tar.gz`]);
  });

  test.each(kinds.flatMap((kind) => (Object.keys(places) as Place[]).map((place) => [kind, place] as const)))(
    'MP-66 P2 %s stores only the granted file when the %s holds parts of another boundary, however they end their lines',
    async (kind, place) => {
      const version = `0.${2 + Object.keys(places).indexOf(place)}`;
      const lie = ['C', BOUNDARY.slice(1), '']
        .map((boundary) => hidden(boundary, [...evil('sneaky', version), ...removal('kept')]))
        .join('');
      const effect = await changes(async () => expect(await through(kind, places[place](version, lie))).toMatchObject({ status: 200 }));
      expect(effect).toEqual([`+ ${kind === 'devpi' ? 'dev allowed/' : 'disk '}allowed-${version}.tar.gz`]);
    },
  );

  describe('bodies of the catalogue', () => {
    test.each(crafted)('%s: refused, and nothing is written', async (_, body) => {
      for (const kind of kinds) await expectRefused(() => through(kind, body));
    });

    test('beside MP-01 to MP-63: of their neighbours every fifth, which the reader alone refuses all, is refused, and nothing is written', async () => {
      const before = await state();
      for (const [i, [what, body]] of craftedBeside.filter((_, at) => at % 5 === 0).entries()) {
        const answer = await through(kinds[i % 2] ?? 'devpi', body);
        expect([400, 413], `${what}: ${answer.status} ${answer.reason}`).toContain(answer.status);
      }
      expect(await state()).toBe(before);
    });

    test.each(craftedTypes)('%s as the content type: refused, and nothing is written', async (_, type) => {
      for (const kind of kinds) await expectRefused(() => through(kind, form(plain), { type }), type.includes('\t') ? [400] : [415]);
    });

    test.each(names.map(([title, changed, file]) => ({ title, changed, file })))(
      '$title: refused, and nothing is written',
      async ({ changed, file }) => {
        for (const kind of kinds) await expectRefused(() => through(kind, form(plainWith(changed, file))), [400]);
      },
    );
  });

  describe('what does harm when it is sent on as it is', () => {
    beforeAll(async () => {
      const old = ['1.0', '2.0', '3.0'].map((version) => form(upload(version, { name: 'old' }, `old-${version}.tar.gz`)));
      for (const body of [form(upload('1.0', { name: 'kept' }, 'kept-1.0.tar.gz')), ...old]) await straight('pypiserver', body);
      for (const version of ['1.0', '1.1']) await straight('devpi', form(upload(version)));
    });

    test.each(harmful)('P2 $title ($kind): refused; straight: $effect', async ({ kind, effect, body, attempt }) => {
      await expectRefused(() => through(kind, body, attempt), [400, 403, 415]);
      expect(await changes(async () => straight(kind, body, attempt))).toEqual([effect]);
    });
  });

  describe('other ways to the upstream', () => {
    test.each(elsewhere)('%s %s is refused', async (method, target, status) => {
      const headers = { authorization: tokenBasic(token), host: proxy.host, 'content-type': multipart };
      const body = ['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : form(upload('9.0'));
      const before = await state();
      const answer = await raw(proxy, method, target, headers, body);
      expect(answer.status, answer.body).toBe(status);
      expect(await state()).toBe(before);
    });

    test.each(Object.entries(ignored))(
      '%s changes nothing: the upload goes where it was authorised, as what it is',
      async (name, value) => {
        const version = `9.${1 + Object.keys(ignored).indexOf(name)}`;
        const send = async (): Promise<unknown> =>
          expect(await through('devpi', form(upload(version)), { headers: { [name]: value } })).toMatchObject({ status: 200 });
        expect(await changes(send)).toEqual([`+ dev allowed/allowed-${version}.tar.gz`]);
      },
    );

    test('TOK-08 two Authorization headers are refused, whatever they hold', async () => {
      const before = await state();
      for (const authorization of [
        [tokenBasic(token), serviceBasic()],
        [serviceBasic(), tokenBasic(token)],
      ]) {
        const answer = await through('devpi', form(upload('9.0')), { headers: { authorization } });
        expect(answer).toMatchObject({ status: 400, reason: expect.stringContaining('more than one authorization header') });
      }
      expect(await state()).toBe(before);
    });
  });

  describe('a long-lived token and projects that refuse it (trusted_only)', () => {
    const own = (name: string, version = '1.0'): Buffer => form(upload(version, { name }, `${name}-${version}.tar.gz`));
    const byHand = async (path: string, body?: Uint8Array, method = 'POST', type = multipart): Promise<RawAnswer> =>
      raw(
        proxy,
        method,
        path,
        { host: proxy.host, authorization: serviceBasic(), ...(body === undefined ? {} : { 'content-type': type }) },
        body,
      );

    test.each([
      ...['', '?x', '?:action=file_upload', '?name=other', 'legacy/', 'simple/', 'other/', 'pypi/'].map(
        (below) => ['POST', below, own('trusted')] as const,
      ),
      ['POST', '', own('Trusted_One')] as const,
      ['POST', '', Buffer.from(':action=remove_pkg&name=trusted&version=1.0'), 'application/x-www-form-urlencoded'] as const,
      ['POST', '', Buffer.from(push('svc/prod')), 'application/json'] as const,
      ['POST', '?x', Buffer.from(push('svc/prod')), 'application/json'] as const,
      ['POST', '+simple/trusted/refresh', Buffer.from('{}'), 'application/json'] as const,
      ...['trusted/1.0', 'trusted', 'Trusted', 'trusted%2f1.0', '+f/abc/def/trusted-1.0.tar.gz', '+e/x', ''].map(
        (below) => ['DELETE', below] as const,
      ),
      ...['', '+f/x', 'trusted'].map((below) => ['PUT', below, Buffer.from('{}'), 'application/json'] as const),
      ['PATCH', '', Buffer.from('["acl_upload+=mallory"]'), 'application/json'] as const,
    ])('beside TOK-26: %s /%s does not change them, at devpi or pypiserver', async (method, below, body?: Uint8Array, type?: string) => {
      for (const registry of ['moving', 'leaving']) {
        const before = await state();
        const answer = await byHand(`/${registry}/${below}`, body, method, type);
        expect([400, 403, 415], answer.body).toContain(answer.status);
        expect(await state()).toBe(before);
      }
    });

    test('beside TOK-26: other projects are uploaded and removed as before', async () => {
      expect(await changes(async () => byHand('/moving/', own('free')))).toEqual(['+ dev free/free-1.0.tar.gz']);
      expect(await changes(async () => byHand('/leaving/', own('free')))).toEqual(['+ disk free-1.0.tar.gz']);
      expect(await changes(async () => byHand('/moving/free/1.0', undefined, 'DELETE'))).toContain('- dev free/free-1.0.tar.gz');
    });
  });

  test('PY-10 a file name that pypiserver takes for another project is refused: straight, it is served as `a`', async () => {
    const body = form(upload('1.0', { name: 'a-1b' }, 'a-1b-1.0.tar.gz'));
    await expectRefused(() => through('pypiserver', body));
    expect(await straight('pypiserver', body)).toBe(200);
    expect(await pypiserver.files('a')).toEqual(['a-1b-1.0.tar.gz']);
  });

  test('P7 a long-lived upload goes through byte for byte, in pieces too, and the record guesses its project', async () => {
    const file = Buffer.alloc(300_000, 'countersign');
    const parts = plainWith({ name: 'By.Hand', version: '1.0' }, 'by_hand-1.0.tar.gz').map((each) =>
      each.name === 'content' ? { ...each, value: file } : each,
    );
    const body = form(parts);
    const slow = net.connect(proxy.port, '127.0.0.1');
    let text = '';
    slow.on('data', (chunk) => (text += chunk.toString()));
    const head = ['POST /open/ HTTP/1.1', `Host: ${proxy.host}`, `Authorization: ${serviceBasic()}`, `Content-Type: ${multipart}`];
    slow.write(`${[...head, `Content-Length: ${body.length}`, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    for (const [from, to] of [
      [0, 10],
      [10, 300],
      [300, 100_000],
      [100_000, body.length],
    ] as const) {
      slow.write(body.subarray(from, to));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await expect.poll(() => text, { timeout: 5000 }).toMatch(/^HTTP\/1\.1 200 /);
    expect(pypiserver.read('by_hand-1.0.tar.gz').equals(file)).toBe(true);
    expect(await proxy.event((each) => each.outcome === 'long-lived')).toMatchObject({ registry: 'open', package: 'by-hand' });
    const whole = form(plainWith({ name: 'by-hand', version: '1.1' }, 'by_hand-1.1.tar.gz'));
    const usual = { host: proxy.host, authorization: serviceBasic(), 'content-type': multipart };
    expect((await raw(proxy, 'POST', '/open/', usual, whole)).status).toBe(200);
    expect(pypiserver.stored()).toContain('by_hand-1.1.tar.gz');
  });

  test('beside TOK-24: an upload with a made-up credential is recorded as what the index said of it, and as no publish', async () => {
    const body = form(plainWith({ name: 'made-up', version: '1.0' }, 'made_up-1.0.tar.gz'));
    const headers = { host: proxy.host, authorization: `Basic ${btoa('dev:made-up')}`, 'content-type': multipart };
    const { status } = await raw(proxy, 'POST', '/open/', headers, body);
    expect([401, 403]).toContain(status);
    const event = await proxy.event((each) => each.package === 'made-up' && each.outcome !== 'forwarding');
    expect(event).toMatchObject({ event: 'pass-through', outcome: 'upstream-refused', upstreamStatus: status });
    expect(pypiserver.stored()).not.toContain('made_up-1.0.tar.gz');
  });

  describe('the right to remove releases', () => {
    yankTests(() => ({ issuer, devpi, pypiserver, proxy }));
  });

  test('P9 nothing of all that was refused comes to light later', async () => {
    const before = await stored();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await stored()).toEqual(before);
    expect(before.filter((file) => /sneaky|-9\.0\./.test(file))).toEqual([]);
  });
});
