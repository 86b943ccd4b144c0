import type { Command } from 'commander';
import type { MigrationOptions } from '../migration.ts';
import { below, configOption, jsonOption, type Registration } from './options.ts';

/** `countersign migration`. */
export function addMigration(program: Command, { terminal, finish }: Registration): void {
  program
    .command('migration')
    .description('say which packages still live on long-lived tokens, and which can be confined to trusted publishing')
    .addOption(configOption(terminal))
    .option('--audit <file...>', 'log files of `countersign serve` (JSON lines); - is stdin')
    .option('--admin <url>', 'ask the admin listener instead; its token in COUNTERSIGN_ADMIN_TOKEN')
    .addOption(jsonOption())
    .addHelpText('after', below('It reads the audit record and the policy, and changes neither.', terminal))
    .action((options: MigrationOptions) => finish(import('../migration.ts').then(({ migration }) => migration(options, terminal))));
}
