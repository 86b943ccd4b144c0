// Which accounts of an OIDC provider may look.
import { own, type JsonObject } from '../core/json.ts';
import { matches } from '../core/pattern.ts';
import { toPrintable } from '../core/refusal.ts';
import type { LoginSettings } from '../core/settings.ts';

/** What of an account decides: an e-mail address that the provider verified, and those of its groups that the configuration names. */
export function accountOf({ groups, groupsClaim }: LoginSettings, claims: JsonObject): JsonObject {
  const email = own(claims, 'email');
  // An address that nobody verified is whatever its account wrote there (nOAuth).
  const verified = own(claims, 'email_verified') === true && typeof email === 'string' ? email.toLowerCase().slice(0, 254) : undefined;
  const listed = own(claims, groupsClaim);
  const among = Array.isArray(listed) ? listed.filter((group) => typeof group === 'string' && groups.includes(group)) : [];
  const name = [verified, own(claims, 'preferred_username'), own(claims, 'name'), own(claims, 'sub')].find(
    (text) => typeof text === 'string',
  );
  return { name: toPrintable(String(name), 100), groups: among, ...(verified === undefined ? {} : { email: verified }) };
}

export function isAllowed({ emails, groups }: LoginSettings, account: JsonObject): boolean {
  const email = own(account, 'email');
  const listed = own(account, 'groups');
  return (
    (typeof email === 'string' && emails.some((pattern) => matches(pattern, email))) ||
    (Array.isArray(listed) && listed.some((group) => typeof group === 'string' && groups.includes(group)))
  );
}
