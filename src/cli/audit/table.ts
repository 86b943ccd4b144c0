// Audit records as text: a line each, as wide as the terminal (but 80 columns at least), or everything that is known of each.
import type { AuditEntry } from '../../audit/entry.ts';
import { auditFields } from '../../audit/fields.ts';
import type { Colour, Paint } from '../output.ts';

const widths = { time: 16, outcome: 16, what: 22, about: 20 } as const;
const narrowest = 80;

const colours: Readonly<Partial<Record<AuditEntry['outcome'], Colour>>> = {
  minted: 'green',
  uploaded: 'green',
  changed: 'green',
  refused: 'red',
  'upstream-refused': 'red',
  'upstream-unknown': 'red',
  'reload-failed': 'red',
  'long-lived': 'yellow',
};

/** The heading of the lines that `line` makes. */
export function heading(paint: Paint): string {
  return paint('bold', row(['time (UTC)', 'outcome', 'what', 'who or why'], undefined));
}

/** @param columns of the terminal; undefined: a pipe or a file, where nothing is cut */
export function line(entry: AuditEntry, paint: Paint, columns: number | undefined): string {
  const text = row([entry.time.slice(0, 16).replace('T', ' '), entry.outcome, whatOf(entry), aboutOf(entry)], columns);
  const colour = colours[entry.outcome];
  const start = widths.time + 2;
  if (colour === undefined) return text;
  const end = start + entry.outcome.length;
  return `${text.slice(0, start)}${paint(colour, text.slice(start, end))}${text.slice(end)}`;
}

function row([time, outcome, what, about]: readonly [string, string, string, string], columns: number | undefined): string {
  // The last two columns share what a wider terminal has.
  const more = columns === undefined ? Infinity : Math.max(0, columns - narrowest);
  const whatWidth = columns === undefined ? widths.what : widths.what + Math.floor(more / 2);
  return [
    time.padEnd(widths.time),
    outcome.padEnd(widths.outcome),
    (columns === undefined ? what : cut(what, whatWidth)).padEnd(whatWidth),
    cut(about, widths.about + Math.ceil(more / 2)),
  ]
    .join('  ')
    .trimEnd();
}

/** The end of a name tells more than its beginning, which many share. */
function cut(text: string, width: number): string {
  return text.length <= width ? text : `..${text.slice(2 - width)}`;
}

function whatOf({ event, registry, package: name, version }: AuditEntry): string {
  if (name === undefined) return registry === undefined ? event : `${event} ${registry}`;
  return version === undefined ? name : `${name} ${version}`;
}

function aboutOf(entry: AuditEntry): string {
  if (entry.code !== undefined) return entry.code;
  return entry.anchor ?? entry.publishers?.join(', ') ?? entry.client?.split(' ')[0] ?? entry.detail ?? '';
}

/** Every field on a line of its own, and an empty line behind. Nothing is cut: this is for reading one record whole. */
export function block(entry: AuditEntry, paint: Paint): string {
  const names = ['id', 'time', ...Object.keys(auditFields)] as readonly (keyof AuditEntry)[];
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.flatMap((name) => {
    const value = entry[name];
    if (value === undefined || value === '') return [];
    const texts = typeof value === 'object' ? value : [String(value)];
    return texts.map((text, i) => `${paint('dim', (i === 0 ? name : '').padEnd(width))}  ${text}`);
  });
  return `${lines.join('\n')}\n`;
}
