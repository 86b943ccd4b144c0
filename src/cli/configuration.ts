// Loads the configuration for a command, or says what is wrong with it.
import type { Configuration } from '../config/configuration.ts';
import { printDiagnostics } from '../config/diagnostic.ts';
import { loadConfiguration, type LoadOptions } from '../config/load.ts';
import { CommandFailed, exitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** @throws CommandFailed (`configuration`) when the file has errors; they are on stderr then */
export async function configurationFor(path: string, terminal: Terminal, options: LoadOptions = {}): Promise<Configuration> {
  const loaded = await loadConfiguration(path, terminal.env, options);
  if (loaded.ok) return loaded.configuration;
  terminal.err(printDiagnostics(loaded.diagnostics, { colour: terminal.colour.err, width: terminal.width.err }));
  throw new CommandFailed(exitCode.configuration, `${path} is not valid.`);
}
