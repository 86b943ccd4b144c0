// The API of the admin listener: records by filter and page, as JSON and as CSV, and the summary.
import { describe, expect, test } from 'vitest';
import { admin } from '../../src/admin/admin.ts';
import { csvColumns } from '../../src/admin/csv.ts';
import type { AdminReply } from '../../src/admin/reply.ts';
import { createRing } from '../../src/audit/ring.ts';
import { AuditUnavailable } from '../../src/audit/store.ts';
import { keeping } from '../audit/contract.ts';
import { entryOf } from '../audit/entries.ts';
import { asked } from './ask.ts';
import { day, noon, roomOf } from './room.ts';

const bodyOf = (reply: AdminReply): unknown => JSON.parse(reply.body);
const upload = {
  event: 'upload',
  outcome: 'uploaded',
  registry: 'npm',
  package: '@acme/ui',
  publishers: ['ui'],
  anchor: 'acme/ui',
} as const;

describe('events', () => {
  test('are found by what they say, newest first, and the next page is named', async () => {
    const here = await roomOf();
    const entries = Array.from({ length: 5 }, (_, i) => entryOf({ ...upload, version: `1.0.${i}` }, noon + i));
    for (const entry of [...entries, entryOf({ event: 'exchange', outcome: 'refused' }, noon)]) here.audit.add(entry);
    const first = await admin(here, asked('/api/v1/events?package=@acme/ui&limit=3'));
    expect(first).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    const { events, next } = bodyOf(first) as { events: unknown[]; next: string };
    expect(events).toEqual(entries.toReversed().slice(0, 3));
    expect(first.headers['link']).toBe(`</api/v1/events?package=%40acme%2Fui&limit=3&cursor=${next}>; rel="next"`);
    const rest = await admin(here, asked(`/api/v1/events?package=@acme/ui&limit=3&cursor=${next}`));
    expect(bodyOf(rest)).toEqual({ events: entries.toReversed().slice(3), next: null });
    expect(rest.headers['link']).toBeUndefined();
  });

  test.each([
    ['/api/v1/events?colour=red', 'colour is not known here.'],
    ['/api/v1/events?format=xml', 'format is neither json nor csv.'],
    ['/api/v1/summary?day=1', 'Only days and limit are known here.'],
    ['/api/v1/summary?days=401', 'days is not a whole number from 1 to 400.'],
    ['/api/v1/summary?limit=-1', 'limit is not a whole number from 1 to 5000.'],
  ])('%s is a question that nobody understands', async (target, detail) => {
    const reply = await admin(await roomOf(), asked(target));
    expect([reply.status, reply.headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(bodyOf(reply)).toEqual({ title: 'Question not understood', status: 400, detail });
  });

  test('are CSV for whoever asks for that and for nothing else (RFC 4180)', async () => {
    const here = await roomOf();
    here.audit.add(entryOf({ ...upload, publishers: ['a', 'b'], message: 'say "no", or', bytes: 7 }, noon));
    for (const [target, headers] of [
      ['/api/v1/events?format=csv', {}],
      ['/api/v1/events', { accept: 'text/csv' }],
    ] as const) {
      const { headers: said, body } = await admin(here, asked(target, headers));
      expect(said['content-type']).toBe('text/csv; charset=utf-8; header=present');
      const [head, row, end] = body.split('\r\n');
      expect(head?.split(',')).toEqual(csvColumns);
      expect(row).toContain(',"say ""no"", or",');
      expect(row).toContain(',7,a; b,');
      expect(end).toBe('');
    }
    const browser = { accept: 'text/html,text/csv,*/*;q=0.8' };
    expect((await admin(here, asked('/api/v1/events', browser))).headers['content-type']).toBe('application/json');
  });

  test.each(['=HYPERLINK("http://evil.example","x")', '+1+1', '-2+3', '@SUM(1)', '=1,2'])(
    'as CSV run nothing in a spreadsheet: %s (CSV injection)',
    async (text) => {
      const here = await roomOf();
      here.audit.add(entryOf({ ...upload, client: text, considered: [text] }, noon));
      const row = (await admin(here, asked('/api/v1/events?format=csv'))).body.split('\r\n')[1] ?? '';
      expect(row).not.toContain(`,${text[0]}`);
      expect(row).not.toContain(`"${text[0]}`);
      expect(row).toContain(`'${text[0]}`);
    },
  );
});

describe('the summary', () => {
  test('counts days, publishers, packages and refusals', async () => {
    const here = await roomOf();
    const long = { event: 'pass-through', outcome: 'long-lived', registry: 'npm', package: '@acme/old', client: 'npm/6' } as const;
    const refused = { event: 'exchange', outcome: 'refused', anchor: 'acme/ui', package: '@acme/ui', code: 'publisher-workflow' } as const;
    here.audit.add(entryOf({ ...upload, version: '1.0.0', commit: 'c0ffee', runUrl: 'https://ci.example/1' }, noon - 2 * day));
    here.audit.add(entryOf({ event: 'exchange', outcome: 'minted', publishers: ['ui'], anchor: 'acme/ui' }, noon - 2 * day));
    here.audit.add(entryOf({ ...upload, version: '1.1.0' }, noon - 1000));
    here.audit.add(entryOf({ ...upload, outcome: 'forwarding', version: '1.1.0' }, noon - 1000));
    here.audit.add(entryOf(long, noon - 3000));
    here.audit.add(entryOf({ ...long, package: '@acme/ui' }, noon - 40 * day));
    for (const message of ['first', 'last'])
      here.audit.add(entryOf({ ...refused, message, considered: ['ui: workflow expected a got b'] }, noon - 500));
    here.audit.add(
      entryOf({ event: 'upload', outcome: 'refused', code: 'upload-unauthenticated', package: 'x', address: '192.0.2.1' }, noon - 100),
    );
    const reply = await admin(here, asked('/api/v1/summary?days=3'));
    expect(bodyOf(reply)).toMatchObject({
      store: 'memory',
      lost: 0,
      since: '2026-11-29T12:00:00.000Z',
      days: [
        { day: '2026-11-27', outcomes: { uploaded: 1, minted: 1 } },
        { day: '2026-11-28', outcomes: {} },
        { day: '2026-11-29', outcomes: { uploaded: 1, 'long-lived': 1, refused: 3 } },
      ],
      publishers: [{ publisher: 'ui', lastUse: '2026-11-29T11:59:59.000Z', outcomes: { uploaded: 2, minted: 1 } }],
      packages: [
        { registry: 'npm', package: '@acme/ui', outcomes: { uploaded: 2, 'long-lived': 1 }, lastPublish: { version: '1.1.0' } },
        { registry: 'npm', package: '@acme/old', lastPublish: null, lastLongLived: { client: 'npm/6', time: '2026-11-29T11:59:57.000Z' } },
      ],
      refusals: [
        { anchor: null, package: 'x', code: 'upload-unauthenticated', count: 1, latest: { address: '192.0.2.1' } },
        { anchor: 'acme/ui', package: '@acme/ui', code: 'publisher-workflow', count: 2, latest: { message: 'last' } },
      ],
      totals: { publishers: 1, packages: 1, longLived: 2, refusals: 2 },
    });
  });

  test('of nothing is empty, with its days', async () => {
    const empty = bodyOf(await admin(await roomOf(), asked('/api/v1/summary?days=2')));
    expect(empty).toMatchObject({ since: null, publishers: [], packages: [], refusals: [], days: [{ outcomes: {} }, { outcomes: {} }] });
  });
});

describe('the admin side', () => {
  test('says nothing of what there is to whoever may not ask', async () => {
    const closed = await roomOf({ access: () => ({ loopback: false, session: 3600 }) });
    const replies = await Promise.all(['/api/v1/events', '/nothing', '/api/v1/summary'].map((target) => admin(closed, asked(target))));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    expect(replies[0]?.status).toBe(403);
  });

  test.each(['/api/v1/', '/api/v1/events/', '/API/v1/events', '/constructor', '/__proto__', '//api/v1/events', '/api/v1/%65vents'])(
    'has nothing at %s',
    async (path) => {
      expect((await admin(await roomOf(), asked(path))).status).toBe(404);
    },
  );

  test.each(['POST', 'DELETE', 'PUT', 'OPTIONS'])('is for reading: %s is refused', async (method) => {
    const reply = await admin(await roomOf(), asked('/api/v1/events', {}, method));
    expect([reply.status, reply.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('answers 503 with the reason while the record cannot be asked', async () => {
    const away = { ...createRing(keeping, () => noon), read: () => Promise.reject(new AuditUnavailable('Redis cannot be reached.')) };
    const reply = await admin(await roomOf({ audit: away }), asked('/api/v1/summary'));
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '5']);
    expect(bodyOf(reply)).toMatchObject({ detail: 'Redis cannot be reached.' });
  });
});
