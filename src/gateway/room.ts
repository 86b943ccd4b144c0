// What the gateway works with: one request, and the parts that the server passes in.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Audit, AuditEvent, Recorded } from '../audit/event.ts';
import type { Configuration, LimitSettings } from '../config/configuration.ts';
import type { PackageName } from '../core/package-name.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import type { Refusal } from '../core/refusal.ts';
import type { Step } from '../core/step.ts';
import type { Head, RegistrySettings, Route } from '../registries/registry.ts';
import type { Store } from '../store/store.ts';
import { bodyOf, welcomeBody } from './drain.ts';
import type { Forwarder } from './forwarder.ts';
import type { PassThrough } from './pass-through.ts';
import type { Turns } from './turns.ts';

export interface GatewayRoom {
  /** One snapshot for the whole request (FLT-28). */
  readonly configuration: Configuration;
  readonly store: Store;
  readonly audit: Audit;
  readonly recorded: Recorded;
  /** Milliseconds. */
  readonly now: () => number;
  readonly hashToken: (token: string) => string;
  readonly forward: Forwarder;
  readonly passThrough: PassThrough;
  readonly step: Step;
  /** Uploads under way by registry name, for the cap of each upstream. */
  readonly uploads: Map<string, number>;
  /** Uploads under way by file. */
  readonly turns: Turns;
  /** How many packages a publisher may reach in a minute, by uploads and exchanges together. */
  readonly limits: {
    readonly upload: (
      settings: LimitSettings,
      reach: { readonly publishers: readonly TrustedPublisher[]; readonly name: PackageName },
    ) => Refusal | undefined;
  };
}

/** Is told how far a request gets: what metrics are made of. Nothing depends on it. */
export interface Watch {
  readonly routed: (kind: Route['kind']) => void;
  /** It is a write with a long-lived token, and this is said of it. */
  readonly longLived: (verdict: 'allowed' | 'warned' | 'refused' | 'trusted-only' | 'upstream-refused') => void;
  /** It goes on to the upstream as it is; not told of what goes on at once. */
  readonly passed: () => void;
  /** The head of the upstream's answer to it came. */
  readonly answered: (status: number) => void;
  /** No answer to it came, or a broken one. */
  readonly failed: (code: 'upstream-unreachable' | 'upstream-timeout' | 'upstream-broken') => void;
}

/** One request to a registry. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly registry: RegistrySettings;
  /** The head with its path below the registry's URL. */
  readonly head: Head;
  /** What every audit event of the request says. */
  readonly about: Pick<AuditEvent, 'request' | 'client' | 'address'>;
  readonly requestId: string;
  /** Milliseconds when the request came in. */
  readonly started: number;
  readonly watch?: Watch;
}

/** The body of the call, asked for now if the client waits to be asked (`Expect: 100-continue`): after the checks of the head. */
export function receive({ req, res }: Pick<Call, 'req' | 'res'>): AsyncIterable<Uint8Array> {
  welcomeBody(req, res);
  return bodyOf(req);
}
