// Where a CI keeps its identity tokens: the contract of one source.
import type { Answer, Call } from '../http.ts';

/** What a source may use. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** A request; throws `CommandFailed` when no answer comes. */
  readonly ask: (url: URL, call?: Call) => Promise<Answer>;
  /** Runs a program without a shell; gives its stdout, or undefined when it is not there or fails. */
  readonly execute: (program: string, args: readonly string[]) => Promise<string | undefined>;
  /** One line for the reader, on stderr. */
  readonly note: (line: string) => void;
}

/** A token, or what the job has to change to get one. */
export type Fetched = { readonly token: string } | { readonly missing: string };

export interface IdentitySource {
  readonly title: string;
  /** True when the job runs there. */
  readonly here: (env: NodeJS.ProcessEnv) => boolean;
  readonly fetch: (audience: string, surroundings: Surroundings) => Promise<Fetched>;
}
