// The command tree and its help texts. Each command's work is in a file of its own, loaded when it is called.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { createScrubber } from '../log/scrubber.ts';
import { CommandFailed, exitCode, exitMeanings, type ExitCode } from './exit.ts';
import type { AuditOptions } from './audit.ts';
import type { ExplainOptions } from './explain.ts';
import { columns, painter, printJson } from './output.ts';
import type { SnippetOptions } from './snippet.ts';
import type { Terminal } from './terminal.ts';
import { tokenFormats } from './token-format.ts';
import { version } from './version.ts';

/** Takes the work of the chosen command. */
type Finish = (work: Promise<ExitCode>) => Promise<void>;

/**
 * Runs one command line (without `node` and the script) and gives the exit code. Expected failures are one sentence on
 * stderr; a bug is named as one. Whatever commander echoes of the arguments is scrubbed: a token there is a mistake that
 * the log of a CI job must not keep (SEC-08).
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const finish: Finish = async (work) => {
    code = await work;
  };
  try {
    await buildProgram(terminal, finish).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, terminal);
  }
}

function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  const { scrub } = createScrubber();
  const paint = painter(terminal.colour.err);
  const expected = error instanceof CommandFailed;
  const text = error instanceof Error ? error.message : String(error);
  terminal.err(`${paint('red', 'countersign:')} ${scrub(expected ? text : `this is a fault of Countersign: ${text}`)}\n`);
  return expected ? error.code : exitCode.outage;
}

/** The tree; exported for docs/cli.md, which is generated from it. */
export function buildProgram(terminal: Terminal, finish: Finish): Command {
  const { scrub } = createScrubber();
  const program = new Command('countersign')
    .description(
      'Trusted publishing for the package registry you already run. CI jobs show their identity token instead of a stored ' +
        'secret, and get a short-lived upload token for the packages that the policy file lets them publish.',
    )
    .version(version(), '-V, --version', 'print the version')
    .configureOutput({
      writeOut: terminal.out,
      writeErr: (text) => terminal.err(scrub(text)),
      getOutHasColors: () => terminal.colour.out,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
    })
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', `\n${examples}\n\n${exitCodeText()}`);
  addServe(program, terminal, finish);
  addCheck(program, terminal, finish);
  addExplain(program, terminal, finish);
  addMint(program, terminal, finish);
  addAudit(program, terminal, finish);
  addMigration(program, terminal, finish);
  addSnippet(program, terminal, finish);
  addHealth(program, terminal, finish);
  addSchema(program, terminal, finish);
  addVersion(program, terminal, finish);
  return program;
}

/** Columns of the help texts, the same on every terminal and in docs/cli.md. */
const helpWidth = 100;

const examples = `Examples:
  Is the policy file right? Every problem at once; with --live, can everything in it be reached?
    $ countersign check --live
  Run the proxy.
    $ countersign serve --config config/countersign.yaml
  Would this job be let in, and if not, what differs?
    $ countersign explain --token-file token.txt --package npm:@acme/ui
  In a CI job: an upload token.
    $ TWINE_PASSWORD=$(countersign mint --url https://pypi.acme.dev/)`;

/** The exit codes as `--help` lists them. */
export function exitCodeText(): string {
  return ['Exit codes:', ...columns(exitMeanings.map(({ code, means }) => [`  ${code}`, means]))].join('\n');
}

const configOption = ({ env }: Terminal): Option =>
  new Option('-c, --config <file>', 'policy file, or COUNTERSIGN_CONFIG').default(env['COUNTERSIGN_CONFIG'] || 'config/countersign.yaml');
const jsonOption = (): Option => new Option('--json', 'print JSON for programs');

function addServe(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('serve')
    .description('run the proxy')
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nThe log goes to stdout as JSON lines; COUNTERSIGN_LOG_LEVEL sets how much. SIGHUP reads the policy again, SIGTERM stops in order.',
    )
    .action((options: { config: string }) => finish(import('./serve.ts').then(({ serve }) => serve(options.config, terminal))));
}

