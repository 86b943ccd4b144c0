// Programs of the system: what is on the PATH.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function has(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => existsSync(join(place, program)));
}
