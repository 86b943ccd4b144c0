// How one refusal is caused through real clients, and what is kept of it.
import type { RefusalCode } from '../../src/core/refusal.ts';
import type { TestClaims } from '../support/claims.ts';
import type { ClientRun } from '../support/clients.ts';
import type { CiIssuer } from '../support/issuer.ts';
import type { RoomName } from './rooms.ts';

/** What of a scenario is the same on both sides: the job, its identity token, and the publisher that it meets. */
export interface Situation {
  readonly code: RefusalCode;
  /** What somebody did, as the page says it. */
  readonly did: string;
  /** The registry, and so the host, that the client is sent to; default `main`. */
  readonly room?: RoomName;
  /** How the scenario's publisher differs from one that lets the job publish; `none`: there is no publisher. */
  readonly publisher?: PublisherPatch | 'none' | ((id: string) => PublisherPatch);
  /** How the claims of the job differ from those that the publisher expects. */
  readonly claims?: TestClaims;
  /** Its record is sampled, for nobody has proved anything: the status stands for it. */
  readonly sampled?: boolean;
  /** What the CI hands out in place of a token of the issuer with these claims. */
  readonly token?: (claims: TestClaims, scene: Scene) => string | Promise<string>;
}

/** Keys of a publisher that are other than usual; those of `from` one by one. */
export type PublisherPatch = Readonly<Record<string, unknown>>;

/** One scenario as one client plays it. */
export interface Scene {
  /** What makes the scenario's repository and package its own: `zq12q` of `acme/zq12q` and `@acme/zq12q`. */
  readonly id: string;
  readonly issuer: CiIssuer;
  /** Exchanges an identity token in the name of the job, and gives the upload token. */
  exchange(identity?: string, room?: RoomName): Promise<string>;
  /** The address of a registry. */
  url(room?: RoomName): string;
}

/** One scenario of a side, with the clients of type `C` in scenes of type `S`. */
export interface Scenario<C extends string, S extends Scene> extends Situation {
  /** Default: publishes from the job. */
  readonly cause?: (scene: S) => Promise<ClientRun>;
  /** Why a client cannot be made to meet this refusal. */
  readonly cannot?: Readonly<Partial<Record<C, string>>>;
  /** All clients at the same time: it takes long, and nothing but waiting. */
  readonly together?: boolean;
}

/** Why no client can be made to meet a refusal. */
export type Impossible = Readonly<Partial<Record<RefusalCode, string>>>;

/** What is written of one client and one refusal. */
export type Recording =
  | {
      readonly kind: 'ran';
      readonly did: string;
      readonly output: string;
      /** Whether the client got there after all, on a second try of its own. */
      readonly succeeded: boolean;
      /** What the audit record says that the client was told; empty where it says nothing. */
      readonly message: string;
    }
  | { readonly kind: 'cannot'; readonly reason: string };