function addCheck(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('check')
    .description('check the policy file: every error and warning, with its line')
    .addOption(configOption(terminal))
    .option('--live', 'also ask the store, the issuers and the registries behind')
    .addOption(jsonOption())
    .action((options: { config: string; live?: boolean; json?: boolean }) =>
      finish(import('./check.ts').then(({ check }) => check(options, terminal))),
    );
}

function addExplain(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('explain')
    .description('say which publishers an identity token matches, and what differs in the others')
    .addOption(configOption(terminal))
    .requiredOption('-p, --package <registry:package>', 'what is to be published, for example npm:@acme/ui', packageArgument)
    .addOption(new Option('--token-file <file>', 'identity token of a job; - is stdin').conflicts('claims'))
    .option('--claims <file>', 'claims as JSON instead; nothing about them is verified')
    .option('--issuer <name>', 'issuer of the claims, where they have no `iss`')
    .option('--verify', "verify the token's signature and times with the issuer's keys, as the proxy does")
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nNothing is minted and nothing counts as used. Exit code 0 when the publish would be granted, 1 when it would be refused.',
    )
    .action((options: ExplainOptions) => finish(import('./explain.ts').then(({ explain }) => explain(options, terminal))));
}

interface MintFlags {
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

function addMint(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('mint')
    .description('in a CI job: exchange its identity token for an upload token, printed alone on stdout')
    .addOption(new Option('-u, --url <url>', "the proxy, or a registry's URL on it; or COUNTERSIGN_URL"))
    .option('-p, --package <registry:package>', 'ask for this package only; default: all that the job may publish', packageArgument)
    .option('--audience <audience>', 'audience of the identity token; default: the origin of --url')
    .option('--id-token-file <file>', 'take the identity token from a file; - is stdin')
    .option('--id-token-variable <name>', 'take the identity token from this environment variable')
    .addOption(new Option('-f, --format <format>', 'form of the output').choices(tokenFormats).default('token'))
    .option('--json', 'the same as --format json')
    .option('--revoke', 'give an upload token back: the one in COUNTERSIGN_TOKEN, else on stdin')
    .option('--allow-http', 'allow plain http to another machine')
    .addHelpText('after', mintHelp)
    .action((flags: MintFlags) => finish(mintOrRevoke(flags, terminal)));
}

const mintHelp = `
Works in GitHub Actions (with \`permissions: id-token: write\`), GitLab CI (with \`id_tokens:\`), CircleCI, Buildkite and on
Google Cloud; anywhere else the job puts its identity token into COUNTERSIGN_ID_TOKEN. Tokens are never taken from the
command line. A private certificate authority goes into NODE_EXTRA_CA_CERTS, an HTTP proxy into HTTPS_PROXY.

  $ TWINE_USERNAME=__token__ TWINE_PASSWORD=$(countersign mint --url https://pypi.acme.dev/) twine upload dist/*
  $ countersign mint --url https://npm.acme.dev/ --package npm:@acme/ui --format npmrc >> ~/.npmrc`;

async function mintOrRevoke(flags: MintFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.revoke) return (await import('./revoke.ts')).revoke(flags, terminal);
  return (await import('./mint.ts')).mint({ ...flags, format: flags.json ? 'json' : flags.format }, terminal);
}

