// `GET /metrics`: the numbers, in the format that the scraper prefers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { chooseFormat, mediaTypes, printMetrics, type Format, type Snapshot } from '../metrics.ts';

/** Milliseconds for which a reading serves whoever asks. */
const keptFor = 200;

interface Reading {
  readonly snapshot: Promise<Snapshot>;
  /** Printed once per format: what a slow scraper has not taken yet is the same memory for all of them. */
  readonly printed: Map<Format, Buffer>;
  readonly at: number;
}

/**
 * Answers scrapes. However many come at once (FLT-39), the numbers are read five times a second at most, and printed once.
 * @param read the numbers now, of all workers
 */
export function createScrape(read: () => Promise<Snapshot>): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  let latest: Reading | undefined;
  const reading = (): Reading => {
    if (latest === undefined || performance.now() - latest.at >= keptFor) {
      latest = { snapshot: read(), printed: new Map(), at: performance.now() };
    }
    return latest;
  };
  return async (req, res) => {
    const format = chooseFormat(req.headers.accept);
    const { snapshot, printed } = reading();
    const numbers = await snapshot.catch(() => undefined);
    if (numbers === undefined) return void res.writeHead(503, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end();
    let body = printed.get(format);
    if (body === undefined) printed.set(format, (body = Buffer.from(printMetrics(numbers, format))));
    if (res.destroyed) return;
    res.writeHead(200, {
      'content-type': mediaTypes[format],
      'content-length': body.length,
      'cache-control': 'no-store',
      vary: 'accept',
      'x-content-type-options': 'nosniff',
    });
    res.end(body);
  };
}
