// Puts environment variables into values of the policy: `${NAME}` and `${NAME:-default}`, after parsing, so that what a
// variable holds is always one text and never structure (POL-25).
import type { Cursor } from './cursor.ts';
import { didYouMean } from './did-you-mean.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly value: unknown;
  /** Paths (as JSON) of the texts that hold at least one variable's value: those are not written in the file. */
  readonly supplied: ReadonlySet<string>;
}

/** Where the variables come from, and whether secrets may be missing among them. */
export interface Source {
  readonly env: Environment;
  readonly policyOnly: boolean;
}

/** Replaces the variables in every text below the cursor; problems are reported at the text. */
export function substitute(cursor: Cursor, source: Source): Substituted {
  const supplied = new Set<string>();
  return { value: below(cursor, source, supplied), supplied };
}

/** Whether any value of a YAML text can have `${` in it: as it stands there, or by an escape. */
export function mayHoldVariables(text: string): boolean {
  return text.includes('${') || text.includes('\\');
}

/** Reports texts with `${`, where variables are not possible: who may publish is read from the file alone. */
export function refuseVariables(cursor: Cursor): void {
  if (typeof cursor.value === 'string' && cursor.value.includes('${')) {
    cursor.error('variables are possible only under server, store, audit, issuers and registries', undefined, 'variable');
  }
  for (const item of cursor.items) refuseVariables(item);
  for (const [, entry] of cursor.entries) refuseVariables(entry);
}

function below(cursor: Cursor, source: Source, supplied: Set<string>): unknown {
  const { value } = cursor;
  if (typeof value === 'string') return value.includes('${') ? fill(cursor, value, source, supplied) : value;
  if (Array.isArray(value)) return cursor.items.map((item) => below(item, source, supplied));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(cursor.entries.map(([key, entry]) => [key, below(entry, source, supplied)]));
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/g;

/** Where a problem keeps a text from being known, the text as written is returned: it was reported already. */
function fill(cursor: Cursor, text: string, { env, policyOnly }: Source, supplied: Set<string>): string {
  if (text.replaceAll(variable, '').includes('${')) {
    cursor.error('a variable is written ${NAME} or ${NAME:-default}', undefined, 'variable');
    return text;
  }
  return text.replaceAll(variable, (whole: string, name: string, standIn: string | undefined, at: number) => {
    const given = Object.hasOwn(env, name) ? env[name] : undefined;
    if (given === undefined || given === '') {
      if (standIn === undefined) {
        supplied.add(JSON.stringify(cursor.path));
        if (policyOnly && (isCredential(cursor) || isUserPart(text, at, whole.length))) return notHere;
        const problem = given === '' ? 'is empty' : `is not set${didYouMean(name, Object.keys(env))}`;
        cursor.error(`the environment variable ${name} ${problem}`, `set it, or give it a default: \${${name}:-…}`, 'variable');
      }
      return standIn ?? whole;
    }
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(given.replace(/\r?\n$/, ''))) {
      cursor.error(`the environment variable ${name} holds a line break or another control character`, undefined, 'variable');
      return whole;
    }
    supplied.add(JSON.stringify(cursor.path));
    const clean = given.replace(/\r?\n$/, '');
    return isUserPart(text, at, whole.length) ? encodeURIComponent(clean) : clean;
  });
}

/**
 * One text with its variables, or undefined when one is not set: for a reader of a single value, in a file that need not be
 * valid as a whole.
 */
export function expand(text: string, env: Environment): string | undefined {
  let known = true;
  const filled = text.replaceAll(variable, (_, name: string, standIn: string | undefined) => {
    const given = Object.hasOwn(env, name) ? env[name] : undefined;
    if (!given && standIn === undefined) known = false;
    return given || (standIn ?? '');
  });
  return known ? filled : undefined;
}

/** Stands for a credential that nobody will use; long enough for all of them. */
const notHere = 'not-here-'.repeat(8);

function isCredential({ path }: Cursor): boolean {
  return ['username', 'password', 'bearer', 'token', 'secret'].includes(String(path.at(-1)));
}

/** Whether the variable stands before the `@` of a URL: a password with `@` or `/` in it must not name another host. */
function isUserPart(text: string, at: number, length: number): boolean {
  return /^[a-z]+:\/\/[^/?#@]*$/.test(text.slice(0, at)) && /^[^/?#]*@/.test(text.slice(at + length));
}
