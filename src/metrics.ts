// Every metric of the program, in one place. docs/metrics.md is generated from these tables; the alert rules and the dashboard
// under config/ are tested against them. Numbers are our own (metrics/): a pass-through request counts with additions alone.
import { write, type Format, type Written } from './metrics/exposition.ts';
import type { Label, Value } from './metrics/labels.ts';
import { Cell, Family, Histogram } from './metrics/series.ts';
import type { Across, Snapshot } from './metrics/snapshot.ts';

export { chooseFormat, mediaTypes, type Format } from './metrics/exposition.ts';
export { labels, type Label, type Value } from './metrics/labels.ts';
export { Cell, Family, Histogram, mostSeries, none, several } from './metrics/series.ts';
export { merge, type Snapshot } from './metrics/snapshot.ts';

export interface Metric extends Written {
  readonly labels: readonly Label[];
  /** Gauges: what several workers make together. */
  readonly across?: Across;
}

const quick = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const slow = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];
const tiny = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

function counter<const Of extends readonly Label[]>(name: `${string}_total`, of: Of, says: string) {
  return { kind: 'counter', name, labels: of, says } as const;
}

function gauge<const Of extends readonly Label[]>(name: string, of: Of, across: Across, says: string) {
  return { kind: 'gauge', name, labels: of, across, says } as const;
}

function histogram<const Of extends readonly Label[]>(name: string, of: Of, buckets: readonly number[], says: string) {
  return { kind: 'histogram', name, labels: of, buckets, says } as const;
}

