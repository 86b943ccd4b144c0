// What the acts of the story share: expectations, and the audit lines of an act.
import type { AuditEvent } from '../../src/audit/event.ts';
import type { ClientRun } from '../../test/support/clients.ts';
import { auditLine } from './audit-line.ts';
import { audited, printed } from './page.ts';
import type { Stage } from './stage.ts';

/** The story went otherwise than told; the message says how, with what the client printed. */
export class StoryFailed extends Error {}

/** What a client did, and the audit events of it. */
export type Watched = { readonly result: ClientRun; readonly events: AuditEvent[] };

/** Goes on only when it is true. */
export function must(condition: boolean, otherwise: string, output = ''): asserts condition {
  if (!condition) throw new StoryFailed(output === '' ? otherwise : `${otherwise}\n${output.trimEnd()}`);
}

/** Runs one client, prints what is worth a look of its output and the audit records that it caused, and gives both. */
export async function watch(stage: Stage, run: () => Promise<ClientRun>, worth: RegExp): Promise<Watched> {
  const before = stage.audit().length;
  const result = await run();
  printed(result.output.split('\n').filter((line) => worth.test(line)));
  // The record is written as the answer goes out; the line may come through the pipe a moment later.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const events = stage.audit().slice(before);
  for (const event of events) audited(auditLine(event));
  return { result, events };
}

/** The event with this name and outcome among an act's. */
export function recorded(events: readonly AuditEvent[], event: AuditEvent['event'], outcome: AuditEvent['outcome']): AuditEvent {
  const found = events.find((entry) => entry.event === event && entry.outcome === outcome);
  must(found !== undefined, `the audit record has no "${event} ${outcome}"`, events.map((entry) => JSON.stringify(entry)).join('\n'));
  return found;
}
