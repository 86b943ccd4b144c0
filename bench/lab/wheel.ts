// Uploads of distribution files as twine and uv send them: fields, digests, then a file of any size that is never held whole.
import { createHash, randomBytes, type Hash } from 'node:crypto';
import { request } from 'node:http';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import { zipAround, type Frame } from './zip.ts';

const boundary = '----bench-boundary-of-a-client';
const block = randomBytes(1024 * 1024);
const piece = 256 * 1024;

export interface Wheel {
  readonly bytes: number;
  readonly project: string;
  readonly version: string;
  readonly sha256: string;
  readonly md5: string;
  /** The wheel is a zip of noise and its METADATA. */
  readonly frame: Frame;
  readonly noise: number;
}

/** Of so much noise; the digests of what comes behind it go on from them. */
interface Known {
  readonly crc: number;
  readonly sha256: Hash;
  readonly md5: Hash;
}
const known = new Map<number, Known>();

/** A file of so many bytes, with the digests that its form states. */
export function wheel(bytes: number, project: string, version: string): Wheel {
  const overhead = frameOf(project, version, 0, 0);
  const noise = bytes - overhead.before.length - overhead.after.length;
  const facts = known.get(noise) ?? factsOf(noise, (crc) => frameOf(project, version, noise, crc).before);
  known.set(noise, facts);
  const frame = frameOf(project, version, noise, facts.crc);
  const [sha256, md5] = [facts.sha256, facts.md5].map((hash) => hash.copy().update(frame.after).digest('hex'));
  return { bytes, project, version, sha256: sha256 ?? '', md5: md5 ?? '', frame, noise };
}

function frameOf(project: string, version: string, size: number, crc: number): Frame {
  const content = `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`;
  return zipAround({ name: 'noise', size, crc }, { name: `${project.replaceAll('-', '_')}-${version}.dist-info/METADATA`, content });
}

function factsOf(noise: number, before: (crc: number) => Buffer): Known {
  let crc = 0;
  for (const part of parts(noise)) crc = crc32(part, crc);
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  for (const part of [before(crc), ...parts(noise)]) {
    sha256.update(part);
    md5.update(part);
  }
  return { crc, sha256, md5 };
}

function* parts(bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += piece) yield block.subarray(at % block.length, (at % block.length) + Math.min(piece, bytes - at));
}

function formOf({ project, version, sha256, md5, frame }: Wheel): { readonly before: Buffer; readonly after: Buffer } {
  const fields = {
    ':action': 'file_upload',
    protocol_version: '1',
    metadata_version: '2.1',
    name: project,
    version,
    filetype: 'bdist_wheel',
    pyversion: 'py3',
    md5_digest: md5,
    sha256_digest: sha256,
  };
  const text = Object.entries(fields)
    .map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('');
  const file = `${project.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="content"; filename="${file}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    before: Buffer.concat([Buffer.from(text + head), frame.before]),
    after: Buffer.concat([frame.after, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

/** Uploads it, and gives the seconds from the first byte sent to the whole answer. Rejects unless the answer is 200. */
export async function upload(url: string, file: Wheel, headers: Readonly<Record<string, string>>): Promise<number> {
  const { before, after } = formOf(file);
  const length = before.length + file.noise + after.length;
  const sending = request(url, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': length },
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  sending.on('error', reject).on('response', (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (some: string) => (text += some));
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text })).on('error', reject);
  });
  const began = performance.now();
  sending.write(before);
  for (const part of parts(file.noise)) if (!sending.write(part)) await Promise.race([once(sending, 'drain'), promise]);
  sending.end(after);
  const { status, text } = await promise;
  if (status !== 200) throw new Error(`the upload was answered ${status}: ${text.slice(0, 300)}`);
  return (performance.now() - began) / 1000;
}
