// Connections to upstreams, opened once for the life of the process, over all reloads.
import { createCredentials } from '../gateway/credential.ts';
import { createForward } from '../gateway/forward.ts';
import { createForwarder, type Forwarder } from '../gateway/forwarder.ts';
import { createOnward } from '../gateway/onward.ts';
import type { PassThrough } from '../gateway/pass-through.ts';
import { createUpstreamClient, type UpstreamClient } from '../gateway/upstream-client.ts';
import type { Metrics } from '../metrics.ts';
import type { Tracing } from '../tracing.ts';
import { measured } from './meters/upstreams.ts';
import { tracedForwarder, tracedPassThrough } from './traced.ts';

export interface Outbound {
  readonly passThrough: PassThrough;
  readonly forwarder: Forwarder;
  /** Uploads under way by registry name. */
  readonly uploads: Map<string, number>;
  /** Uploads under way by file. */
  readonly turns: Map<string, Promise<unknown>>;
  readonly clients: readonly Pick<UpstreamClient, 'close'>[];
}

interface OutboundParts {
  readonly version: string;
  /** Tells the log a secret that it must never print (SEC-05). */
  readonly protect?: (secret: string) => void;
  readonly metrics: Metrics;
  readonly tracing?: Tracing | undefined;
}

/** Opens sets of connections that never share one: passed-through, ours, clients' rebuilt, logins. */
export function openOutbound({ version, protect, metrics, tracing }: OutboundParts, now: () => number): Outbound {
  const options = { version, ...(tracing === undefined ? {} : { traceparent: tracing.traceparent }) };
  const logins = measured(createUpstreamClient(options), metrics, 'login');
  const forward = createForward(options, (client) => measured(client, metrics, 'upload'));
  const foreign = measured(createUpstreamClient(options), metrics, 'long-lived');
  const credentials = createCredentials(logins, now, protect);
  return {
    passThrough: tracedPassThrough(createOnward(), tracing),
    forwarder: tracedForwarder(createForwarder({ credentials, forward, foreign }), tracing),
    uploads: new Map<string, number>(),
    turns: new Map<string, Promise<unknown>>(),
    clients: [logins, forward, foreign],
  };
}

export async function closeOutbound({ passThrough, clients }: Outbound): Promise<void> {
  passThrough.close();
  await Promise.all(clients.map(async (client) => client.close()));
}
