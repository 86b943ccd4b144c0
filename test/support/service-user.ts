// The one account that may publish on every test registry: what Countersign holds as the service credential.

/** The service user of every test registry. */
export const SERVICE = { username: 'svc', password: 'service-secret-of-the-registry' } as const;

/** The service user's credential as an Authorization header. */
export function serviceBasic(): string {
  return basic(SERVICE.username, SERVICE.password);
}

/** A user's credential as an Authorization header. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
