// The description of the API against the API: real answers over HTTP, every path, parameter and status.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apiRoutes } from '../../src/admin/admin.ts';
import { openapi } from '../../src/admin/openapi.ts';
import { auditFields } from '../../src/audit/fields.ts';
import { filterNames } from '../../src/audit/filters.ts';
import { pageParameters } from '../../src/audit/query.ts';
import { startWorld, type World } from '../security/world.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly schema: { readonly items?: object } }[];
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;
}

interface Described {
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let world: World;
let described: Described;
beforeAll(async () => {
  world = await startWorld({
    server: (port) => ({ admin: { listen: `127.0.0.1:${port}`, token: '${ADMIN_TOKEN}' } }),
    env: { ADMIN_TOKEN: token },
  });
  described = (await (await ask('/api/v1/openapi.json')).json()) as Described;
}, 30_000);
afterAll(() => world.close());

const token = 'the-admin-token-of-tests';
const apiPaths = Object.keys(apiRoutes).filter((path) => path.startsWith('/api/'));
const ask = (target: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }): Promise<Response> =>
  fetch(new URL(target, world.proxy.admin), { headers });

/** The schema of an answer, strict: what is not described must not be there. */
function validator(path: string, status: number, type: string): z.ZodType {
  const schema = described.paths[path]?.get.responses[String(status)]?.content[type]?.schema;
  if (schema === undefined) throw new Error(`${path} ${status} ${type} is not described`);
  const closed = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(closed);
    if (typeof node === 'string') return node.replace('#/components/schemas/', '#/$defs/');
    if (typeof node !== 'object' || node === null) return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
    return 'properties' in copy && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
  };
  const { Health: _health, ...rest } = described.components.schemas;
  const defs = { ...(closed(rest) as object), Health: described.components.schemas['Health'] };
  return z.fromJSONSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...(closed(schema) as object), $defs: defs } as never);
}

async function isAsDescribed(answer: Response, path: string): Promise<unknown> {
  const type = answer.headers.get('content-type') ?? '';
  const body: unknown = await answer.json();
  const result = validator(path, answer.status, type).safeParse(body);
  expect(result.error?.issues, `${path} ${answer.status}: ${JSON.stringify(body).slice(0, 500)}`).toBeUndefined();
  return body;
}

describe('the API is as it is described', () => {
  test('with records of every kind: minted, uploaded, refused with what was considered, passed through', async () => {
    expect((await world.uploadPypi(await world.pypiToken(), '1.0')).status).toBe(200);
    await world.exchangeNpm('@acme/ui', { workflow_ref: 'acme/ui/.github/workflows/build.yml@refs/heads/main' });
    await world.uploadPypi('csgn_nonsense', '1.0');
    await expect
      .poll(async () => ((await (await ask('/api/v1/events')).json()) as { events: unknown[] }).events.length, { timeout: 5000 })
      .toBeGreaterThanOrEqual(6);
    const page = (await isAsDescribed(await ask('/api/v1/events?limit=3'), '/api/v1/events')) as { next: string };
    await isAsDescribed(await ask(`/api/v1/events?limit=1000&cursor=${page.next}`), '/api/v1/events');
    const summary = (await isAsDescribed(await ask('/api/v1/summary?days=2'), '/api/v1/summary')) as {
      refusals: unknown[];
      packages: unknown[];
    };
    expect([summary.refusals.length, summary.packages.length]).toEqual([2, 1]);
  });

  test('in its refusals', async () => {
    for (const path of ['/api/v1/events', '/api/v1/summary']) await isAsDescribed(await ask(`${path}?nonsense=1`), path);
    for (const path of apiPaths) {
      const answer = await ask(path, {});
      expect(answer.status).toBe(401);
      await isAsDescribed(answer, path);
    }
  });

  test('in health, which needs no token', async () => {
    for (const path of ['/healthz', '/readyz']) await isAsDescribed(await ask(path, {}), path);
  });

  test('as CSV', async () => {
    const answer = await ask('/api/v1/events?format=csv');
    expect(answer.headers.get('content-type')?.split(';')[0]).toBe('text/csv');
    expect(Object.keys(described.paths['/api/v1/events']?.get.responses['200']?.content ?? {})).toContain('text/csv');
  });

  test('the check finds what is not described, and what is described and missing', () => {
    const good = { id: '0123456789abcdef', time: '2026-11-29T00:00:00.000Z', event: 'upload', outcome: 'uploaded' };
    const page = validator('/api/v1/events', 200, 'application/json');
    expect(page.safeParse({ events: [good], next: null }).success).toBe(true);
    for (const event of [
      { ...good, extra: 1 },
      { ...good, outcome: 'denied' },
      { ...good, publishers: 'ui' },
      { ...good, id: undefined },
    ]) {
      expect(page.safeParse({ events: [event], next: null }).success).toBe(false);
    }
    expect(page.safeParse({ events: [] }).success).toBe(false);
  });
});

describe('the description', () => {
  test('has every path of the API and no other', () => {
    expect(Object.keys(described.paths).toSorted()).toEqual([...apiPaths, '/healthz', '/readyz'].toSorted());
    const ids = Object.values(described.paths).map(({ get }) => get.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has every filter and field of the record', () => {
    const names = described.paths['/api/v1/events']?.get.parameters?.map(({ name }) => name);
    expect(names).toEqual([...filterNames, ...pageParameters, 'format']);
    const { properties } = described.components.schemas['Event'] as { properties: object };
    expect(Object.keys(properties)).toEqual(['id', 'time', ...Object.keys(auditFields)]);
  });

  test('names parameters that are taken', async () => {
    const values: Record<string, string> = {
      from: '2026-01-01',
      to: '1900000000',
      limit: '5',
      cursor: '1-1',
      format: 'json',
      days: '7',
      event: 'upload',
      outcome: 'uploaded',
    };
    for (const [path, { get }] of Object.entries(described.paths)) {
      for (const { name } of get.parameters ?? []) expect((await ask(`${path}?${name}=${values[name] ?? 'x'}`)).status, name).toBe(200);
    }
  });

  test('refers to nothing that it has not', () => {
    const text = JSON.stringify(openapi('0'));
    const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name);
    expect(refs.length).toBeGreaterThan(10);
    expect(refs.filter((name) => !(name in described.components.schemas))).toEqual([]);
    expect(Object.keys(described.components.schemas).filter((name) => !refs.includes(name))).toEqual([]);
  });
});
