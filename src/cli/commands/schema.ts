import type { Command } from 'commander';
import { jsonOption, type Registration } from './options.ts';

/** `countersign schema`. */
export function addSchema(program: Command, { terminal, finish }: Registration): void {
  program
    .command('schema')
    .description('print the JSON Schema of the policy file, for editors')
    .addOption(jsonOption())
    .action(() => finish(import('../schema.ts').then(({ schema }) => schema(terminal))));
}
