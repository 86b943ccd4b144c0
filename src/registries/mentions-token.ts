// Whether a credential that is not ours to read holds an upload token somewhere: as foreign it would be passed on.
import { tokenPrefix } from '../core/upload-token.ts';

/**
 * True when an upload token stands in the text, plain or in the base64 of any of its words (TOK-06, TOK-07, TOK-24). Words are
 * decoded from each of their first four letters: `: Basic <base64>` and a base64 with a letter too much still carry the token.
 */
export function mentionsToken(credential: string): boolean {
  if (credential.includes(tokenPrefix)) return true;
  const words = credential.split(/[^A-Za-z0-9+/_-]+/);
  return words.some((word) => [0, 1, 2, 3].some((at) => Buffer.from(word.slice(at), 'base64').toString('latin1').includes(tokenPrefix)));
}
