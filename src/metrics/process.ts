// What a process says of itself: processor, memory, open files, and how late its event loop is.
import { readdir, readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Metrics } from '../metrics.ts';

/** Milliseconds between two looks at the event loop. */
const every = 500;

/**
 * Measures from now on. The lag is what a timer of our own is late by: unlike Node's own histogram of it, this one can be
 * added up over workers and read by two scrapers. A block of the loop that is longer than half a second is always seen.
 * @returns stops
 */
export function measureProcess(metrics: Metrics): () => void {
  const lag = metrics.loopLag.of({});
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    lag.observe(Math.max(0, now - last - every) / 1000);
    last = now;
  }, every).unref();
  metrics.started.of({}).set(Math.round(performance.timeOrigin) / 1000);
  metrics.before(() => look(metrics));
  return () => clearInterval(timer);
}

async function look(metrics: Metrics): Promise<void> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  metrics.cpu.of({}).set((user + system) / 1e6);
  metrics.loopBusy.of({}).set(performance.eventLoopUtilization().active / 1000);
  metrics.resident.of({}).set(rss);
  metrics.heapUsed.of({}).set(heapUsed);
  metrics.heapTotal.of({}).set(heapTotal);
  metrics.external.of({}).set(external);
  const [open, most] = await Promise.all([openFiles(), mostFiles()]);
  if (open !== undefined) metrics.openFiles.of({}).set(open);
  if (most !== undefined) metrics.mostFiles.of({}).set(most);
}

/** Linux says; elsewhere these two have no series. */
async function openFiles(): Promise<number | undefined> {
  return readdir('/proc/self/fd').then(
    (names) => names.length,
    () => undefined,
  );
}

async function mostFiles(): Promise<number | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files +([0-9]+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
