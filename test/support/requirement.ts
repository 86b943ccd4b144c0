// What happens to a suite whose real server or client is missing: red in CI, a counted skip elsewhere.
import { describe, expect, it } from 'vitest';
import { locate, missing, type Component } from './components.ts';

export { locate, requires, ROOT, type Component } from './components.ts';

/** A `describe` that needs real components. */
type Suite = (title: string, body: () => void) => void;

/**
 * `describeWith('redis-server', 'curl')(title, body)`: the suite as it is when all are there. With one missing: a failing
 * test under CI=true, elsewhere a printed line and the suite's tests counted as skipped.
 */
export function describeWith(...components: readonly Component[]): Suite {
  const absent = components.filter((component) => locate(component) === undefined);
  if (absent.length > 0 && process.env['CI'] === 'true') {
    return (title) => {
      describe(`${title} (cannot run)`, () => {
        it(`finds ${absent.join(', ')}`, () => expect.fail(missing(absent)));
      });
    };
  }
  if (absent.length > 0) console.warn(`skipped: ${missing(absent)}`);
  return absent.length > 0 ? describe.skip : describe;
}
