// One scrape for all workers: the worker that is asked asks the process above, which asks each of them.
import cluster, { type Worker } from 'node:cluster';
import { accumulated, across, merge, type Snapshot } from '../metrics.ts';

/**
 * Milliseconds that the process above waits for a worker, and a worker for the process above. A worker asks its store, which
 * takes nine tenths of a second to be down: that must be in the scrape, of all things.
 */
const workerPatience = 2500;
const patience = 5000;

/** What passes between worker and process above; other messages are not ours. */
type Message =
  | { readonly metrics: 'wanted' | 'ask'; readonly id: number }
  | { readonly metrics: 'mine' | 'all'; readonly id: number; readonly snapshot: Snapshot };

function isOurs(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'metrics' in message && 'id' in message;
}

/** In a worker: answers when the numbers are asked for. @returns the numbers of all; rejects when the process above is silent */
export function joinScrape(read: () => Promise<Snapshot>): () => Promise<Snapshot> {
  const waiting = new Map<number, (snapshot: Snapshot) => void>();
  let asked = 0;
  process.on('message', (message: unknown) => {
    if (!isOurs(message)) return;
    const { id } = message;
    if (message.metrics === 'ask') void read().then((snapshot) => tell({ metrics: 'mine', id, snapshot }));
    if (message.metrics === 'all') waiting.get(id)?.(message.snapshot);
  });
  return async () => {
    const id = (asked += 1);
    const all = new Promise<Snapshot>((resolve) => waiting.set(id, resolve));
    tell({ metrics: 'wanted', id });
    // A part of the numbers would look like a restart of the rest.
    return within(all, patience, new Error('the process above the workers did not answer')).finally(() => waiting.delete(id));
  };
}

function tell(message: Message): void {
  if (process.connected) process.send?.(message);
}

/**
 * In the process above: gathers for whichever worker asks, one round at a time. Counts of a worker that ended, or is too
 * busy to answer, stay in the sum as they were last seen: a sum that fell would be taken for a restart, and everything
 * that is left of it counted once more.
 * @param own the numbers of this process itself
 */
export function gatherMetrics(own: () => Promise<Snapshot>): void {
  const last = new Map<number, Snapshot>();
  const waiting = new Map<number, Map<number, (snapshot: Snapshot | undefined) => void>>();
  let ended: Snapshot = {};
  let rounds = 0;
  let underWay: Promise<Snapshot> | undefined;

  const ask = async (worker: Worker, id: number, round: Map<number, (snapshot: Snapshot | undefined) => void>): Promise<Snapshot> => {
    const answer = new Promise<Snapshot | undefined>((resolve) => round.set(worker.id, resolve));
    if (worker.isConnected()) worker.send({ metrics: 'ask', id } satisfies Message);
    const fresh = await within(answer, workerPatience, undefined);
    if (fresh === undefined) return accumulated(last.get(worker.id) ?? {});
    last.set(worker.id, fresh);
    return fresh;
  };
  const gather = async (): Promise<Snapshot> => {
    const id = (rounds += 1);
    const round = new Map<number, (snapshot: Snapshot | undefined) => void>();
    waiting.set(id, round);
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    const living = await Promise.all(workers.map(async (worker) => ask(worker, id, round)));
    waiting.delete(id);
    return merge([await own(), ended, ...living], across);
  };

  cluster.on('message', (worker, message: unknown) => {
    if (!isOurs(message)) return;
    const { id } = message;
    if (message.metrics === 'mine') waiting.get(id)?.get(worker.id)?.(message.snapshot);
    if (message.metrics !== 'wanted') return;
    underWay ??= gather().finally(() => (underWay = undefined));
    void underWay.then((snapshot) => worker.isConnected() && worker.send({ metrics: 'all', id, snapshot } satisfies Message));
  });
  cluster.on('exit', (worker) => {
    for (const round of waiting.values()) round.get(worker.id)?.(undefined);
    ended = merge([ended, accumulated(last.get(worker.id) ?? {})], across);
    last.delete(worker.id);
  });
}

async function within<Answer>(answer: Promise<Answer>, milliseconds: number, otherwise: Answer | Error): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const give = (): void => (otherwise instanceof Error ? reject(otherwise) : resolve(otherwise));
  const timer = setTimeout(give, milliseconds);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}
