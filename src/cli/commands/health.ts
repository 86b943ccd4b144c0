import type { Command } from 'commander';
import type { HealthOptions } from '../health.ts';
import { configOption, jsonOption, type Registration } from './options.ts';

/** `countersign health`. */
export function addHealth(program: Command, { terminal, finish }: Registration): void {
  program
    .command('health')
    .description('ask the running proxy whether it is well: for the HEALTHCHECK of a container')
    .addOption(configOption(terminal))
    .option('--address <host:port>', 'its admin listener; default: `server.admin` of the policy file')
    .option('--ready', 'ask whether it can do its work (store reachable), not only whether it lives')
    .addOption(jsonOption())
    .action((options: HealthOptions) => finish(import('../health.ts').then(({ health }) => health(options, terminal))));
}
