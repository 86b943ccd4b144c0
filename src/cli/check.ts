// `countersign check`: every problem of the policy file at once; with `--live`, of everything that it names as well.
import type { Configuration } from '../config/configuration.ts';
import { printDiagnostics, type Diagnostic } from '../config/diagnostic.ts';
import { loadConfiguration } from '../config/load.ts';
import { exitCode, type ExitCode } from './exit.ts';
import { probeIssuers } from './live/issuers.ts';
import type { LiveResult } from './live/result.ts';
import { probeStore } from './live/store.ts';
import { probeUpstreams } from './live/upstreams.ts';
import { columns, mark, painter, print, printJson } from './output.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

export interface CheckOptions {
  readonly config: string;
  readonly live?: boolean;
  readonly json?: boolean;
}

/** 0 when the file is valid (warnings are allowed), 3 when not; with `live`, 1 for what is wrong and 4 for what does not answer. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadConfiguration(options.config, terminal.env);
  const diagnostics = loaded.ok ? loaded.configuration.warnings : loaded.diagnostics;
  const live = loaded.ok && options.live === true ? await probe(loaded.configuration, terminal) : [];
  const code = loaded.ok ? liveCode(live) : exitCode.configuration;
  if (options.json) {
    const summary = loaded.ok ? { summary: summaryOf(loaded.configuration) } : {};
    printJson(terminal, { ok: code === exitCode.ok, file: options.config, diagnostics: diagnostics.map(diagnosticJson), ...summary, live });
    return code;
  }
  terminal.out(printDiagnostics(diagnostics, { colour: terminal.colour.out }));
  const text = loaded.ok ? summaryText(loaded.configuration, options.config) : verdict(options.config, diagnostics);
  print(terminal, [text, ...liveLines(live, terminal.colour.out)]);
  return code;
}

async function probe(configuration: Configuration, { now }: Terminal): Promise<readonly LiveResult[]> {
  const results = await Promise.all([
    probeStore(configuration.store, now),
    probeIssuers(configuration.issuers, now),
    probeUpstreams(configuration.registries.values(), version()),
  ]);
  return results.flat();
}

function liveCode(results: readonly LiveResult[]): ExitCode {
  const failures = results.filter((result) => result.status === 'fail');
  if (failures.length === 0) return exitCode.ok;
  return failures.some((result) => result.outage !== true) ? exitCode.problem : exitCode.outage;
}

/** How much of everything there is. Each `any` is among the warnings, with its line. */
function summaryOf({ revision, registries, issuers, publishers, warnings }: Configuration): Record<string, string | number> {
  return { revision, registries: registries.size, issuers: issuers.size, publishers: publishers.length, warnings: warnings.length };
}

function summaryText({ revision, registries, issuers, publishers, warnings }: Configuration, file: string): string {
  const parts = [
    count(registries.size, 'registry', 'registries'),
    count(issuers.size, 'issuer', 'issuers'),
    count(publishers.length, 'publisher', 'publishers'),
    ...(warnings.length === 0 ? [] : [count(warnings.length, 'warning', 'warnings')]),
  ];
  return `${file} is valid: ${parts.join(', ')}. Policy revision ${revision}.`;
}

function verdict(file: string, diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const warned = warnings === 0 ? '' : `, ${count(warnings, 'warning', 'warnings')}`;
  return `${file} is not valid: ${count(errors, 'error', 'errors')}${warned}.`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function liveLines(results: readonly LiveResult[], colour: boolean): string[] {
  const paint = painter(colour);
  const table = columns(results.map(({ what, name, says }) => [what, name, says]));
  return results.flatMap(({ status, fix }, i) => [
    `${mark(status, paint)}  ${table[i] ?? ''}`,
    ...(fix === undefined ? [] : [`      ${paint('dim', fix)}`]),
  ]);
}

function diagnosticJson({ severity, place, message, hint }: Diagnostic): object {
  return { severity, ...place, message, ...(hint === undefined ? {} : { hint }) };
}
