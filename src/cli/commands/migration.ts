import { Option, type Command } from 'commander';
import type { MigrationOptions } from '../migration.ts';
import { below, configOption, jsonOption, type Registration } from './options.ts';

const help = `It reads the audit record and the policy, and changes neither. The admin listener is asked with COUNTERSIGN_ADMIN_TOKEN where that is set.`;

/** `countersign migration`. */
export function addMigration(program: Command, { terminal, finish }: Registration): void {
  program
    .command('migration')
    .description('say which packages still live on long-lived tokens, and which can be confined to trusted publishing')
    .addOption(configOption(terminal))
    .option('--audit <file...>', 'log files of `countersign serve` (JSON lines); - is stdin')
    .addOption(new Option('--admin <url>', 'admin listener to ask; default: `server.admin`').conflicts('audit'))
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((options: MigrationOptions) => finish(import('../migration.ts').then(({ migration }) => migration(options, terminal))));
}
