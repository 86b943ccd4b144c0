import type { Command } from 'commander';
import { exitCode, type ExitCode } from '../exit.ts';
import { printJson } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { version } from '../version.ts';
import { jsonOption, type Registration } from './options.ts';

/** `countersign version`. */
export function addVersion(program: Command, { terminal, finish }: Registration): void {
  program
    .command('version')
    .description('print the versions of Countersign and of Node')
    .addOption(jsonOption())
    .action((options: { json?: boolean }) => finish(print(options.json, terminal)));
}

async function print(json: boolean | undefined, terminal: Terminal): Promise<ExitCode> {
  const found = { countersign: version(), node: process.versions.node };
  if (json) printJson(terminal, found);
  else terminal.out(`countersign ${found.countersign} (Node ${found.node})\n`);
  return exitCode.ok;
}
