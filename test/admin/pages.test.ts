// The pages: whole, for every record and none, and made of nothing but what they are made of, whatever a claim says.
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { admin, type AdminRoom } from '../../src/admin/admin.ts';
import { pages } from '../../src/admin/pages.ts';
import { paths } from '../../src/admin/href.ts';
import type { AdminReply } from '../../src/admin/reply.ts';
import { createRing } from '../../src/audit/ring.ts';
import { AuditUnavailable } from '../../src/audit/store.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { sampleMonth } from '../../scripts/demo/history/month.ts';
import { keeping } from '../audit/contract.ts';
import { entryOf } from '../audit/entries.ts';
import { asked, posted } from './ask.ts';
import { readMarkup, skeleton, wordsOf } from './markup.ts';
import { historyConfiguration } from './month.ts';
import { day, noon, policyOf, roomOf } from './room.ts';

const html = { accept: 'text/html' };
const get = (room: AdminRoom, target: string): Promise<AdminReply> => admin(room, asked(target, html));
const pageOf = async (room: AdminRoom, target: string): Promise<string> => (await get(room, target)).body;

const sha = '3f1c9d7e5b2a4f60817263544536271809abcdef';
const upload = {
  event: 'upload',
  outcome: 'uploaded',
  request: '00000000000000aa',
  registry: 'npm',
  package: '@acme/ui',
  version: '1.2.3',
  publishers: ['ui-release'],
  issuer: 'github',
  provider: 'github',
  anchor: 'acme/ui',
  actor: 'octocat',
  commit: sha,
  ref: 'refs/tags/v1.2.3',
  run: '4711',
  runUrl: 'https://github.com/acme/ui/actions/runs/4711',
  token: '0123456789ab',
  client: 'npm/12.2.0 node/v24',
  milliseconds: 412,
} as const satisfies AuditEvent;
const refused = {
  event: 'exchange',
  outcome: 'refused',
  request: '00000000000000bb',
  registry: 'npm',
  package: '@acme/ui',
  issuer: 'github',
  provider: 'github',
  anchor: 'acme/ui',
  code: 'publisher-workflow',
  message: 'Publisher ui-release expects workflow release.yml; this job runs build.yml.',
  considered: ['ui-release: workflow expected release.yml got build.yml'],
  workflow: 'build.yml',
  ref: 'refs/tags/v1.2.3',
} as const satisfies AuditEvent;

async function roomWith(...events: readonly AuditEvent[]): Promise<Awaited<ReturnType<typeof roomOf>>> {
  const room = await roomOf();
  for (const [i, event] of events.entries()) room.audit.add(entryOf(event, noon - (events.length - i) * 1000));
  return room;
}

/** Every page, with what a link to it would have. */
const targets = [
  ...Object.keys(pages).map(
    (path) =>
      ({
        '/package': '/package?registry=npm&package=@acme/ui',
        '/request': '/request?id=00000000000000aa',
        '/publisher': '/publisher?name=ui-release',
      })[path] ?? path,
  ),
  '/publishes?package=@acme/ui&kind=trusted&from=2026-11-01&to=2026-11-29',
  '/refusals?anchor=acme/ui',
  '/nowhere',
];

