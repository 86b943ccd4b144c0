// Pins: the ids that tell a repository, project or owner from the next one of its name (rule 5 of design/3).
import type { Step } from './publisher.ts';

/** The comment that `init` writes beside an id that it does not know; `pin` takes it away when it fills the id in. */
export const unknownId = 'not yet known: `countersign pin` fills it in, once a job was seen';

/** True for a field of a provider that is such an id, and that a publisher may or has to state. */
export function isPin({ key, step, compare, absent }: { key: string; step: Step; compare: string; absent?: unknown }): boolean {
  const identifies = step === 'owner' || step === 'repository';
  return identifies && absent === undefined && (compare === 'digits' || (compare === 'exact' && key.endsWith('_id')));
}
