import { expect, it } from 'vitest';
import { claims } from './claims.ts';
import { brief } from './fuzz.ts';

it('random claims and policies: what is granted is what a plain reading of the rules grants (POL-14, CLM-64)', async () => {
  const { accepted } = await claims.run(brief(3000));
  expect(accepted).toBeGreaterThan(100);
});
