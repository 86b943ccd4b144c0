// `audit:` compiled.
import { resolve } from 'node:path';
import type { AuditSettings, StoreSettings } from '../../core/settings.ts';
import type { Cursor } from '../cursor.ts';
import type { Context } from './context.ts';
import { auditSchema } from '../schema/audit.ts';
import { duration } from './units.ts';

const defaults = {
  redis: { maxEvents: 100_000, maxVersions: 50_000 },
  memory: { maxEvents: 10_000, maxVersions: 5_000 },
} as const;
const standardAge = 90 * 86_400;

/** Records that one process may keep in its own memory: about 100 MB of them. */
const mostInMemory = 100_000;

/** The settings of the audit record; defaults stand in for whatever was reported. */
export function compileAudit(cursor: Cursor, store: StoreSettings['kind'], workers: number, context: Context): AuditSettings {
  const standard = { required: false, maxAge: standardAge, ...defaults[store] };
  const input = cursor.exists ? cursor.parse(auditSchema) : undefined;
  if (input === undefined) return standard;
  if (store === 'memory') {
    for (const key of ['max_events', 'max_versions'] as const) {
      if ((input[key] ?? 0) > mostInMemory)
        cursor.at(key).error(`without Redis at most ${mostInMemory}: they are in the memory of the process`);
    }
  }
  const maxAge = input.max_age === undefined ? undefined : duration(cursor.at('max_age'), '1h', '3650d');
  const maxVersionAge = input.max_version_age === undefined ? undefined : duration(cursor.at('max_version_age'), '1d', '3650d');
  if (input.required === true && input.file === undefined && workers > 1)
    cursor
      .at('required')
      .error('with several workers the record goes through a pipe, and nobody knows whether it was written', 'set file:');
  return {
    ...(input.file === undefined ? {} : { file: resolve(context.folder, input.file) }),
    required: input.required ?? false,
    maxEvents: input.max_events ?? standard.maxEvents,
    maxAge: maxAge ?? standard.maxAge,
    maxVersions: input.max_versions ?? standard.maxVersions,
    ...(maxVersionAge === undefined ? {} : { maxVersionAge }),
  };
}
