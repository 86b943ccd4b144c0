// Secrets of the policy: from the environment, from a file, or (with a warning) written down.
import { Secret, type SecretSource } from '../../core/secret.ts';
import type { Cursor } from '../cursor.ts';
import { isSupplied, usableFile, type Context } from './context.ts';

/**
 * The secret under `<key>` or `<key>_file` of a map, or undefined when neither is there or after a report.
 * A secret ends up in a header or a Redis command: control characters would end it and start another (HDR-15).
 */
export function secretUnder(map: Cursor, key: string, context: Context): SecretSource | undefined {
  const written = map.at(key);
  const file = map.at(`${key}_file`);
  if (written.exists && file.exists) return file.errorAtKey(`${key} and ${key}_file exclude each other`);
  if (file.exists) {
    const path = usableFile(file, context, (bytes) => secretProblem(Buffer.from(bytes).toString('utf8')));
    return path === undefined ? undefined : { kind: 'file', path };
  }
  if (typeof written.value !== 'string') return undefined;
  const problem = secretProblem(written.value);
  if (problem !== undefined) return written.error(`the secret ${problem}`);
  if (!isSupplied(written, context)) {
    written.warn('secret-written', 'a secret is written in the file', `write ${key}: "\${NAME}" and set the variable, or use ${key}_file`);
  }
  return { kind: 'value', value: new Secret(written.value) };
}

/** As `secretUnder`, and reports when there is none. */
export function requiredSecretUnder(map: Cursor, key: string, context: Context): SecretSource | undefined {
  if (!map.at(key).exists && !map.at(`${key}_file`).exists)
    return map.errorAtKey(`missing key "${key}" or "${key}_file"`, undefined, 'missing-key');
  return secretUnder(map, key, context);
}

/**
 * What keeps a text from being used as a secret, in words that complete "<file> …". One line break at its end is
 * allowed: editors and Kubernetes put it there, and whoever uses the secret leaves it out.
 */
function secretProblem(text: string): string | undefined {
  const bare = text.replace(/\r?\n$/, '');
  if (bare === '') return 'is empty';
  if (/\p{Cc}/u.test(bare)) return 'holds a line break or another control character';
  if (bare.includes('\u{fffd}')) return 'is not valid UTF-8';
  return bare.trim() === bare ? undefined : 'begins or ends with a space';
}
