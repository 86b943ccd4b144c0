// The program on the real process: its arguments, streams and environment.
import { run } from './program.ts';
import { processTerminal } from './terminal.ts';

/** Runs the command that the process was started with; gives its exit code. */
export function main(): Promise<number> {
  const argv = process.argv.slice(2);
  // `serve` goes on without a reader of its log.
  if (!argv.includes('serve')) process.stdout.on('error', endWithReader);
  return run(argv, processTerminal());
}

/** `countersign audit | head`: whoever reads has seen enough, which is no fault; the exit code is what the command has said so far. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
