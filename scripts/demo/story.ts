// The story: the acts in order, and what carries from one to the next.
import { npmActs } from './story-npm.ts';
import { pythonActs } from './story-python.ts';
import type { Stage } from './stage.ts';

/** One thing to see. Rejects with `StoryFailed` when it does not happen. */
export type Act = { readonly title: string; readonly play: () => Promise<void> };

/** All acts; the Python ones only where there is an index. */
export function story(stage: Stage): Act[] {
  return [...npmActs(stage), ...(stage.python === undefined ? [] : pythonActs(stage, stage.python))];
}
