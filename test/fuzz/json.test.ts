import { expect, it } from 'vitest';
import { describeWith } from '../support/requirement.ts';
import { brief } from './fuzz.ts';
import { json } from './json.ts';

describeWith('verdaccio')('mutated npm publishes', () => {
  it('NPM-31 whatever is accepted names the granted package to body-parser 1 and 2 and to readers of other languages', async () => {
    const { accepted } = await json.run(brief(2500));
    expect(accepted).toBeGreaterThan(700);
  });
});
