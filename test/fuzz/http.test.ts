import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brief } from './fuzz.ts';
import { openScene, type Scene } from './http-scene.ts';
import { http, judge, nothingLeftOpen } from './http.ts';
import { quirks } from './quirks.ts';

it('SMG-40 mutated HTTP reaches the upstream as well-formed, authorised requests of one framing, or not at all', async () => {
  const { accepted } = await http.run(brief(1_000_000, 6));
  expect(accepted).toBeGreaterThan(20);
}, 90_000);

describe('the parser bugs of the HTTP Garden', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(() => scene?.close());

  it('SMG-39 one payload for each: the upstream receives strict HTTP and nothing that was hidden', async () => {
    expect(quirks.length).toBeGreaterThan(70);
    for (let at = 0; at < quirks.length; at += 20) {
      const some = quirks.slice(at, at + 20);
      const sent = judge(scene, some.map(({ packet }) => packet)); // prettier-ignore
      await expect(sent, some.map(({ number }) => number).join('; ')).resolves.toBeGreaterThanOrEqual(0);
    }
    await nothingLeftOpen(scene);
  }, 60_000);
});