describe('every page', () => {
  let month: AdminRoom;
  beforeAll(async () => {
    const configuration = await historyConfiguration();
    const audit = createRing({ ...keeping, maxEvents: 10_000 }, () => noon);
    for (const entry of sampleMonth(configuration, noon)) audit.add(entry);
    month = await roomOf({ audit, configuration: () => configuration });
  });

  test.each(targets)('%s is well-formed, with a month and with nothing', async (target) => {
    for (const room of [month, await roomOf()]) {
      const reply = await get(room, target);
      const elements = readMarkup(reply.body);
      const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { attributes } of elements) {
        const named = attributes['aria-labelledby'];
        if (named !== undefined) expect(ids).toContain(named);
        const href = attributes['href'] ?? attributes['action'];
        if (href?.startsWith('/') === true && !href.startsWith('/assets/')) expect(paths).toContain(href.split('?')[0]);
        expect(Object.keys(attributes).filter((name) => name === 'style' || name.startsWith('on'))).toEqual([]);
      }
      expect(elements.filter(({ name }) => name === 'h1').length).toBe(1);
      expect(elements.filter(({ name, attributes }) => name === 'script' && attributes['src'] === undefined)).toEqual([]);
    }
  });

  test.each(targets)('%s leads only to what answers', async (target) => {
    const links = readMarkup(await pageOf(month, target)).flatMap(({ attributes }) => attributes['href'] ?? []);
    for (const link of new Set(links.filter((href) => href.startsWith('/')))) {
      const { status } = await get(month, link);
      expect([200, 303], link).toContain(status);
    }
  });

  test.each(targets)('%s says that there is sample data, and does not where there is none', async (target) => {
    expect(await pageOf(month, target)).toContain('<b>Sample data.</b>');
    expect(await pageOf(await roomOf(), target)).not.toContain('Sample data');
  });

  test.each(targets)('%s forbids what it does not need, and is kept by nobody', async (target) => {
    const { headers } = await get(month, target);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBeUndefined();
    expect(headers['referrer-policy']).toBe('same-origin');
  });

  test.each(targets)('%s says so when the record cannot be asked, and nothing that could be taken for an empty one', async (target) => {
    const away = (): Promise<never> => Promise.reject(new AuditUnavailable('Redis cannot be reached.'));
    const audit = { ...createRing(keeping, () => noon), read: away, find: away };
    const reply = await get(await roomOf({ audit }), target);
    expect(reply.status).toBe(503);
    expect(wordsOf(reply.body)).toContain('Redis cannot be reached.');
  });
});

describe('whatever a claim says', () => {
  const hostile = [
    '"><img src=x onerror=alert(1)>',
    "'><script>alert(1)</script>",
    '</title></textarea></script><script>',
    '&lt;script&gt;',
    'javascript:alert(1)',
    '${7*7}{{7*7}}',
    '--><!--',
    '\u202etxt.exe\u0000',
  ];
  const everywhere = (event: AuditEvent, text: string): AuditEvent =>
    Object.fromEntries(
      Object.entries(event).map(([key, value]) => [
        key,
        typeof value === 'string' && !['event', 'outcome', 'code', 'registry', 'issuer', 'provider', 'request'].includes(key)
          ? text
          : Array.isArray(value)
            ? [text]
            : value,
      ]),
    ) as unknown as AuditEvent;
  const considered = (text: string): readonly string[] => [`ui-release: workflow expected release.yml got ${JSON.stringify(text)}`];

  async function rendered(text: string): Promise<string[]> {
    const room = await roomWith(
      everywhere(upload, text),
      { ...everywhere(refused, text), considered: considered(text) },
      everywhere({ ...upload, event: 'pass-through', outcome: 'long-lived' }, text),
      { ...everywhere(refused, text), code: 'publisher-none', considered: considered(text) },
      { event: 'policy', outcome: 'reload-failed', detail: text },
    );
    const q = encodeURIComponent(text);
    const asking = [
      '/',
      '/publishes',
      '/refusals',
      '/migration',
      '/health',
      '/request?id=00000000000000aa',
      '/request?id=00000000000000bb',
    ];
    const echoing = [
      `/publishes?package=${q}`,
      `/publishes?cursor=${q}`,
      `/refusals?anchor=${q}`,
      `/package?package=${q}`,
      `/request?id=${q}`,
      `/publisher?name=${q}`,
      `/login?next=${q}`,
    ];
    const gets = await Promise.all([...asking, ...echoing].map((target) => pageOf(room, target)));
    const claims = JSON.stringify({
      iss: 'https://token.actions.githubusercontent.com',
      repository: 'acme/ui',
      workflow_ref: text,
      ref: text,
      environment: text,
    });
    const tries = await Promise.all(
      [posted('/try', { package: 'npm:@acme/ui', token: claims }), posted('/try', { package: text, token: text })].map((request) =>
        admin(room, request),
      ),
    );
    return [...gets, ...tries.map(({ body }) => body)];
  }

  test.each(hostile)('%s changes no page into another', async (text) => {
    const harmless = (await rendered('harmless')).map(skeleton);
    expect((await rendered(text)).map(skeleton)).toEqual(harmless);
  });

  test('no text does', { timeout: 20_000 }, async () => {
    const harmless = (await rendered('harmless')).map(skeleton);
    // A backtick is markup of the house: what stands between two is shown as code.
    const text = fc
      .array(fc.constantFrom('<', '>', '"', "'", '&', '/', '=', ' ', 'a', '!', '-', 'script', '\n', '\u2028', '%3C'), {
        minLength: 1,
        maxLength: 8,
      })
      .map((parts) => `x${parts.join('')}x`);
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect((await rendered(value)).map(skeleton)).toEqual(harmless);
      }),
      { numRuns: 12 },
    );
  });

  test('a token that was pasted is not in the answer, nor is it logged', async () => {
    const room = await roomOf();
    const secret = `${Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url')}.${Buffer.from('{"iss":"https://token.actions.githubusercontent.com","aud":"x"}').toString('base64url')}.c2lnbmF0dXJl`;
    const { status, body } = await admin(room, posted('/try', { package: 'npm:@acme/ui', token: secret }));
    expect(status).toBe(200);
    expect(body).not.toContain(secret.slice(0, 30));
    expect(room.said).toEqual([]);
  });
});

