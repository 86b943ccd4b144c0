import { Option, type Command } from 'commander';
import type { PinOptions } from '../pin/pin.ts';
import { below, configOption, jsonOption, type Registration } from './options.ts';

const help = `Ids tell a repository, project or owner from the next one of its name. They are taken from jobs that a publisher let in by everything that it states: from the audit records of the running proxy, of a log, or from one token. Jobs that disagree are reported, and nothing is filled in for them. Without --write no file is changed; with it, comments and form of the file stay as they are.

The admin listener is asked with COUNTERSIGN_ADMIN_TOKEN where that is set.`;

/** `countersign pin`. */
export function addPin(program: Command, { terminal, finish }: Registration): void {
  program
    .command('pin')
    .description('fill in the ids that publishers lack, from jobs that were seen')
    .addOption(configOption(terminal))
    .option('--audit <file>', 'log of `serve` to look in; - is stdin')
    .addOption(new Option('--admin <url>', 'admin listener to ask; default: `server.admin`').conflicts('audit'))
    .addOption(new Option('--token-file <file>', 'identity token of a job instead; - is stdin').conflicts(['audit', 'admin', 'claims']))
    .addOption(new Option('--claims <file>', 'claims as JSON instead').conflicts(['audit', 'admin']))
    .option('--issuer <name>', 'issuer of the claims, where they have no `iss`')
    .option('--write', 'change the policy file')
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((options: PinOptions) => finish(import('../pin/pin.ts').then(({ pin }) => pin(options, terminal))));
}
