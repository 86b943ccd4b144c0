import { Option, type Command } from 'commander';
import type { CheckOptions } from '../check.ts';
import { configOption, jsonOption, type Registration } from './options.ts';

/** `countersign check`. */
export function addCheck(program: Command, { terminal, finish }: Registration): void {
  program
    .command('check')
    .description('check the policy file: every error and warning, with its line')
    .addOption(configOption(terminal))
    .option('--live', 'also ask the store, the issuers, the registries behind and the public URLs')
    .addOption(jsonOption())
    .addOption(new Option('--sarif', 'print SARIF 2.1.0, for the code scanning of a CI').conflicts(['json', 'live']))
    .addOption(
      new Option('--policy-only', 'where the secrets are not: neither their variables nor the files named need to be there').conflicts(
        'live',
      ),
    )
    .action((options: CheckOptions) => finish(import('../check.ts').then(({ check }) => check(options, terminal))));
}
