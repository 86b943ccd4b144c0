// Whether the registry takes uploads as large as `max_upload` allows. No such upload is sent. Python servers say 413 to a
// length that is only announced; Verdaccio reads to the end first, so it gets blanks that take next to nothing compressed.
import { readFileSync } from 'node:fs';
import { request as overHttp, type ClientRequest, type RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { RegistrySettings } from '../../registries/registry.ts';
import { fine, skipped, warned, type LiveResult } from './result.ts';
import type { Upstream } from './upstreams.ts';

/** Milliseconds that a refusal may take: of a length that is announced, and of blanks that have to be unpacked. */
const patience = { announced: 1500, packed: 5000 };
/** Bytes: limits below are not looked for, and no server is made to unpack more than this. */
const [smallest, largest] = [2 ** 20, 2 ** 28];

/** The finding for one registry. */
export async function bodyLimit({ registry, kind, example }: Upstream): Promise<LiveResult> {
  if (kind.id === 'unknown') return skipped('limit', registry.name, 'the server is not known');
  const verdaccio = kind.id === 'verdaccio';
  const wanted = verdaccio ? Math.min(registry.maxUpload, largest) : registry.maxUpload;
  const refuses = (length: number): Promise<boolean> =>
    verdaccio ? refusesPacked(registry, example.replace('/', '%2f'), length) : refusesAnnounced(registry, length);
  if (!(await refuses(wanted))) return fine('limit', registry.name, `uploads of ${sized(wanted)} are not refused by size`);
  let refused = wanted;
  while (refused > smallest && (await refuses(Math.floor(refused / 2)))) refused = Math.floor(refused / 2);
  const says = `refuses uploads of ${sized(refused)}, max_upload is ${sized(registry.maxUpload)}`;
  return warned('limit', registry.name, says, fixes[kind.id]);
}

const fixes = {
  verdaccio: 'Raise `max_body_size` in Verdaccio, or lower `max_upload`: such an upload ends with 413 after it was sent.',
  devpi: 'Start devpi-server with a larger --max-request-body-size, or lower `max_upload`.',
  pypiserver: 'Raise the limit of the server, or lower `max_upload`.',
} as const;

/** Whether 413 comes for a form of this length, of which not a byte is sent. */
function refusesAnnounced(registry: RegistrySettings, length: number): Promise<boolean> {
  const headers = { 'content-type': 'multipart/form-data; boundary=countersign-check', 'content-length': length };
  return refuses(open(registry, '', { method: 'POST', headers }), patience.announced, (sent) => sent.flushHeaders());
}

const mebibyte = 2 ** 20;
let packedBlanks: Buffer | undefined;

/** Whether 413 comes for a document of so many blanks. Without its name and the right to publish, nothing is stored. */
function refusesPacked(registry: RegistrySettings, path: string, length: number): Promise<boolean> {
  packedBlanks ??= gzipSync(Buffer.alloc(mebibyte, ' '));
  // A gzip file may have several members (RFC 1952 2.2).
  const body = Buffer.concat(Array.from({ length: Math.ceil(length / mebibyte) }, () => packedBlanks ?? Buffer.alloc(0)));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': body.length };
  return refuses(open(registry, path, { method: 'PUT', headers }), patience.packed, (sent) => sent.end(body));
}

function open({ upstream, caFile }: RegistrySettings, path: string, options: RequestOptions): ClientRequest {
  const url = new URL(`${upstream.pathname}${path}`, upstream);
  if (url.protocol === 'http:') return overHttp(url, { ...options, agent: false });
  const ca = caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] };
  return overHttps(url, { ...options, ...ca, agent: false });
}

function refuses(sent: ClientRequest, milliseconds: number, send: (sent: ClientRequest) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (refused: boolean): void => {
      clearTimeout(timer);
      sent.destroy();
      resolve(refused);
    };
    const timer = setTimeout(settle, milliseconds, false);
    sent.once('response', (response) => settle(response.statusCode === 413));
    sent.on('error', () => settle(false));
    send(sent);
  });
}

function sized(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** unit).toFixed(1))} ${units[unit] ?? ''}`;
}
