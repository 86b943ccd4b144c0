// One finding of `doctor`: what is so, why it matters, and the lines to change.
import type { Status } from '../output.ts';

export type DoctorWhat = 'ci' | 'identity' | 'audience' | 'client' | 'token' | 'registry' | 'reach' | 'exchange';

export interface Finding {
  readonly what: DoctorWhat;
  readonly status: Status;
  readonly says: string;
  readonly why?: string;
  /** Lines as they belong into the job, a file or the policy. */
  readonly fix?: readonly string[];
  /** True when something did not answer, rather than answering wrongly. */
  readonly outage?: boolean;
}

export function good(what: DoctorWhat, says: string): Finding {
  return { what, status: 'ok', says };
}

export function bad(what: DoctorWhat, status: 'warn' | 'fail', says: string, why: string, fix: readonly string[] = []): Finding {
  return { what, status, says, why, ...(fix.length === 0 ? {} : { fix }) };
}

export function skip(what: DoctorWhat, says: string): Finding {
  return { what, status: 'skip', says };
}
