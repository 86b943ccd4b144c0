// A look at the beginning of a body that goes on as it came, for the record alone: which package a long-lived token uploads.
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { PackageName } from '../core/package-name.ts';
import { welcomeBody } from './drain.ts';
import type { Call } from './room.ts';

/** Milliseconds, in all, that the client has for the first bytes of its body, and between two looks. */
const patience = 2000;
const pause = 15;
/** Node takes in about this much of a body that nobody reads. */
const most = 64 * 1024;

/**
 * The package that the body seems to be for, or undefined. Nothing is decided by it: two parsers may read the body
 * differently, and this one guesses. What was read is put back, so that whoever reads next gets all of it.
 */
export async function glimpse({ req, res, registry }: Call): Promise<PackageName | undefined> {
  const look = registry.protocol.glimpse;
  if (look === undefined) return undefined;
  welcomeBody(req, res);
  let seen = 0;
  for (const until = performance.now() + patience; performance.now() < until; await delay(pause)) {
    const { complete, readableLength } = req;
    const name = readableLength > seen ? look(peek(req)) : undefined;
    seen = readableLength;
    if (name !== undefined || seen >= most || complete || req.destroyed) return name;
  }
  return undefined;
}

/** In one go: between `read` and `unshift` the stream must not find out that it is at its end. */
function peek(req: IncomingMessage): Buffer {
  const beginning = req.read() as Buffer | null;
  if (beginning !== null) req.unshift(beginning);
  return beginning ?? Buffer.alloc(0);
}
