// Snapshots as text: the format that Prometheus has always read, and OpenMetrics 1.0 for who asks for it.
import type { Reading, Snapshot } from './snapshot.ts';

/** What has to be known of a metric to write it down. */
export interface Written {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly says: string;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

export type Format = 'text' | 'openmetrics';

/** Media types of the two (Prometheus documentation, "Exposition formats"; OpenMetrics 1.0, "Media type"). */
export const mediaTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The format that an `Accept` header prefers (RFC 9110 12.5.1); the plain one where it does not care. */
export function chooseFormat(accept: string | undefined): Format {
  const quality = (type: RegExp): number =>
    Math.max(
      0,
      ...(accept ?? '')
        .split(',')
        .filter((range) => type.test(range.trim()))
        .map((range) => Number(/;\s*q=([0-9.]{1,5})\s*(?:;|$)/i.exec(range)?.[1] ?? 1)),
    );
  return quality(/^application\/openmetrics-text\s*(?:;|$)/i) > quality(/^text\/plain\s*(?:;|$)/i) ? 'openmetrics' : 'text';
}

/** Writes the metrics in the order of the table. */
export function write(metrics: readonly Written[], snapshot: Snapshot, format: Format): string {
  const families = metrics.flatMap((metric) => writeFamily(metric, snapshot, format));
  return [...families, ...(format === 'openmetrics' ? ['# EOF'] : []), ''].join('\n');
}

function writeFamily(metric: Written, snapshot: Snapshot, format: Format): string[] {
  const readings = snapshot[metric.name] ?? [];
  if (readings.length === 0) return [];
  // OpenMetrics names the family; its samples add `_total`.
  const family = format === 'openmetrics' && metric.kind === 'counter' ? metric.name.replace(/_total$/, '') : metric.name;
  return [
    `# HELP ${family} ${escape(metric.says, format === 'openmetrics')}`,
    `# TYPE ${family} ${metric.kind}`,
    ...readings.flatMap(([values, reading]) => writeSeries(metric, values, reading)),
  ];
}

function writeSeries(metric: Written, values: readonly string[], reading: Reading): string[] {
  const pairs = metric.labels.map((label, at) => `${label}="${escape(values[at] ?? '', true)}"`);
  if (typeof reading === 'number') return [sample(metric.name, pairs, reading)];
  const bounds = [...(metric.buckets ?? []), Infinity];
  let below = 0;
  const buckets = bounds.map((bound, at) => {
    below += reading[at] ?? 0;
    return sample(`${metric.name}_bucket`, [...pairs, `le="${canonical(bound)}"`], below);
  });
  return [...buckets, sample(`${metric.name}_sum`, pairs, reading[bounds.length] ?? 0), sample(`${metric.name}_count`, pairs, below)];
}

function sample(name: string, pairs: readonly string[], value: number): string {
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** With a point, in both formats: `1` and `1.0` would be two series for whoever stores them. */
function canonical(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : number(bound);
}

function escape(text: string, quotes: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? plain.replaceAll('"', '\\"') : plain;
}
