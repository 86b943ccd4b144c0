// Takes our own credential out of what an upstream says, should it echo it (RSP-14). A last line, not the design.
import type { Secret } from '../core/secret.ts';

const mask = '[secret]';
/** Shorter ones would blank out ordinary words, and are no secrets. */
const shortest = 6;

export interface Scrub {
  readonly text: (text: string) => string;
  readonly bytes: (bytes: Buffer) => Buffer;
}

/** @param credential a whole Authorization header, Basic or Bearer */
export function scrub(credential: Secret | undefined): Scrub {
  const secrets = credential === undefined ? [] : forms(credential.reveal());
  const text = (given: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, mask), given);
  return {
    text,
    bytes: (bytes) => (secrets.some((secret) => bytes.includes(secret)) ? Buffer.from(text(bytes.toString('utf8'))) : bytes),
  };
}

function forms(header: string): string[] {
  const [scheme = '', value = ''] = header.split(' ', 2);
  const password =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(value, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/, '')
      : '';
  return [value, password].filter((secret) => secret.length >= shortest);
}
