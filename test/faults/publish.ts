// One publish of random bytes through the proxy, and what there is to compare with what the registry stored.
import { createHash, randomBytes } from 'node:crypto';
import { content, form, plainWith } from '../registries/pypi/forms.ts';
import { raw, type RawAnswer } from '../support/proxy.ts';
import { headOf, newVersion } from './world.ts';

export interface Published {
  readonly version: string;
  readonly file: string;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
  readonly answer: RawAnswer;
}

export interface PublishOptions {
  readonly bytes?: Uint8Array;
  /** Default: one that no other publish of this process had. */
  readonly version?: string;
}

/** Uploads `allowed` with these bytes. Rejects when the connection ends without an answer. */
export async function publish(
  proxy: Parameters<typeof headOf>[0],
  token: string,
  { bytes = randomBytes(2000), version = `${newVersion()}.0` }: PublishOptions = {},
): Promise<Published> {
  const file = `allowed-${version}.tar.gz`;
  const parts = plainWith({ version }, file).map((part) => (part.name === content.name ? { ...part, value: bytes } : part));
  const body = form(parts);
  const answer = await raw(proxy, 'POST', '/', { ...headOf(proxy, token), 'content-length': String(body.length) }, body);
  return { version, file, sha256: createHash('sha256').update(bytes).digest('hex'), answer };
}
