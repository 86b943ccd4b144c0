import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { brief } from './fuzz.ts';
import { tarballs } from './tarball.ts';

describeWith(
  'python',
  'pypi-server',
  'devpi-server',
  'npm',
)('random tarballs in a publish', () => {
  it('beside NPM-16: whatever is accepted has one package.json, that of the package, to npm and to Python', async () => {
    const { accepted } = await tarballs.run(brief(800));
    expect(accepted).toBeGreaterThan(100);
  });
});
