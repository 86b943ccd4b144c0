// `from:` of a publisher, generated from each provider's table of fields.
import { z, type ZodType } from 'zod';
import type { Field, Provider } from '../../providers/index.ts';
import { name, textList } from './scalar.ts';

/** `from:` of one provider, from its table of fields. */
export function fromSchema(provider: Provider): ZodType {
  const fields = provider.fields.map((field) => [field.key, field.required ? fieldValue(field) : fieldValue(field).optional()]);
  const events = provider.events;
  return z
    .strictObject({
      issuer: name.describe('Name of the issuer under `issuers:`.'),
      ...(Object.fromEntries(fields) as Record<string, ZodType>),
      ...(events === undefined
        ? {}
        : { events: textList(`Events that may publish (\`${events.claim}\`). Default ${events.byDefault.join(', ')}.`).optional() }),
      ...(provider.freeClaims === true ? freeClaims : {}),
    })
    .meta({ title: provider.title });
}

function fieldValue(field: Field): ZodType {
  const one = field.compare === 'digits' ? z.union([z.string().regex(/^(?:any|[1-9][0-9]*)$/), z.int().min(1)]) : z.string().min(1);
  const value = field.flag === true ? z.union([z.boolean(), z.enum(['true', 'false', 'any'])]) : one;
  return (field.step === 'anchor' ? value : z.union([value, z.array(value).min(1)])).describe(field.describe);
}

const glob = z.strictObject({ glob: z.string().min(1) });
const contains = z.strictObject({ contains: z.string().min(1) });

const freeClaims = {
  subject: z
    .union([z.string().min(1), glob])
    .describe('The `sub` claim: a text, or `{ glob: … }`.')
    .optional(),
  claims: z
    .record(z.string(), z.union([z.string().min(1), z.boolean(), z.int(), glob, contains]))
    .describe('Claims by name: a text, `true`, `false` or a whole number; `{ glob: … }`; or `{ contains: … }` for a list.')
    .optional(),
};
