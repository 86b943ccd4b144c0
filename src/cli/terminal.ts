// What a command may touch of the process: two streams, stdin, the environment and the clock. Tests pass their own.
import { text } from 'node:stream/consumers';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** All of stdin; undefined when it is a terminal: a secret typed there would stay on the screen. */
  readonly stdin: () => Promise<string | undefined>;
  readonly env: NodeJS.ProcessEnv;
  readonly colour: { readonly out: boolean; readonly err: boolean };
  /** Milliseconds. */
  readonly now: () => number;
}

/** The process itself. */
export function processTerminal(): Terminal {
  return {
    out: (line) => void process.stdout.write(line),
    err: (line) => void process.stderr.write(line),
    stdin: async () => (process.stdin.isTTY ? undefined : await text(process.stdin)),
    env: process.env,
    colour: { out: wantsColour(process.env, process.stdout.isTTY), err: wantsColour(process.env, process.stderr.isTTY) },
    now: Date.now,
  };
}

/** Colour only on a terminal, never with `NO_COLOR` set to anything but nothing (no-color.org) or `TERM=dumb`. */
export function wantsColour(env: NodeJS.ProcessEnv, isTerminal: boolean | undefined): boolean {
  return isTerminal === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
