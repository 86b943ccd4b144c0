// `npm run soak -- --minutes N --seed S`: a steady load with random faults, and whether the program holds out (FLT-41).
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runChaos } from '../test/faults/chaos.ts';
import type { Proxy } from '../test/support/proxy.ts';
import { orUsage } from './usage.ts';

const { minutes, seed } = orUsage('usage: npm run soak -- [--minutes N] [--seed S]', () => {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '3' }, seed: { type: 'string', default: '1' } } });
  const read = { minutes: Number(values.minutes), seed: Number(values.seed) };
  if (!(read.minutes > 0) || !Number.isSafeInteger(read.seed)) throw new Error('--minutes is a number above 0, --seed a whole one');
  return read;
});

interface Sample {
  readonly minute: number;
  /** MiB of resident memory, and open descriptors, of the replica that is never ended. */
  readonly memory: number;
  readonly descriptors: number;
}

const began = Date.now();
const samples: Sample[] = [];
const print = (line: string): void => void process.stdout.write(`${line}\n`);

function sample({ pid }: Proxy): Sample {
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return { minute: (Date.now() - began) / 60_000, memory: Number(resident) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** Growth per minute by least squares, without the first third: a process that just started still grows. */
function slope(of: 'memory' | 'descriptors'): number {
  const late = samples.slice(Math.floor(samples.length / 3));
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);
  const [x, y] = [mean(late.map((each) => each.minute)), mean(late.map((each) => each[of]))];
  const spread = late.reduce((sum, each) => sum + (each.minute - x) ** 2, 0);
  return spread === 0 ? 0 : late.reduce((sum, each) => sum + (each.minute - x) * (each[of] - y), 0) / spread;
}

print('minute  memory MiB  descriptors  exchanged  published  other answers');
const { broken, happened, record } = await runChaos({
  milliseconds: minutes * 60_000,
  seed,
  every: 5000,
  within: 5000,
  say: (line) => print(`        ${line}`),
  sample: (steady, { answers, published }) => {
    const now = sample(steady);
    samples.push(now);
    const other = [...answers].filter(([answer]) => !answer.endsWith(' 200')).map(([answer, times]) => `${answer} ×${times}`);
    const numbers = [now.minute.toFixed(1).padStart(6), now.memory.toFixed(1).padStart(10), String(now.descriptors).padStart(11)];
    print([...numbers, answers.get('exchange 200') ?? 0, published.size, other.join(', ')].join('  '));
  },
});

// A short run cannot tell a leak from a heap that has not been collected yet: the bound shrinks with the time.
const allowed = Math.max(2, 60 / minutes);
const growing = [
  ...(slope('memory') > allowed ? [`memory grows by ${slope('memory').toFixed(2)} MiB a minute`] : []),
  ...(slope('descriptors') > 4 ? [`descriptors grow by ${slope('descriptors').toFixed(2)} a minute`] : []),
];
print(`\nseed ${seed}, ${happened.length} faults, ${record.identities.size} identity tokens, ${record.published.size} files published`);
print(`memory ${slope('memory').toFixed(2)} MiB/min, descriptors ${slope('descriptors').toFixed(2)}/min`);
for (const problem of [...broken, ...growing]) print(`BROKEN ${problem}`);
print(broken.length + growing.length === 0 ? 'held' : 'did not hold');
process.exitCode = broken.length + growing.length === 0 ? 0 : 1;
