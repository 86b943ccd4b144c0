// The policy file as a whole, and its JSON Schema: for editors and the reference page, not for reading a file. Every key is
// described where it stands, in schema/.
import { z, type ZodType } from 'zod';
import { providers } from '../providers/index.ts';
import { outlineSchema } from './schema.ts';
import { adminSchema } from './schema/admin.ts';
import { auditSchema } from './schema/audit.ts';
import { fromSchema } from './schema/from.ts';
import { issuerSchema } from './schema/issuer.ts';
import { publisher } from './schema/publisher.ts';
import { credentialSchema, registry } from './schema/registry.ts';
import { name, text } from './schema/scalar.ts';
import { server } from './schema/server.ts';
import { storeSchema } from './schema/store.ts';
import { tracingSchema } from './schema/tracing.ts';

const described = {
  server: 'How Countersign itself listens and runs.',
  tracing: 'Where traces (OpenTelemetry) are sent. Default: nowhere, unless the environment names an endpoint.',
  store: 'Where upload tokens and the marks of used identity tokens are kept. Default `memory`: one process, lost at a restart.',
  audit: 'How much of the audit record can be asked for, and where it goes beside the log.',
  issuers: 'Whose identity tokens are accepted, by a name of your choice. The name of a provider (`github: {}`) needs nothing more.',
  registries: 'The upload endpoints and the servers behind them, by a name of your choice.',
  publishers: 'Who may publish what.',
} as const;

const serverValue = server(z.union([text('Address and port, `host:port`.'), adminSchema]));
const storeValue = z.union([text('`memory`, or a `redis://` or `rediss://` URL.'), storeSchema]);
const registryValue = registry(z.union([z.literal('none'), credentialSchema]));
const publisherValue = publisher(z.union(providers.map(fromSchema) as [ZodType, ...ZodType[]]));

/** The file, complete. */
export const fileSchema = z.strictObject({
  server: serverValue.describe(described.server).optional(),
  store: storeValue.describe(described.store).optional(),
  audit: auditSchema.describe(described.audit).optional(),
  tracing: tracingSchema.describe(described.tracing).optional(),
  issuers: z.record(name, issuerSchema).describe(described.issuers),
  registries: z.record(name, registryValue).describe(described.registries),
  publishers: z.array(publisherValue).describe(described.publishers).optional(),
  include: outlineSchema.shape.include,
});

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
