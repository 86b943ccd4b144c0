// The kinds of values that the policy file is made of.
import { z } from 'zod';

/**
 * Kinds whose value may also come from an environment variable carry this mark: the JSON Schema then allows `${NAME}`
 * where it would otherwise insist on a number or a word of a list.
 */
export const variable = { variable: true } as const;

/** Text on one line. */
export function text(description: string): z.ZodString {
  return z.string().min(1).max(2000).describe(description);
}

/** A duration or a size. A number is let through as text, so that it is asked for its unit and not for quotes. */
export function measured(description: string) {
  return z.preprocess((value) => (typeof value === 'number' ? String(value) : value), z.string().min(1).max(40)).describe(description);
}

/** A list of texts, never empty. */
export function textList(description: string): z.ZodArray<z.ZodString> {
  return z.array(z.string().min(1).max(2000)).min(1).describe(description);
}

/** One word of a list. */
export function choice<const T extends readonly [string, ...string[]]>(values: T, description: string) {
  return z.enum(values).meta({ description, ...variable });
}

/** A whole number within bounds; quoted digits are one too, because variables are texts. */
export function wholeNumber(minimum: number, maximum: number, description: string) {
  return z
    .preprocess(
      (value) => (typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value),
      z.int().min(minimum).max(maximum),
    )
    .meta({ description, ...variable });
}

/** `true` or `false`, also as a variable's text. */
export function flag(description: string) {
  return z
    .preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
    .meta({ description, ...variable });
}

/** Names of issuers, registries and publishers. */
export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a name is made of letters, digits, ".", "-" and "_", at most 64');
