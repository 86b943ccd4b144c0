// wrk (Debian): closed-loop load from one thread and a number of kept connections.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cpuTime, family } from './cpu.ts';
import { pinned, places } from './machine.ts';
import type { Sample } from './rounds.ts';

const run = promisify(execFile);

export interface WrkOptions {
  readonly url: string;
  readonly seconds: number;
  readonly connections?: number;
  /** A Lua script, see wrk's SCRIPTING. */
  readonly script?: string;
  readonly args?: readonly string[];
  /** The process whose CPU is counted, with its children. */
  readonly pid: number;
  /** Whether answers other than 2xx and 3xx are expected. */
  readonly refused?: boolean;
}

/** Requests a second. Throws when anything went wrong on the way: a fast wrong answer is no figure. */
export async function wrk({ url, seconds, connections = 32, script, args = [], pid, refused = false }: WrkOptions): Promise<Sample> {
  const options = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '--latency',
    ...(script === undefined ? [] : ['-s', script]),
  ];
  const [command, line] = pinned(places.load, 'wrk', [...options, url, ...(args.length === 0 ? [] : ['--', ...args])]);
  const processes = family(pid);
  const before = cpuTime(processes);
  const { stdout } = await run(command, line, { timeout: (seconds + 30) * 1000 });
  const spent = cpuTime(processes) - before;
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
  const wrong = number(/Non-2xx or 3xx responses: (\d+)/);
  const requests = number(/(\d+) requests in/);
  const errors = /Socket errors: .*/.exec(stdout)?.[0];
  if (requests === 0 || errors !== undefined || (!refused && wrong > 0) || (refused && wrong !== requests))
    throw new Error(`wrk ${url}: ${requests} requests, ${wrong} not 2xx, ${errors ?? 'no socket errors'}`);
  return { value: number(/Requests\/sec: +([\d.]+)/), cpu: spent / requests, p50: latency(stdout, '50'), p99: latency(stdout, '99') };
}

function latency(output: string, percentile: string): number {
  const [, value = '0', unit = 'ms'] = new RegExp(`^ +${percentile}% +([\\d.]+)(us|ms|s)`, 'm').exec(output) ?? [];
  return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's'];
}
