// Secrets that open the admin side: read, and compared.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecretSource } from '../core/secret.ts';

/** Digests have one length, whatever was shown: `timingSafeEqual` throws for texts of two lengths, and tells them apart by time (SEC-03). */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Few requests come here, so a file is read for each of them and a rotated secret counts at once. */
export function readSecret(source: SecretSource): string | undefined {
  if (source.kind === 'value') return source.value.reveal();
  try {
    const text = readFileSync(source.path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
