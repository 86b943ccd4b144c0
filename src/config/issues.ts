// Says what zod found, in words that name the key and what to write.
import { z, type ZodType } from 'zod';
import { didYouMean, nearest, quote } from './did-you-mean.ts';
import type { ErrorCode } from './rules.ts';

type Issue = z.core.$ZodIssue;

/** A value that problems can be reported at: a `Cursor`. */
interface Located {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
  readonly at: (step: string | number) => Located;
  readonly error: (message: string, hint?: string, code?: ErrorCode) => undefined;
  readonly errorAtKey: (message: string, hint?: string, code?: ErrorCode) => undefined;
}

/** Reports each issue of a value at its place. */
export function explainIssues(cursor: Located, schema: ZodType, issues: readonly Issue[]): void {
  const misspelt = misspeltKeys(schema, issues);
  for (const issue of issues) {
    const at = issue.path.reduce<Located>((found, step) => found.at(typeof step === 'symbol' ? String(step) : step), cursor);
    if (issue.code === 'unrecognized_keys') explainUnknown(at, keysAt(schema, issue.path), issue.keys);
    else if (at.value === undefined && misspelt.has(JSON.stringify(issue.path))) continue;
    else if (issue.code === 'invalid_key')
      at.errorAtKey(`${quote(String(issue.path.at(-1)))} is no name`, 'letters, digits, ".", "-" and "_"');
    else if (at.value === undefined) at.error(`missing key ${quote(String(at.path.at(-1) ?? 'the file'))}`, undefined, 'missing-key');
    else if (at.value === null)
      explainEmpty(at, issue.code === 'invalid_type' && issue.expected === 'object' ? 'write {} for a map without keys' : undefined);
    else explainValue(at, issue);
  }
}

/** Paths (as JSON) of keys that are there, misspelt: one mistake is one message. */
function misspeltKeys(schema: ZodType, issues: readonly Issue[]): ReadonlySet<string> {
  const unknown = issues.filter((issue) => issue.code === 'unrecognized_keys');
  return new Set(
    unknown.flatMap(({ path, keys }) => keys.map((key) => JSON.stringify([...path, nearest(key, keysAt(schema, path)) ?? key]))),
  );
}

function explainUnknown(at: Located, known: readonly string[], keys: readonly string[]): void {
  for (const key of keys) {
    const meant = didYouMean(key, known);
    at.at(key).errorAtKey(
      `unknown key ${quote(key)}${meant}`,
      meant === '' && known.length > 0 ? `known here: ${known.join(', ')}` : undefined,
      'unknown-key',
    );
  }
}

/** Reports a key without a value. */
export function explainEmpty(at: Located, hint = 'write a value or leave the key out'): undefined {
  return at.errorAtKey(`${quote(String(at.path.at(-1) ?? 'the file'))} has no value`, hint);
}

function explainValue(at: Located, issue: Issue): void {
  if (issue.code === 'invalid_type')
    at.error(`expected ${kindName(issue.expected)}, got ${describe(at.value)}`, typeHint(issue.expected, at.value));
  else if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const { value } = at;
    at.error(
      `expected one of ${known.join(', ')}; got ${typeof value === 'string' ? `${quote(value)}${didYouMean(value, known)}` : describe(value)}`,
    );
  } else if (issue.code === 'too_small' && issue.origin === 'array') at.error('the list is empty', 'leave the key out, or list something');
  else if (issue.code === 'too_small' && issue.origin === 'string') at.error('the text is empty');
  else if (issue.code === 'too_small') at.error(`expected at least ${issue.minimum}, got ${describe(at.value)}`);
  else if (issue.code === 'too_big' && issue.origin === 'string') at.error(`the text is longer than ${issue.maximum} characters`);
  else if (issue.code === 'too_big') at.error(`expected at most ${issue.maximum}, got ${describe(at.value)}`);
  else at.error(issue.message);
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
};

function kindName(expected: string): string {
  return kindNames[expected] ?? expected;
}

function typeHint(expected: string, value: unknown): string | undefined {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return `quote it: "${value}"`;
  if (expected === 'array' && typeof value === 'string') return `write a list: [${JSON.stringify(value)}]`;
  return undefined;
}

/** A value inside a sentence. Texts are not repeated: they may be secrets, and the line below shows them. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return 'text';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'a map';
}

/** The keys that a schema knows at a path. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  let at = unwrap(schema);
  for (const step of path) {
    if (at instanceof z.ZodObject) at = unwrap(at.shape[String(step)]);
    else if (at instanceof z.ZodArray) at = unwrap(at.element);
    else if (at instanceof z.ZodRecord) at = unwrap(at.valueType);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}
