// The command tree. Each command's options are in commands/, its work in a file of its own, loaded when it is called.
import { Command, CommanderError } from 'commander';
import { wrap } from '../core/wrap.ts';
import { createScrubber } from '../log/scrubber.ts';
import { addAudit } from './commands/audit.ts';
import { addCheck } from './commands/check.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExplain } from './commands/explain.ts';
import { addHealth } from './commands/health.ts';
import { addMigration } from './commands/migration.ts';
import { addInit } from './commands/init.ts';
import { addMint } from './commands/mint.ts';
import { helpWidth, type Registration } from './commands/options.ts';
import { addPin } from './commands/pin.ts';
import { addSchema } from './commands/schema.ts';
import { addServe } from './commands/serve.ts';
import { addSnippet } from './commands/snippet.ts';
import { addTest } from './commands/test.ts';
import { addVersion } from './commands/version.ts';
import { CommandFailed, exitCode, exitMeanings, type ExitCode } from './exit.ts';
import { table } from './layout.ts';
import { painter } from './output.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/** In the order in which `--help` lists them. */
const commands: readonly ((program: Command, registration: Registration) => void)[] = [
  addInit,
  addServe,
  addCheck,
  addExplain,
  addTest,
  addPin,
  addDoctor,
  addMint,
  addAudit,
  addMigration,
  addSnippet,
  addHealth,
  addSchema,
  addVersion,
];

/**
 * Runs one command line (without `node` and the script) and gives the exit code. Expected failures are one sentence on
 * stderr; a bug is named as one. Whatever commander echoes of the arguments is scrubbed: a token there is a mistake that
 * the log of a CI job must not keep (SEC-08).
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const finish: Registration['finish'] = async (work) => {
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
  const said = `countersign: ${scrub(expected ? text : `this is a fault of Countersign: ${text}`)}`;
  const lines = said.split('\n').flatMap((line) => wrap(line, terminal.width.err, { indent: 2 }));
  terminal.err(`${lines.join('\n').replace('countersign:', paint('red', 'countersign:'))}\n`);
  return expected ? error.code : exitCode.outage;
}

/** The tree; exported for docs/cli.md, which is generated from it. */
export function buildProgram(terminal: Terminal, finish: Registration['finish']): Command {
  const { scrub } = createScrubber();
  const width = helpWidth(terminal);
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
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
    })
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', `\n${examples}\n\n${exitCodeText(width)}`);
  for (const add of commands) add(program, { terminal, finish });
  return program;
}

const examples = `Examples:
  Is the policy file right? With --live, can everything in it be reached?
    $ countersign check --live
  Run the proxy.
    $ countersign serve --config config/countersign.yaml
  Would this job be let in, and if not, what differs?
    $ countersign explain --token-file token.txt --package npm:@acme/ui
  In a CI job: an upload token.
    $ TWINE_PASSWORD=$(countersign mint --url https://pypi.acme.dev/)`;

/** The exit codes as `--help` lists them. */
function exitCodeText(width: number): string {
  const rows = exitMeanings.map(({ code, means }) => [`  ${code}`, means]);
  return ['Exit codes:', ...table(rows, width).flat()].join('\n');
}
