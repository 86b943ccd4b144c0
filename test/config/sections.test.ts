// server, store and registries: what cannot work does not load, and what is left out is closed, not open.
import { auditOutcomes } from '../../src/audit/fields.ts';
import { describe, expect, test } from 'vitest';
import { base, basePolicy, load, loaded, said } from './policy-file.ts';

const withSection = (...lines: readonly string[]): string => `${lines.join('\n')}\n${base}`;

describe('server', () => {
  const rows: [string, string, string][] = [
    ['a port without host', 'listen: "8080"', '2:11 error write host:port, for example 0.0.0.0:8080'],
    ['a port that is none', 'listen: 0.0.0.0:80800', '2:11 error write host:port, for example 0.0.0.0:8080'],
    ['everybody as proxy', 'trusted_proxies: [0.0.0.0/0]', '2:21 error a range of all addresses would believe headers from anyone'],
    ['every IPv6 address as proxy', 'trusted_proxies: ["::/0"]', '2:21 error a range of all addresses would believe headers from anyone'],
    ['an address as range', 'trusted_proxies: [10.0.0.1]', '2:21 error write a range, for example 10.0.0.1/32'],
    ['a range that is none', 'trusted_proxies: [10.0.0.0/33]', '2:21 error write a CIDR range, for example 10.0.0.0/8'],
    ['workers that share no memory', 'workers: 2', '2:12 error more than one worker needs Redis: each would have a memory of its own'],
    ['no workers', 'workers: 0', '2:12 error expected at least 1, got 0'],
    [
      'a grace without unit',
      'shutdown_grace: 30',
      '2:19 error 30 has no unit (s, m, h or d); write a duration with its unit, for example 15m',
    ],
    ['admin on the public listener', 'admin: 127.0.0.1:8080', '2:10 error admin and listen are the same address'],
    [
      'admin for all machines',
      'admin: 0.0.0.0:9090',
      '2:10 warning other machines reach the admin listener, and it has no token: nothing but health answers there',
    ],
    [
      'a certificate that is not there',
      'tls: { cert_file: nowhere.crt, key_file: policy.yaml }',
      '2:21 error "nowhere.crt" does not exist',
    ],
  ];
  test.each(rows)('%s', async (_, line, message) => {
    expect(said(await load(withSection('server:', `  ${line}`)))).toContain(message);
  });

  test('has defaults', async () => {
    expect((await loaded(base)).server).toEqual({
      listen: { host: '0.0.0.0', port: 8080 },
      admin: { host: '127.0.0.1', port: 9090, loopback: true, session: 43_200 },
      trustedProxies: [],
      workers: 1,
      shutdownGrace: 30,
      limits: { refusedExchanges: 30, packagesPerMinute: 10, exchangesPerPackage: 60, connections: 4096, requests: 1024 },
    });
  });

  test('reads addresses and ranges of both families', async () => {
    const policy = withSection('server:', '  listen: "[::]:8443"', '  trusted_proxies: [10.0.0.0/8, "fd00::/8"]', '  shutdown_grace: 2m');
    expect((await loaded(policy)).server).toMatchObject({
      listen: { host: '::', port: 8443 },
      trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
      shutdownGrace: 120,
    });
  });
});

describe('tracing', () => {
  test('is off unless stated, and begins with every request unless said', async () => {
    expect((await loaded(base)).tracing).toBeUndefined();
    const stated = await loaded(withSection('tracing:', '  endpoint: http://otel-collector:4318'));
    expect(stated.tracing).toEqual({ endpoint: 'http://otel-collector:4318/', oneIn: 1 });
    const variable = withSection('tracing: { endpoint: "${COLLECTOR}", one_in: "${ONE_IN}" }');
    const from = { COLLECTOR: 'https://traces.acme.example/otlp', ONE_IN: '20' };
    expect((await loaded(variable, from)).tracing).toEqual({ endpoint: 'https://traces.acme.example/otlp/', oneIn: 20 });
  });

  test.each([
    ['no endpoint', '{ one_in: 5 }', 'error missing key "endpoint"'],
    ['an address without scheme', '{ endpoint: "otel-collector:4318" }', '1:22 error write a URL that starts with https:// or http://'],
    ['a password in it', '{ endpoint: "http://u:p@otel:4318" }', '1:22 error a URL here has no user or password in it'],
    ['one of none', '{ endpoint: "http://otel:4318", one_in: 0 }', 'error expected at least 1, got 0'],
  ])('with %s does not load', async (_, value, message) => {
    expect(said(await load(withSection(`tracing: ${value}`))).join('\n')).toContain(message);
  });
});