/** The tables, by the headings of docs/metrics.md. */
export const metricTables = {
  'Requests of clients': {
    requests: counter('countersign_http_requests_total', ['listener', 'registry', 'route', 'status'], 'Requests that are over.'),
    requestSeconds: histogram(
      'countersign_http_request_duration_seconds',
      ['listener', 'registry', 'route'],
      quick,
      'From the head of the request to the last byte of its answer.',
    ),
    requestsUnderWay: gauge('countersign_http_requests_in_flight', ['listener'], 'sum', 'Requests under way.'),
    connections: gauge('countersign_http_connections', ['listener'], 'sum', 'Connections that are open.'),
    limitRefusals: counter('countersign_limit_refusals_total', ['limit'], 'Requests and connections that a limit turned away.'),
  },
  Decisions: {
    exchanges: counter('countersign_exchanges_total', ['registry', 'provider', 'outcome', 'code'], 'Exchanges as recorded.'),
    uploads: counter('countersign_uploads_total', ['registry', 'outcome', 'code'], 'Uploads as recorded.'),
    uploadBytes: counter('countersign_upload_bytes_total', ['registry'], 'Bytes of the distribution files that upstreams confirmed.'),
    uploadSeconds: histogram(
      'countersign_upload_duration_seconds',
      ['registry', 'outcome'],
      slow,
      'From the head of an upload to its end, the client sending and the upstream storing it included.',
    ),
    uploadsUnderWay: gauge('countersign_uploads_in_flight', ['registry'], 'sum', 'Uploads with an upload token under way.'),
    changes: counter('countersign_changes_total', ['registry', 'outcome', 'code'], 'Changes other than uploads, such as dist-tags.'),
    longLivedWrites: counter('countersign_long_lived_writes_total', ['registry', 'verdict'], 'Writes with a long-lived token.'),
    uploadTokens: counter('countersign_upload_tokens_total', ['change'], 'Upload tokens minted and revoked.'),
    publisherPackages: counter(
      'countersign_publisher_packages_total',
      ['publisher'],
      'Packages that a publisher reached for, by exchange or upload; each once a minute.',
    ),
    unknownClaims: counter(
      'countersign_unknown_claims_total',
      ['provider'],
      'Identity tokens with claims that the table of their provider does not know: the CI has changed.',
    ),
  },
  Upstreams: {
    upstreamRequests: counter('countersign_upstream_requests_total', ['registry', 'purpose', 'status'], 'Requests to upstreams.'),
    upstreamSeconds: histogram(
      'countersign_upstream_request_duration_seconds',
      ['registry', 'purpose'],
      quick,
      'How long upstreams took: to the head of the answer for `pass-through` and `read`, to its end (and with the sending) for the rest.',
    ),
  },
  'Issuers and their keys': {
    jwksAge: gauge('countersign_jwks_age_seconds', ['issuer'], 'max', 'Since the keys were last had; no series before that.'),
    jwksKeys: gauge('countersign_jwks_keys', ['issuer'], 'min', 'Keys in use.'),
    jwksStale: gauge('countersign_jwks_stale', ['issuer'], 'max', '1 when keys are due and the last attempt to fetch them failed.'),
    jwksRefreshes: counter('countersign_jwks_refreshes_total', ['issuer', 'outcome'], 'Attempts to fetch keys.'),
    clockSkew: gauge(
      'countersign_clock_skew_seconds',
      ['issuer'],
      'max',
      "This machine's clock less the issuer's, by the `Date` of its last answer; whole seconds matter, fractions do not.",
    ),
  },
  Store: {
    storeUp: gauge('countersign_store_up', ['store'], 'min', '1 when the store can answer, asked at each scrape.'),
    storeSeconds: histogram('countersign_store_command_duration_seconds', ['command'], tiny, 'How long the store took, failures included.'),
    storeErrors: counter('countersign_store_errors_total', ['command', 'class'], 'What the store could not answer.'),
    storeEpochs: counter(
      'countersign_store_epoch_resets_total',
      [],
      'Times that the store may have forgotten marks: identity tokens issued before are refused. The first use of an empty Redis counts.',
    ),
  },
  Policy: {
    policyInfo: gauge('countersign_policy_info', ['revision'], 'max', 'Always 1; the revision is in the label.'),
    policyLoaded: gauge('countersign_policy_loaded_timestamp_seconds', [], 'min', 'When the policy in force was loaded.'),
    policyFresh: gauge(
      'countersign_policy_last_reload_successful',
      [],
      'min',
      '0 when the policy files have errors and the policy before is in force.',
    ),
    policyReloads: counter('countersign_policy_reloads_total', ['outcome'], 'Changed policy files that were read.'),
    publishers: gauge('countersign_policy_publishers', [], 'max', 'Publishers.'),
    unconstrained: gauge(
      'countersign_policy_unconstrained_publishers',
      [],
      'max',
      'Publishers that constrain neither environment nor ref.',
    ),
    warnings: gauge('countersign_policy_warnings', [], 'max', 'Warnings of the policy, as `countersign check` prints them.'),
  },
  Process: {
    buildInfo: gauge('countersign_build_info', ['version', 'node'], 'max', 'Always 1; the versions are in the labels.'),
    workers: gauge('countersign_workers', [], 'sum', 'Worker processes whose numbers are in this scrape.'),
    certificateExpiry: gauge('countersign_certificate_expiry_timestamp_seconds', [], 'min', 'When the certificate of `server.tls` ends.'),
    loopLag: histogram(
      'countersign_event_loop_lag_seconds',
      [],
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      'How late a timer was, measured twice a second.',
    ),
    loopBusy: counter(
      'countersign_event_loop_busy_seconds_total',
      [],
      'Time in which the event loop worked; its rate is the share of a core.',
    ),
    linesLost: counter('countersign_log_lines_lost_total', [], 'Lines of the log, the audit record among them, that could not be written.'),
    auditMissed: counter(
      'countersign_audit_records_missed_total',
      ['sink'],
      'Audit records that did not get where they belong. What a file does not take goes to the log; the log has what the store and webhooks miss.',
    ),
    cpu: counter('process_cpu_seconds_total', [], 'CPU time, user and system.'),
    started: gauge('process_start_time_seconds', [], 'min', 'When the process started.'),
    resident: gauge('process_resident_memory_bytes', [], 'sum', 'Memory of the process.'),
    openFiles: gauge('process_open_fds', [], 'sum', 'Open files and connections.'),
    mostFiles: gauge('process_max_fds', [], 'sum', 'How many it may have.'),
    heapUsed: gauge('nodejs_heap_size_used_bytes', [], 'sum', 'JavaScript heap in use.'),
    heapTotal: gauge('nodejs_heap_size_total_bytes', [], 'sum', 'JavaScript heap.'),
    external: gauge('nodejs_external_memory_bytes', [], 'sum', 'Buffers and other memory outside the heap.'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Metric>>>>;

type Tables = (typeof metricTables)[keyof typeof metricTables];
type Entries<Table> = Table extends unknown ? { readonly [Key in keyof Table]: Table[Key] } : never;
type Union<All> = (All extends unknown ? (one: All) => void : never) extends (one: infer Whole) => void ? Whole : never;
type Table = Union<Entries<Tables>>;

const table: Readonly<Record<string, Metric>> = Object.assign({}, ...Object.values(metricTables)) as Readonly<Record<string, Metric>>;

/** All of them, in their order. */
export const metrics: readonly Metric[] = Object.values(table);

type Values<Of extends Label> = { readonly [One in Of]: Value<One> };
type FamilyOf<Entry extends Metric> = Family<Values<Entry['labels'][number]>, Entry['kind'] extends 'histogram' ? Histogram : Cell>;

/** The family of each metric, by its key in the table. */
export type Families = { readonly [Key in keyof Table]: FamilyOf<Table[Key]> };

export interface Metrics extends Families {
  /** Calls this before numbers are read: for those that are looked up and not counted. Must not throw. */
  readonly before: (look: () => void | Promise<void>) => void;
  /** The numbers now. */
  readonly read: () => Promise<Snapshot>;
}

/** The metrics of one process, all at zero. */
export function createMetrics(): Metrics {
  const looks: (() => void | Promise<void>)[] = [];
  const families = Object.fromEntries(Object.entries(table).map(([key, metric]) => [key, familyOf(metric)]));
  return {
    ...(families as unknown as Families),
    before: (look) => void looks.push(look),
    read: async () => {
      await Promise.all(looks.map(async (look) => look()));
      return Object.fromEntries(Object.entries(table).map(([key, { name }]) => [name, readingsOf(families[key])]));
    },
  };
}

type AnyFamily = Family<Readonly<Record<string, string>>, Cell | Histogram>;

function familyOf({ kind, labels: of, buckets = [] }: Metric): AnyFamily {
  const family: AnyFamily = new Family(of, () => (kind === 'histogram' ? new Histogram(buckets) : new Cell()));
  // A rate needs a zero to start from. A gauge that nobody has set says nothing.
  if (of.length === 0 && kind !== 'gauge') family.of({});
  return family;
}

function readingsOf(family: AnyFamily | undefined): Snapshot[string] {
  return (family?.entries() ?? []).map(({ values, kept }) => [values, kept instanceof Cell ? kept.value : [...kept.counts, kept.sum]]);
}

/** What becomes of a metric's series when several processes have it. */
export function across(name: string): Across {
  return metrics.find((metric) => metric.name === name)?.across ?? 'sum';
}

/** What only ever grows of a snapshot: counters and histograms, not gauges. */
export function accumulated(snapshot: Snapshot): Snapshot {
  return Object.fromEntries(
    metrics.filter(({ kind, name }) => kind !== 'gauge' && name in snapshot).map(({ name }) => [name, snapshot[name] ?? []]),
  );
}

/** The numbers as text, in this format. */
export function printMetrics(snapshot: Snapshot, format: Format): string {
  return write(metrics, snapshot, format);
}
