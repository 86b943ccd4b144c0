import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi, type Mock } from 'vitest';
import { certificateKeeper, readPair } from '../../src/server/certificate.ts';
import { createPublicServer } from '../../src/server/listeners.ts';
import { createAuthority } from '../oidc/certificate.ts';
import { tempDir } from '../support/temp.ts';

const authority = createAuthority();

/** A server on a pair of files, and the name on the certificate that a client sees. */
async function serving() {
  const into = tempDir('certificate');
  const files = { certFile: join(into, 'tls.crt'), keyFile: join(into, 'tls.key') };
  const first = authority.issue({ host: 'first.example' });
  writeFileSync(files.certFile, first.cert);
  writeFileSync(files.keyFile, first.key);
  const pair = readPair(files);
  const server = createPublicServer(
    pair,
    () => 10,
    (_, res) => void res.end('ok'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const told = (): Mock<(fields: object, message: string) => void> => vi.fn<(fields: object, message: string) => void>();
  const log = { info: told(), warn: told(), error: told() };
  const ends: number[] = [];
  const keeper = certificateKeeper(server, pair, log, (at) => ends.push(at));
  const seen = (maxVersion?: 'TLSv1.1'): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const old = maxVersion === undefined ? {} : { maxVersion, minVersion: 'TLSv1' as const };
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...old }, () => {
        resolve(socket.getPeerCertificate().subject.CN as string);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  return { files, look: () => keeper(files), log, seen, ends };
}

test('FLT-31 a renewed pair is used for new connections; the key alone, before its certificate, is not', async () => {
  const { files, look, log, seen, ends } = await serving();
  look();
  expect(await seen()).toBe('first.example');
  const notAfter = new Date('2040-02-03T04:05:06Z');
  const second = authority.issue({ host: 'second.example', notAfter });
  writeFileSync(files.keyFile, second.key);
  look();
  look();
  expect(await seen(), 'until both fit together').toBe('first.example');
  expect(log.warn).toHaveBeenCalledExactlyOnceWith(
    { problem: 'the key is not that of the certificate' },
    expect.stringContaining('not renewed'),
  );
  writeFileSync(files.certFile, second.cert);
  look();
  look();
  expect(await seen()).toBe('second.example');
  expect(log.info).toHaveBeenCalledTimes(1);
  expect(ends, 'the end of the one in use is told').toEqual([expect.any(Number), notAfter.getTime()]);
  expect(Math.abs((ends[0] ?? 0) - Date.now() - 86_400_000), 'a day, as the authority signs').toBeLessThan(60_000);
  await expect(seen('TLSv1.1'), 'the lowest version stays').rejects.toThrow(/version|alert|handshake|reset/i);
});

test.each([
  ['empty', '', 'certificate or key is no PEM'],
  ['cut short', '-----BEGIN CERTIFICATE-----\nMIIB', 'certificate or key is no PEM'],
])('FLT-31 a certificate that is %s changes nothing', async (_, text, problem) => {
  const { files, look, log, seen } = await serving();
  writeFileSync(files.certFile, text);
  look();
  expect(await seen()).toBe('first.example');
  expect(log.warn).toHaveBeenCalledExactlyOnceWith({ problem }, expect.any(String));
});
