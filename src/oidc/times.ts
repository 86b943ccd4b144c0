// When an identity token is good: not before its time, not after it, and not for longer than its issuer's tokens live.
import { refuse, type Refusal } from '../core/refusal.ts';
import type { RegisteredClaims } from './registered-claims.ts';

/** Seconds by which the issuer's clock and ours may differ. The one leeway of the house; replay marks outlive it. */
export const leeway = 30;

/**
 * Checks the times against `now` and `maxAge`, all in whole seconds. `exp − iat` is the issuer's own arithmetic and has
 * no leeway; a token is dead at `exp` + leeway (RFC 7519 section 4.1.4). Together they bound its age: `now − iat` is
 * below `maxAge` + leeway for every token that passes, so that needs no check of its own.
 */
export function checkTimes(claims: RegisteredClaims, maxAge: number, now: number): Refusal | undefined {
  const { expires, issuedAt, notBefore = issuedAt } = claims;
  if (expires < issuedAt) return refuse('token-invalid', { problem: 'it expires before it was issued' });
  if (notBefore > expires) return refuse('token-invalid', { problem: 'it expires before it becomes valid' });
  const from = Math.max(issuedAt, notBefore);
  if (from > now + leeway) return refuse('token-not-yet', { from: date(from), now: date(now) });
  if (now >= expires + leeway) return refuse('token-expired', { ago: duration(now - expires) });
  const life = expires - issuedAt;
  if (life <= maxAge) return undefined;
  return refuse('token-too-old', { what: 'is valid for', actual: duration(life), limit: duration(maxAge) });
}

function date(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Seconds in words, exactly: `45 s`, `15 min 1 s`, `24 h`. */
function duration(seconds: number): string {
  const parts = [`${Math.floor(seconds / 3600)} h`, `${Math.floor(seconds / 60) % 60} min`, `${seconds % 60} s`];
  return parts.filter((part) => !part.startsWith('0 ')).join(' ') || '0 s';
}
