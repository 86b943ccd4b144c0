// `?dry_run=1` on an exchange: everything is verified and matched, and nothing comes of it.
import { refuse, type Refusal } from './refusal.ts';

/**
 * Whether an exchange is only tried. Anything but `1`, once, is refused: who wrote `dry_run=true` does not want a token that
 * counts.
 * @param query of the request, without `?`
 */
export function dryRunOf(query: string): boolean | Refusal {
  const asked = new URLSearchParams(query).getAll('dry_run');
  if (asked.length === 0) return false;
  return asked.length === 1 && asked[0] === '1' ? true : refuse('request-invalid', { problem: 'dry_run is 1, once, or not there' });
}
