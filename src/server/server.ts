// The running proxy: listeners, and the parts that requests are given, wired together once.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Audit, Recorded } from '../audit/event.ts';
import type { AuditStore } from '../audit/store.ts';
import type { Configuration } from '../config/configuration.ts';
import type { ExchangeRoom } from '../exchange/exchange.ts';
import { createLimits, type Limits } from '../exchange/limits.ts';
import { hashToken } from '../exchange/mint.ts';
import { createTally, type Tally } from '../exchange/tally.ts';
import { createCredentials } from '../gateway/credential.ts';
import { createForward } from '../gateway/forward.ts';
import { createForwarder } from '../gateway/forwarder.ts';
import { createOnward } from '../gateway/onward.ts';
import { createUpstreamClient } from '../gateway/upstream-client.ts';
import { createVerifier, leeway } from '../oidc/verify.ts';
import type { Store } from '../store/store.ts';
import { trustedProxies } from './address.ts';
import { adminHandler } from './admin.ts';
import { certificateKeeper, readPair } from './certificate.ts';
import { dispatch, type Room } from './dispatch.ts';
import { byHost } from './find.ts';
import type { Health } from './health.ts';
import { limitRequests } from './limits.ts';
import { createAdminServer, createPublicServer, type Handler } from './listeners.ts';
import { closeGently } from './shutdown.ts';
import { logUnknownClaims } from './unknown-claims.ts';

/** What the program's own log is told. */
export interface ServerLog {
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
}

export interface ServerParts {
  readonly store: Store;
  readonly audit: Audit;
  readonly recorded: Recorded;
  /** Why the record is not written where it belongs. */
  readonly auditProblem: () => string | undefined;
  /** Where the record can be asked. */
  readonly auditStore: AuditStore;
  readonly log: ServerLog;
  /** This program's version, for User-Agent and `/healthz`. */
  readonly version: string;
  /** Milliseconds. */
  readonly now?: () => number;
}

export interface Running {
  /** Where the public listener is, with the port that it got. */
  readonly address: AddressInfo;
  readonly admin: AddressInfo | undefined;
  /** Puts another policy in force for every request from now on; live upload tokens are judged by it (P6). */
  readonly use: (configuration: Configuration) => void;
  /** Says on `/readyz` why the policy on disk is not in force; undefined: it is. */
  readonly policyProblem: (problem: string | undefined) => void;
  /** Looks whether the certificate was renewed, and uses the new one. */
  readonly lookAtCertificate: () => void;
  /** Stops gently (design/1 P9). */
  readonly close: () => Promise<void>;
}

/** Starts the proxy. Rejects when an address cannot be listened on. */
export async function startServer(first: Configuration, parts: ServerParts): Promise<Running> {
  const now = parts.now ?? Date.now;
  let configuration = first;
  let stopping = false;
  let policyProblem: string | undefined;
  const outbound = { ...openOutbound(parts.version, now), unknownClaims: logUnknownClaims(parts.log) };
  const counts = openCounts(parts.audit);
  const verifier = createVerifier({ issuers: () => configuration.issuers, now, log: (status) => parts.log.info(status, 'issuer keys') });
  const roomOf = (next: Configuration): Room => roomFor(next, parts, { ...outbound, ...counts }, verifier, now);
  let room = roomOf(first);
  const admitted = limitRequests(() => configuration.server.limits.requests);

  const pair = first.server.tls === undefined ? undefined : readPair(first.server.tls);
  const handler: Handler = (req, res) => {
    if (admitted(res)) void dispatch(room, req, res);
  };
  const server = createPublicServer(pair, () => configuration.server.limits.connections, handler);
  const health = {
    store: parts.store.problem,
    audit: () => auditHealth(parts, configuration),
    issuers: () => verifier.status(),
    stopping: () => stopping,
    revision: () => configuration.revision,
    policyProblem: () => policyProblem,
    version: parts.version,
  };
  const adminRoom = { access: () => configuration.server.admin, audit: parts.auditStore, version: parts.version, now };
  const admin = createAdminServer(adminHandler(health, adminRoom, parts.log));
  await listen(server, first.server.listen);
  await listen(admin, first.server.admin);
  void verifier.refresh();
  const lookAtCertificate = certificateKeeper(server, pair, parts.log);

  return {
    address: server.address() as AddressInfo,
    admin: admin.address() as AddressInfo,
    use: (next) => {
      configuration = next;
      room = roomOf(next);
    },
    policyProblem: (problem) => {
      policyProblem = problem;
    },
    lookAtCertificate: () => lookAtCertificate(configuration.server.tls),
    close: async () => {
      stopping = true;
      await closeGently([server], configuration.server.shutdownGrace * 1000);
      await closeGently([admin], 1000);
      verifier.close();
      counts.close();
      outbound.passThrough.close();
      await Promise.all([outbound.forward.close(), outbound.foreign.close(), outbound.logins.close()]);
      await parts.store.close();
    },
  };
}

function auditHealth({ auditProblem }: ServerParts, { audit }: Configuration): ReturnType<Health['audit']> {
  const problem = auditProblem();
  return { required: audit.required, ...(problem === undefined ? {} : { problem }) };
}

type Outbound = ReturnType<typeof openOutbound> & ReturnType<typeof openCounts> & Pick<ExchangeRoom, 'unknownClaims'>;

/** What is counted for the life of the process, over all reloads. */
function openCounts(audit: Audit): { readonly limits: Limits; readonly turnedAway: Tally; readonly close: () => void } {
  const room = { audit, elapsed: () => performance.now() };
  const [limits, turnedAway] = [createLimits(room), createTally(room)];
  return { limits, turnedAway, close: () => [limits, turnedAway].forEach((each) => each.close()) };
}

/** Connections to upstreams, in sets that never share one: passed-through, ours, clients' rebuilt, logins. */
function openOutbound(version: string, now: () => number) {
  const logins = createUpstreamClient({ version });
  const forward = createForward({ version });
  const foreign = createUpstreamClient({ version });
  const credentials = createCredentials(logins, now);
  return {
    logins,
    forward,
    foreign,
    passThrough: createOnward(),
    forwarder: createForwarder({ credentials, forward, foreign }),
    uploads: new Map<string, number>(),
    turns: new Map<string, Promise<unknown>>(),
  };
}

function roomFor(
  configuration: Configuration,
  parts: ServerParts,
  outbound: Outbound,
  verifier: ReturnType<typeof createVerifier>,
  now: () => number,
): Room {
  const { store, audit, recorded } = parts;
  return {
    hosts: byHost(configuration.registries.values()),
    trusted: trustedProxies(configuration.server.trustedProxies),
    turnedAway: outbound.turnedAway,
    policy: configuration.revision,
    exchange: {
      configuration,
      store,
      audit,
      recorded,
      limits: outbound.limits,
      unknownClaims: outbound.unknownClaims,
      now,
      leeway,
      verify: verifier.verify,
    },
    gateway: {
      configuration,
      store,
      audit,
      recorded,
      now,
      hashToken,
      forward: outbound.forwarder,
      passThrough: outbound.passThrough,
      uploads: outbound.uploads,
      turns: outbound.turns,
      limits: outbound.limits,
    },
    failed: (error, request) => parts.log.error({ err: error, request }, 'a request failed'),
  };
}

async function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
