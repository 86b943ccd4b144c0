// The client of Redis, loaded when a store is there: with the embedded store it would be a twentieth of the resident set.
import { createRequire } from 'node:module';
import type * as Ioredis from 'ioredis';

const load = createRequire(import.meta.url);
let loaded: typeof Ioredis | undefined;

export function ioredis(): typeof Ioredis {
  return (loaded ??= load('ioredis') as typeof Ioredis);
}
