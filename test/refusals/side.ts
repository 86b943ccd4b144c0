// One side of the recordings: npm's clients with Verdaccio, or Python's with devpi.
import type { RefusalCode } from '../../src/core/refusal.ts';
import type { Page } from './page.ts';
import { play, type Playable } from './play.ts';
import type { Recording, Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

/** What was recorded so far, by code and client: `upload-scope npm-12`. */
export type Recordings = ReadonlyMap<string, Recording>;

export interface Side {
  readonly codes: readonly RefusalCode[];
  /** Causes this refusal with every client that can meet it. */
  readonly record: (code: RefusalCode) => Promise<Recordings>;
  /** All pages of the side, with what was recorded; only sections of these codes can be rendered. */
  readonly pages: (recordings: Recordings) => readonly Page[];
  readonly close: () => Promise<void>;
}

/** Plays the scenario of a code with one client after the other; two codes at a time never mistake each other's decisions for their own. */
export async function recordAll<C extends string, S extends Playable>(
  scenario: Scenario<C, S>,
  clients: readonly C[],
  sceneFor: (client: C) => { readonly stage: Stage<Scenario<C, S>>; readonly scene: S },
): Promise<Recordings> {
  const recorded = new Map<string, Recording>();
  const one = async (client: C): Promise<void> => {
    if (scenario.cannot?.[client] !== undefined) return;
    const { stage, scene } = sceneFor(client);
    recorded.set(`${scenario.code} ${client}`, await play(stage, scenario, scene));
  };
  if (scenario.together === true) await Promise.all(clients.map(one));
  else for (const client of clients) await one(client);
  return recorded;
}
