// How a token record is written in a store: the values in a fixed order, well-known names as single characters, no text twice.
// A record of 20 packages takes a third of what it takes as JSON, for the time that writing the rest would take.
import { actions, type Grant, type Run, type TokenRecord } from '../core/grant.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { claimNames } from './claim-names.ts';
import { lengthen, shorten } from './words.ts';

/** In front of every packed record. The form before was JSON, which begins with a brace. */
const mark = '2';

const runMembers = ['anchor', 'actor', 'commit', 'ref', 'workflow', 'environment', 'run', 'runUrl'] as const satisfies (keyof Run)[];

/** Characters that stand for names, in the order of `claimNames`; `?` stands for any other name. */
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+-./:;<=>@[]^_`{|}~';
const otherName = '?';
const letterOf = new Map(claimNames.map((name, i) => [name, letters[i] ?? otherName]));
const nameOf = new Map([...letterOf].map(([name, letter]) => [letter, name]));

/** Writes the record. Its own words are those that CIs repeat: the repository stands in the workflow, the run's page and the anchor. */
export function pack({ id, issuer, claims, grants, run, minted, expires, maxUploads = 0 }: TokenRecord): string {
  const packed = [id, minted, expires - minted, maxUploads, issuer, ...packClaims(claims), ...runMembers.map((name) => run[name] ?? 0)];
  const words = [run.anchor, run.ref, run.commit, run.run, run.workflow, ...grants.map(beginning)];
  const json = JSON.stringify([...packed, ...grants.map(packGrant)]);
  return `${mark}${shorten(
    json,
    words.filter((word) => word !== undefined),
  )}`;
}

/** The record as it was, or anything else where the text is none: whoever reads it checks its form. */
export function unpack(text: string, limit: number): unknown {
  if (!text.startsWith(mark)) return parse(text);
  const json = lengthen(text.slice(mark.length), limit);
  const value = json === undefined ? undefined : parse(json);
  if (!Array.isArray(value)) return undefined;
  const [id, minted, life, maxUploads, issuer, names, ...rest] = value as readonly Json[];
  if (typeof minted !== 'number' || typeof life !== 'number' || typeof names !== 'string') return undefined;
  const { claims, after } = unpackClaims(names, rest);
  const run = runMembers.map((name, i): [string, Json | undefined] => [name, after[i]]);
  return {
    version: 1,
    id,
    issuer,
    claims,
    grants: after.slice(runMembers.length).map(unpackGrant),
    run: Object.fromEntries(run.filter(([, member]) => member !== 0)),
    minted,
    expires: minted + life,
    ...(maxUploads === 0 ? {} : { maxUploads }),
  };
}

/** One letter for each claim, then the values; a name without a letter stands before its value. */
function packClaims(claims: JsonObject): Json[] {
  let names = '';
  const values: Json[] = [];
  for (const [name, value] of Object.entries(claims)) {
    const letter = letterOf.get(name) ?? otherName;
    names += letter;
    if (letter === otherName) values.push(name);
    values.push(value);
  }
  return [names, ...values];
}

function unpackClaims(names: string, values: readonly Json[]): { readonly claims: unknown; readonly after: readonly Json[] } {
  const claims: [string, Json | undefined][] = [];
  let at = 0;
  for (const letter of names) {
    const name = letter === otherName ? values[at++] : nameOf.get(letter);
    if (typeof name !== 'string' || at >= values.length) return { claims: undefined, after: [] };
    claims.push([name, values[at++]]);
  }
  return { claims: Object.fromEntries(claims), after: values.slice(at) };
}

function packGrant({ registry, publisher, packages, allow }: Grant): Json {
  return [registry, publisher, allow.map((action) => actions.indexOf(action)).join(''), ...packages];
}

function unpackGrant(value: Json): unknown {
  if (!Array.isArray(value)) return undefined;
  const [registry, publisher, allow, ...packages] = value as readonly Json[];
  return {
    registry,
    publisher,
    packages,
    allow: typeof allow === 'string' ? allow.split('').map((digit) => actions[Number(digit)]) : allow,
  };
}

/** What the names of a grant's packages have in common. */
function beginning({ packages }: Grant): string {
  const [first = '', ...others]: readonly string[] = packages;
  let length = others.length === 0 ? 0 : first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
