// The ids behind an anchor that an identity token proved: what tells a repository from the next of its name.
import type { AuditEvent } from '../audit/event.ts';
import type { Issuer } from '../config/configuration.ts';
import type { VerifiedClaims } from '../core/claims.ts';
import { isPin } from '../core/pin.ts';

/** Each as `<key under from:> <value>`, for the audit record; nothing where the provider has none. */
export function provedIds(issuer: Issuer | undefined, claims: VerifiedClaims | undefined): Pick<AuditEvent, 'ids'> {
  if (issuer === undefined || claims === undefined) return {};
  const ids = issuer.provider.fields.flatMap((field) => {
    const value = isPin(field) ? field.read(claims) : undefined;
    return typeof value !== 'string' ? [] : [`${field.key} ${value}`];
  });
  return ids.length === 0 ? {} : { ids };
}
