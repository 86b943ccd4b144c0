// The running proxy: listeners, and the parts that requests are given, wired together once.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Audit, Recorded } from '../audit/event.ts';
import type { AuditStore } from '../audit/store.ts';
import type { Configuration } from '../config/configuration.ts';
import { unwatched } from '../core/step.ts';
import type { ExchangeRoom } from '../exchange/exchange.ts';
import { createLimits } from '../exchange/limits.ts';
import { hashToken } from '../exchange/mint.ts';
import { createTally, type Tally } from '../exchange/tally.ts';
import type { Metrics, Snapshot } from '../metrics.ts';
import { createVerifier, leeway, type KeyStatus, type Verifier } from '../oidc/verify.ts';
import type { Store } from '../store/store.ts';
import type { Tracing } from '../tracing.ts';
import { trustedProxies } from './address.ts';
import type { Tools } from '../admin/scene.ts';
import { adminHandler } from './admin.ts';
import { adminRoom } from './admin-room.ts';
import { certificateKeeper, readPair } from './certificate.ts';
import { dispatch, type Room } from './dispatch.ts';
import { byHost } from './find.ts';
import type { Health } from './health.ts';
import { limitRequests } from './limits.ts';
import { createAdminServer, createPublicServer, type Handler } from './listeners.ts';
import { createMeters, type Meters } from './meters/index.ts';
import { lookBefore } from './meters/looks.ts';
import { timed } from './meters/store.ts';
import { closeOutbound, openOutbound, type Outbound } from './outbound.ts';
import { createScrape } from './scrape.ts';
import { closeGently } from './shutdown.ts';
import { tracedHandler, tracedStore, tracedVerify, type WatchedHandler } from './traced.ts';
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
  /** Tells the log a secret that it must never print (SEC-05). */
  readonly protect?: (secret: string) => void;
  /** What the dashboard shows of what the command line can do. */
  readonly tools: Omit<Tools, 'overlap'>;
  readonly metrics: Metrics;
  readonly tracing?: Tracing | undefined;
  /** The numbers that a scrape gets; those of this process unless said. */
  readonly scrape?: () => Promise<Snapshot>;
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

/** What changes while the proxy runs. */
interface State {
  configuration: Configuration;
  stopping: boolean;
  policyProblem: string | undefined;
}

/** Starts the proxy. Rejects when an address cannot be listened on. */
export async function startServer(first: Configuration, given: ServerParts): Promise<Running> {
  const now = given.now ?? Date.now;
  const state: State = { configuration: first, stopping: false, policyProblem: undefined };
  const meters = createMeters(given.metrics);
  const parts = measuredParts(given);
  const outbound = openOutbound(parts, now);
  const counts = openCounts(parts, meters);
  const verifier = verifierFor(() => state.configuration.issuers, parts, meters, now);
  const roomOf = (next: Configuration): Room => roomFor(next, parts, { ...outbound, ...counts }, verifier, now);
  let room = roomOf(first);
  const admitted = limitRequests(() => state.configuration.server.limits.requests, meters.turnedAway('requests'));

  const pair = first.server.tls === undefined ? undefined : readPair(first.server.tls);
  const answer: WatchedHandler = (req, res, watch) => void dispatch(room, req, res, watch);
  const admit = tracedHandler(answer, parts.tracing, () => room.trusted);
  const handler: Handler = (req, res) => {
    const watch = meters.public.begin(res);
    if (admitted(res)) admit(req, res, watch);
  };
  const server = createPublicServer(pair, () => state.configuration.server.limits.connections, handler, meters.turnedAway('connections'));
  const admin = adminServer(state, parts, meters, verifier, now);
  lookBefore(parts.metrics, {
    servers: { public: server, admin },
    registries: () => state.configuration.registries.keys(),
    uploads: outbound.uploads,
    issuers: verifier.status,
  });
  meters.use(first, now());
  await listen(server, first.server.listen);
  await listen(admin, first.server.admin);
  const closeVerifier = keepFresh(verifier);
  const lookAtCertificate = certificateKeeper(server, pair, parts.log, meters.certificateEnds);

  return {
    address: server.address() as AddressInfo,
    admin: admin.address() as AddressInfo,
    use: (next) => {
      state.configuration = next;
      meters.use(next, now());
      room = roomOf(next);
    },
    policyProblem: (problem) => {
      state.policyProblem = problem;
      meters.policyFresh(problem === undefined);
    },
    lookAtCertificate: () => lookAtCertificate(state.configuration.server.tls),
    close: async () => {
      state.stopping = true;
      await closeGently([server], state.configuration.server.shutdownGrace * 1000);
      await closeGently([admin], 1000);
      closeVerifier();
      counts.close();
      await closeOutbound(outbound);
      await parts.store.close();
    },
  };
}

