// `countersign schema`: the JSON Schema of the policy file on stdout.
import { jsonSchema } from '../config/json-schema.ts';
import { exitCode, type ExitCode } from './exit.ts';
import { printJson } from './output.ts';
import type { Terminal } from './terminal.ts';

/** Prints it; config/schema.json is this output. */
export async function schema(terminal: Terminal): Promise<ExitCode> {
  printJson(terminal, jsonSchema());
  return exitCode.ok;
}
