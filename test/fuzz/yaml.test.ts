import { expect, it } from 'vitest';
import { brief } from './fuzz.ts';
import { yaml } from './yaml.ts';

it('POL-03 POL-04 POL-05 POL-06 POL-08 what the fast reader of policy files accepts, the parser of all of YAML reads the same way, without a word', async () => {
  const { accepted } = await yaml.run(brief(3000));
  expect(accepted).toBeGreaterThan(500);
});
