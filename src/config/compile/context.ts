// What compiling a section needs beside its values.
import { isAbsolute, resolve } from 'node:path';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';
import { readRegularFile } from '../read-file.ts';

export interface Context {
  /** Folder of the policy file; relative paths start there. */
  readonly folder: string;
  /** Paths (as JSON) of texts that came from the environment. */
  readonly supplied: ReadonlySet<string>;
  /** `NODE_ENV=production`, as in the image: switches for development are refused (SEC-21). */
  readonly production: boolean;
  /** Secrets and the files that are named may be somewhere else: nobody will use them. */
  readonly policyOnly: boolean;
  /** Is told each file that was looked into. */
  readonly used: (path: string) => void;
}

/** Whether the text at the cursor came, in whole or in part, from the environment. */
export function isSupplied(cursor: Cursor, context: Context): boolean {
  return context.supplied.has(JSON.stringify(cursor.path));
}

/**
 * The absolute path of a file that the policy names, or undefined after it was reported that it cannot be used.
 * @param check says what is wrong with its bytes, in words that complete "<file> …"
 */
export function usableFile(
  cursor: Cursor,
  context: Context,
  check: (bytes: Uint8Array) => string | undefined = () => undefined,
): string | undefined {
  if (typeof cursor.value !== 'string') return undefined;
  const path = isAbsolute(cursor.value) ? cursor.value : resolve(context.folder, cursor.value);
  context.used(path);
  if (context.policyOnly) return path;
  const read = readRegularFile(path, 1024 * 1024);
  const problem = read.ok ? check(read.bytes) : read.problem;
  return problem === undefined ? path : cursor.error(`${quote(cursor.value)} ${problem}`, undefined, 'file');
}

/** For files that have to hold PEM text of a kind (RFC 7468). */
export function pem(kind: string): (bytes: Uint8Array) => string | undefined {
  return (bytes) =>
    new RegExp(`-----BEGIN (?:[A-Z]+ )?${kind}-----`).test(Buffer.from(bytes).toString('latin1'))
      ? undefined
      : `holds no PEM ${kind.toLowerCase()}`;
}
