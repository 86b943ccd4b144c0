// The audit record: one per decision (P7), never with a token. docs/audit.md is tested against these fields.
import type { Refusal, RefusalCode } from '../core/refusal.ts';

export type Outcome =
  | 'minted'
  | 'refused'
  | 'dry-run'
  | 'forwarding'
  | 'uploaded'
  | 'upstream-refused'
  | 'upstream-unknown'
  | 'changed'
  | 'revoked'
  | 'reloaded'
  | 'reload-failed'
  | 'long-lived'
  | 'started'
  | 'stopped';

export interface AuditEvent {
  readonly event: 'request' | 'exchange' | 'upload' | 'manage' | 'revoke' | 'pass-through' | 'policy' | 'process';
  readonly outcome: Outcome;
  readonly request?: string;
  readonly code?: RefusalCode;
  /** The sentence that the caller saw. */
  readonly message?: string;
  /** What the caller did not see. */
  readonly detail?: string;
  readonly registry?: string;
  readonly package?: string;
  readonly version?: string;
  readonly file?: string;
  readonly sha256?: string;
  readonly bytes?: number;
  readonly publishers?: readonly string[];
  readonly issuer?: string;
  readonly provider?: string;
  readonly anchor?: string;
  /** The ids behind the anchor that the identity token proved, as a policy writes them: `repository_id 4711`. */
  readonly ids?: readonly string[];
  readonly actor?: string;
  readonly commit?: string;
  readonly ref?: string;
  readonly workflow?: string;
  readonly environment?: string;
  readonly run?: string;
  readonly runUrl?: string;
  /** First 12 hex digits of the SHA-256 of the upload token. */
  readonly token?: string;
  /** First 12 hex digits of the SHA-256 that names the identity token. */
  readonly identity?: string;
  readonly expires?: number;
  readonly client?: string;
  readonly address?: string;
  readonly upstreamStatus?: number;
  readonly milliseconds?: number;
  /** Revision of the policy that decided. */
  readonly policy?: string;
  /** For each publisher considered, the fields that differed: `ui-release: workflow expected release.yml got build.yml`. */
  readonly considered?: readonly string[];
  /** By what it was made up. */
  readonly sample?: string;
}

/** Writes one event. Must not throw; must not block the request. */
export type Audit = (event: AuditEvent) => void;

/**
 * With `audit.required`, waits until everything audited so far is written and gives a refusal when it is not (FLT-20);
 * undefined at once without. Never throws.
 */
export type Recorded = () => Promise<Refusal | undefined>;
