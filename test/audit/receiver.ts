// A receiver of webhooks: keeps what comes, and answers as the test says.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AuditEntry } from '../../src/audit/entry.ts';

export interface Delivery {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly entry: AuditEntry;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Receiver {
  readonly url: string;
  readonly got: Delivery[];
  /** How deliveries are answered from now on; gets how many there were, this one included. */
  answer: (res: ServerResponse, count: number) => void;
  close(): Promise<void>;
}

export async function startReceiver(pair?: { readonly key: string; readonly cert: string }): Promise<Receiver> {
  const got: Delivery[] = [];
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    let body = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      const { data, type } = JSON.parse(body) as { data: AuditEntry; type: string };
      got.push({ path: req.url ?? '', headers: req.headers, body, entry: data, type, at: Date.now() });
      receiver.answer(res, got.length);
    });
  };
  const server: Server = pair === undefined ? createServer(handle) : createTlsServer(pair, handle);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http${pair === undefined ? '' : 's'}://${pair === undefined ? '127.0.0.1' : 'localhost'}:${port}/hook/of-which-the-path-is-secret`,
    got,
    answer: (res) => void res.writeHead(204).end(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return receiver;
}

/** Verifies a delivery as the Standard Webhooks specification tells receivers to. @param key the secret's bytes */
export function isGenuine({ headers, body }: Pick<Delivery, 'headers' | 'body'>, key: string | Buffer, now = Date.now()): boolean {
  const [id, time, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name]));
  if (Math.abs(now / 1000 - Number(time)) > 300) return false;
  const expected = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest();
  return (signatures ?? '').split(' ').some((one) => {
    const [version, value = ''] = one.split(',');
    const bytes = Buffer.from(value, 'base64');
    return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}
