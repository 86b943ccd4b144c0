import { Option, type Command } from 'commander';
import type { AuditOptions } from '../audit.ts';
import { below, configOption, type Registration } from './options.ts';

const filters: readonly (readonly [flags: string, says: string])[] = [
  ['-p, --package <[registry:]package>', 'of this package, for example npm:@acme/ui'],
  ['--package-version <version>', 'of this version'],
  ['--anchor <anchor>', 'of this repository or project, as the record has it'],
  ['--publisher <name>', 'that this publisher granted, or was considered for'],
  ['--registry <name>', 'of this registry'],
  ['--event <event>', 'of this kind: exchange, upload, manage, …'],
  ['--outcome <outcome>', 'that ended so: uploaded, refused, long-lived, …'],
  ['--code <code>', 'with this refusal (docs/refusals.md)'],
  ['--request <id>', 'of this request: the id that the client showed'],
  ['--token <hash>', 'of this upload token: the first 12 digits of its hash'],
];

const help = `Records have to fit every filter; one that is given several times fits any of its values. The token of the admin listener is taken from COUNTERSIGN_ADMIN_TOKEN, or from the policy file where that names the listener.

  $ countersign audit --package npm:@acme/ui --outcome uploaded
  $ countersign audit --request 0123456789abcdef --details
  $ countersign audit --outcome refused --from 24h --csv > refused.csv`;

/** `countersign audit`. */
export function addAudit(program: Command, { terminal, finish }: Registration): void {
  const command = program
    .command('audit')
    .description('show the audit record: who published what from where, and who was refused and why')
    .addOption(configOption(terminal))
    .option('--admin <url>', 'ask this admin listener; default: `server.admin` of the policy file')
    .option('--file <file>', 'read a file instead: that of `audit.file`, or what serve printed; - is stdin');
  for (const [flags, says] of filters)
    command.addOption(new Option(flags, says).argParser((value, before: string[] | undefined) => [...(before ?? []), value]));
  command
    .option('--from <time>', 'not before: ISO 8601, Unix seconds, or 90m, 24h, 7d ago')
    .option('--to <time>', 'before')
    .option('-n, --limit <count>', 'how many, the newest', '50')
    .option('--follow', 'go on with what comes')
    .option('--details', 'everything that is known of each')
    .addOption(new Option('--json', 'print JSON, a line for each').conflicts('csv'))
    .option('--csv', 'print CSV')
    .addHelpText('after', below(help, terminal))
    .action((options: AuditOptions) => finish(import('../audit.ts').then(({ audit }) => audit(options, terminal))));
}
