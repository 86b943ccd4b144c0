// The public server's certificate and key: read at the start, and again when the files were renewed.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { ServerLog } from './server.ts';

export interface PairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Certificate (with its chain) and key as PEM, with the lowest version of TLS. */
export interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** Reads both files. Throws when one cannot be read. */
export function readPair(files: PairFiles): Pair {
  return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile), minVersion: 'TLSv1.2' };
}

/**
 * Gives a function that looks at the files and hands a new pair to the server: connections from then on get it. Whoever
 * renews writes two files one after the other; until they fit together, the pair before stays (FLT-31).
 * @param ends is told when the certificate in use ends, in milliseconds since 1970
 */
export function certificateKeeper(
  server: Server,
  first: Pair | undefined,
  log: ServerLog,
  ends: (milliseconds: number) => void = () => undefined,
): (files: PairFiles | undefined) => void {
  let inUse = first;
  let told: string | undefined;
  if (first !== undefined) tellEnd(first, ends);
  return (files) => {
    if (files === undefined || inUse === undefined || !(server instanceof TlsServer)) return;
    const pair = readable(files);
    if (pair !== undefined && pair.cert.equals(inUse.cert) && pair.key.equals(inUse.key)) return;
    const problem = pair === undefined ? 'certificate or key cannot be read' : pairProblem(pair);
    if (pair !== undefined && problem === undefined) {
      server.setSecureContext(pair);
      inUse = pair;
      tellEnd(pair, ends);
      log.info({ validTo: new X509Certificate(pair.cert).validTo }, 'the certificate was renewed');
    } else if (problem !== told) log.warn({ problem }, 'the certificate was not renewed: the one before stays in use');
    told = problem;
  };
}

/** Of the first certificate, the server's own; Node refused a pair without one. */
function tellEnd({ cert }: Pair, ends: (milliseconds: number) => void): void {
  ends(Date.parse(new X509Certificate(cert).validTo));
}

function readable(files: PairFiles): Pair | undefined {
  try {
    return readPair(files);
  } catch {
    return undefined;
  }
}

function pairProblem({ cert, key }: Pair): string | undefined {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? undefined : 'the key is not that of the certificate';
  } catch {
    return 'certificate or key is no PEM';
  }
}
