import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { brief } from './fuzz.ts';
import { paths } from './paths.ts';

describeWith(
  'python',
  'verdaccio',
  'devpi-server',
  'pypi-server',
)('random request targets', () => {
  it('PTH-27 no target that is accepted names another package to Express, bottle or WebOb than to us', async () => {
    const { accepted } = await paths.run(brief(10_000));
    expect(accepted).toBeGreaterThan(500);
  });
});
