// What pages are made from, and what they give back.
import type { AuditStore } from '../audit/store.ts';
import type { Configuration } from '../config/configuration.ts';
import type { PackagePattern } from '../core/package-name.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import type { SnippetFile } from '../core/snippet.ts';
import type { KeyStatus } from '../oidc/verify.ts';
import type { RelyingParty } from '../oidc/relying-party.ts';
import type { AccessRule, Visitor } from './access.ts';
import type { Attempts } from './attempts.ts';
import type { Path } from './href.ts';
import type { Part } from './html.ts';
import type { AdminRequest } from './reply.ts';

/** How this process is. */
export interface Status {
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly store: { readonly kind: 'memory' | 'redis'; readonly problem?: string };
  readonly audit: { readonly required: boolean; readonly problem?: string };
  readonly issuers: readonly KeyStatus[];
  /** Why the policy on disk is not the one in force. */
  readonly policyProblem?: string;
  readonly certificate?: { readonly names: string; readonly validTo: number } | { readonly problem: string };
}

/** A claim or package as somebody typed it, tried on the policy: nothing is done, and nothing of it is kept. */
export interface Trial {
  readonly granted: boolean;
  readonly headline: string;
  /** What the job would be told. */
  readonly told?: string;
  readonly token: readonly { readonly what: string; readonly status: 'ok' | 'warn' | 'fail'; readonly says: string }[];
  readonly trust: string;
  readonly publishers: readonly TriedPublisher[];
}

export interface TriedPublisher {
  readonly name: string;
  readonly listed: boolean;
  readonly matches: boolean;
  readonly checks: readonly { readonly field: string; readonly expected: string; readonly actual: string | null; readonly ok: boolean }[];
}

export interface Snippet {
  readonly registry: string;
  readonly client: string;
  readonly files: readonly SnippetFile[];
}

/** What the command line can do and the dashboard shows, passed in by whoever starts the proxy. */
export interface Tools {
  /** `countersign explain` for an identity token, or for claims as JSON. @param target `<registry>:<package>` */
  readonly explain: (configuration: Configuration, text: string, target: string) => Promise<Trial | { readonly problem: string }>;
  /** `countersign snippet`; a sentence where there is none. */
  readonly snippets: (configuration: Configuration, publisher: TrustedPublisher) => readonly (Snippet | { readonly problem: string })[];
  /** Whether some package is covered by both. */
  readonly overlap: (a: PackagePattern, b: PackagePattern) => boolean;
}

export interface AdminRoom {
  readonly access: () => AccessRule;
  readonly audit: AuditStore;
  readonly configuration: () => Configuration;
  readonly status: () => Promise<Status>;
  readonly tools: Tools;
  readonly attempts: Attempts;
  /** Where administrators sign in, as configured. */
  readonly provider: () => RelyingParty | undefined;
  /** Writes a line about a sign-in into the log. */
  readonly told: (fields: object, message: string) => void;
  /** Of this program. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One request for a page: one snapshot of the configuration. */
export interface Scene {
  readonly room: AdminRoom;
  readonly request: AdminRequest;
  readonly visitor: Visitor | undefined;
  readonly configuration: Configuration;
  readonly now: number;
}

/** A page without what all pages have. */
export interface View {
  readonly title: string;
  readonly lede?: Part;
  readonly main: Part;
  readonly status?: number;
  /** The entry of the navigation that it belongs to. */
  readonly under?: Path;
  /** Looks for changes by itself, where there is a script. */
  readonly live?: boolean;
}
