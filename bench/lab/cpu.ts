// CPU time and memory of processes, from /proc.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Microseconds in one jiffy of /proc (USER_HZ is 100 on every Linux that Node runs on). */
const jiffy = 10_000;

/** Microseconds of CPU that the processes have used, their threads included. */
export function cpuTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * jiffy;
  }, 0);
}

/** The processes with their children, and so on. */
export function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(family)];
}

function status(pid: number, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** MiB that the process has in memory now, and at most since `forgetPeak`. */
export const memory = (pid: number): number => status(pid, 'VmRSS');
export const peakMemory = (pid: number): number => status(pid, 'VmHWM');

/** Starts the peak anew (clear_refs 5, see proc(5)). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Open descriptors. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resolves when the process has had nothing to do for a second; after two minutes whatever it does. */
export async function settled(pid: number): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline;) {
    const before = cpuTime([pid]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (cpuTime([pid]) - before < 50_000) return;
  }
}