function auditHealth({ auditProblem }: ServerParts, { audit }: Configuration): ReturnType<Health['audit']> {
  const problem = auditProblem();
  return { required: audit.required, ...(problem === undefined ? {} : { problem }) };
}

/** The parts with their work counted. */
function measuredParts(given: ServerParts): ServerParts {
  return { ...given, store: tracedStore(timed(given.store, given.metrics), given.tracing) };
}

function verifierFor(issuers: () => Configuration['issuers'], parts: ServerParts, meters: Meters, now: () => number): Verifier {
  const log = (status: KeyStatus): void => {
    meters.keysAttempted(status);
    parts.log.info(status, 'issuer keys');
  };
  return createVerifier({ issuers, now, log });
}

function adminServer(state: State, parts: ServerParts, meters: Meters, verifier: Verifier, now: () => number): Server {
  return createAdminServer(
    adminHandler({
      health: {
        store: parts.store.problem,
        audit: () => auditHealth(parts, state.configuration),
        issuers: () => verifier.status(),
        stopping: () => state.stopping,
        revision: () => state.configuration.revision,
        policyProblem: () => state.policyProblem,
        version: parts.version,
      },
      room: adminRoom({
        ...parts,
        configuration: () => state.configuration,
        policyProblem: () => state.policyProblem,
        issuers: verifier.status,
        now,
      }),
      scrape: createScrape(parts.scrape ?? parts.metrics.read),
      meter: meters.admin,
      trusted: () => trustedProxies(state.configuration.server.trustedProxies),
      log: parts.log,
    }),
  );
}

/**
 * Fetches keys before an exchange needs them, and again while an issuer is away: what `/readyz` and the metrics say of an
 * issuer is then not from its last job. Keys that are fresh, or were asked for just now, are not asked for.
 * @returns closes the verifier
 */
function keepFresh(verifier: Verifier): () => void {
  void verifier.refresh();
  const timer = setInterval(() => void verifier.refresh(), 60_000).unref();
  return () => {
    clearInterval(timer);
    verifier.close();
  };
}

type Counts = Pick<ExchangeRoom, 'limits' | 'unknownClaims'> & { readonly turnedAway: Tally; readonly close: () => void };

/** What is counted for the life of the process, over all reloads. */
function openCounts({ audit, log }: ServerParts, meters: Meters): Counts {
  const room = { audit, elapsed: () => performance.now() };
  const [limits, turnedAway] = [createLimits({ ...room, ...meters.limits }), createTally(room)];
  const say = logUnknownClaims(log);
  return {
    limits,
    turnedAway,
    unknownClaims: (provider, names) => {
      say(provider, names);
      meters.unknownClaims(provider);
    },
    close: () => [limits, turnedAway].forEach((each) => each.close()),
  };
}

function roomFor(
  configuration: Configuration,
  parts: ServerParts,
  outbound: Outbound & Counts,
  verifier: ReturnType<typeof createVerifier>,
  now: () => number,
): Room {
  const { store, audit, recorded, tracing } = parts;
  const step = tracing?.step ?? unwatched;
  return {
    hosts: byHost(configuration.registries.values()),
    trusted: trustedProxies(configuration.server.trustedProxies),
    auditStore: parts.auditStore,
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
      verify: tracedVerify(verifier.verify, tracing),
      step,
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
      step,
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
