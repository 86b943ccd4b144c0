// By what a publisher is found among thousands: the anchor, or the repository's id. A necessary condition only; whether a
// publisher matches, `compile` decides.
import { claimText, type VerifiedClaims } from '../core/claims.ts';
import { foldAscii, readingsOf, type Conditions, type FreeClaim } from './conditions.ts';
import type { Field, Provider } from './provider.ts';

/**
 * The keys of a publisher. A token that has none of them (`tokenKeys`) fails its anchor, and is no renamed repository
 * either: neither a grant nor the words of a refusal can come from it. Undefined: every token has to be checked.
 */
export function publisherKeys(provider: Provider, { fields, claims = [] }: Conditions): readonly string[] | undefined {
  const keyed = keyFields(provider).flatMap((field) => {
    const stated = fields.get(field.key);
    return Array.isArray(stated) ? [{ field, keys: stated.map((value: string) => keyOf(field, value)) }] : [];
  });
  // Of several anchors the last is the narrowest: the pipeline, not the organisation that all pipelines are of.
  const anchor = keyed.findLast(({ field }) => field.step === 'anchor')?.keys ?? freeAnchor(claims);
  // A renamed repository is told by its id, which the publisher has to state in a form that can be looked up.
  const ids = provider.fields.filter(({ step, key }) => step === 'repository' && Array.isArray(fields.get(key)));
  if (anchor === undefined || !ids.every(isKey)) return undefined;
  return [...anchor, ...keyed.filter(({ field }) => field.step === 'repository').flatMap(({ keys }) => keys)];
}

/** The keys that a token has. */
export function tokenKeys(provider: Provider, claims: VerifiedClaims): readonly string[] {
  const fields = keyFields(provider).flatMap((field) => readingsOf(field, claims).map((reading) => keyOf(field, reading)));
  if (provider.freeClaims !== true) return fields;
  const free = Object.entries(claims.set).flatMap(([name, value]) => freeKey(name, claimText(value)));
  return [...fields, ...free];
}

const known = new WeakMap<Provider, readonly Field[]>();

/** The fields that are looked up. The same for every token and publisher of the provider. */
function keyFields(provider: Provider): readonly Field[] {
  const before = known.get(provider);
  if (before !== undefined) return before;
  const fields = provider.fields.filter(isKey);
  known.set(provider, fields);
  return fields;
}

function isKey({ step, compare, absent }: Field): boolean {
  return (step === 'anchor' || step === 'repository') && compare !== 'pattern' && absent === undefined;
}

function keyOf({ key, compare }: Field, value: string): string {
  return `${key}=${compare === 'fold' ? foldAscii(value) : value}`;
}

/** The key of the claim that is the anchor, where it is compared as a whole. */
function freeAnchor(claims: readonly FreeClaim[]): readonly string[] | undefined {
  const anchor = claims.find((free) => free.anchor && free.kind === 'equals');
  return anchor === undefined ? undefined : freeKey(anchor.name, anchor.value);
}

function freeKey(name: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`claim ${JSON.stringify(name)}=${text}`];
}