describe('store', () => {
  test('is memory unless stated', async () => {
    expect((await loaded(base)).store).toEqual({ kind: 'memory' });
  });

  test('reads a URL with TLS, account and database', async () => {
    const { store } = await loaded(withSection('store: "rediss://me:${PASSWORD}@redis:6380/3"'), { PASSWORD: 'p@ss/word:?#' });
    expect(store).toMatchObject({
      mode: 'single',
      nodes: [{ host: 'redis', port: 6380 }],
      tls: true,
      username: 'me',
      database: 3,
      keyPrefix: '{countersign}:',
      allowEviction: false,
    });
    expect(store.kind === 'redis' && store.password?.kind === 'value' ? store.password.value.reveal() : '').toBe('p@ss/word:?#');
  });

  test('reads Sentinel and Cluster', async () => {
    const sentinel = withSection('store: { sentinels: ["a:26379", "b:26379"], master: main, database: 2, tls: true }');
    expect((await loaded(sentinel)).store).toMatchObject({
      mode: 'sentinel',
      nodes: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_379 },
      ],
      master: 'main',
      database: 2,
      tls: true,
    });
    const cluster = withSection('store: { cluster: ["a:6379"], key_prefix: "x:{cs}:", allow_eviction: true }');
    expect((await loaded(cluster)).store).toMatchObject({ mode: 'cluster', keyPrefix: 'x:{cs}:', allowEviction: true, database: 0 });
  });

  const rows: [string, string, string][] = [
    ['another scheme', 'store: http://redis:6379', '1:8 error write memory, or redis://host:6379/0 (rediss:// for TLS)'],
    ['a word', 'store: redis', '1:8 error write memory, or redis://host:6379/0 (rediss:// for TLS)'],
    ['options in the URL', 'store: redis://redis/0?family=6', '1:8 error after host and port only the number of the database may follow'],
    ['no form', 'store: { tls: true }', '1:8 error write exactly one of url, sentinels and cluster'],
    ['two forms', 'store: { url: redis://a, cluster: ["b:6379"] }', '1:8 error write exactly one of url, sentinels and cluster'],
    ['Sentinel without master', 'store: { sentinels: ["a:26379"] }', '1:8 error missing key "master"'],
    ['a database in a cluster', 'store: { cluster: ["a:6379"], database: 1 }', '1:41 error a cluster has database 0 only'],
    [
      'a prefix without hash tag',
      'store: { url: redis://a, key_prefix: "cs:" }',
      '1:38 error a key prefix holds one {hash tag}, for example {countersign}:',
    ],
    ['a short key', 'store: { url: redis://a, record_mac: hunter2 }', '1:38 error a key has at least 32 bytes'],
    [
      'a second key alone',
      `store: { url: redis://a, record_mac_also: "\${KEY}" }`,
      '1:8 error record_mac_also needs record_mac: nothing is sealed without it',
    ],
    ['a password written down', 'store: redis://:hunter2@redis:6379', '1:8 warning a secret is written in the file'],
  ];
  test.each(rows)('%s', async (_, line, message) => {
    const result = await load(withSection(line), { KEY: 'k'.repeat(32) });
    expect(said(result)).toContain(message);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });
});

