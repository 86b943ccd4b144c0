// Traces (OpenTelemetry): what of them the program needs, and the door behind which the SDK lies. It is loaded when traces are
// asked for and not before: 180 ms and 30 MB that nobody pays for who has none.
import type { Step, StepName } from './core/step.ts';

/** What a span says at its end. Nothing that a caller chose: no header, path, claim, package or token. */
export interface SpanEnd {
  /** A better name than the one that it began with. */
  readonly name?: string;
  /** HTTP status; 0: nobody was there any more to be answered. */
  readonly status?: number;
  /** Code of a refusal. */
  readonly code?: string;
  /** Something that should not be. */
  readonly failed?: boolean;
  readonly more?: Readonly<Record<string, string>>;
}

/** Work in a span; `end` is called once, whenever that is over. */
export type Spanning = (end: (about: SpanEnd) => void) => void;

export interface Tracing {
  /** The span of a request. @param remote a `traceparent` that is believed (W3C Trace Context, level 1) */
  readonly request: (remote: string | undefined, work: Spanning) => void;
  /** A span below the one that the call is in; without one the work is done and no more. */
  readonly step: Step;
  /** The same for work that ends in a callback. */
  readonly open: (name: StepName, work: Spanning) => void;
  /** For requests to upstreams: the span that the call is in. */
  readonly traceparent: () => string | undefined;
  /** Sends what is left, for two seconds at most. */
  readonly close: () => Promise<void>;
}

export interface TracingSettings {
  /** Where OTLP over HTTP is taken, without `/v1/traces`; undefined: as OTEL_EXPORTER_OTLP_ENDPOINT says. */
  readonly endpoint: string | undefined;
  /** One request in so many begins a trace; a trace that a trusted proxy began goes on as it says. */
  readonly oneIn: number;
  /** Milliseconds for which spans are gathered before they are sent together. */
  readonly gather: number;
  readonly version: string;
  /** Is told when what is sent begins to be lost, and when it arrives again. */
  readonly delivered: (well: boolean) => void;
}

/** Loads the SDK. Undefined when its packages are not installed. */
export async function openTracing(settings: TracingSettings): Promise<Tracing | undefined> {
  try {
    const { createTracing } = await import('./tracing/otel.ts');
    return createTracing(settings);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
