// Every reason for which Countersign refuses something: code, status, sentence and what to change, each written once.
// Registries render a `Refusal` in the dialect that their clients show; `docs/refusals.md` is generated from this table.

import { exchange } from './refusals/exchange.ts';
import type { RefusalKind } from './refusals/kind.ts';
import { outage } from './refusals/outage.ts';
import { policy } from './refusals/policy.ts';
import { request } from './refusals/request.ts';
import { upload } from './refusals/upload.ts';

/** Values that a sentence may name. They come from tokens, requests or the policy; `refuse` makes them printable. */
export type RefusalValues = Readonly<Record<string, string | number | undefined>>;

export interface Refusal {
  readonly code: RefusalCode;
  readonly status: number;
  readonly title: string;
  /** One line of printable text, at most 600 characters: the sentence and the fix. Safe to show to this caller. */
  readonly message: string;
  /** Seconds after which trying again makes sense; only for 429 and 503. */
  readonly retryAfter?: number;
  readonly pypi: NonNullable<RefusalKind['pypi']>;
  readonly oauth: NonNullable<RefusalKind['oauth']>;
  /** More than the caller may know: goes to the audit record only (P8). */
  readonly detail?: string;
}

const table = { ...exchange, ...policy, ...upload, ...request, ...outage } as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof table;
export type { RefusalKind } from './refusals/kind.ts';

/** All kinds, for the generated reference page and for tests. */
export const refusalKinds: Readonly<Record<RefusalCode, RefusalKind>> = table;

export interface RefusalOptions {
  /** Seconds; 503 refusals have 5 unless said. */
  readonly retryAfter?: number;
  /** For the audit record only. */
  readonly detail?: string;
}

/** Makes the refusal of this kind with these values; unprintable characters are escaped, long values cut. Never throws. */
export function refuse(code: RefusalCode, values: RefusalValues = {}, options: RefusalOptions = {}): Refusal {
  const kind: RefusalKind = table[code];
  const printable = Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, toPrintable(String(value))]])),
  );
  const message = [kind.sentence(printable), kind.fix(printable)].filter((part) => part !== '').join(' ');
  const retryAfter = options.retryAfter ?? (kind.status === 503 ? 5 : undefined);
  return {
    code,
    status: kind.status,
    title: kind.title,
    message: message.length > 600 ? `${message.slice(0, 597)}...` : message,
    pypi: kind.pypi ?? 'invalid-payload',
    oauth: kind.oauth ?? 'invalid_request',
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(options.detail === undefined ? {} : { detail: options.detail }),
  };
}

/** The status a caller should see; `refuse` keeps it out of reach of typos. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'code') && Object.hasOwn(value, 'oauth');
}

const printable = /^[\x20-\x7e]*$/;

/**
 * Text that is safe on one line of a log, in a header and on a terminal: printable ASCII stays, everything else becomes
 * `\u{…}`, and long values are cut (JWT-48, HDR-13).
 */
export function toPrintable(text: string, limit = 200): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}...` : text;
  if (printable.test(cut)) return cut;
  return cut.replaceAll(/[^\x20-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
