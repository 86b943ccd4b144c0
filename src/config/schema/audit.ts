// `audit:`, how much of the record can be asked for, and where it goes beside the log.
import { z } from 'zod';
import { flag, measured, text, textList, wholeNumber } from './scalar.ts';

const webhook = z.strictObject({
  url: text('Where each record is sent, one POST each. Only scheme and host of it are ever shown.'),
  secret: text(
    'Key of the signature (Standard Webhooks, HMAC-SHA256): `whsec_` and base64, or any text; write `${NAME}`, or use `secret_file`.',
  ).optional(),
  secret_file: text('File with the key; read again when it changes.').optional(),
  outcomes: textList('Only records with these outcomes. Default all but `forwarding`.').optional(),
  ca_file: text("PEM file of certificate authorities to trust for it, beside the system's.").optional(),
});

export const auditSchema = z.strictObject({
  file: text(
    'File that records are appended to, instead of to the log on stdout, which gets those that the file does not take.',
  ).optional(),
  required: flag(
    'Refuse exchanges and writes with 503 while the record of them cannot be written to `file`, or without it to stdout. With `workers` it needs `file`. Default false.',
  ).optional(),
  webhooks: z.array(webhook).min(1).max(20).describe('Who is told of records as they are written.').optional(),
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
