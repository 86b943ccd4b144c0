// Countersign's version, from package.json beside `src` or `dist`.
import { readFileSync } from 'node:fs';
import { isJsonObject, own } from '../core/json.ts';

/** The version of this package. */
export function version(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const found = isJsonObject(parsed) ? own(parsed, 'version') : undefined;
  return typeof found === 'string' ? found : 'unknown';
}
