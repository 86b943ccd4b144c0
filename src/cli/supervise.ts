// The process above the workers of `countersign serve`: starts them, replaces one that dies, passes on signals and log lines.
import cluster, { type Worker } from 'node:cluster';
import { gather } from '../log/gather.ts';
import { createLines } from '../log/lines.ts';
import { createMetrics } from '../metrics.ts';
import { measureProcess } from '../metrics/process.ts';
import { exitCode, type ExitCode } from './exit.ts';
import { gatherMetrics } from './worker-metrics.ts';

/** Resolves at SIGTERM, SIGINT, SIGQUIT (which by itself would write the memory to a disk) or, in a worker, the word of the process above. A second signal ends the process at once (FLT-17). */
export async function stopSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    let told = false;
    const stop = (): void => {
      if (told) process.exit(130);
      told = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGQUIT', stop);
    // The primary's word is no second signal: systemd and terminals signal all processes themselves.
    process.on('message', (message) => {
      if (message === 'stop') resolve();
    });
  });
}

/** One process per worker; a worker that dies is replaced, and signals go to all. */
export async function supervise(workers: number): Promise<ExitCode> {
  let stopping = false;
  const lines = createLines(1);
  process.once('exit', lines.flush);
  const metrics = createMetrics();
  measureProcess(metrics);
  metrics.before(() => metrics.linesLost.of({}).set(lines.lost()));
  gatherMetrics(metrics.read);
  const printed = new Set<Promise<void>>();
  cluster.setupPrimary({ stdio: ['inherit', 'pipe', 'inherit', 'ipc'] });
  cluster.on('fork', ({ process: { stdout } }) => {
    if (stdout === null) return;
    const reading = gather(stdout, lines).finally(() => printed.delete(reading));
    printed.add(reading);
  });
  const gaveUp = new Promise<ExitCode>((resolve) => {
    cluster.on('exit', (_, code) => {
      if (stopping) return;
      // What a worker says of its configuration or its address, the next would only say again.
      if (code === exitCode.configuration || code === exitCode.outage) resolve(code);
      else setTimeout(() => cluster.fork(), 1000);
    });
  });
  process.on('SIGHUP', () => {
    for (const worker of running()) worker.process.kill('SIGHUP');
  });
  for (let i = 0; i < workers; i += 1) cluster.fork();
  const code = await Promise.race([stopSignal().then(() => exitCode.ok), gaveUp]);
  stopping = true;
  const gone = running().map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())));
  for (const worker of running()) if (worker.isConnected()) worker.send('stop');
  await Promise.all([...gone, ...printed]);
  await lines.settle();
  return code;
}

function running(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}
