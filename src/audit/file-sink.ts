// Writes audit entries into a file of their own, a JSON line each, in the form in which the log has them.
import { auditVersion } from './fields.ts';
import type { Sink } from './record.ts';

export interface FileSinkParts {
  /** Takes a finished line; counts what it cannot write. */
  readonly write: (line: string) => void;
  /** Takes secrets out of a finished line (SEC-05). */
  readonly scrub: (text: string) => string;
}

export function fileSink({ write, scrub }: FileSinkParts): Sink {
  return ({ id, time, ...fields }) => {
    const line = { level: 'info', time, pid: process.pid, audit: true, v: auditVersion, id, ...fields };
    write(`${scrub(JSON.stringify(line))}\n`);
  };
}
