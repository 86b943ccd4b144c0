// Starts a real program and owns it: waits until it answers, keeps what it prints, and never lets it outlive the test.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export type ServerOptions = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment; nothing is inherited but what `plainEnv` names. */
  readonly env?: Readonly<Record<string, string>>;
  /** Polled until it is true; a rejection counts as "not yet". */
  readonly ready: () => Promise<boolean>;
  /** Milliseconds to wait for `ready`; default 90 000 (a busy CI machine). */
  readonly timeoutMs?: number;
};

export type RunningServer = {
  readonly pid: number;
  /** Everything printed so far, stdout and stderr as they came, each line in one piece. */
  output(): string;
  /** The lines that are complete so far. */
  lines(): string[];
  signal(name: NodeJS.Signals): void;
  /** Resolves with exit code or signal name when the program has ended. */
  readonly exited: Promise<number | string>;
  /** SIGTERM, then SIGKILL after two seconds; resolves when it has ended. */
  stop(): Promise<void>;
};

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) signalGroup(child, 'SIGKILL');
});

/** The few inherited variables a program needs; none of npm's, pip's or a CI's. */
export function plainEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = { LANG: 'C.UTF-8' };
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'SYSTEMROOT']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

/** Starts the program in a process group of its own; rejects with its output when it ends or stays silent. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: { ...(options.env ?? plainEnv()) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const server = own(child);
  const deadline = Date.now() + (options.timeoutMs ?? 90_000);
  let ended: number | string | undefined;
  void server.exited.then((how) => (ended = how));
  while (!(await options.ready().catch(() => false))) {
    if (ended !== undefined) throw new Error(`${options.name} ended (${ended}):\n${server.output()}`);
    if (Date.now() > deadline) {
      await server.stop();
      throw new Error(`${options.name} did not become ready:\n${server.output()}`);
    }
    await sleep(40);
  }
  return server;
}

/** Sees to it that a child, started as the leader of its own process group, is killed at the latest with this process. */
export function adopt(child: ChildProcess): void {
  alive.add(child);
  record(child.pid);
  child.once('exit', () => {
    alive.delete(child);
    forget(child.pid);
  });
}

function own(child: ChildProcess): RunningServer {
  adopt(child);
  const lines: string[] = [];
  const begun = [child.stdout, child.stderr].map((stream) => keepLines(stream, lines));
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // Not before what it printed was read; but a child of its own may hold its pipes.
    child.once('exit', (code, signal) => {
      const tell = (): void => resolve(signal ?? code ?? 'ended');
      child.once('close', tell);
      setTimeout(tell, 1000).unref();
    });
  });
  return {
    pid: child.pid ?? -1,
    output: () => [...lines, ...begun.map((line) => line())].join('\n'),
    lines: () => [...lines],
    signal: (name) => signalGroup(child, name),
    exited,
    async stop() {
      signalGroup(child, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 2000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Adds each line of the stream once it is complete: stdout and stderr come in pieces, which must not mix. Gives what has no end yet. */
function keepLines(stream: Readable | null, lines: string[]): () => string {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return () => rest;
}

// The run folder's list of what to kill when a test failed before it closed its servers; see run-folder.ts.
function record(pid: number | undefined): void {
  const folder = process.env['COUNTERSIGN_RUN_FOLDER'];
  if (folder !== undefined && pid !== undefined) writeFileSync(join(folder, 'pids', `${pid}`), '');
}

function forget(pid: number | undefined): void {
  const folder = process.env['COUNTERSIGN_RUN_FOLDER'];
  if (folder !== undefined && pid !== undefined) rmSync(join(folder, 'pids', `${pid}`), { force: true });
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    child.kill(name);
  }
}

/** True when the address answers at all with a status below 500. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.status < 500;
}
