// The answers of the API as JSON Schema (draft 2020-12, which OpenAPI 3.1 has), from the tables that they are made of.
import { auditEvents, auditFields, auditOutcomes, type AuditField } from '../audit/fields.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const time = { type: 'string', format: 'date-time' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

/** An object all of whose members are always there. */
function whole(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties };
}

const counts: JsonSchema = {
  type: 'object',
  description: 'How many, by outcome; outcomes that did not happen are not there.',
  additionalProperties: count,
};

const fields = Object.fromEntries(Object.entries(auditFields).map(([name, field]) => [name, fieldSchema(name, field)]));
const record = {
  id: { type: 'string', pattern: '^[0-9a-f]{16}$', description: 'Names the record: the same in the log and in webhooks.' },
  time: { ...time, description: 'When it happened.' },
  ...fields,
};

function fieldSchema(name: string, { type, says }: AuditField): JsonSchema {
  const values = name === 'event' ? auditEvents : name === 'outcome' ? auditOutcomes : undefined;
  const kind = type === 'number' ? { type: 'number' } : type === 'text' ? text : list(text);
  return { ...kind, description: says, ...(values === undefined ? {} : { enum: Object.keys(values) }) };
}

export const schemas: Readonly<Record<string, JsonSchema>> = {
  Event: {
    type: 'object',
    description: 'An audit record. A field that is not known is left out; new fields may come.',
    required: ['id', 'time', 'event', 'outcome'],
    properties: record,
  },
  Latest: { type: 'object', description: 'What is kept of the latest record of its kind.', properties: record },
  Page: whole({
    events: { ...list(ref('Event')), description: 'Newest first.' },
    next: { type: ['string', 'null'], description: '`cursor` of the page after this one; null when there is nothing older.' },
  }),
  Summary: whole({
    store: { enum: ['memory', 'redis'], description: 'Where the record is: `memory` knows this process only.' },
    since: { ...orNull(time), description: 'When counting began; null: nothing was counted yet.' },
    lost: { ...count, description: 'Records that the log has and the store has not.' },
    days: {
      ...list(whole({ day: { type: 'string', format: 'date' }, outcomes: counts })),
      description: 'One per day in UTC, also where nothing happened, oldest first, today last.',
    },
    publishers: {
      ...list(whole({ publisher: text, lastUse: time, outcomes: counts, latest: { type: 'object', additionalProperties: ref('Latest') } })),
      description: 'Publishers by their last use. Who is not there was not seen since `since`.',
    },
    packages: {
      ...list(
        whole({
          registry: text,
          package: { ...text, description: 'Empty: not known.' },
          lastSeen: time,
          outcomes: counts,
          lastPublish: orNull(ref('Latest')),
          lastLongLived: orNull(ref('Latest')),
        }),
      ),
      description: 'Packages that were published to, by upload token or with a long-lived one, the latest first.',
    },
    refusals: {
      ...list(
        whole({
          anchor: { ...orNull(text), description: 'Null: nothing was proved.' },
          package: orNull(text),
          code: text,
          count,
          lastSeen: time,
          latest: orNull(ref('Latest')),
        }),
      ),
      description: 'Refusals by anchor, package and code, the latest first.',
    },
    totals: {
      ...whole({ publishers: count, packages: count, longLived: count, refusals: count }),
      description: 'How many there are in all.',
    },
  }),
  Problem: { ...whole({ title: text, status: { type: 'integer' }, detail: text }), description: 'What is wrong (RFC 9457).' },
  Health: { type: 'object', required: ['status'], properties: { status: text } },
};
