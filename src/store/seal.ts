// `record_mac`: an HMAC over what is kept in Redis, with a key that Redis does not have. Whoever can only write to Redis can
// then neither make an upload token nor change one (RED-15). Deleting and putting back what was there stay possible.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../core/secret.ts';

/** Characters of a seal in front of its text. */
export const sealLength = 65;

/** What is sealed, and where it lies: a record copied to another key, or another product's Redis, does not open (RED-14, RED-16). */
export type Place = readonly ['token', tokenHash: string] | readonly ['mark', identity: string, nonce: string];

export interface Seal {
  readonly on: boolean;
  readonly close: (place: Place, text: string) => string;
  /** The text; undefined when none of the active keys made the seal. */
  readonly open: (place: Place, sealed: string) => string | undefined;
}

function unsealed(sealed: string): string {
  return sealed.replace(/^[0-9a-f]{64} /, '');
}

/**
 * @param keys the first one closes, all open: with two, keys change without a refused token (SEC-16). None: nothing is
 *   sealed, and what a replica with a key has sealed is read.
 * @param prefix of the keys in Redis
 */
export function createSeal(keys: readonly Secret[], prefix: string): Seal {
  const [first] = keys;
  if (first === undefined) return { on: false, close: (_, text) => text, open: (_, sealed) => unsealed(sealed) };
  const macOf = (key: Secret, place: Place, text: string): Buffer => {
    // Each part with its length: no two lists of parts give the same bytes.
    const parts = ['countersign', prefix, ...place, text].map((part) => `${Buffer.byteLength(part)}:${part}`);
    return createHmac('sha256', key.reveal()).update(parts.join('')).digest();
  };
  return {
    on: true,
    close: (place, text) => `${macOf(first, place, text).toString('hex')} ${text}`,
    open: (place, sealed) => {
      const text = unsealed(sealed);
      if (text === sealed) return undefined;
      const mac = Buffer.from(sealed.slice(0, sealLength - 1), 'hex');
      return keys.some((key) => timingSafeEqual(mac, macOf(key, place, text))) ? text : undefined;
    },
  };
}
