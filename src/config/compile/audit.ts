// `audit:` compiled.
import type { AuditSettings, StoreSettings } from '../../core/settings.ts';
import type { Cursor } from '../cursor.ts';
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
export function compileAudit(cursor: Cursor, store: StoreSettings['kind']): AuditSettings {
  const standard = { maxAge: standardAge, ...defaults[store] };
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
  return {
    maxEvents: input.max_events ?? standard.maxEvents,
    maxAge: maxAge ?? standard.maxAge,
    maxVersions: input.max_versions ?? standard.maxVersions,
    ...(maxVersionAge === undefined ? {} : { maxVersionAge }),
  };
}
