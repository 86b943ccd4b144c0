// How the test issuer fails on command: wrong status, broken body, delay, redirect, drip, silence, reset.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One endpoint's misbehaviour. What is not named stays as the real answer has it. */
export type Behaviour = {
  readonly status?: number;
  /** A string goes out as it is (invalid JSON, huge bodies); anything else is serialised. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds before the first byte. */
  readonly delayMs?: number;
  /** Answers 302 (or `status`) to this address. */
  readonly redirect?: string;
  /** Sends the body `bytes` at a time, every `everyMs` milliseconds (a slow-loris issuer). */
  readonly drip?: { readonly bytes: number; readonly everyMs: number };
  /** Never answers; the connection stays open. */
  readonly hang?: boolean;
  /** Cuts the connection without an answer. */
  readonly reset?: boolean;
  /** How many requests are answered like this before the endpoint is itself again; default: all. */
  readonly times?: number;
};

/** Sends `body` as JSON with status 200, bent as `behaviour` says. */
export async function respond(response: ServerResponse, body: unknown, behaviour: Behaviour = {}): Promise<void> {
  if (behaviour.hang === true) return;
  if (behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
  if (behaviour.reset === true) {
    response.socket?.destroy();
    return;
  }
  if (behaviour.redirect !== undefined) {
    response.writeHead(behaviour.status ?? 302, { location: behaviour.redirect, ...behaviour.headers });
    response.end();
    return;
  }
  const value = 'body' in behaviour ? behaviour.body : body;
  const bytes = Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  response.writeHead(behaviour.status ?? 200, {
    'content-type': 'application/json; charset=utf-8',
    ...behaviour.headers,
  });
  if (behaviour.drip === undefined) response.end(bytes);
  else await drip(response, bytes, behaviour.drip);
}

async function drip(response: ServerResponse, bytes: Buffer, pace: NonNullable<Behaviour['drip']>): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += pace.bytes) {
    response.write(bytes.subarray(at, at + pace.bytes));
    await sleep(pace.everyMs);
  }
  response.end();
}
