// Traces by the OpenTelemetry SDK, sent as OTLP over HTTP. Loaded by tracing.ts alone.
import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { isRefusal } from '../core/refusal.ts';
import type { StepName } from '../core/step.ts';
import type { SpanEnd, Tracing, TracingSettings } from '../tracing.ts';
import { readTraceparent, writeTraceparent } from './traceparent.ts';

/** Milliseconds: how long a collector may take, and how long a stop waits for it. */
const patience = 5000;
const lastPatience = 2000;

/** Steps that are requests to somebody else. */
const outward: readonly StepName[] = ['lookup', 'forward', 'pass-through'];

export function createTracing(settings: TracingSettings): Tracing {
  const provider = openProvider(settings);
  const tracer = provider.getTracer('countersign', settings.version);
  const current = new AsyncLocalStorage<Span>();
  const below = (name: StepName): Span | undefined => {
    const parent = current.getStore();
    return parent === undefined ? undefined : start(tracer, name, kindOf(name), trace.setSpan(ROOT_CONTEXT, parent));
  };
  return {
    request: (remote, work) => {
      const context = remote === undefined ? undefined : readTraceparent(remote);
      const from = context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
      const span = start(tracer, 'request', SpanKind.SERVER, from);
      current.run(span, work, (about) => end(span, about));
    },
    step: (name, work) => {
      const span = below(name);
      return span === undefined ? work() : current.run(span, settle, span, work);
    },
    open: (name, work) => {
      const span = below(name);
      if (span === undefined) work(() => undefined);
      else current.run(span, work, (about) => end(span, about));
    },
    traceparent: () => {
      const span = current.getStore();
      return span === undefined ? undefined : writeTraceparent(span.spanContext());
    },
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, lastPatience);
      await Promise.race([provider.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
    },
  };
}

function openProvider({ endpoint, oneIn, gather, version, delivered }: TracingSettings): TracerProvider {
  const own = resourceFromAttributes({ 'service.name': 'countersign', 'service.version': version });
  // Last, so that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
  const resource = defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
  const address = endpoint === undefined ? {} : { url: `${endpoint.replace(/\/$/, '')}/v1/traces` };
  const exporter = watched(new OTLPTraceExporter({ ...address, timeoutMillis: patience }), delivered);
  return new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1 / oneIn) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: gather, exportTimeoutMillis: patience })],
  });
}

/** Tells when deliveries begin to fail and when they work again: not each of them, and not why, which may quote a header. */
function watched(exporter: SpanExporter, delivered: (well: boolean) => void): SpanExporter {
  let well = true;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { code }: { readonly code: number } = result;
        const now = code === 0;
        if (now !== well) delivered(now);
        well = now;
        done(result);
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: async () => exporter.shutdown(),
  };
}

function start(tracer: Tracer, name: string, kind: SpanKind, parent: Context): Span {
  return tracer.startSpan(name, { kind }, parent);
}

function kindOf(name: StepName): SpanKind {
  return outward.includes(name) ? SpanKind.CLIENT : SpanKind.INTERNAL;
}

function settle<Result>(span: Span, work: () => Result): Result {
  try {
    const result = work();
    if (!(result instanceof Promise)) {
      end(span, aboutOf(result));
      return result;
    }
    // Whoever called has the same promise as without a trace.
    result.then(
      (value: unknown) => end(span, aboutOf(value)),
      () => end(span, { failed: true }),
    );
    return result;
  } catch (error) {
    end(span, { failed: true });
    throw error;
  }
}

/** What a result says of itself: a refusal, with or without a frame; the status of an answer. */
function aboutOf(result: unknown): SpanEnd {
  if (typeof result !== 'object' || result === null) return {};
  if (isRefusal(result)) return { code: result.code, failed: result.status >= 500 };
  if ('refusal' in result) return aboutOf(result.refusal);
  if ('answer' in result) return aboutOf(result.answer);
  return 'status' in result && typeof result.status === 'number' ? { status: result.status } : {};
}

function end(span: Span, { name, status, code, failed = false, more = {} }: SpanEnd): void {
  if (name !== undefined) span.updateName(name);
  if (status !== undefined && status > 0) span.setAttribute('http.response.status_code', status);
  if (code !== undefined) span.setAttribute('countersign.code', code);
  span.setAttributes(more);
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
