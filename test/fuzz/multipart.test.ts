import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { brief } from './fuzz.ts';
import { multipart } from './multipart.ts';

describeWith(
  'python',
  'devpi-server',
  'pypi-server',
)('mutated PyPI uploads', () => {
  it('MP-67 whatever is accepted is one upload of the checked project to bottle and WebOb', async () => {
    const { accepted } = await multipart.run(brief(2000));
    expect(accepted).toBeGreaterThan(600);
  });
});
