// Breaks off the reading of an upload with a refusal; `inspect.ts` turns it back into a value.
import { refuse, type Refusal, type RefusalCode, type RefusalValues } from '../core/refusal.ts';
import { UploadRefused } from './registry.ts';

/** Throws `UploadRefused`: the readers of a document are nested too deep to hand a refusal up as a value. */
export function breakOff(code: RefusalCode, values: RefusalValues = {}): never {
  throw new UploadRefused(refuse(code, values));
}

/** Throws the refusal of a body that is not understood. `problem` completes "The upload is refused because …". */
export function invalid(problem: string): never {
  return breakOff('body-invalid', { problem });
}

/** What the reader gives, or the refusal with which it broke off. */
export function asValue<T>(read: () => T): T | Refusal {
  try {
    return read();
  } catch (error) {
    if (error instanceof UploadRefused) return error.refusal;
    throw error;
  }
}

/** Breaks off a reader; what the phrase is about is its caller's to say. */
export type Fail = (phrase: string) => never;