const auditFilters: readonly (readonly [flags: string, says: string])[] = [
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

function addAudit(program: Command, terminal: Terminal, finish: Finish): void {
  const command = program
    .command('audit')
    .description('show the audit record: who published what from where, and who was refused and why')
    .addOption(configOption(terminal))
    .option('--admin <url>', 'ask this admin listener; default: `server.admin` of the policy file')
    .option('--file <file>', 'read a file instead: that of `audit.file`, or what serve printed; - is stdin');
  for (const [flags, says] of auditFilters)
    command.addOption(new Option(flags, says).argParser((value, before: string[] | undefined) => [...(before ?? []), value]));
  command
    .option('--from <time>', 'not before: ISO 8601, Unix seconds, or 90m, 24h, 7d ago')
    .option('--to <time>', 'before')
    .option('-n, --limit <count>', 'how many, the newest', '50')
    .option('--follow', 'go on with what comes')
    .option('--details', 'everything that is known of each')
    .addOption(new Option('--json', 'print JSON, a line for each').conflicts('csv'))
    .option('--csv', 'print CSV')
    .addHelpText('after', auditHelp)
    .action((options: AuditOptions) => finish(import('./audit.ts').then(({ audit }) => audit(options, terminal))));
}

const auditHelp = `
Records have to fit every filter; one that is given several times fits any of its values. The token of the admin listener
is taken from COUNTERSIGN_ADMIN_TOKEN, or from the policy file where that names the listener.

  $ countersign audit --package npm:@acme/ui --outcome uploaded
  $ countersign audit --request 0123456789abcdef --details
  $ countersign audit --outcome refused --from 24h --csv > refused.csv`;

function addMigration(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('migration')
    .description('say which packages still live on long-lived tokens, and which can be confined to trusted publishing')
    .addOption(configOption(terminal))
    .option('--audit <file...>', 'log files of `countersign serve` (JSON lines); - is stdin')
    .option('--admin <url>', 'ask the admin listener instead; its token in COUNTERSIGN_ADMIN_TOKEN')
    .addOption(jsonOption())
    .addHelpText('after', '\nIt reads the audit record and the policy, and changes neither.')
    .action((options: { config: string; audit?: string[]; admin?: string; json?: boolean }) =>
      finish(import('./migration.ts').then(({ migration }) => migration(options, terminal))),
    );
}

function addSnippet(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('snippet')
    .description('print the CI file with which the job of a publisher publishes')
    .argument('<publisher>', 'name of the publisher in the policy file')
    .addOption(configOption(terminal))
    .option('--registry <name>', 'for this registry only; default: each that the publisher has')
    .option('--client <name>', 'npm, pnpm, yarn, bun; uv, pdm, maturin, twine, poetry, hatch, flit, gh-action; default: npm, uv')
    .addOption(jsonOption())
    .action((name: string, options: SnippetOptions) =>
      finish(import('./snippet.ts').then(({ snippet }) => snippet(name, options, terminal))),
    );
}

function addHealth(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('health')
    .description('ask the running proxy whether it is well: for the HEALTHCHECK of a container')
    .addOption(configOption(terminal))
    .option('--address <host:port>', 'its admin listener; default: `server.admin` of the policy file')
    .option('--ready', 'ask whether it can do its work (store reachable), not only whether it lives')
    .addOption(jsonOption())
    .action((options: { config: string; address?: string; ready?: boolean; json?: boolean }) =>
      finish(import('./health.ts').then(({ health }) => health(options, terminal))),
    );
}

function addSchema(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('schema')
    .description('print the JSON Schema of the policy file, for editors')
    .addOption(jsonOption())
    .action(() => finish(import('./schema.ts').then(({ schema }) => schema(terminal))));
}

function addVersion(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command('version')
    .description('print the versions of Countersign and of Node')
    .addOption(jsonOption())
    .action((options: { json?: boolean }) => finish(printVersion(options.json, terminal)));
}

async function printVersion(json: boolean | undefined, terminal: Terminal): Promise<ExitCode> {
  const found = { countersign: version(), node: process.versions.node };
  if (json) printJson(terminal, found);
  else terminal.out(`countersign ${found.countersign} (Node ${found.node})\n`);
  return exitCode.ok;
}

function packageArgument(text: string): string {
  if (/^[A-Za-z0-9_.-]+(:\S+)?$/.test(text)) return text;
  throw new InvalidArgumentError('Write the registry and the package, for example npm:@acme/ui.');
}
