// `countersign migration`: which packages still live on long-lived tokens, and which can be confined to trusted publishing.
import { configurationFor } from './configuration.ts';
import { exitCode, type ExitCode } from './exit.ts';
import { readUses, type Sources } from './migration/events.ts';
import { migrationReport, type PackageRow, type RegistryReport, type State } from './migration/report.ts';
import { columns } from './layout.ts';
import { mark, painter, print, printJson, type Paint } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface MigrationOptions extends Sources {
  readonly config: string;
  readonly json?: boolean;
}

/** A report and no check: always 0 when the record could be read. */
export async function migration(options: MigrationOptions, terminal: Terminal): Promise<ExitCode> {
  const configuration = await configurationFor(options.config, terminal, { policyOnly: true });
  const uses = await readUses(options, terminal);
  const reports = migrationReport(configuration, uses);
  if (options.json) printJson(terminal, { seen: uses.length, registries: reports.map(reportJson) });
  else
    print(
      terminal,
      reports.flatMap((report, i) => [...(i === 0 ? [] : ['']), ...lines(report, painter(terminal.colour.out))]),
    );
  return exitCode.ok;
}

function lines(report: RegistryReport, paint: Paint): string[] {
  const { registry, longLivedTokens, packages, unnamed, trustedOnly } = report;
  const head = `${registry}: long_lived_tokens ${longLivedTokens}, ${packages.length === 0 ? 'no publish seen' : `${packages.length} seen`}`;
  const names = columns(packages.map((row) => [row.package, '']));
  return [
    paint('bold', head),
    ...packages.flatMap((row, i) => [
      `${mark(marks[row.state], paint)}  ${names[i] ?? ''}`,
      ...details(row).map((line) => `      ${line}`),
    ]),
    ...(unnamed === 0 ? [] : [`${mark('warn', paint)}  ${unnamed} with a long-lived token that do not say for what`]),
    ...suggestion(report, trustedOnly),
  ];
}

const marks: Readonly<Record<State, 'ok' | 'warn' | 'fail'>> = {
  uncovered: 'fail',
  waiting: 'warn',
  back: 'warn',
  moved: 'ok',
  locked: 'ok',
};

function details(row: PackageRow): string[] {
  const times = [
    ...(row.longLived === 0 ? [] : [`${row.longLived} with a long-lived token`]),
    ...(row.refused === 0 ? [] : [`${row.refused} refused`]),
  ].join(', ');
  const by = row.client === undefined ? '' : ` by ${row.client}`;
  const from = row.address === undefined ? '' : ` from ${row.address}`;
  return [
    ...(row.lastLongLived === undefined ? [] : [`${times}; last ${day(row.lastLongLived)}${by}${from}`]),
    ...(row.lastTrusted === undefined ? [] : [`${row.trusted} by trusted publishers, last ${day(row.lastTrusted)}`]),
    advice(row),
  ];
}

function advice({ state, publishers }: PackageRow): string {
  const who = publishers.join(', ');
  switch (state) {
    case 'uncovered':
      return 'no publisher of the policy may publish it: add one';
    case 'waiting':
      return `${who} may publish it and has not yet: publish once from CI`;
    case 'back':
      return `${who} may publish it, but a long-lived token did so last`;
    case 'moved':
      return 'moved: no long-lived token since; it can be put under trusted_only';
    case 'locked':
      return `trusted publishing only (${who})`;
  }
}

/** To be pasted: what is there already has to stay, so it is the whole line only where there was none. */
function suggestion({ registry }: RegistryReport, trustedOnly: readonly string[]): string[] {
  if (trustedOnly.length === 0) return [];
  const list = trustedOnly.map((name) => JSON.stringify(name)).join(', ');
  return ['', `To the policy, under registries: ${registry}: add to trusted_only (or write the line):`, `    trusted_only: [${list}]`];
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function reportJson({ registry, longLivedTokens, packages, unnamed, trustedOnly }: RegistryReport): object {
  return {
    registry,
    long_lived_tokens: longLivedTokens,
    packages: packages.map((row) => ({
      package: row.package,
      state: row.state,
      long_lived: { count: row.longLived, refused: row.refused, ...timeOf(row.lastLongLived), client: row.client, address: row.address },
      trusted: { count: row.trusted, ...timeOf(row.lastTrusted) },
      publishers: row.publishers,
    })),
    unnamed,
    trusted_only: trustedOnly,
  };
}

function timeOf(at: number | undefined): object {
  return at === undefined ? {} : { at: new Date(at).toISOString() };
}
