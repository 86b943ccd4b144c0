// What the commands' command lines have in common.
import { InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit.ts';
import { fill } from '../layout.ts';
import type { Terminal } from '../terminal.ts';

/** What a command is registered with. */
export interface Registration {
  readonly terminal: Terminal;
  /** Takes the work of the chosen command. */
  readonly finish: (work: Promise<ExitCode>) => Promise<void>;
}

/** Columns of help texts: those of the terminal, at most 100; so wide they are in docs/cli.md. */
export function helpWidth({ width }: Terminal): number {
  return Math.min(100, width.out ?? 100);
}

/** A text below the options, filled to the width. Paragraphs begin with a blank line, commands with `$`. */
export function below(text: string, terminal: Terminal): string {
  return `\n${fill(text, helpWidth(terminal))}`;
}

export const configOption = ({ env }: Terminal): Option =>
  new Option('-c, --config <file>', 'policy file, or COUNTERSIGN_CONFIG').default(env['COUNTERSIGN_CONFIG'] || 'config/countersign.yaml');

export const jsonOption = (): Option => new Option('--json', 'print JSON for programs');

export const packageOption = (describe: string): Option =>
  new Option('-p, --package <registry:package>', describe).argParser(packageArgument);

function packageArgument(text: string): string {
  if (/^[A-Za-z0-9_.-]+(:\S+)?$/.test(text)) return text;
  throw new InvalidArgumentError('Write the registry and the package, for example npm:@acme/ui.');
}
