// An upstream of plain TLS, with a certificate made for the test.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { tempDir } from '../support/temp.ts';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** Where the certificate is, for `caFile`. */
  readonly file: string;
}

/** A self-signed certificate for this name, valid for two days. */
export function certificateFor(name: string): Certificate {
  const folder = tempDir('certificate');
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', file, ...subject], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(file, 'utf8'), file };
}

/** Keeps what it gets and lets `react` answer. */
export async function startTlsUpstream(identity: Certificate, react: (socket: tls.TLSSocket, text: string) => void) {
  const seen: { text: string; ended: 'open' | 'fin' | 'reset' } = { text: '', ended: 'open' };
  const sockets: tls.TLSSocket[] = [];
  const server = tls.createServer({ key: identity.key, cert: identity.cert }, (socket) => {
    sockets.push(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => (seen.ended = error.code === 'ECONNRESET' ? 'reset' : seen.ended));
    socket.on('end', () => (seen.ended = 'fin'));
    socket.on('data', (chunk) => {
      seen.text += chunk.toString('latin1');
      react(socket, seen.text);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received: () => seen.text,
    ended: () => seen.ended,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
