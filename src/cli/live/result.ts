// One finding of `check --live`.

export interface LiveResult {
  readonly what: 'store' | 'issuer' | 'clock' | 'upstream' | 'credential';
  /** Name of the issuer or registry; the kind of the store. */
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly says: string;
  /** What to do about it. */
  readonly fix?: string;
  /** True when something did not answer, rather than answering wrongly. */
  readonly outage?: boolean;
}

export function fine(what: LiveResult['what'], name: string, says: string): LiveResult {
  return { what, name, status: 'ok', says };
}

export function warned(what: LiveResult['what'], name: string, says: string, fix: string): LiveResult {
  return { what, name, status: 'warn', says, fix };
}

export function failed(what: LiveResult['what'], name: string, says: string, fix: string, outage = false): LiveResult {
  return { what, name, status: 'fail', says, fix, ...(outage ? { outage } : {}) };
}
