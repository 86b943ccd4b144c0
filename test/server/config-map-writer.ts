// A thread that swaps a ConfigMap as fast as it can, with a rest now and then.
import { workerData } from 'node:worker_threads';
import { swapTo } from './config-map.ts';

const { into, texts, from, to } = workerData as { into: string; texts: Record<string, string>; from: number; to: number };
const never = new Int32Array(new SharedArrayBuffer(4));
for (let n = from; n <= to; n += 1) {
  swapTo(into, n, texts);
  Atomics.wait(never, 0, 0, n % 40 === 0 ? 40 : 1);
}
