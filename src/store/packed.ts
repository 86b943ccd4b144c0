// How a token record is written in a store: its texts in a fixed order behind one another, names of claims as letters, and what
// a CI says several times once. A third of what the record takes as JSON. Text with control characters stays JSON.
import { actions, type Grant, type Run, type TokenRecord } from '../core/grant.ts';
import { claimNames } from './claim-names.ts';
import { Repeated } from './repeated.ts';

/** In front of every packed record. JSON, the form before, begins with a brace. */
const mark = '2';
/** Between two texts; in front of one that is JSON because the value is no text; behind the last one, so that what was cut is no record. */
const separator = '\u001f';
const isJson = '\u001e';
const end = '\u001e';

/** The page of the run comes last: it repeats the others. */
const runMembers = ['anchor', 'ref', 'commit', 'run', 'workflow', 'actor', 'environment', 'runUrl'] as const satisfies (keyof Run)[];

/** Characters of the shortest claim that may come again: a job's workflow is mostly the workflow of the run. */
const worthLearning = 20;

/** Characters that stand for names, in the order of `claimNames`; `?` stands for any other name. */
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+-./:;<=>@[]^_`{|}~';
const otherName = '?';
const letterOf = new Map(claimNames.map((name, i) => [name, letters.charAt(i)]));
const nameOf = new Map([...letterOf].map(([name, letter]) => [letter, name]));

/** Writes the record. */
export function pack(record: TokenRecord): string {
  const { id, issuer, claims, run, minted, expires, maxUploads = 0, grants } = record;
  const plain = [issuer];
  const packed = [id, String(minted), String(expires - minted), String(maxUploads), issuer];
  const repeated = new Repeated();
  for (const member of runMembers) {
    const text = run[member] ?? '';
    plain.push(text);
    packed.push(repeated.shorten(text));
    repeated.learn(text);
  }
  const names = Object.keys(claims);
  packed.push(names.map((name) => letterOf.get(name) ?? otherName).join(''));
  for (const name of names) {
    if (!letterOf.has(name)) packed.push(name);
    const value = claims[name];
    if (typeof value !== 'string') packed.push(isJson + JSON.stringify(value));
    else {
      packed.push(repeated.shorten(value));
      plain.push(value);
      if (value.length >= worthLearning) repeated.learn(value);
    }
    if (!letterOf.has(name)) plain.push(name);
  }
  for (const grant of grants) {
    plain.push(grant.registry, grant.publisher, ...grant.packages);
    packGrant(grant, packed);
  }
  // Control characters mean something here, and an empty text that there is none.
  return /\p{Cc}/u.test(plain.join('')) || Object.values(run).includes('') ? JSON.stringify(record) : mark + packed.join(separator) + end;
}

/** The record as it was, or anything else where the text is none: whoever reads it checks its form. */
export function unpack(text: string, limit: number): unknown {
  if (!text.startsWith(mark)) return parse(text);
  if (!text.endsWith(end)) return undefined;
  const texts = text.slice(mark.length, -end.length).split(separator);
  let at = 0;
  const next = (): string => texts[at++] ?? '';
  const [id, minted, life, maxUploads, issuer] = [next(), Number(next()), Number(next()), Number(next()), next()];
  const repeated = new Repeated(limit);
  const run = runMembers.map((member) => {
    const said = repeated.lengthen(next());
    repeated.learn(said);
    return [member, said] as const;
  });
  const claims: [string, unknown][] = [];
  for (const letter of next()) {
    const name = nameOf.get(letter) ?? next();
    const value = next();
    const said = value.startsWith(isJson) ? parse(value.slice(1)) : repeated.lengthen(value);
    if (typeof said === 'string' && said.length >= worthLearning) repeated.learn(said);
    claims.push([name, said]);
  }
  const grants = unpackGrants(texts.slice(at));
  const whole = at <= texts.length && claims.every(([, value]) => value !== undefined);
  if (repeated.broken || !whole || grants === undefined) return undefined;
  return {
    version: 1,
    id,
    issuer,
    claims: Object.fromEntries(claims),
    grants,
    run: Object.fromEntries(run.filter(([, said]) => said !== '')),
    minted,
    expires: minted + life,
    ...(maxUploads === 0 ? {} : { maxUploads }),
  };
}

/** Names of packages often begin alike: what they have in common stands before them. */
function packGrant({ registry, publisher, packages, allow }: Grant, packed: string[]): void {
  const [first = '', ...others]: readonly string[] = packages;
  let common = others.length === 0 ? 0 : first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, common))) common -= 1;
  const may = allow.map((action) => actions.indexOf(action)).join('');
  packed.push(registry, publisher, may, String(packages.length), first.slice(0, common));
  for (const name of packages) packed.push(name.slice(common));
}

function unpackGrants(texts: readonly string[]): unknown[] | undefined {
  const grants: unknown[] = [];
  for (let at = 0; at < texts.length;) {
    const [registry, publisher, may = '', count, common = ''] = texts.slice(at, at + 5);
    const from = at + 5;
    at = from + Number(count);
    if (!(at > from && at <= texts.length)) return undefined;
    const packages = texts.slice(from, at).map((rest) => common + rest);
    grants.push({ registry, publisher, packages, allow: may.split('').map((digit) => actions[Number(digit)]) });
  }
  return grants;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
