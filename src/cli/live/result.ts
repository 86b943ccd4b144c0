// One finding of `check --live`.
import type { Status } from '../output.ts';

/** What a probe looks at, as `check --live` and docs/cli.md name it. */
export type LiveWhat =
  | 'store'
  | 'issuer'
  | 'clock'
  | 'upstream'
  | 'credential'
  | 'registration'
  | 'direct'
  | 'overwriting'
  | 'limit'
  | 'public';

export interface LiveResult {
  readonly what: LiveWhat;
  /** Name of the issuer or registry; the kind of the store. */
  readonly name: string;
  readonly status: Status;
  readonly says: string;
  /** What to do about it. */
  readonly fix?: string;
  /** True when something did not answer, rather than answering wrongly. */
  readonly outage?: boolean;
}

export function fine(what: LiveWhat, name: string, says: string): LiveResult {
  return { what, name, status: 'ok', says };
}

export function warned(what: LiveWhat, name: string, says: string, fix: string): LiveResult {
  return { what, name, status: 'warn', says, fix };
}

export function failed(what: LiveWhat, name: string, says: string, fix: string, outage = false): LiveResult {
  return { what, name, status: 'fail', says, fix, ...(outage ? { outage } : {}) };
}

/** For what cannot be found out without changing something; `why` says so. */
export function skipped(what: LiveWhat, name: string, why: string): LiveResult {
  return { what, name, status: 'skip', says: `not probed: ${why}` };
}
