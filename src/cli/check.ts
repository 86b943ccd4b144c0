// `countersign check`: every problem of the policy file at once; with `--live`, of everything that it names as well.
import type { Configuration } from '../config/configuration.ts';
import { printDiagnostics, type Diagnostic } from '../config/diagnostic.ts';
import { loadConfiguration } from '../config/load.ts';
import { wrap } from '../core/wrap.ts';
import { exitCode, type ExitCode } from './exit.ts';
import { probe } from './live/index.ts';
import type { LiveResult } from './live/result.ts';
import { table } from './layout.ts';
import { count, mark, painter, print, printJson } from './output.ts';
import { sarif } from './sarif.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

export interface CheckOptions {
  readonly config: string;
  readonly live?: boolean;
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly policyOnly?: boolean;
}

/** 0 when the file is valid (warnings are allowed), 3 when not; with `live`, 1 for what is wrong and 4 for what does not answer. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadConfiguration(options.config, terminal.env, { policyOnly: options.policyOnly === true });
  const diagnostics = loaded.ok ? loaded.configuration.warnings : loaded.diagnostics;
  const live = loaded.ok && options.live === true ? await probe(loaded.configuration, { now: terminal.now, version: version() }) : [];
  const code = loaded.ok ? liveCode(live) : exitCode.configuration;
  if (options.sarif) printJson(terminal, sarif(diagnostics, { folder: terminal.cwd, config: options.config, version: version() }));
  else if (options.json) {
    const summary = loaded.ok ? { summary: summaryOf(loaded.configuration) } : {};
    printJson(terminal, { ok: code === exitCode.ok, file: options.config, diagnostics: diagnostics.map(diagnosticJson), ...summary, live });
  } else {
    const width = terminal.width.out;
    terminal.out(printDiagnostics(diagnostics, { colour: terminal.colour.out, width }));
    const text = loaded.ok ? summaryText(loaded.configuration, options.config) : verdict(options.config, diagnostics);
    print(terminal, [...wrap(text, width, { indent: 2 }), ...liveLines(live, terminal)]);
  }
  return code;
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

/** Columns of the mark and its gap. */
const margin = 6;

function liveLines(results: readonly LiveResult[], { colour, width }: Terminal): string[] {
  const paint = painter(colour.out);
  const room = width.out === undefined ? undefined : width.out - margin;
  const rows = table(
    results.map(({ what, name, says }) => [what, name, says]),
    room,
  );
  return results.flatMap(({ status, fix }, i) => [
    ...(rows[i] ?? []).map((line, at) => `${at === 0 ? `${mark(status, paint)}  ` : ' '.repeat(margin)}${line}`),
    ...wrap(fix ?? '', room).flatMap((line) => (line === '' ? [] : [`${' '.repeat(margin)}${paint('dim', line)}`])),
  ]);
}

function diagnosticJson({ severity, code, place, message, hint }: Diagnostic): object {
  return { severity, code, ...place, message, ...(hint === undefined ? {} : { hint }) };
}