describe('publishes', () => {
  test('say who, from which commit and by which run, with links to both', async () => {
    const page = await pageOf(await roomWith(upload), '/publishes');
    expect(wordsOf(page)).toMatch(
      /29 Nov 11:59 @acme\/ui ?1\.2\.3 published ui-release acme\/ui 3f1c9d7 v1\.2\.3 4711 octocat npm\/12\.2\.0 412 ms/,
    );
    for (const href of ['https://github.com/acme/ui', `https://github.com/acme/ui/commit/${sha}`, upload.runUrl])
      expect(page).toContain(`href="${href}"`);
  });

  test.each([
    ['package=@acme/ui', 1],
    ['package=@acme/other', 0],
    ['publisher=ui-release', 1],
    ['anchor=acme/ui&registry=npm&version=', 1],
    ['kind=long-lived', 1],
    ['kind=failed', 0],
    ['from=2026-11-29&to=2026-11-29', 2],
    ['to=2026-11-28', 0],
  ])('?%s finds %i', async (query, count) => {
    const room = await roomWith(
      upload,
      { event: 'pass-through', outcome: 'long-lived', registry: 'npm', package: 'old', client: 'npm/6' },
      refused,
    );
    const rows = readMarkup(await pageOf(room, `/publishes?${query}`)).filter(
      ({ name, attributes }) => name === 'th' && attributes['scope'] === 'row',
    );
    expect(rows.length).toBe(count);
  });

  test('?from=soon is answered, with what is wrong with it', async () => {
    const reply = await get(await roomWith(upload), '/publishes?from=soon');
    expect([reply.status, wordsOf(reply.body)]).toEqual([400, expect.stringContaining('from is neither ISO 8601 nor Unix seconds.')]);
  });

  test('go on page by page, each once, and as CSV', async () => {
    const room = await roomWith(...Array.from({ length: 120 }, (_, i) => ({ ...upload, version: `1.0.${i}` })));
    const seen: string[] = [];
    for (let target = '/publishes?package=@acme/ui'; target !== '';) {
      const elements = readMarkup(await pageOf(room, target));
      seen.push(...elements.filter(({ attributes }) => attributes['class'] === 'version').map(({ text }) => text));
      target = elements.find(({ name, text }) => name === 'a' && text.trim() === 'Older')?.attributes['href'] ?? '';
    }
    expect(new Set(seen).size).toBe(120);
    expect(seen.length).toBe(120);
    const csv =
      readMarkup(await pageOf(room, '/publishes?package=@acme/ui')).find(({ text }) => text.trim() === 'CSV')?.attributes['href'] ?? '';
    const { headers, body } = await get(room, csv);
    expect(headers['content-type']).toContain('text/csv');
    expect(body.split('\r\n').length).toBe(122);
  });
});

