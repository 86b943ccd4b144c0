// What the audit store needs of Redis; `store/redis-link.ts` is the real thing.
import type { AuditScript } from './redis-scripts.ts';

export interface AuditLink {
  /** Both reject with an error whose text is a sentence without secrets, within about a second. */
  readonly run: (script: AuditScript, keys: readonly string[], values: readonly string[]) => Promise<unknown>;
  readonly call: (command: string, ...parameters: readonly string[]) => Promise<unknown>;
  readonly close: () => void;
}

/** A script's or command's answer as a list; whatever else came is an empty one. */
export function list(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}

/** An answer's member as text; '' for what is none. */
export function text(answer: unknown): string {
  return typeof answer === 'string' ? answer : typeof answer === 'number' ? String(answer) : '';
}
