// `countersign audit`: the record, from the running proxy or from a file.
import { toCsv } from '../admin/csv.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { filterNames, type FilterName } from '../audit/filters.ts';
import { pageLimits, readQuery } from '../audit/query.ts';
import { adminAccess } from './admin-listener.ts';
import { block, heading, line } from './audit/table.ts';
import { fromAdmin, fromFile, type AuditSource } from './audit/source.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { painter } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface AuditOptions extends Partial<Record<Exclude<FilterName, 'version'>, string[]>> {
  readonly config: string;
  readonly admin?: string;
  readonly file?: string;
  readonly packageVersion?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly limit: string;
  readonly details?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly follow?: boolean;
}

/** 0 also when no record fits: that is an answer. With `follow` it never ends by itself. */
export async function audit(options: AuditOptions, terminal: Terminal): Promise<ExitCode> {
  const limit = /^[0-9]{1,5}$/.test(options.limit) ? Number(options.limit) : 0;
  if (limit < 1) throw new CommandFailed(exitCode.usage, '--limit is a whole number from 1 to 99999.');
  const source = sourceOf(options, parametersOf(options, terminal.now()), terminal);
  const show = writerOf(options, terminal);
  const found = await source.latest(limit);
  if (found.length === 0 && options.follow !== true) terminal.err('No record fits.\n');
  show(found, true);
  if (options.follow === true) for await (const entry of source.follow()) show([entry], false);
  return exitCode.ok;
}

function sourceOf(options: AuditOptions, parameters: URLSearchParams, terminal: Terminal): AuditSource {
  const query = readQuery(parameters);
  if ('problem' in query) throw new CommandFailed(exitCode.usage, `--${query.problem}.`);
  if (options.file !== undefined) return fromFile(options.file, query, terminal);
  return fromAdmin(adminAccess(options, terminal), parameters);
}

/** The filters as the API takes them. `npm:@acme/ui` names registry and package, as everywhere on the command line. */
function parametersOf(options: AuditOptions, now: number): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const name of filterNames) {
    const values = name === 'version' ? options.packageVersion : options[name];
    for (const value of values ?? []) {
      const [, registry, rest] = (name === 'package' ? /^([A-Za-z0-9][A-Za-z0-9._-]*):(.+)$/.exec(value) : null) ?? [];
      if (registry !== undefined) parameters.append('registry', registry);
      parameters.append(name, rest ?? value);
    }
  }
  if (options.from !== undefined) parameters.set('from', moment(options.from, now));
  if (options.to !== undefined) parameters.set('to', moment(options.to, now));
  parameters.set('limit', String(pageLimits.standard));
  return parameters;
}

const units: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** `90m`, `24h` or `7d` is so long ago; anything else goes on as it is. */
function moment(text: string, now: number): string {
  const [, count, unit = ''] = /^([0-9]{1,6})([mhd])$/.exec(text) ?? [];
  return count === undefined ? text : String(Math.max(0, now / 1000 - Number(count) * (units[unit] ?? 0)));
}

type Show = (entries: readonly AuditEntry[], first: boolean) => void;

function writerOf(options: AuditOptions, terminal: Terminal): Show {
  const paint = painter(terminal.colour.out);
  if (options.json === true) return (entries) => entries.forEach((entry) => terminal.out(`${JSON.stringify(entry)}\n`));
  if (options.csv === true) return (entries, first) => terminal.out(first ? toCsv(entries) : toCsv(entries).replace(/^.*\r\n/, ''));
  if (options.details === true) return (entries) => entries.forEach((entry) => terminal.out(`${block(entry, paint)}\n`));
  return (entries, first) => {
    if (first && (entries.length > 0 || options.follow === true)) terminal.out(`${heading(paint)}\n`);
    for (const entry of entries) terminal.out(`${line(entry, paint, terminal.width.out)}\n`);
  };
}
