// What audit records can be asked for by, each filter once: the API, its description, the command line and the stores read this table.
import type { AuditEntry } from './entry.ts';
import { auditEvents, auditOutcomes } from './fields.ts';

export interface AuditFilter {
  readonly says: string;
  /** The values of an entry that the filter is compared with, exactly. */
  readonly of: (entry: AuditEntry) => readonly (string | undefined)[];
  /** The only values that make sense, where there are few. */
  readonly values?: readonly string[];
  /** Text that every entry with this value has in its JSON; lets a store pass over the others without parsing them. */
  readonly needle: (value: string) => string;
}

/** `"package":"@acme/ui"`: a quote within a text is escaped, so that only the field itself is written so. */
const exactly =
  (field: string) =>
  (value: string): string =>
    `${JSON.stringify(field)}:${JSON.stringify(value)}`;

const inside = (value: string): string => JSON.stringify(value).slice(1, -1);

export const auditFilters = {
  event: { says: 'What was asked for or happened.', of: (e) => [e.event], values: Object.keys(auditEvents), needle: exactly('event') },
  outcome: { says: 'How it ended.', of: (e) => [e.outcome], values: Object.keys(auditOutcomes), needle: exactly('outcome') },
  code: { says: 'Code of the refusal.', of: (e) => [e.code], needle: exactly('code') },
  registry: { says: 'Registry by its name in the configuration.', of: (e) => e.registry?.split(',') ?? [], needle: inside },
  package: { says: 'Package or project, in its canonical form.', of: (e) => [e.package], needle: exactly('package') },
  version: { says: 'Version.', of: (e) => [e.version], needle: exactly('version') },
  publisher: {
    says: 'Trusted publisher that granted it, or was considered before it was refused.',
    of: (e) => [...(e.publishers ?? []), ...(e.considered ?? []).map((text) => text.slice(0, Math.max(0, text.indexOf(': '))))],
    needle: inside,
  },
  anchor: { says: 'Repository, project or other anchor, as the record has it.', of: (e) => [e.anchor], needle: exactly('anchor') },
  request: { says: 'Request id, as the client showed it.', of: (e) => [e.request], needle: exactly('request') },
  token: { says: 'First 12 hex digits of the hash of the upload token.', of: (e) => [e.token], needle: exactly('token') },
} as const satisfies Record<string, AuditFilter>;

export type FilterName = keyof typeof auditFilters;
export const filterNames = Object.keys(auditFilters) as readonly FilterName[];
