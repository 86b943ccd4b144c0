// The server in front, as small as it can be: target and head are read by the real code, then the test's handler has it.
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRefusal } from '../../src/core/refusal.ts';
import { readHead, type RequestHead } from '../../src/gateway/headers.ts';
import { readTarget, type Target } from '../../src/gateway/target.ts';
import type { Head } from '../../src/registries/registry.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse, head: Head & { body: RequestHead['body']; host: string }) => void;

export interface Front {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export async function startFront(handler: Handler): Promise<Front> {
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const target: Target | { readonly code: string; readonly status: number } = readTarget(req.url ?? '');
    const head = readHead(req);
    if (!('path' in target)) return void res.writeHead(target.status).end(target.code);
    if (isRefusal(head)) return void res.writeHead(head.status).end(`${head.code}: ${head.message}`);
    handler(req, res, { ...head, ...target });
  };
  const server = http.createServer({ requireHostHeader: false, maxHeaderSize: 65_536 }, listener);
  server.maxHeadersCount = 0;
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
