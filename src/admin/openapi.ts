// `GET /api/v1/openapi.json`: the description of the API (OpenAPI 3.1), from the tables that it is made of.
import { auditFilters, type AuditFilter } from '../audit/filters.ts';
import { pageLimits } from '../audit/query.ts';
import { schemas, type JsonSchema } from './schemas.ts';
import { summaryLimits } from './summary.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'query';
  readonly description: string;
  readonly schema: JsonSchema;
}

const moment: JsonSchema = { type: 'string', examples: ['2026-11-29T10:30:00Z', '1764412200'] };
const bounded = ({ standard, most }: { readonly standard: number; readonly most: number }): JsonSchema => ({
  type: 'integer',
  minimum: 1,
  maximum: most,
  default: standard,
});
const parameter = (name: string, description: string, schema: JsonSchema): Parameter => ({ name, in: 'query', description, schema });

const filters = Object.entries(auditFilters).map(([name, filter]: [string, AuditFilter]) =>
  parameter(name, `${filter.says} Given several times: any of them.`, {
    type: 'array',
    items: { type: 'string', ...(filter.values === undefined ? {} : { enum: filter.values }) },
    maxItems: 50,
  }),
);

const eventParameters = [
  ...filters,
  parameter('from', 'Not before this time: ISO 8601 (UTC unless it has a zone) or Unix seconds.', moment),
  parameter('to', 'Before this time.', moment),
  parameter('limit', 'Records on a page.', bounded(pageLimits)),
  parameter('cursor', '`next` of the page before.', { type: 'string' }),
  parameter('format', 'As `Accept: text/csv` does.', { enum: ['json', 'csv'] }),
];

const content = (type: string, name: string): JsonSchema => ({ [type]: { schema: { $ref: `#/components/schemas/${name}` } } });
const reply = (description: string, body: JsonSchema): JsonSchema => ({ description, content: body });
const problem = (description: string): JsonSchema => reply(description, content('application/problem+json', 'Problem'));

const guarded = {
  '401': problem('The admin token was not shown.'),
  '403': problem('No token is configured, and the question does not come from this machine.'),
};

const paths = {
  '/api/v1/events': {
    get: {
      operationId: 'events',
      summary: 'Audit records, newest first, a page at a time.',
      description:
        'All filters have to fit. A page may be short, even empty, and still have a `next`. Whoever goes from page to page sees every record once that was there at the first.',
      parameters: eventParameters,
      responses: {
        '200': reply('A page.', { ...content('application/json', 'Page'), 'text/csv': { schema: { type: 'string' } } }),
        '400': problem('A parameter is not known, or has a value that makes no sense.'),
        ...guarded,
        '503': problem('The store cannot be asked at the moment.'),
      },
    },
  },
  '/api/v1/summary': {
    get: {
      operationId: 'summary',
      summary: 'What happened, counted: by day, publisher, package and refusal.',
      parameters: [
        parameter('days', 'Days up to today.', bounded(summaryLimits.days)),
        parameter('limit', 'Rows of each list.', bounded(summaryLimits.limit)),
      ],
      responses: {
        '200': reply('The summary.', content('application/json', 'Summary')),
        '400': problem('A parameter is not known, or has a value that makes no sense.'),
        ...guarded,
        '503': problem('The store cannot be asked at the moment.'),
      },
    },
  },
  '/api/v1/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This description.',
      responses: { '200': reply('OpenAPI 3.1.', { 'application/json': { schema: { type: 'object' } } }), ...guarded },
    },
  },
  ...Object.fromEntries(
    Object.entries({ '/healthz': 'Whether the process lives.', '/readyz': 'Whether it can do its work.' }).map(([path, summary]) => [
      path,
      {
        get: {
          operationId: path.slice(1),
          summary,
          security: [],
          responses: {
            '200': reply('Yes.', content('application/json', 'Health')),
            ...(path === '/readyz' ? { '503': reply('Not at the moment.', content('application/json', 'Health')) } : {}),
          },
        },
      },
    ]),
  ),
};

/** @param version of this program */
export function openapi(version: string): JsonSchema {
  return {
    openapi: '3.1.0',
    info: { title: 'Countersign admin API', version, description: 'On the admin listener. Everything is read, nothing is changed.' },
    security: [{ token: [] }, {}],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: '`server.admin.token`, where one is configured.' } },
    },
  };
}
