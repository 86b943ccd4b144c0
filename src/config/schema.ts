// The policy file as it is read: its sections, each of which is then checked by itself, so that one bad entry hides no other.
import { z } from 'zod';
import { name, textList } from './schema/scalar.ts';

const entries = z.record(name, z.unknown());

/** The sections alone. */
export const outlineSchema = z.strictObject({
  server: z.unknown().optional(),
  store: z.unknown().optional(),
  audit: z.unknown().optional(),
  tracing: z.unknown().optional(),
  issuers: entries,
  registries: entries,
  publishers: z.array(z.unknown()).optional(),
  include: textList(
    'Files with further `publishers:`, relative to this file and below its folder; `*` stands for any name within one folder (`teams/*.yaml`).',
  ).optional(),
});

/** An included file. */
export const includedSchema = z.strictObject({ publishers: z.array(z.unknown()) });
