// The machine a run happens on: its processors, who is pinned where, and how much of it others use meanwhile.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pbkdf2 } from 'node:crypto';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { has } from './programs.ts';

const cores = availableParallelism();

/** Which processors each part may use: what is measured has one for itself, load and upstream share another. */
export const places = {
  subject: cores > 1 ? [1] : [0],
  second: cores > 2 ? [2] : [0],
  load: [0],
  upstream: cores > 3 ? [3] : [0],
} as const;

/** `taskset` in front of a command, where the machine has it. */
export function pinned(processors: readonly number[], command: string, args: readonly string[]): [string, string[]] {
  if (cores < 2 || !has('taskset')) return [command, [...args]];
  return ['taskset', ['--cpu-list', processors.join(','), command, ...args]];
}

/**
 * Keeps this process to these processors: it is the load of most figures, and what it starts is beside it unless told
 * otherwise. Node's thread pool, which signs tokens before anything is measured, may go everywhere.
 */
export async function stayOn(processors: readonly number[]): Promise<void> {
  if (cores < 2 || !has('taskset')) return;
  await Promise.all(Array.from({ length: 8 }, () => pbkdf2Of('x', 'y', 1000, 32, 'sha256')));
  execFileSync('taskset', ['--cpu-list', '--pid', processors.join(','), String(process.pid)], { stdio: 'ignore' });
}

const pbkdf2Of = promisify(pbkdf2);

export interface Environment {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
}

export function environment(): Environment {
  const text = (command: string, args: string[]): string => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return 'unknown';
    }
  };
  const dirty = text('git', ['status', '--porcelain', '--untracked-files=no']) === '' ? '' : ' with changes';
  return {
    date: new Date().toISOString(),
    commit: `${text('git', ['rev-parse', '--short', 'HEAD'])}${dirty}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: text('uname', ['-sr']),
    node: process.version,
  };
}

/** Jiffies of the whole machine: used, and used plus idle. */
export function machineTime(): { readonly busy: number; readonly all: number } {
  const fields = (/^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').map(Number);
  const all = fields.slice(0, 8).reduce((sum, value) => sum + value, 0);
  return { busy: all - (fields[3] ?? 0) - (fields[4] ?? 0), all };
}
