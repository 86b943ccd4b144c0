// The policy file as a whole, and its JSON Schema. Every key is described where it stands, in schema/.
import { z } from 'zod';
import { auditSchema } from './schema/audit.ts';
import { issuerSchema } from './schema/issuer.ts';
import { publisherValue } from './schema/publisher.ts';
import { registryValue } from './schema/registry.ts';
import { name, textList } from './schema/scalar.ts';
import { serverValue } from './schema/server.ts';
import { storeValue } from './schema/store.ts';
import { tracingSchema } from './schema/tracing.ts';

const described = {
  server: 'How Countersign itself listens and runs.',
  tracing: 'Where traces (OpenTelemetry) are sent. Default: nowhere, unless the environment names an endpoint.',
  store: 'Where upload tokens and the marks of used identity tokens are kept. Default `memory`: one process, lost at a restart.',
  audit: 'How much of the audit record can be asked for, and where it goes beside the log.',
  issuers: 'Whose identity tokens are accepted, by a name of your choice. The name of a provider (`github: {}`) needs nothing more.',
  registries: 'The upload endpoints and the servers behind them, by a name of your choice.',
  publishers: 'Who may publish what.',
  include:
    'Files with further `publishers:`, relative to this file and below its folder; `*` stands for any name within one folder (`teams/*.yaml`).',
} as const;

/** The file, complete: what the JSON Schema and the reference page are made of. */
export const fileSchema = z.strictObject({
  server: serverValue.describe(described.server).optional(),
  store: storeValue.describe(described.store).optional(),
  audit: auditSchema.describe(described.audit).optional(),
  tracing: tracingSchema.describe(described.tracing).optional(),
  issuers: z.record(name, issuerSchema).describe(described.issuers),
  registries: z.record(name, registryValue).describe(described.registries),
  publishers: z.array(publisherValue).describe(described.publishers).optional(),
  include: textList(described.include).optional(),
});

const entries = z.record(name, z.unknown());

/** The file's sections alone; each entry is then checked by itself, so that one bad entry hides no other. */
export const outlineSchema = z.strictObject({
  server: z.unknown().optional(),
  store: z.unknown().optional(),
  audit: z.unknown().optional(),
  tracing: z.unknown().optional(),
  issuers: entries,
  registries: entries,
  publishers: z.array(z.unknown()).optional(),
  include: textList(described.include).optional(),
});

/** An included file. */
export const includedSchema = z.strictObject({ publishers: z.array(z.unknown()) });

/** The JSON Schema (draft 7, which the YAML language server reads) of the policy file. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, {
    target: 'draft-7',
    override: ({ jsonSchema: node }) => {
      if (node['variable'] !== true) return;
      const { description, variable: _, ...value } = node;
      for (const key of Object.keys(node)) delete node[key];
      Object.assign(node, { description, anyOf: [value, { type: 'string', pattern: '^\\$\\{[^{}]*\\}$' }] });
    },
  });
  return { ...schema, title: 'Countersign policy' };
}
