// `audit:`, how much of the record can be asked for, and where it goes beside the log.
import { z } from 'zod';
import { measured, wholeNumber } from './scalar.ts';

export const auditSchema = z.strictObject({
  max_events: wholeNumber(
    100,
    5_000_000,
    'Records that can be asked for; a fifth of the room is for refusals in which nothing was proved. Default 100000 in Redis, 10000 in memory, where 100000 is the most.',
  ).optional(),
  max_age: measured('For how long, `1h` to `3650d`. Default `90d`.').optional(),
  max_versions: wholeNumber(
    100,
    5_000_000,
    'Published versions of which it stays known where they came from, apart from `max_events`. Default 50000 in Redis, 5000 in memory.',
  ).optional(),
  max_version_age: measured('Forgets a version so long after its last upload, `1d` to `3650d`. Default never.').optional(),
});

export type AuditInput = z.infer<typeof auditSchema>;
