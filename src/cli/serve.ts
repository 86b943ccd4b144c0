// `countersign serve`: starts the proxy and keeps it until it is told to stop; SIGHUP reads the policy again.
import cluster from 'node:cluster';
import { dirname } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { printSomeWarnings } from '../config/diagnostic.ts';
import { loadAside } from '../config/aside.ts';
import { watchFolders } from '../config/watch.ts';
import { createLogging, type Logging } from '../log.ts';
import { openRecording, type Recording } from '../server/recording.ts';
import { createMetrics, type Metrics, type Value } from '../metrics.ts';
import { measureProcess } from '../metrics/process.ts';
import { counted } from '../server/meters/decisions.ts';
import { createReloader } from '../server/reload.ts';
import { startServer, type Running } from '../server/server.ts';
import { createStore, StoreMisconfigured, type Store } from '../store/index.ts';
import { configurationFor } from './configuration.ts';
import { dashboardTools } from './dashboard.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { openMemory } from './open-memory.ts';
import { stopSignal, supervise } from './supervise.ts';
import type { Terminal } from './terminal.ts';
import { tracingFor } from './tracing.ts';
import { version } from './version.ts';
import { joinScrape } from './worker-metrics.ts';

/**
 * Runs until SIGTERM or SIGINT. A second signal ends it at once (FLT-17).
 * @param opened is handed the record before anything is written into it: for the demo
 */
export async function serve(
  path: string,
  terminal: Terminal,
  opened: (recording: Recording, configuration: Configuration) => void = () => undefined,
): Promise<ExitCode> {
  // Node would open its inspector on the first of these: every secret in memory, for whoever may send one (SEC-07). The
  // second would end the process; what rotates logs sends it.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => undefined);
  const hangUp = whenReady();
  process.on('SIGHUP', hangUp.call);
  if (cluster.isPrimary) warnOfOpenMemory(terminal);
  const configuration = await configurationFor(path, terminal);
  if (cluster.isPrimary && configuration.warnings.length > 0)
    terminal.err(printSomeWarnings(configuration.warnings, { colour: terminal.colour.err, width: terminal.width.err }));
  if (cluster.isPrimary && configuration.server.workers > 1) return supervise(configuration.server.workers);
  const logging = createLogging({ level: terminal.env['COUNTERSIGN_LOG_LEVEL'] });
  protectSecrets(configuration, logging);
  const { running, recording } = await start(configuration, terminal, logging);
  const { audit } = recording;
  opened(recording, configuration);
  audit({ event: 'process', outcome: 'started', policy: configuration.revision });
  logging.logger.info({ address: running.address, admin: running.admin, policy: configuration.revision }, 'listening');
  const files = keepUpToDate(path, configuration, terminal, { running, recording, logging });
  hangUp.become(files.look);
  await stopSignal();
  files.close();
  await running.close();
  audit({ event: 'process', outcome: 'stopped', policy: configuration.revision });
  await recording.close();
  await logging.settle();
  // The line to the primary would keep a worker alive.
  if (cluster.isWorker) process.disconnect();
  return exitCode.ok;
}

/** A call that may come before there is anything to do: it is done once then (a SIGHUP would otherwise end a start). */
function whenReady(): { readonly call: () => void; readonly become: (act: () => void) => void } {
  let calls = 0;
  let act = (): void => void (calls += 1);
  return {
    call: () => act(),
    become: (next) => {
      act = next;
      if (calls > 0) next();
    },
  };
}

/** A warning while developing; in production (the image) the program does not start. @throws CommandFailed */
function warnOfOpenMemory(terminal: Terminal): void {
  const open = openMemory({ nodeArguments: process.execArgv, env: terminal.env });
  if (open.length === 0) return;
  if (terminal.env['NODE_ENV'] === 'production') throw new CommandFailed(exitCode.configuration, `${open.join('; ')}; take it away`);
  for (const sentence of open) terminal.err(`warning: ${sentence}\n`);
}

