// Starts what is measured and what it is measured against: each a process of its own, on the processors that it may use.
import { join } from 'node:path';
import { freePort } from '../../test/support/ports.ts';
import { answers, plainEnv, startServer, type RunningServer } from '../../test/support/process.ts';
import { requires, ROOT } from '../../test/support/components.ts';
import { pinned, places } from './machine.ts';

export interface Started {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  readonly server: RunningServer;
  readonly close: () => Promise<void>;
}

export interface StartOptions {
  readonly name: string;
  readonly command: string;
  /** Gets the port that it is to listen on. */
  readonly args: (port: number) => readonly string[];
  readonly on?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Path that answers once it is ready. */
  readonly ready?: string;
  readonly port?: number;
}

/** Starts a server and waits until it answers. `taskset` replaces itself, so that the process id is the server's own. */
export async function start({
  name,
  command,
  args,
  on = places.subject,
  env,
  cwd,
  ready = '',
  port: wanted,
}: StartOptions): Promise<Started> {
  const port = wanted ?? (await freePort());
  const [program, line] = pinned(on, command, args(port));
  const url = `http://127.0.0.1:${port}/`;
  const server = await startServer({
    name,
    command: program,
    args: line,
    ...(cwd === undefined ? {} : { cwd }),
    env: plainEnv(env),
    ready: () => answers(`${url}${ready}`),
  });
  return { port, url, pid: server.pid, server, close: () => server.stop() };
}

/** One of the bench's own programs in bench/peers. */
export function startPeer(name: string, args: readonly string[], options: Partial<StartOptions> = {}): Promise<Started> {
  const file = join(ROOT, 'bench', 'peers', `${name}.ts`);
  return start({ name, command: requires('node'), args: (port) => [file, String(port), ...args], ...options });
}

export const startUpstream = (): Promise<Started> => startPeer('upstream', [], { on: places.upstream, ready: 'b1' });