describe('registries', () => {
  const url = 'url: https://npm.acme.example/';
  const rows: [string, string, string[]][] = [
    [
      'a protocol nobody speaks',
      basePolicy('protocol: npm', 'protocol: npn'),
      ['5:15 error expected one of npm, pypi; got "npn", did you mean "npm"?'],
    ],
    ['no credential', basePolicy('credential: none'), ['4:3 error missing key "credential"']],
    [
      'an empty credential',
      basePolicy('credential: none', 'credential: {}'),
      ['8:5 error write exactly one of basic, bearer, bearer_file, verdaccio_login'],
    ],
    ['a credential that is text', basePolicy('credential: none', 'credential: hunter2'), ['8:17 error expected a map, got text']],
    [
      'two credentials',
      basePolicy('credential: none', 'credential: { bearer: "${T}", bearer_file: policy.yaml }'),
      ['8:5 error write exactly one of basic, bearer, bearer_file, verdaccio_login'],
    ],
    [
      'an account without password',
      basePolicy('credential: none', 'credential: { basic: { username: a } }'),
      ['8:19 error missing key "password" or "password_file"'],
    ],
    [
      'npm.md E36 a public host with an underscore',
      basePolicy(url, 'url: https://npm_1.acme.example/'),
      ['6:10 error a host name has letters, digits, dots and hyphens only: registries end on others'],
    ],
    [
      'a Verdaccio login at a PyPI index',
      base.replace('/prod/\n    credential: none', '/prod/\n    credential: { verdaccio_login: { username: a, password: "${T}" } }'),
      ['13:5 error verdaccio_login belongs to the npm protocol'],
    ],
    [
      'a user in the upstream',
      basePolicy('upstream: http://verdaccio:4873/', 'upstream: http://a:b@verdaccio:4873/'),
      ['7:15 error a URL here has no user or password in it'],
    ],
    [
      'an upstream that is the URL',
      basePolicy('upstream: http://verdaccio:4873/', 'upstream: https://npm.acme.example'),
      ['7:15 error upstream and url are the same: requests would go round in circles'],
    ],
    [
      'two registries at one URL',
      basePolicy('url: https://pypi.acme.example/acme/prod/', url),
      ['11:10 error registries "npm" and "pypi" have the same URL'],
    ],
    [
      'a size without unit',
      basePolicy(url, url, 'max_upload: 64'),
      ['7:17 error 64 has no unit (KiB, MiB or GiB); write a size with its unit, for example 64MiB'],
    ],
    ['metadata of npm', basePolicy(url, url, 'check_metadata: true'), ['7:5 error check_metadata belongs to the pypi protocol']],
    ['a simple index of npm', basePolicy(url, url, 'simple: simple/'), ['7:5 error simple belongs to the pypi protocol']],
    [
      'trusted_only without a name',
      basePolicy(url, url, 'trusted_only: ["*"]'),
      ['7:20 error "*" covers every package; write a part of the name, for example @acme/* or acme-*'],
    ],
  ];
  test.each(rows)('%s', async (_, policy, messages) => {
    expect(said(await load(policy, { T: 't' }))).toEqual(messages);
  });

  test('have defaults that close, not open', async () => {
    const { registries } = await loaded(base);
    expect(registries.get('npm')).toMatchObject({
      longLivedTokens: 'refuse',
      trustedOnly: [],
      reads: 'anonymous',
      immutable: true,
      refusals: 'full',
      maxUpload: 64 * 2 ** 20,
      maxConcurrentUploads: 16,
    });
    expect(registries.get('pypi')).toMatchObject({ maxUpload: 2 * 2 ** 30, checkMetadata: true });
  });

  test('end their URLs with a slash', async () => {
    const { registries } = await loaded(
      basePolicy('upstream: http://devpi:3141/acme/prod/', 'upstream: http://devpi:3141/acme/prod', 'simple: /+simple'),
    );
    expect(registries.get('pypi')?.upstream.href).toBe('http://devpi:3141/acme/prod/');
    expect(registries.get('pypi')?.simple).toBe('+simple/');
  });

  test('that share a host and a package are warned of (npm)', async () => {
    const second = [
      'npm:',
      '  protocol: npm',
      '  url: https://npm.acme.example/',
      '  upstream: http://verdaccio:4873/',
      '  credential: none',
    ];
    const policy = basePolicy(
      'registries:',
      'registries:',
      ...second.map((line) => `  ${line.replace('npm:', 'other:').replace('example/', 'example/other/')}`),
    ).replace('npm: ["@acme/ui", "@acme/ui-*"]', 'npm: ["@acme/ui"]\n      other: ["@acme/u*"]');
    expect(said(await load(policy)).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'warning registries "other" and "npm" share the host npm.acme.example and packages ("@acme/u*")',
    ]);
  });
});

