import { Option, type Command } from 'commander';
import type { ExitCode } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import { tokenFormats } from '../token-format.ts';
import { below, packageOption, type Registration } from './options.ts';

interface Flags {
  readonly url?: string;
  readonly package?: string;
  readonly audience?: string;
  readonly idTokenFile?: string;
  readonly idTokenVariable?: string;
  readonly format: (typeof tokenFormats)[number];
  readonly json?: boolean;
  readonly revoke?: boolean;
  readonly allowHttp?: boolean;
}

const help = `Works in GitHub Actions (with \`permissions: id-token: write\`), GitLab CI (with \`id_tokens:\`), CircleCI, Buildkite and on
Google Cloud; anywhere else the job puts its identity token into COUNTERSIGN_ID_TOKEN. Tokens are never taken from the
command line. A private certificate authority goes into NODE_EXTRA_CA_CERTS, an HTTP proxy into HTTPS_PROXY.

  $ export TWINE_USERNAME=__token__
  $ export TWINE_PASSWORD=$(countersign mint --url https://pypi.acme.dev/)
  $ twine upload dist/*
  $ countersign mint --url https://npm.acme.dev/ --format npmrc >> ~/.npmrc`;

/** `countersign mint`. */
export function addMint(program: Command, { terminal, finish }: Registration): void {
  program
    .command('mint')
    .description('in a CI job: exchange its identity token for an upload token, printed alone on stdout')
    .addOption(new Option('-u, --url <url>', "the proxy, or a registry's URL on it; or COUNTERSIGN_URL"))
    .addOption(packageOption('ask for this package only; default: all that the job may publish'))
    .option('--audience <audience>', 'audience of the identity token; default: the origin of --url')
    .option('--id-token-file <file>', 'take the identity token from a file; - is stdin')
    .option('--id-token-variable <name>', 'take the identity token from this environment variable')
    .addOption(new Option('-f, --format <format>', 'form of the output').choices(tokenFormats).default('token'))
    .option('--json', 'the same as --format json')
    .option('--revoke', 'give an upload token back: the one in COUNTERSIGN_TOKEN, else on stdin')
    .option('--allow-http', 'allow plain http to another machine')
    .addHelpText('after', below(help, terminal))
    .action((flags: Flags) => finish(mintOrRevoke(flags, terminal)));
}

async function mintOrRevoke(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  if (flags.revoke) return (await import('../revoke.ts')).revoke(flags, terminal);
  return (await import('../mint.ts')).mint({ ...flags, format: flags.json ? 'json' : flags.format }, terminal);
}
