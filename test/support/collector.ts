// A collector of traces: takes OTLP over HTTP (opentelemetry-proto, "OTLP/HTTP", JSON encoding) on 127.0.0.1 and decodes what arrives.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type CollectedSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** SPAN_KIND: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  /** STATUS_CODE: 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly milliseconds: number;
  readonly attributes: Readonly<Record<string, string | number>>;
};

export type Collector = {
  /** Without `/v1/traces`. */
  readonly endpoint: string;
  spans(): CollectedSpan[];
  /** Attributes of the resource that the spans are of. */
  resource(): Readonly<Record<string, string | number>>;
  /** Everything that was sent, as it was sent. */
  text(): string;
  headers(): IncomingHttpHeaders | undefined;
  /** Waits until a span satisfies the test, up to ten seconds. */
  span(test: (span: CollectedSpan) => boolean): Promise<CollectedSpan>;
  /** Answers every delivery with this status from now on. */
  answer(status: number): void;
  close(): Promise<void>;
};

type Value = { stringValue?: string; intValue?: string | number; doubleValue?: number; boolValue?: boolean };
type Attribute = { key: string; value: Value };
type WireSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  status?: { code?: number };
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: Attribute[];
};
type Delivery = { resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: WireSpan[] }[] }[] };

export async function startCollector(): Promise<Collector> {
  const deliveries: Delivery[] = [];
  let text = '';
  let headers: IncomingHttpHeaders | undefined;
  let status = 200;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      headers = req.headers;
      if (req.method !== 'POST' || req.url !== '/v1/traces') return void res.writeHead(404).end();
      if (status === 200) {
        text += body;
        deliveries.push(JSON.parse(body) as Delivery);
      }
      res.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const spans = (): CollectedSpan[] =>
    deliveries
      .flatMap(({ resourceSpans }) => resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap((scope) => scope.spans)
      .map(decoded);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    resource: () => attributesOf(deliveries[0]?.resourceSpans[0]?.resource.attributes ?? []),
    text: () => text,
    headers: () => headers,
    async span(test) {
      for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
        const found = spans().find(test);
        if (found !== undefined) return found;
      }
      throw new Error(
        `no such span:\n${spans()
          .map((span) => JSON.stringify(span))
          .join('\n')}`,
      );
    },
    answer: (next) => void (status = next),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

function decoded(span: WireSpan): CollectedSpan {
  return {
    name: span.name,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    kind: span.kind,
    status: span.status?.code ?? 0,
    milliseconds: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    attributes: attributesOf(span.attributes ?? []),
  };
}

function attributesOf(attributes: readonly Attribute[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? (value.intValue === undefined ? String(value.doubleValue) : Number(value.intValue)),
    ]),
  );
}
