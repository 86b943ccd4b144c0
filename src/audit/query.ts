// A question to the audit store, read from the parameters of a request or a command line.
import { toPrintable } from '../core/refusal.ts';
import type { AuditEntry } from './entry.ts';
import { auditFilters, filterNames, type AuditFilter, type FilterName } from './filters.ts';
import { readPosition, type Position } from './position.ts';

export interface AuditQuery {
  /** Accepted values by filter; an entry has to satisfy every filter that is here. */
  readonly where: ReadonlyMap<FilterName, readonly string[]>;
  /** Milliseconds since 1970: not before, and before. */
  readonly from?: number;
  readonly to?: number;
  /** Entries of one page. */
  readonly limit: number;
  /** Only entries before this position: the page after the one that ended there. */
  readonly before?: Position;
}

export const pageLimits = { standard: 100, most: 1000 } as const;

/** The parameters beside the filters. */
export const pageParameters = ['from', 'to', 'limit', 'cursor'] as const;

/** Reads the parameters. An unknown one is a problem: a filter with a typing error would otherwise answer with everything. */
export function readQuery(parameters: URLSearchParams): AuditQuery | { readonly problem: string } {
  const where = new Map<FilterName, readonly string[]>();
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const problem = isFilter(name)
      ? filterProblem(name, values)
      : pageParameters.some((known) => known === name)
        ? values.length > 1 && 'is given more than once'
        : 'is not known here';
    if (problem) return { problem: `${toPrintable(name, 40)} ${problem}` };
    if (isFilter(name))
      where.set(
        name,
        values.map((value) => toPrintable(value, 256)),
      );
  }
  const from = readTime(parameters.get('from'));
  const to = readTime(parameters.get('to'));
  for (const [name, time] of Object.entries({ from, to })) {
    if (time !== undefined && Number.isNaN(time)) return { problem: `${name} is neither ISO 8601 nor Unix seconds` };
  }
  const limit = parameters.has('limit') ? readLimit(parameters.get('limit') ?? '') : pageLimits.standard;
  if (limit === undefined) return { problem: `limit is not a whole number from 1 to ${pageLimits.most}` };
  const cursor = parameters.get('cursor');
  const before = cursor === null ? undefined : readPosition(cursor);
  if (cursor !== null && before === undefined) return { problem: 'cursor is not the `next` of a page' };
  return {
    where,
    limit,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(before === undefined ? {} : { before }),
  };
}

function isFilter(name: string): name is FilterName {
  return filterNames.some((known) => known === name);
}

function filterProblem(name: FilterName, values: readonly string[]): string | undefined {
  const { values: known }: AuditFilter = auditFilters[name];
  const wrong = values.find((value) => value === '' || (known !== undefined && !known.includes(value)));
  if (wrong === undefined) return values.length > 50 ? 'has more than 50 values' : undefined;
  return wrong === '' ? 'is empty' : `${toPrintable(wrong, 60)} is none of ${known?.join(', ')}`;
}

function readLimit(text: string): number | undefined {
  const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= pageLimits.most ? value : undefined;
}

/** Milliseconds since 1970, NaN for what is no time. A date and time without a zone is in UTC. */
function readTime(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^[0-9]{1,11}(\.[0-9]{1,9})?$/.test(text)) return Number(text) * 1000;
  const parts = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  if (parts === null) return Number.NaN;
  return Date.parse(parts[1] !== undefined && parts[2] === undefined ? `${text}Z` : text);
}

/** Whether the entry is one that the query asks for. */
export function matches(entry: AuditEntry, { where, from, to }: AuditQuery): boolean {
  const time = Date.parse(entry.time);
  if ((from !== undefined && time < from) || (to !== undefined && time >= to)) return false;
  for (const [name, accepted] of where) {
    const filter: AuditFilter = auditFilters[name];
    if (!filter.of(entry).some((value) => value !== undefined && accepted.includes(value))) return false;
  }
  return true;
}
