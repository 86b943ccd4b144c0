// `from:` compiled: what a publisher states, held against the table of its issuer's provider.
import { patternProblem } from '../../core/pattern.ts';
import { isPin } from '../../core/pin.ts';
import type { Stated } from '../../core/publisher.ts';
import { providers, type Conditions, type Field, type Provider } from '../../providers/index.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, nearest, quote } from '../did-you-mean.ts';
import { describe, explainEmpty } from '../issues.ts';
import { freeClaims } from './free-claims.ts';
import { warnOfStrangeRefs } from './never.ts';

/** Conditions, and whether they leave environment and ref open. */
export interface CompiledFrom extends Conditions {
  readonly unconstrained: boolean;
}

/** The conditions, or undefined after everything that is wrong with them was reported. */
export function compileFrom(from: Cursor, provider: Provider): CompiledFrom | undefined {
  const misspelt = refuseUnknown(from, provider);
  let sound = misspelt.length === 0;
  const fields = new Map<string, Stated>();
  for (const field of provider.fields) {
    const cursor = from.at(field.key);
    const known = misspelt.includes(field.key) && !cursor.exists;
    const stated = known ? undefined : statedValue(cursor, field, provider);
    if (stated !== undefined) fields.set(field.key, stated);
    else if (field.required || cursor.exists) sound = false;
  }
  const listed = from.at('events');
  const events = listed.exists && provider.events !== undefined ? eventList(listed, provider.events) : undefined;
  if (listed.exists && provider.events !== undefined && events === undefined) sound = false;
  const claims = provider.freeClaims === true ? freeClaims(from) : [];
  if (!sound || claims === undefined) return undefined;
  const unconstrained = warnOfBreadth(from, provider, fields);
  warnOfMissingPins(from, provider, fields);
  const conditions = { fields, ...(events === undefined ? {} : { events }), ...(claims.length === 0 ? {} : { claims }) };
  warnOfStrangeRefs(from, provider, conditions);
  return { ...conditions, unconstrained };
}

/** What a publisher of a provider may state, made once: there may be many publishers. */
const knownKeys: ReadonlyMap<Provider, readonly string[]> = new Map(
  providers.map((provider) => [
    provider,
    [
      'issuer',
      ...provider.fields.map(({ key }) => key),
      ...(provider.events === undefined ? [] : ['events']),
      ...(provider.freeClaims === true ? ['subject', 'claims'] : []),
    ],
  ]),
);

/** Reports unknown keys; returns what each of them was probably meant to be. */
function refuseUnknown(from: Cursor, provider: Provider): readonly string[] {
  const known = knownKeys.get(provider) ?? [];
  const unknown = from.keys.filter((key) => !known.includes(key));
  for (const key of unknown) {
    const cursor = from.at(key);
    const meant = didYouMean(key, known);
    const free = key === 'subject' || key === 'claims' || key === 'sub';
    const hint = free
      ? `${provider.title} has claims of its own; only provider: generic has subject and claims`
      : `known here: ${known.join(', ')}`;
    cursor.errorAtKey(`unknown key ${quote(key)}${meant}`, meant === '' ? hint : undefined, 'unknown-key');
  }
  return unknown.map((key) => nearest(key, known) ?? key);
}

/** What is stated for a field; undefined when nothing is, or after a report. */
function statedValue(cursor: Cursor, field: Field, provider: Provider): Stated | undefined {
  const { value } = cursor;
  if (value === undefined) {
    if (!field.required) return undefined;
    const hint = field.any ? `write ${field.key}: any to have no constraint` : field.describe;
    return cursor.error(`missing key ${quote(field.key)}: every ${provider.title} publisher has to state it`, hint, 'missing-key');
  }
  if (value === null) return explainEmpty(cursor);
  if (value === 'any') return field.any ? 'any' : cursor.error(`${field.key} cannot be any`, field.describe);
  if (!Array.isArray(value)) {
    const one = oneValue(cursor, field, provider);
    return one === undefined ? undefined : [one];
  }
  if (field.step === 'anchor')
    return cursor.error(
      `${field.key} is one value: it is what a caller has to prove before it is told anything`,
      'write a publisher for each',
    );
  if (value.length === 0) return cursor.error('the list is empty', field.any ? `write ${field.key}: any to have no constraint` : undefined);
  const values = cursor.items.map((item) =>
    item.value === 'any' ? item.error('any stands alone, not in a list') : oneValue(item, field, provider),
  );
  return values.every((item) => item !== undefined) ? values : undefined;
}

