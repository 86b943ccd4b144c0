// What the exchange and the gateway need of a token store. Every method may throw `StoreUnavailable`.
import type { TokenRecord } from '../core/grant.ts';

/** Why the store cannot answer, for the metrics: its sentence says more. */
export type StoreFailure =
  | 'unreachable'
  | 'timeout'
  | 'authentication'
  | 'permission'
  | 'readonly'
  | 'loading'
  | 'busy'
  | 'replication'
  | 'cluster'
  | 'memory'
  | 'disk'
  | 'eviction'
  | 'type'
  | 'tls'
  | 'closed'
  | 'other';

/** The store cannot answer. Callers refuse with `store-unavailable` (P4). */
export class StoreUnavailable extends Error {
  readonly failure: StoreFailure;
  constructor(message: string, failure: StoreFailure = 'other') {
    super(message);
    this.failure = failure;
  }
}

/** The store answers, but as it is set up it would forget replay marks, or it cannot be set up at all. `serve` refuses to start. */
export class StoreMisconfigured extends Error {}

/** One mark-and-mint. Atomic: either the identity token counts as exchanged and the upload token exists, or neither. */
export interface MintRequest {
  /** SHA-256 (hex) that names the identity token: of issuer and `jti`, or of issuer and all verified claims. */
  readonly identity: string;
  /** What is asked for: `<registry>\n<package>`, or `<registry>\n*`. A `*` counts against every package of its registry and the other way round. */
  readonly asked: readonly string[];
  /** Exchanges of this identity token per entry of `asked`. */
  readonly limit: number;
  /** `iat` of the identity token, Unix seconds: the amnesia guard refuses tokens not issued after the store's epoch. */
  readonly issuedAt: number;
  /** Milliseconds for which the mark is kept: the rest of the token's life, the leeway and a margin. Positive integer. */
  readonly markFor: number;
  /** Random; a repeated call with the same nonce is the same mint. */
  readonly nonce: string;
  /** SHA-256 (hex) of the canonical upload token. */
  readonly tokenHash: string;
  readonly record: TokenRecord;
  /** Milliseconds of the upload token's life. Positive integer. */
  readonly keepFor: number;
}

export type MintResult = 'minted' | 'used' | 'before-epoch';

/** A token that is about to be used for an upload. */
export interface Use {
  readonly record: TokenRecord;
  /** 'taken': one of the token's uploads, until `release`; 'spent': it has none left; 'free': it has no limit. */
  readonly slot: 'free' | 'taken' | 'spent';
}

export interface Store {
  readonly kind: 'memory' | 'redis';
  readonly mint: (request: MintRequest) => Promise<MintResult>;
  /** What `mint` would say now; nothing is marked and nothing minted. */
  readonly ask: (request: MintRequest) => Promise<MintResult>;
  /** The record of an upload token, undefined when unknown, expired, or not of a form that this version writes. */
  readonly find: (tokenHash: string) => Promise<TokenRecord | undefined>;
  /**
   * As `find`, and takes one of the token's uploads where it has a number of them, in the same step (TOK-17).
   * @param upload names the upload; asked again with the same name it is the same one
   */
  readonly use: (tokenHash: string, upload: string) => Promise<Use | undefined>;
  /** Gives back what `use` took: the upload came to nothing (TOK-16). */
  readonly release: (tokenHash: string, upload: string) => Promise<void>;
  /** True when it was there. */
  readonly revoke: (tokenHash: string) => Promise<boolean>;
  /** Keeps a short text for a while (the last refusal of an exchange); bounded in number and size. */
  readonly remember: (key: string, text: string, milliseconds: number) => Promise<void>;
  readonly recall: (key: string) => Promise<string | undefined>;
  /** Undefined when the store can answer, else the reason as a sentence without secrets. Never throws. */
  readonly problem: () => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}
