// Requests to upstreams, counted: by what they were for, how they ended and how long they took.
import type { Opened, Sent } from '../../gateway/forward.ts';
import type { UpstreamClient } from '../../gateway/upstream-client.ts';
import type { Cell, Histogram, Metrics, Value } from '../../metrics.ts';

export type Purpose = Value<'purpose'>;

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
type Failure = 'unreachable' | 'timeout' | 'broken' | 'aborted';

/** The cells of one registry and purpose, each made when it is first needed. */
export class UpstreamSeries {
  readonly #cell: (status: Value<'status'>) => Cell;
  readonly #answers: Cell[] = [];
  readonly #seconds: Histogram;

  constructor(metrics: Metrics, registry: string, purpose: Purpose) {
    this.#cell = (status) => metrics.upstreamRequests.of({ registry, purpose, status });
    this.#seconds = metrics.upstreamSeconds.of({ registry, purpose });
  }

  answered(status: number, seconds: number): void {
    const at = Math.floor(status / 100) - 1;
    (this.#answers[at] ??= this.#cell(classes[at] ?? 'broken')).add();
    this.#seconds.observe(seconds);
  }

  /** What never got an answer took no time that says anything of the upstream. */
  failed(how: Failure): void {
    this.#cell(how).add();
  }
}

/**
 * The client with each of its requests counted.
 * @param write what its requests are for that are no GET
 */
export function measured(client: UpstreamClient, metrics: Metrics, write: Purpose): UpstreamClient {
  const series = (registry: string, purpose: Purpose): UpstreamSeries => new UpstreamSeries(metrics, registry, purpose);
  return {
    ...client,
    send: async (registry, request, options) => {
      const counts = series(registry.name, request.method === 'GET' ? 'lookup' : write);
      const started = performance.now();
      return counted(counts, client.send(registry, request, options), (sent) => {
        if (sent.kind === 'answered') counts.answered(sent.answer.status, since(started));
        else counts.failed(sent.kind);
      });
    },
    open: async (registry, ...rest) => {
      const counts = series(registry.name, 'read');
      const started = performance.now();
      return counted(counts, client.open(registry, ...rest), (opened) => {
        if (opened.kind === 'opened') counts.answered(opened.status, since(started));
        else counts.failed(opened.kind);
      });
    },
  };
}

/** What the rebuilt body throws (a wrong digest, a client that is gone) breaks the request off: not the upstream's doing. */
async function counted<Ended extends Sent | Opened>(
  counts: UpstreamSeries,
  asked: Promise<Ended>,
  count: (ended: Ended) => void,
): Promise<Ended> {
  const ended = await asked.catch((error: unknown) => {
    counts.failed('aborted');
    throw error;
  });
  count(ended);
  return ended;
}

function since(started: number): number {
  return (performance.now() - started) / 1000;
}
