import type { Command } from 'commander';
import { below, configOption, type Registration } from './options.ts';

const help = `The log goes to stdout as JSON lines; COUNTERSIGN_LOG_LEVEL sets how much. SIGHUP reads the policy again, SIGTERM stops in order.`;

/** `countersign serve`. */
export function addServe(program: Command, { terminal, finish }: Registration): void {
  program
    .command('serve')
    .description('run the proxy')
    .addOption(configOption(terminal))
    .addHelpText('after', below(help, terminal))
    .action((options: { config: string }) => finish(import('../serve.ts').then(({ serve }) => serve(options.config, terminal))));
}
