// The program on the real process: its arguments, streams and environment.
import { run } from './program.ts';
import { processTerminal } from './terminal.ts';

/** Runs the command that the process was started with; gives its exit code. */
export function main(): Promise<number> {
  return run(process.argv.slice(2), processTerminal());
}
