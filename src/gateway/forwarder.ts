// Requests with the service credential: credential and connection put together, for `Authorised` callers only.
import { refuse } from '../core/refusal.ts';
import { Secret } from '../core/secret.ts';
import type { Inspected, RegistrySettings, UpstreamRequest } from '../registries/registry.ts';
import type { Authorised } from './authorise.ts';
import { CredentialUnavailable, type Credentials } from './credential.ts';
import type { Forward, Opened, Sent } from './forward.ts';
import type { SendOptions, UpstreamClient } from './upstream-client.ts';

/** Bytes of an answer to a probe: the packument or simple page of a package with very many versions. */
const probeLimit = 64 * 1024 * 1024;

type Rebuilt = Pick<Inspected, 'rebuild' | 'length'>;

export interface Forwarder {
  /** Sends a request with the service credential. Throws what the rebuilt body threw (`UploadRefused`). */
  readonly send: (permit: Authorised, registry: RegistrySettings, request: UpstreamRequest, upload: Rebuilt | undefined) => Promise<Sent>;
  /**
   * Asks the upstream for something with the service credential. Throws when there is no answer; `CredentialUnavailable`
   * when the upstream does not accept the credential.
   */
  readonly probe: (
    permit: Authorised,
    registry: RegistrySettings,
    path: string,
    headers: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly body: Uint8Array }>;
  /** Opens a read with the service credential. */
  readonly open: (permit: Authorised, registry: RegistrySettings, path: string, accept: string) => Promise<Opened>;
  /** Sends a rebuilt upload with the client's own credential, on connections that never carry ours. */
  readonly sendForeign: (registry: RegistrySettings, request: UpstreamRequest, upload: Rebuilt, authorization: string) => Promise<Sent>;
}

export interface ForwarderParts {
  readonly credentials: Credentials;
  readonly forward: Forward;
  /** Carries clients' own credentials, and nothing of ours. */
  readonly foreign: Pick<UpstreamClient, 'send'>;
}

export function createForwarder({ credentials, forward, foreign }: ForwarderParts): Forwarder {
  const once = async (
    permit: Authorised,
    registry: RegistrySettings,
    request: UpstreamRequest,
    options: Omit<SendOptions, 'credential'>,
  ): Promise<Sent> => {
    const credential = await credentials.header(registry);
    const sent = await forward.forward(permit, registry, request, { ...options, credential });
    if (sent.kind === 'answered' && sent.answer.status === 401) credentials.rejected(registry, credential);
    return sent;
  };
  const openOnce = async (permit: Authorised, registry: RegistrySettings, path: string, accept: string): Promise<Opened> => {
    const credential = await credentials.header(registry);
    const opened = await forward.open(permit, registry, path, accept, credential);
    if (opened.kind === 'opened' && opened.status === 401) credentials.rejected(registry, credential);
    return opened;
  };
  return {
    send: async (permit, registry, request, upload) => {
      try {
        return await withLogin(registry, () => once(permit, registry, request, bodyOf(upload)));
      } catch (error) {
        return withoutCredential(error);
      }
    },
    open: async (permit, registry, path, accept) => {
      try {
        const opened = await openOnce(permit, registry, path, accept);
        if (opened.kind !== 'opened' || opened.status !== 401 || registry.credential.kind !== 'verdaccio_login') return opened;
        opened.body.destroy();
        return await openOnce(permit, registry, path, accept);
      } catch (error) {
        return withoutCredential(error);
      }
    },
    probe: async (permit, registry, path, headers) => {
      const ask = (): Promise<Sent> => once(permit, registry, { method: 'GET', path, headers }, { answerLimit: probeLimit, unseen: true });
      const sent = await withLogin(registry, ask);
      if (sent.kind !== 'answered') throw new Error(sent.refusal.detail ?? sent.refusal.message);
      const { status, body, truncated } = sent.answer;
      if (status === 401 || status === 403) throw new CredentialUnavailable(`the upstream answered ${status} to a request for ${path}`);
      if (truncated) throw new Error(`the answer for ${path} is longer than ${probeLimit} bytes or broke off`);
      return { status, body };
    },
    sendForeign: async (registry, request, upload, authorization) =>
      foreign.send(registry, request, { ...bodyOf(upload), credential: new Secret(authorization) }),
  };
}

/** A login that ran out was refused before anything was done: logs in again and says it once more. */
async function withLogin(registry: RegistrySettings, say: () => Promise<Sent>): Promise<Sent> {
  const sent = await say();
  const again = sent.kind === 'answered' && sent.answer.status === 401 && registry.credential.kind === 'verdaccio_login';
  return again ? say() : sent;
}

function withoutCredential(error: unknown): Extract<Sent, { kind: 'unreachable' | 'timeout' | 'broken' }> {
  if (!(error instanceof CredentialUnavailable)) throw error;
  return { kind: 'unreachable', refusal: refuse(error.code, {}, { detail: error.message }) };
}

function bodyOf(upload: Rebuilt | undefined): Pick<SendOptions, 'body'> {
  if (upload === undefined) return {};
  return { body: { chunks: upload.rebuild(), ...(upload.length === undefined ? {} : { length: upload.length }) } };
}