describe('the audit record and the admin listener', () => {
  const secret = 'a-token-of-some-length';
  const rows: [string, string[], string[]][] = [
    [
      'more records than memory has room for',
      ['audit: { max_events: 100001 }'],
      ['1:22 error without Redis at most 100000: they are in the memory of the process'],
    ],
    [
      'an age without unit',
      ['audit: { max_age: 90 }'],
      ['1:19 error 90 has no unit (s, m, h or d); write a duration with its unit, for example 15m'],
    ],
    ['an age for ever', ['audit: { max_age: 9999d }'], ['1:19 error expected 1h to 3650d']],
    ['a key that is none', ['audit: { max_event: 1000 }'], ['1:10 error unknown key "max_event", did you mean "max_events"?']],
    ['a token that can be guessed', ['server:', '  admin: { token: "${T}" }'], ['2:19 error the token is shorter than 16 characters']],
    ['a token written down', ['server:', `  admin: { token: ${secret} }`], ['2:19 warning a secret is written in the file']],
    [
      'a map without an address that is one',
      ['server:', '  admin: { listen: nowhere }'],
      ['2:20 error write host:port, for example 127.0.0.1:9090'],
    ],
    [
      'a key of admin that is none',
      ['server:', '  admin: { tokenfile: x }'],
      ['2:12 error unknown key "tokenfile", did you mean "token_file"?'],
    ],
    ['a list', ['server:', '  admin: [1]'], ['2:10 error expected a map, got a list']],
  ];
  test.each(rows)('%s', async (_, lines, messages) => {
    const result = await load(withSection(...lines), { T: 'short' });
    expect(said(result)).toEqual(messages);
    expect(JSON.stringify(result)).not.toContain(secret);
  });

  test('have defaults, and more room in Redis', async () => {
    expect((await loaded(base)).audit).toEqual({
      required: false,
      webhooks: [],
      maxEvents: 10_000,
      maxAge: 90 * 86_400,
      maxVersions: 5_000,
    });
    expect((await loaded(withSection('store: redis://a'))).audit).toEqual({
      required: false,
      webhooks: [],
      maxEvents: 100_000,
      maxAge: 90 * 86_400,
      maxVersions: 50_000,
    });
    const all = 'audit: { max_events: 500000, max_age: 30d, max_versions: 9000, max_version_age: 730d }';
    expect((await loaded(withSection('store: redis://a', all))).audit).toEqual({
      required: false,
      webhooks: [],
      maxEvents: 500_000,
      maxAge: 30 * 86_400,
      maxVersions: 9_000,
      maxVersionAge: 730 * 86_400,
    });
  });

  test('are open to other machines with a token, without a warning', async () => {
    const policy = withSection('server:', '  admin: { listen: "0.0.0.0:9090", token_file: token }');
    const configuration = await loaded({ 'policy.yaml': policy, token: `${secret}\n` });
    expect(configuration.server.admin).toMatchObject({ host: '0.0.0.0', port: 9090, loopback: false, token: { kind: 'file' } });
    expect(configuration.warnings).toEqual([]);
  });
});

describe('webhooks', () => {
  const hook = (line: string): string => `audit: { webhooks: [ ${line} ] }`;
  const rows: [string, string, string[]][] = [
    ['no secret', hook('{ url: "https://a.example/" }'), ['1:22 error missing key "secret" or "secret_file"']],
    ['no URL', hook('{ secret: "${T}" }'), ['1:22 error missing key "url"']],
    ['a URL that is none', hook('{ url: hooks, secret: "${T}" }'), ['1:29 error write an https URL']],
    [
      'a password in the URL',
      hook('{ url: "https://a:b@c.example/", secret: "${T}" }'),
      ['1:29 error a URL here has no user, password or fragment in it'],
    ],
    [
      'http to another machine',
      hook('{ url: "http://a.example/", secret: "${T}" }'),
      ['1:29 warning records go over the network unencrypted'],
    ],
    [
      'an outcome that is none',
      hook('{ url: "https://a.example/", secret: "${T}", outcomes: [uploadd] }'),
      ['1:78 error "uploadd" is no outcome, did you mean "uploaded"?'],
    ],
    [
      'a secret written down',
      hook('{ url: "https://a.example/", secret: hunter2hunter2 }'),
      ['1:59 warning a secret is written in the file'],
    ],
    ['none', 'audit: { webhooks: [] }', ['1:20 error the list is empty']],
  ];
  test.each(rows)('%s', async (_, line, messages) => {
    expect(said(await load(withSection(line), { T: 'a-secret-of-the-hook' }))).toEqual(messages);
  });

  test('are told of everything but intents unless they say otherwise', async () => {
    const { audit } = await loaded(withSection(hook('{ url: "https://a.example/x?y=1", secret: "${T}" }')), { T: 'a-secret-of-the-hook' });
    const [webhook] = audit.webhooks;
    expect(webhook?.outcomes).toEqual(Object.keys(auditOutcomes).filter((outcome) => outcome !== 'forwarding'));
    expect(webhook?.url).toBe('https://a.example/x?y=1');
  });

  test('audit.required with workers needs a file', async () => {
    const lines = ['store: redis://a', 'server: { workers: 2 }', 'audit: { required: true }'];
    expect(said(await load(withSection(...lines)))).toEqual([
      '3:20 error with several workers the record goes through a pipe, and nobody knows whether it was written',
    ]);
    const { audit } = await loaded(
      withSection('store: redis://a', 'server: { workers: 2 }', 'audit: { required: true, file: audit.jsonl }'),
    );
    expect(audit).toMatchObject({ required: true, file: expect.stringMatching(/^\/.*\/audit\.jsonl$/) as string });
  });
});
