// One problem of the policy files, and how it is printed.
import type { Place } from '../core/publisher.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly place: Place;
  /** Characters that the caret underlines; at least 1. */
  readonly length: number;
  readonly message: string;
  readonly hint?: string;
  /** The line of the file, for the caret. */
  readonly source?: string;
}
