// The only way for the service credential to leave: our own request, for somebody who was authorised.
import type { RegistrySettings, UpstreamRequest } from '../registries/registry.ts';
import type { Secret } from '../core/secret.ts';
import type { Authorised } from './authorise.ts';
import {
  createUpstreamClient,
  type ClientOptions,
  type Opened,
  type SendOptions,
  type Sent,
  type UpstreamClient,
} from './upstream-client.ts';

export type { Opened, Sent, UpstreamAnswer, UpstreamBody } from './upstream-client.ts';

export interface Forward {
  /**
   * Sends a request that we built to the registry that was authorised, and to no other (P1).
   * @param options.credential from `createCredentials`
   * @throws what `options.body` threw: `UploadRefused`, or the error of a client that is gone
   */
  readonly forward: (permit: Authorised, registry: RegistrySettings, request: UpstreamRequest, options: SendOptions) => Promise<Sent>;
  /** Reads from the registry that was authorised, as a stream. */
  readonly open: (
    permit: Authorised,
    registry: RegistrySettings,
    path: string,
    accept: string,
    credential: Secret | undefined,
  ) => Promise<Opened>;
  readonly close: () => Promise<void>;
}

/**
 * Opens the pools that carry the service credential and nothing else.
 * @param watched looks on: the client that it gives is the one that it got, with each request counted
 */
export function createForward(options: ClientOptions, watched: (client: UpstreamClient) => UpstreamClient = (client) => client): Forward {
  const client = watched(createUpstreamClient(options));
  return {
    forward: async (permit, registry, request, sendOptions) => {
      insist(permit, registry);
      return client.send(registry, request, sendOptions);
    },
    open: async (permit, registry, path, accept, credential) => {
      insist(permit, registry);
      return client.open(registry, path, accept, credential);
    },
    close: client.close,
  };
}

function insist(permit: Authorised, registry: RegistrySettings): void {
  if (permit.registry !== registry.name) throw new Error(`authorised for ${permit.registry}, not for ${registry.name}`);
}
