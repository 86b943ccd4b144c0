// How a provider's table is written: typed readers of claims, fields with what most fields have, and the facts of a run.
import { claim, claimText, type VerifiedClaims } from '../core/claims.ts';
import type { Run } from '../core/grant.ts';
import { isJsonObject, own, type Json } from '../core/json.ts';
import type { Step } from '../core/publisher.ts';
import type { RefusalCode } from '../core/refusal.ts';
import type { Field, Reader, Reading } from './provider.ts';

/** The name of a claim, and the keys within it when it is an object. */
type Path = readonly [name: string, ...within: string[]];
type TextReader = Reader<string | undefined>;

/** A reader of several claims. `claims` names them all: what it reads beside them, an upload token would forget (P6). */
export function derived<T extends Reading>(claims: readonly string[], read: (claims: VerifiedClaims) => T): Reader<T> {
  return Object.assign((set: VerifiedClaims) => read(set), { claims });
}

function typed<T extends Reading>([name, ...within]: Path, read: (value: Json | undefined) => T): Reader<T> {
  return derived([name], (claims) => read(within.reduce<Json | undefined>(inside, claim(claims, name))));
}

function inside(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? own(value, key) : undefined;
}

/** A string as it is. No coercion: `["a"]`, 1 and true are not "a" (JWT-49). */
export const text = (...path: Path): TextReader => typed(path, (value) => (typeof value === 'string' ? value : undefined));

/** An id that this CI writes as a string of digits; a number, a sign, a leading zero make it another value (CLM-02). */
export const digits = (...path: Path): TextReader =>
  typed(path, (value) => (typeof value === 'string' && /^[1-9][0-9]*$/.test(value) ? value : undefined));

/** A whole number that may be a number or a string of digits. */
export const number = (...path: Path): TextReader =>
  typed(path, (value) => {
    const digit = typeof value === 'boolean' ? undefined : claimText(value);
    return digit !== undefined && /^(?:0|[1-9][0-9]*)$/.test(digit) ? digit : undefined;
  });

/** `true` or `false`, as a boolean or as text (CLM-27). */
export const flag = (...path: Path): TextReader =>
  typed(path, (value) => (value === true || value === 'true' ? 'true' : value === false || value === 'false' ? 'false' : undefined));

/** A list of strings, of which one has to be what the publisher states; a list with anything else in it is malformed. */
export const list = (...path: Path): Reader<readonly string[] | undefined> =>
  typed(path, (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined));

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID in lower case without braces, however the CI writes it. */
export const uuid = (...path: Path): TextReader =>
  typed(path, (value) => {
    const plain = typeof value === 'string' ? value.replace(/^\{(.*)\}$/, '$1').toLowerCase() : '';
    return uuidForm.test(plain) ? plain : undefined;
  });

/** For fields read by `uuid`. */
export function uuidProblem(value: string): string | undefined {
  return uuidForm.test(value) ? undefined : 'write the UUID in lower case without braces, for example 6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11';
}

export function refProblem(value: string): string | undefined {
  return value.startsWith('refs/') ? undefined : 'write the full ref, for example refs/tags/v* or refs/heads/main';
}

const codes: Readonly<Record<Step, RefusalCode>> = {
  anchor: 'publisher-none',
  owner: 'publisher-owner-id',
  repository: 'publisher-repository-id',
  workflow: 'publisher-workflow',
  environment: 'publisher-environment',
  ref: 'publisher-ref',
  event: 'publisher-event',
  rest: 'publisher-claim',
};

/** A field: compared exactly, optional unless it is an anchor, and with the refusal of its step, if `rest` says nothing else. */
export function field(
  key: string,
  step: Step,
  read: Reader,
  describe: string,
  rest: Partial<Omit<Field, 'key' | 'step' | 'read' | 'describe'>> = {},
): Field {
  return { key, step, read, describe, compare: 'exact', required: step === 'anchor', any: step !== 'anchor', code: codes[step], ...rest };
}

/** A run with those of its facts that the token has. */
export function runOf(anchor: string, facts: { readonly [key in keyof Omit<Run, 'anchor'>]: Run[key] | undefined }): Run {
  return { anchor, ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== '')) };
}

/** Digits of a number, for addresses and messages; empty when the claim is neither text nor number. */
export function shown(claims: VerifiedClaims, name: string): string | undefined {
  return claimText(claim(claims, name));
}
