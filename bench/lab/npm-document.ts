// npm publish documents of any size, as npm writes them: the tarball of a package whose contents compress a little.
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { tarGz } from '../../test/support/archive.ts';

const noise = new Map<number, string>();

/** The document of a version, about so many bytes long. */
export function documentOf(name: string, version: string, bytes: number): Buffer {
  // Base64 of base64: the tarball is three quarters of the document, its contents somewhat longer than it.
  const contents = noise.get(bytes) ?? randomBytes(Math.max(1, Math.floor(bytes * 0.74))).toString('latin1');
  noise.set(bytes, contents);
  const tarball = tarGz([
    ['package/package.json', JSON.stringify({ name, version })],
    ['package/data.bin', Buffer.from(contents, 'latin1')],
  ]);
  const file = `${name}-${version}.tgz`;
  const dist = {
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    shasum: createHash('sha1').update(tarball).digest('hex'),
    tarball: `http://localhost/${name}/-/${file}`,
  };
  const head = {
    _id: name,
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { name, version, _id: `${name}@${version}`, dist } },
    access: null,
  };
  const before = `${JSON.stringify(head).slice(0, -1)},"_attachments":{${JSON.stringify(file)}:{"content_type":"application/octet-stream","data":"`;
  return Buffer.concat([Buffer.from(before), Buffer.from(tarball.toString('base64')), Buffer.from(`","length":${tarball.length}}}}`)]);
}

/** PUTs it, and gives the seconds to the whole answer. Rejects unless the answer is a success. */
export async function publish(url: string, name: string, document: Buffer, token: string): Promise<number> {
  const began = performance.now();
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': document.length };
    const sending = request(`${url}${name.replace('/', '%2f')}`, { method: 'PUT', agent: false, headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (some: string) => (body += some));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: body })).on('error', reject);
    });
    sending.on('error', reject).end(document);
  });
  if (status >= 300) throw new Error(`the publish was answered ${status}: ${text.slice(0, 300)}`);
  return (performance.now() - began) / 1000;
}
