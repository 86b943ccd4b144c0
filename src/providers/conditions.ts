// Turns what a publisher states under `from:` into the function that checks a token: the same for every provider.
import { claim, claimText, stringClaim, type VerifiedClaims } from '../core/claims.ts';
import type { Json } from '../core/json.ts';
import { matches, toPattern } from '../core/pattern.ts';
import type { Check, From, Stated } from '../core/publisher.ts';
import type { Field, Provider } from './provider.ts';

/** A condition on one claim by name, under `provider: generic`. */
export interface FreeClaim {
  readonly name: string;
  /** `equals`: the claim is this text. `glob`: it matches. `contains`: it is a list with this text in it. */
  readonly kind: 'equals' | 'glob' | 'contains';
  readonly value: string;
  /** Whether it is (part of) the anchor. */
  readonly anchor: boolean;
}

/** A publisher's `from:`, validated. */
export interface Conditions extends From {
  readonly claims?: readonly FreeClaim[];
}

/** Compiles conditions. The result is pure and never throws; its checks come in the order of the provider's table. */
export function compile(provider: Provider, conditions: Conditions): (claims: VerifiedClaims) => readonly Check[] {
  return (claims) => {
    const checks: Check[] = [];
    for (const field of provider.fields) {
      const check = checkField(field, conditions.fields.get(field.key), claims);
      if (check !== undefined) checks.push(check);
    }
    if (provider.events !== undefined) checks.push(checkEvent(provider, conditions.events, claims));
    for (const free of conditions.claims ?? []) checks.push(checkFree(free, claims));
    return checks;
  };
}

function checkField(field: Field, stated: Stated | undefined, claims: VerifiedClaims): Check | undefined {
  if (stated === 'any') return undefined;
  // A default that cannot be read from the token is met by no token: leaving the check out would fail open.
  const expected = stated ?? (field.absent === undefined ? undefined : [field.absent(claims)].filter((value) => value !== undefined));
  if (expected === undefined) return undefined;
  const actual = field.read(claims);
  const readings = readingsOf(field, claims);
  const values = { ...(field.what === undefined ? {} : { what: field.what }), ...field.values?.(claims) };
  return {
    step: field.step,
    field: field.key,
    expected: expected.join(' or '),
    actual: typeof actual === 'object' ? actual.join(', ') : actual,
    // What stands in for a stated value comes from the token: it is text, never a pattern.
    ok: readings.some((reading) => expected.some((value) => (stated === undefined ? value === reading : equal(field, value, reading)))),
    code: field.code,
    values,
  };
}

/** All that the token says about a field: the items of a list one by one, and the alternative. */
export function readingsOf(field: Field, claims: VerifiedClaims): readonly string[] {
  return [field.read(claims), field.alternative?.(claims)].flat().filter((reading) => reading !== undefined);
}

function equal(field: Field, expected: string, actual: string): boolean {
  if (field.compare === 'fold') return expected === actual || foldAscii(expected) === foldAscii(actual);
  if (field.compare !== 'pattern') return expected === actual;
  const pattern = toPattern(expected);
  return pattern !== undefined && matches(pattern, actual);
}

function checkEvent(provider: Provider, listed: readonly string[] | undefined, claims: VerifiedClaims): Check {
  const events = provider.events;
  const actual = events === undefined ? undefined : stringClaim(claims, events.claim);
  const allowed = listed ?? events?.byDefault ?? [];
  const why = actual === undefined ? undefined : (events?.never[actual] ?? events?.risky[actual]);
  return {
    step: 'event',
    field: 'events',
    expected: allowed.join(', '),
    actual,
    ok: actual !== undefined && allowed.includes(actual) && !Object.hasOwn(events?.never ?? {}, actual),
    code: 'publisher-event',
    ...(why === undefined ? {} : { values: { why } }),
  };
}

function checkFree(free: FreeClaim, claims: VerifiedClaims): Check {
  const value = claim(claims, free.name);
  const actual = claimText(value);
  return {
    step: free.anchor ? 'anchor' : 'rest',
    field: free.name === 'sub' ? 'subject' : `claims.${free.name}`,
    expected: free.value,
    actual: actual ?? (Array.isArray(value) ? JSON.stringify(value) : undefined),
    ok: freeMatches(free, value),
    code: 'publisher-claim',
  };
}

function freeMatches(free: FreeClaim, value: Json | undefined): boolean {
  if (free.kind === 'contains') return Array.isArray(value) && value.some((item) => item === free.value);
  const text = claimText(value);
  if (text === undefined) return false;
  if (free.kind === 'equals') return text === free.value;
  const pattern = toPattern(free.value);
  return pattern !== undefined && matches(pattern, text);
}

/**
 * Lower-cases A–Z only. `toLowerCase` would fold the Kelvin sign to `k` and so let one name stand for another (CLM-11).
 */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) : text;
}
