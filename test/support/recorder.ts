// Keeps audit events in memory.
import type { Audit, AuditEvent } from '../../src/audit/event.ts';

export interface Recorder {
  readonly audit: Audit;
  readonly events: readonly AuditEvent[];
}

/** An `Audit` and the list that it fills. */
export function createRecorder(): Recorder {
  const events: AuditEvent[] = [];
  return { audit: (event) => void events.push(event), events };
}
