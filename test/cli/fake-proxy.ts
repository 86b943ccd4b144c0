// A server that answers as Countersign's own dialect does (src/exchange/oauth.ts), and keeps what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { formatToken } from '../../src/core/upload-token.ts';

export const uploadToken = formatToken(new Uint8Array(32).fill(7));

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

export type Respond = (asked: Asked, response: ServerResponse) => void;

export interface FakeProxy {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Answers in place of the usual answers, until set to undefined. */
  respond: Respond | undefined;
  readonly close: () => Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startFakeProxy(): Promise<FakeProxy> {
  const asked: Asked[] = [];
  const proxy = { respond: undefined as Respond | undefined };
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, form };
    asked.push(one);
    (proxy.respond ?? usual)(one, response);
  }
  const server = createServer((request, response) => {
    void receive(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return Object.assign(proxy, {
    url,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

/** A JSON answer. */
export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function usual({ method, path, form }: Asked, response: ServerResponse): void {
  if (method === 'POST' && path.endsWith('/-/oidc/token')) {
    const right =
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
      form.get('subject_token_type') === 'urn:ietf:params:oauth:token-type:id_token' &&
      form.has('subject_token');
    if (!right) return answer(response, 400, { error: 'invalid_request', error_description: 'not a token exchange' });
    return answer(response, 200, {
      access_token: uploadToken,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 900,
    });
  }
  if (method === 'POST' && path.endsWith('/-/oidc/revoke')) return answer(response, 200, {});
  return answer(response, 404, { error: 'not found' });
}
