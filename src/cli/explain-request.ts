// `countersign explain --request`: what became of a past request, from its audit records, with each publisher that was
// considered and what differed.
import { loadConfiguration } from '../config/load.ts';
import { readConsidered, type ReadConsidered } from '../core/considered.ts';
import type { PackageName } from '../core/package-name.ts';
import { lists, type Place, type TrustedPublisher } from '../core/publisher.ts';
import { wrap } from '../core/wrap.ts';
import { auditRecords, type AuditRecord, type AuditSource } from './audit-records.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { marked } from './explain-text.ts';
import { table } from './layout.ts';
import { painter, print, printJson, shown, type Paint } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface RequestOptions extends AuditSource {
  readonly request: string;
  readonly json?: boolean;
}

/** Publishers of the policy as it is now, by name; none when it does not load. */
type Publishers = ReadonlyMap<string, TrustedPublisher>;

/** One publisher that was considered: what differed, or that the package is none of its packages. */
interface Considered extends ReadConsidered {
  readonly place?: Place;
  readonly listed: boolean;
}

/** 0 when the request was granted, 1 when it was refused; 2 when nothing is known of it. */
export async function explainRequest(options: RequestOptions, terminal: Terminal): Promise<ExitCode> {
  const records = await auditRecords(options, { request: options.request }, terminal);
  const last = records.at(-1);
  if (last === undefined) {
    const where = options.audit === undefined ? 'The proxy has' : `${options.audit} has`;
    throw new CommandFailed(exitCode.usage, `${where} no audit record of request ${shown(options.request, 64)}.`);
  }
  const loaded = await loadConfiguration(options.config, terminal.env);
  const publishers = new Map(loaded.ok ? loaded.configuration.publishers.map((publisher) => [publisher.name, publisher]) : []);
  const refused = last.code !== undefined || last.outcome === 'upstream-refused' || last.outcome === 'upstream-unknown';
  if (options.json) {
    const events = records.map((record) => ({ ...record, considered: consideredIn(record, publishers) }));
    printJson(terminal, { request: options.request, granted: !refused, events });
  } else
    print(
      terminal,
      records.flatMap((record, i) => [...(i === 0 ? [] : ['']), ...recordLines(record, publishers, terminal)]),
    );
  return refused ? exitCode.problem : exitCode.ok;
}

function recordLines(record: AuditRecord, publishers: Publishers, { colour, width }: Terminal): string[] {
  const paint = painter(colour.out);
  const verdict = record.code === undefined ? paint('green', record.outcome) : paint('red', `${record.outcome}: ${record.code}`);
  const told = record.message === undefined ? [] : wrap(`  The client was told: ${record.message}`, width.out, { indent: 2 });
  const beside = record.detail === undefined ? [] : wrap(`  For administrators: ${record.detail}`, width.out, { indent: 2 });
  const rows = table(facts(record), width.out === undefined ? undefined : width.out - 2);
  return [
    `${record.event}  ->  ${verdict}`,
    ...told,
    ...beside,
    '',
    ...rows.flat().map((line) => `  ${line}`),
    ...publisherLines(consideredIn(record, publishers), paint, width.out),
  ];
}

function facts(record: AuditRecord): string[][] {
  const { anchor, workflow, environment, ref, actor, issuer, provider } = record;
  const job = [anchor, workflow, environment, ref, actor === undefined ? undefined : `started by ${actor}`].filter(
    (part) => part !== undefined,
  );
  const upstream = record.upstreamStatus === undefined ? undefined : `answered ${record.upstreamStatus}`;
  const rows: [string, string | undefined][] = [
    ['time', record.time],
    ['registry', record.registry],
    ['package', [record.package, record.version].filter((part) => part !== undefined).join(' ') || undefined],
    ['file', record.file],
    ['job', job.join(', ') || undefined],
    ['run', record.runUrl ?? record.run],
    ['commit', record.commit],
    ['issuer', issuer === undefined ? undefined : `${issuer}${provider === undefined ? '' : ` (${provider})`}`],
    ['granted by', record.publishers?.join(', ')],
    ['upstream', upstream],
    ['client', [record.client, record.address].filter((part) => part !== undefined).join(', ') || undefined],
    ['policy', record.policy],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function publisherLines(considered: readonly Considered[], paint: Paint, width: number | undefined): string[] {
  if (considered.length === 0) return [];
  const room = width === undefined ? undefined : width - 10;
  const parts = considered.flatMap(({ publisher, place, listed, differences }) => {
    const rows = table(
      differences.map(({ field, expected, actual }) => [field, `expected ${expected}`, `token had ${actual}`]),
      room,
    );
    return [
      `  ${paint('bold', publisher)}${place === undefined ? '' : `  (${place.file}:${place.line})`}`,
      ...(listed ? [] : marked(['does not list the package'], 'fail', paint, 4)),
      ...rows.flatMap((lines) => marked(lines, 'fail', paint, 4)),
    ];
  });
  return ['', 'Publishers that were considered, the nearest first; fields that are not here were right:', ...parts].flatMap((line) =>
    line.startsWith('Publishers') ? wrap(line, width) : [line],
  );
}

function consideredIn(record: AuditRecord, publishers: Publishers): readonly Considered[] {
  const all = (record.considered ?? []).map((text): Considered => {
    const read = readConsidered(text);
    const now = publishers.get(read.publisher);
    const listed = read.differences.length > 0 && (now === undefined || covered(now, record));
    return { ...read, ...(now === undefined ? {} : { place: now.place }), listed };
  });
  const distance = ({ listed, differences }: Considered): number => (listed ? 0 : 1000) + differences.length;
  return all.toSorted((a, b) => distance(a) - distance(b));
}

/** Whether the publisher, as the policy has it now, lists the package of the record. */
function covered(publisher: TrustedPublisher, { registry, package: name }: AuditRecord): boolean {
  return name === undefined || lists(publisher, registry?.split(',') ?? [], name as PackageName);
}
