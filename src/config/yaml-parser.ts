// The parser of all of YAML, loaded when a file needs it: few do, and it is a tenth of the time and memory of a start.
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const load = createRequire(import.meta.url);
let loaded: typeof Yaml | undefined;

/** At once, because policy files are read synchronously. */
export function yaml(): typeof Yaml {
  return (loaded ??= load('yaml') as typeof Yaml);
}