describe('refusals', () => {
  test('are grouped, with what differed and what cures it', async () => {
    const words = wordsOf(
      await pageOf(await roomWith(refused, refused, { ...refused, anchor: undefined as never, package: 'x' }), '/refusals'),
    );
    expect(words).toContain('3 refusals in 2 groups');
    expect(words).toMatch(/Other workflow acme\/ui → ?wanted to publish @acme\/ui 2 times/);
    expect(words).toContain('workflow release.yml build.yml What cures it Publish from the workflow release.yml.');
    expect(words).toMatch(/policy\.yaml:\d+ from: workflow: build\.yml # was release\.yml/);
  });

  test('of a repository that nobody trusts come with a publisher to be read, pinned to what its token proved', async () => {
    const stranger = { ...refused, anchor: 'acme/new', package: '@acme/new', considered: [], ids: ['repository_id 4899'] };
    const words = wordsOf(await pageOf(await roomWith({ ...stranger, code: 'publisher-none' }), '/refusals'));
    expect(words).toContain('If acme/new is to publish it, add this under publishers: and read it line by line.');
    expect(words).toContain('repository: acme/new');
    expect(words).toContain('repository_id: 4899');
    expect(words).toContain('npm: ["@acme/new"]');
  });

  test('of one repository, package or reason alone', async () => {
    const room = await roomWith(refused, { ...refused, anchor: 'acme/other', code: 'publisher-ref' });
    for (const [query, count] of [
      ['anchor=acme/ui', 1],
      ['code=publisher-ref', 1],
      ['package=@acme/ui', 2],
      ['anchor=x', 0],
    ] as const)
      expect(readMarkup(await pageOf(room, `/refusals?${query}`)).filter(({ name }) => name === 'details').length).toBe(count);
  });
});

describe('publishers', () => {
  test('are told with their use, and those that were never used', async () => {
    const words = wordsOf(await pageOf(await roomWith(upload), '/publishers'));
    expect(words).toMatch(/ui-release acme\/ui github npm @acme\/ui npm @acme\/ui-\* just now 1/);
    expect(wordsOf(await pageOf(await roomWith({ ...upload, publishers: ['gone'] }), '/publishers'))).toContain(
      '1 not used since the record began',
    );
  });

  test('say how open they are, and with whom they share', async () => {
    const open = `${(await import('../config/policy-file.ts')).base}  - name: open
    from: { issuer: github, repository: acme/charts, repository_owner_id: 12, workflow: a.yml, environment: any, ref: any }
    publish: { npm: ["@acme/ui-charts"] }
`;
    const room = await roomOf({ policy: open });
    expect(wordsOf(await pageOf(room, '/publishers'))).toMatch(
      /open acme\/charts github npm @acme\/ui-charts 0 any branch 4 warnings shares with 1/,
    );
    const words = wordsOf(await pageOf(room, '/publisher?name=open'));
    expect(words).toContain('neither environment nor ref is constrained: every branch can publish');
    expect(words).toContain('shares packages ui-release');
    expect(words).toContain('npm publish --registry https://npm.acme.example/');
  });
});

describe('trying', () => {
  const claims = {
    iss: 'https://token.actions.githubusercontent.com',
    repository: 'acme/ui',
    repository_id: '4711',
    repository_owner_id: '12',
    environment: 'production',
    event_name: 'push',
    ref: 'refs/tags/v1',
    workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1',
    job_workflow_ref: 'acme/ui/.github/workflows/release.yml@refs/tags/v1',
  };
  test.each([
    [{}, 'npm:@acme/ui', 200, 'npm:@acme/ui would be granted'],
    [{ environment: 'test' }, 'npm:@acme/ui', 200, 'Publisher ui-release requires environment production; this job uses test.'],
    [{}, 'npm:@acme/none', 200, 'npm:@acme/none would be refused'],
    [{ iss: 'https://evil.example' }, 'npm:@acme/ui', 400, 'Issuer https://evil.example is not configured.'],
    [{}, 'cargo:x', 400, 'No registry is called cargo'],
  ])('claims with %o for %s', async (change, target, status, says) => {
    const reply = await admin(await roomOf(), posted('/try', { package: target, token: JSON.stringify({ ...claims, ...change }) }));
    expect([reply.status, wordsOf(reply.body)]).toEqual([status, expect.stringContaining(says)]);
  });

  test.each(['', '{', 'a.b', '[]'])('what is neither a token nor claims is told so: "%s"', async (token) => {
    const reply = await admin(await roomOf(), posted('/try', { package: 'npm:@acme/ui', token }));
    expect([reply.status, wordsOf(reply.body)]).toEqual([400, expect.stringContaining('It cannot be tried')]);
  });
});

describe('health', () => {
  test('a registry is judged by uploads with the service credential, and not by what came to strangers', async () => {
    const stranger = { event: 'pass-through', outcome: 'upstream-refused', registry: 'npm', package: '@acme/ui' } as const;
    const words = wordsOf(await pageOf(await roomWith(upload, stranger), '/health'));
    expect(words).toContain('took an upload');
    const credential = { ...upload, outcome: 'upstream-refused', code: 'upstream-credential' } as const;
    expect(wordsOf(await pageOf(await roomWith(upload, credential), '/health'))).toContain('credential refused');
  });

  test('tells what is wrong, and the overview counts it', async () => {
    const status = async () => ({
      started: noon - day,
      store: { kind: 'redis' as const, problem: 'Redis cannot be reached.' },
      audit: { required: true, problem: 'The log cannot be written.' },
      issuers: [{ name: 'github', keys: 0, stale: true, problem: 'no answer within 5 s' }],
      policyProblem: 'policy.yaml:3:1 error unknown key',
      certificate: { names: 'npm.acme.example', validTo: noon + 5 * day },
    });
    const room = await roomOf({ status });
    room.audit.add(entryOf({ ...upload, outcome: 'upstream-refused', code: 'upstream-credential' }, noon));
    const words = wordsOf(await pageOf(room, '/health'));
    for (const part of [
      'away Redis cannot be reached.',
      'not written The log cannot be written.',
      'no keys no answer within 5 s',
      'old one in force policy.yaml:3:1',
      'ends in 5 days npm.acme.example',
      'credential refused',
    ])
      expect(words).toContain(part);
    expect(wordsOf(await pageOf(room, '/'))).toContain('Problems 6 see below');
  });
});

describe('finding', () => {
  test.each([
    ['00000000000000aa', '/request?id=00000000000000aa'],
    ['@acme/ui', '/package?package=%40acme%2Fui'],
    ['npm:@acme/ui', '/package?registry=npm&package=%40acme%2Fui'],
    [' ', '/publishes'],
    ['//evil.example', '/package?package=%2F%2Fevil.example'],
  ])('%s leads to %s', async (q, location) => {
    expect((await get(await roomOf(), `/find?q=${encodeURIComponent(q)}`)).headers['location']).toBe(location);
  });

  test('a request has its whole way, and what else its token did', async () => {
    const exchange = { ...upload, event: 'exchange', outcome: 'minted', request: '00000000000000cc' } as const;
    const words = wordsOf(
      await pageOf(await roomWith(exchange, { ...upload, outcome: 'forwarding' }, upload), '/request?id=00000000000000aa'),
    );
    expect(words).toMatch(/upload forwarding .*upload published .*With the same upload token exchange token minted/);
    expect((await get(await roomOf(), '/request?id=00000000000000aa')).status).toBe(404);
  });
});

test('the policy of the tests loads', async () => {
  expect((await policyOf((await import('../config/policy-file.ts')).base)).warnings).toEqual([]);
});