function oneValue(cursor: Cursor, field: Field, provider: Provider): string | undefined {
  const { value } = cursor;
  if (value === null) return explainEmpty(cursor);
  if (field.compare === 'digits') {
    const digits = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
    if (/^[1-9][0-9]*$/.test(digits)) return digits;
    return cursor.error(`${field.key} is a number without leading zeros, as the CI shows it`, field.any ? 'or any' : undefined);
  }
  if (field.flag === true) {
    return value === true || value === false || value === 'true' || value === 'false'
      ? String(value)
      : cursor.error(`expected true${field.any ? ', false or any' : ' or false'}`);
  }
  if (typeof value !== 'string') {
    const scalar = typeof value === 'boolean' || typeof value === 'number';
    return cursor.error(`expected text, got ${describe(value)}`, scalar ? `quote it: "${value}"` : undefined);
  }
  const problem = textProblem(value, field, provider) ?? field.problem?.(value);
  return problem === undefined ? value : cursor.error(`${field.key}: ${problem}`);
}

function textProblem(value: string, field: Field, provider: Provider): string | undefined {
  if (value.trim() !== value || value === '') return value === '' ? 'the text is empty' : 'begins or ends with a space';
  if (field.compare === 'pattern') return patternProblem(value);
  if (!value.includes('*')) return undefined;
  const patterns = provider.fields.filter(({ compare }) => compare === 'pattern').map(({ key }) => key);
  return `"*" is not a pattern here, it is compared exactly and never matches${patterns.length === 0 ? '' : `; patterns are possible in ${patterns.join(', ')}`}`;
}

function eventList(list: Cursor, events: NonNullable<Provider['events']>): readonly string[] | undefined {
  if (list.value === null) return explainEmpty(list);
  if (!Array.isArray(list.value) || list.value.length === 0)
    return list.error('write a list of events', `default: [${events.byDefault.join(', ')}]`);
  const known = [...events.byDefault, ...Object.keys(events.risky), ...Object.keys(events.never)];
  const read = list.items.map((item): string | undefined => {
    const { value } = item;
    if (typeof value !== 'string' || value.trim() !== value || value === '') return item.error('an event is text');
    if (value.includes('*')) return item.error('events are named one by one, without *');
    if (Object.hasOwn(events.never, value)) return item.error(`${value} can never publish: ${events.never[value]}`);
    if (Object.hasOwn(events.risky, value)) item.warn('event-risky', `${value} is dangerous: ${events.risky[value]}`);
    else if (!known.includes(value) && nearest(value, known) !== undefined)
      item.warn('event-unknown', `unknown event ${quote(value)}${didYouMean(value, known)}`);
    return value;
  });
  return read.every((event) => event !== undefined) ? read : undefined;
}

/** Every `any` is said aloud, and the combination that lets nearly everybody in louder; true for that one. */
function warnOfBreadth(from: Cursor, provider: Provider, fields: ReadonlyMap<string, Stated>): boolean {
  const open = provider.fields.filter((field) => isOpen(field, fields.get(field.key)));
  for (const field of open) {
    const cursor = from.at(field.key);
    const written = typeof cursor.value === 'string' ? cursor.value : 'a list';
    if (field.step === 'owner')
      cursor.warn('owner-any', `${field.key}: any: whoever takes over a renamed or deleted owner's name can publish`);
    else
      cursor.warn('any', `${field.key}: ${written}: this publisher does not constrain the ${field.what ?? field.key.replaceAll('_', ' ')}`);
  }
  const constrains = (key: string): boolean => provider.fields.some((field) => field.key === key && !open.includes(field));
  const has = (key: string): boolean => provider.fields.some((field) => field.key === key);
  if (!has('environment') || !has('ref') || constrains('environment')) return false;
  const refs = fields.get('ref');
  if (!constrains('ref')) {
    from.warn('any-branch', 'neither environment nor ref is constrained: every branch can publish');
    return true;
  }
  const all = Array.isArray(refs) && refs.some((value) => /^refs\/heads\/\*+(?:\/\*+)*$/.test(value));
  if (all) from.at('ref').warn('any-branch', 'every branch can publish: ref names them all, and no environment is asked for');
  return all;
}

function warnOfMissingPins(from: Cursor, provider: Provider, fields: ReadonlyMap<string, Stated>): void {
  const anchor = from.at(provider.anchor[0] ?? 'issuer');
  for (const field of provider.fields) {
    if (!isPin(field) || field.required || fields.has(field.key)) continue;
    anchor.warn('pin-missing', `${field.key} is not stated: whoever makes a deleted ${quote(String(anchor.value))} anew can publish`);
  }
}

/** `any`, or a pattern that says the same. */
function isOpen(field: Field, stated: Stated | undefined): boolean {
  return stated === 'any' || (field.compare === 'pattern' && stated?.some((value) => /^(?:refs\/)?\*+(?:\/\*+)*$/.test(value)) === true);
}
