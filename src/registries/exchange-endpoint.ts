// The exchange dialect of a registry protocol: which endpoints there are, and what comes of them.
import type { Grant } from '../core/grant.ts';
import type { PackageName } from '../core/package-name.ts';
import type { Refusal } from '../core/refusal.ts';
import type { Reply } from './message.ts';

/** An upload token just made. Times are Unix seconds. */
export interface Minted {
  readonly token: string;
  readonly created: number;
  readonly expires: number;
}

/** What would have come of an exchange that was only tried. */
export interface DryRun {
  readonly dryRun: true;
  /** Seconds. */
  readonly expiresIn: number;
  readonly grants: readonly Grant[];
}

/** An endpoint of the exchange dialect. */
export type ExchangeEndpoint =
  /** A public document about the exchange, which may tell the audience. */
  | { readonly kind: 'audience'; readonly answer: (audience: string) => Reply }
  | {
      readonly kind: 'mint';
      /** Nothing is to come of it (`core/dry-run.ts`). */
      readonly dryRun: boolean;
      /** Bytes of body that are read at most. */
      readonly bodyLimit: number;
      readonly read: (body: Uint8Array) => ExchangeRequest | Refusal;
      readonly minted: (minted: Minted) => Reply;
    }
  | {
      readonly kind: 'revoke';
      readonly bodyLimit: number;
      readonly read: (body: Uint8Array) => { readonly token: string } | Refusal;
      readonly done: Reply;
    }
  | {
      readonly kind: 'leaked';
      readonly bodyLimit: number;
      readonly read: (body: Uint8Array) => readonly LeakReport[] | Refusal;
      readonly done: Reply;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly allow?: string };

/** An upload token that somebody found, and where: in the reporter's words, printable. */
export interface LeakReport {
  readonly token: string;
  readonly source: string;
}

export interface ExchangeRequest {
  readonly identityToken: string;
  /** The one package asked for. */
  readonly package?: PackageName;
  /** Names of registries asked for; undefined: all of the dialect on the host. */
  readonly registries?: readonly string[];
}
