import { Option, type Command } from 'commander';
import type { ExplainOptions } from '../explain.ts';
import { below, configOption, jsonOption, packageOption, type Registration } from './options.ts';

const help = `Nothing is minted and nothing counts as used. Exit code 0 when the publish would be granted, 1 when it would be refused.`;

/** `countersign explain`. */
export function addExplain(program: Command, { terminal, finish }: Registration): void {
  program
    .command('explain')
    .description('say which publishers an identity token matches, and what differs in the others')
    .addOption(configOption(terminal))
    .addOption(packageOption('what is to be published, for example npm:@acme/ui').makeOptionMandatory())
    .addOption(new Option('--token-file <file>', 'identity token of a job; - is stdin').conflicts('claims'))
    .option('--claims <file>', 'claims as JSON instead; nothing about them is verified')
    .option('--issuer <name>', 'issuer of the claims, where they have no `iss`')
    .option('--verify', "verify the token's signature and times with the issuer's keys, as the proxy does")
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((options: ExplainOptions) => finish(import('../explain.ts').then(({ explain }) => explain(options, terminal))));
}
