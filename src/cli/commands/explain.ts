import { Option, type Command } from 'commander';
import type { ExitCode } from '../exit.ts';
import type { RequestOptions } from '../explain-request.ts';
import type { ExplainOptions } from '../explain.ts';
import type { Terminal } from '../terminal.ts';
import { below, configOption, jsonOption, packageOption, type Registration } from './options.ts';

const help = `Nothing is minted and nothing counts as used. Exit code 0 when the publish would be granted, 1 when it would be refused.

With --request the audit record says what became of a request: its id is in every refusal that a client shows, and in the header x-request-id. It is looked for in --audit, else at the admin listener of the running proxy, which is asked with COUNTERSIGN_ADMIN_TOKEN where that is set.`;

/** `countersign explain`. */
export function addExplain(program: Command, { terminal, finish }: Registration): void {
  program
    .command('explain')
    .description('say which publishers an identity token matches, and what differs in the others')
    .addOption(configOption(terminal))
    .addOption(packageOption('what is to be published, for example npm:@acme/ui'))
    .addOption(new Option('--token-file <file>', 'identity token of a job; - is stdin').conflicts('claims'))
    .option('--claims <file>', 'claims as JSON instead; nothing about them is verified')
    .option('--issuer <name>', 'issuer of the claims, where they have no `iss`')
    .option('--verify', "verify the token's signature and times with the issuer's keys, as the proxy does")
    .addOption(
      new Option('--request <id>', 'explain a past request instead').conflicts(['tokenFile', 'claims', 'package', 'issuer', 'verify']),
    )
    .option('--audit <file>', 'with --request: log of `serve` to look in; - is stdin')
    .addOption(new Option('--admin <url>', 'with --request: admin listener to ask; default: `server.admin`').conflicts('audit'))
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((options: ExplainOptions & Partial<RequestOptions>) => finish(run(options, terminal)));
}

async function run({ request, ...options }: ExplainOptions & Partial<RequestOptions>, terminal: Terminal): Promise<ExitCode> {
  if (request !== undefined) return (await import('../explain-request.ts')).explainRequest({ ...options, request }, terminal);
  return (await import('../explain.ts')).explain(options, terminal);
}
