// The contract of a provider: what a kind of CI proves in its identity tokens, written as a table.
import type { ClaimTable } from '../core/claim-table.ts';
import type { VerifiedClaims } from '../core/claims.ts';
import type { Run } from '../core/grant.ts';
import type { Step } from '../core/publisher.ts';
import type { RefusalCode } from '../core/refusal.ts';
import type { SnippetPart } from '../core/snippet.ts';

/** How a value is compared: exactly, with ASCII case folded, as a pattern, or as a string of digits. */
export type Comparison = 'exact' | 'fold' | 'pattern' | 'digits';

/** What a token says; of a list one item is enough. Undefined when the claim is missing or malformed. */
export type Reading = string | readonly string[] | undefined;

/** Reads a token's value in the form that the policy writes. Made by `table.ts`. */
export interface Reader<T extends Reading = Reading> {
  (claims: VerifiedClaims): T;
  /** The claims that it looks at, outermost names only. */
  readonly claims: readonly string[];
}

/** One key of a publisher's `from:`. */
export interface Field {
  readonly key: string;
  /** One line for the schema's hover text and the reference page. */
  readonly describe: string;
  readonly step: Step;
  readonly compare: Comparison;
  /** The publisher has to state it, as a value or as `any` (rule 3 of design/3). */
  readonly required: boolean;
  /** Whether `any` may stand for "no constraint". Never for anchors. */
  readonly any: boolean;
  /** The value is `true` or `false`; the policy may write it as a boolean. */
  readonly flag?: true;
  /** The refusal when this field is the first that differs. */
  readonly code: RefusalCode;
  readonly read: Reader;
  /** A second reading that may match instead: a called workflow named by commit instead of by ref. */
  readonly alternative?: Reader;
  /** What is expected of a publisher that does not state this field; undefined: nothing. */
  readonly absent?: (claims: VerifiedClaims) => string | undefined;
  /** A sentence when the written value can never match or is a common mistake (a path where a file name belongs). */
  readonly problem?: (value: string) => string | undefined;
  /** Further values for the refusal's sentence. */
  readonly values?: (claims: VerifiedClaims) => Readonly<Record<string, string>>;
  /** What the value is called in a sentence; the key unless said. */
  readonly what?: string;
}

/** The events that may publish (rule 6 of design/3). */
export interface Events {
  readonly claim: string;
  /** Allowed unless the publisher lists `events:` itself. */
  readonly byDefault: readonly string[];
  /** May be listed, with a warning that says why it is dangerous. */
  readonly risky: Readonly<Record<string, string>>;
  /** Can never be listed; the text says why. */
  readonly never: Readonly<Record<string, string>>;
  /** Refs, as patterns, that a run started by an event can be on; an event that is not here may be on any. For `check` alone. */
  readonly refs?: Readonly<Record<string, readonly string[]>>;
}

export interface Provider {
  readonly id: string;
  readonly title: string;
  /** Issuer URLs that are this provider's own hosted service; the first is the default of `issuers: { <id>: {} }`. */
  readonly issuers: readonly string[];
  /** What the issuer URL looks like elsewhere: `https://<host>/_services/token`. */
  readonly issuerForm?: string;
  /** Where the hosted service keeps its keys, when not at an address of the issuer's own origin. */
  readonly jwksUri?: string;
  /** What could not be confirmed from the CI's own documentation or source, by claim or topic: one sentence each. */
  readonly unconfirmed?: Readonly<Record<string, string>>;
  readonly claims: ClaimTable;
  /** Keys of the fields that make up the anchor; all of them are required. */
  readonly anchor: readonly string[];
  readonly fields: readonly Field[];
  readonly events?: Events;
  /** JWS algorithms (RFC 7518) that this issuer signs with, unless the configuration says otherwise. */
  readonly algorithms: readonly string[];
  /** Seconds: upper bound of both `exp - iat` and `now - iat`, unless the configuration says otherwise. */
  readonly maxAge: number;
  /** True when each request to the CI gives a new token: then a token is exchanged once per package, else five times. */
  readonly fresh: boolean;
  /** True when every token has a `jti`; a token without one is then refused. */
  readonly jti: boolean;
  /** True when publishers of this provider may use `subject:` and `claims:` (only `generic`). */
  readonly freeClaims?: boolean;
  /**
   * Who says what the audience is: the job with each request or in its CI file, an administrator in the CI's settings, or
   * nobody, since the issuer puts the same one into every token (the issuer's `audiences:` has to name it then).
   */
  readonly audience: 'job' | 'settings' | 'fixed';
  /** The one audience of every token of this CI, where it has no host name in it that tells whose it is. */
  readonly fixedAudience?: string;
  /** What to change in the CI so that its token is for this audience. */
  readonly audienceHint?: (audience: string) => string;
  /** Whether `run.ref` can be a tag; without, a publisher's `tag:` could never be met. */
  readonly tags: boolean;
  /** A CI file for a publisher; none where no job of such a CI can have a token for us. */
  readonly snippet?: SnippetPart;
  /** How the caller calls itself, from its own claims: `acme/ui`. */
  readonly anchorText: (claims: VerifiedClaims) => string;
  readonly run: (claims: VerifiedClaims) => Run;
}