async function start(
  configuration: Configuration,
  { env }: Terminal,
  logging: Logging,
): Promise<{ running: Running; recording: Recording }> {
  const { logger, protect } = logging;
  let store: Store | undefined;
  let recording: Recording | undefined;
  try {
    const metrics = programMetrics(logging);
    store = await createStore(configuration.store, { now: Date.now, log: logger, epochMoved: () => metrics.storeEpochs.of({}).add() });
    const missed = (sink: Value<'sink'>, records: number): void => metrics.auditMissed.of({ sink }).add(records);
    recording = openRecording(configuration, { ...logging, version: version(), missed });
    const { recorded, problem, store: auditStore } = recording;
    const audit = counted(recording.audit, metrics);
    const scrape = cluster.isWorker ? joinScrape(metrics.read) : metrics.read;
    const tracing = await tracingFor(configuration, env, logging);
    const own = { log: logger, protect, version: version(), metrics, scrape, tracing, tools: dashboardTools() };
    const running = await startServer(configuration, { store, audit, recorded, auditProblem: problem, auditStore, ...own });
    const close = async (): Promise<void> => {
      await running.close();
      await tracing?.close();
    };
    return { running: { ...running, close }, recording: { ...recording, audit } };
  } catch (error) {
    // `process.disconnect` would end a worker with 0, whatever the exit code is.
    cluster.worker?.disconnect();
    await store?.close();
    await recording?.close();
    if (error instanceof StoreMisconfigured) throw new CommandFailed(exitCode.configuration, error.message);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (/^E(ADDR|ACCES|NOTFOUND)/.test(code)) throw new CommandFailed(exitCode.outage, `cannot listen: ${(error as Error).message}`);
    throw error;
  }
}

interface Parts {
  readonly running: Running;
  readonly recording: Recording;
  readonly logging: Logging;
}

/** The metrics, with what the program knows of itself. */
function programMetrics(logging: Logging): Metrics {
  const metrics = createMetrics();
  measureProcess(metrics);
  metrics.buildInfo.of({ version: version(), node: process.version }).set(1);
  metrics.workers.of({}).set(1);
  metrics.before(() => metrics.linesLost.of({}).set(logging.lost()));
  return metrics;
}

/** Keeps policy and certificate up to date with their files; gives what looks at once, and what stops it. */
function keepUpToDate(path: string, configuration: Configuration, terminal: Terminal, { running, recording, logging }: Parts) {
  const watch = watchFolders({
    look: () => {
      reloader.look();
      running.lookAtCertificate();
    },
  });
  const reloader = createReloader(configuration, {
    load: () => loadAside(path, terminal.env),
    use: (next) => {
      protectSecrets(next, logging);
      running.use(next);
      running.lookAtCertificate();
    },
    broken: running.policyProblem,
    follow: ({ files, folders }) => watch.follow([...files.map((file) => dirname(file)), ...folders]),
    audit: recording.audit,
    log: logging.logger,
  });
  return { look: reloader.look, close: watch.close };
}

/** Tells the log's scrubber every secret that it must never print, whatever an error says (SEC-05). */
function protectSecrets(configuration: Configuration, { protect }: Logging): void {
  for (const { credential } of configuration.registries.values()) {
    const source = credential.kind === 'bearer' ? credential.token : credential.kind === 'none' ? undefined : credential.password;
    if (source?.kind === 'value') protect(source.value.reveal());
  }
  const { store, server } = configuration;
  for (const source of [
    server.admin.token,
    server.admin.login?.clientSecret,
    ...configuration.audit.webhooks.map(({ secret }) => secret),
  ]) {
    if (source?.kind === 'value') protect(source.value.reveal());
  }
  for (const source of store.kind === 'redis' ? [store.password, store.sentinelPassword, store.recordMac, store.recordMacAlso] : []) {
    if (source?.kind === 'value') protect(source.value.reveal());
  }
}
