// The service credential of each registry as an Authorization header: fixed, from a file that may change, or logged in for.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isJsonObject } from '../core/json.ts';
import { Secret, type SecretSource } from '../core/secret.ts';
import type { CredentialSettings } from '../core/settings.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import type { UpstreamClient } from './upstream-client.ts';

/** The service credential cannot be had, or is not accepted. The message is for logs and audit; it never holds a secret. */
export class CredentialUnavailable extends Error {
  override readonly name = 'CredentialUnavailable';
  /** Which refusal it is to a client: a login that never got an answer says nothing about the credential. */
  readonly code: 'upstream-credential' | 'upstream-unreachable';
  constructor(message: string, code: 'upstream-credential' | 'upstream-unreachable' = 'upstream-credential') {
    super(message);
    this.code = code;
  }
}

export interface Credentials {
  /**
   * The whole Authorization header; undefined when the registry has no credential.
   * @throws CredentialUnavailable
   */
  readonly header: (registry: RegistrySettings) => Promise<Secret | undefined>;
  /** The upstream answered 401 to this header: the next `header` reads or logs in again. Others that are newer stay. */
  readonly rejected: (registry: RegistrySettings, header: Secret | undefined) => void;
}

type Login = Extract<CredentialSettings, { kind: 'verdaccio_login' }>;

interface LoggedIn {
  readonly header: Secret;
  /** Milliseconds; Infinity where the token does not say. */
  readonly until: number;
}

/** Milliseconds after a failed login before the next: each costs the upstream a bcrypt. */
const loginPause = 5000;
/** A token is not used in the last tenth of its life, at most a minute. */
const margin = (life: number): number => Math.min(60_000, life / 10);

/**
 * @param client carries logins; make one for this alone or share the one of `createForward`'s kind
 * @param now milliseconds
 * @param protect is told each secret that was read or made, also from files and logins, before it is used (SEC-05)
 */
export function createCredentials(
  client: Pick<UpstreamClient, 'send'>,
  now: () => number = Date.now,
  protect: (secret: string) => void = () => undefined,
): Credentials {
  const kept = new Map<string, LoggedIn>();
  const underWay = new Map<string, Promise<LoggedIn>>();
  const paused = new Map<string, number>();
  const readSecret = createSecretReader(protect);

  const login = async (registry: RegistrySettings, settings: Login): Promise<Secret> => {
    const known = kept.get(keyOf(registry));
    if (known !== undefined && known.until > now()) return known.header;
    // Single flight: whoever comes while a login is under way waits for it.
    const begun = underWay.get(keyOf(registry)) ?? begin(registry, settings);
    return (await begun).header;
  };

  const begin = (registry: RegistrySettings, settings: Login): Promise<LoggedIn> => {
    const key = keyOf(registry);
    if (now() < (paused.get(key) ?? 0)) throw new CredentialUnavailable(`login at ${registry.name} failed just before`);
    const fresh = readSecret(settings.password)
      .then((password) => logIn(client, registry, { username: settings.username, password }, now))
      .then(
        (loggedIn) => {
          protect(loggedIn.header.reveal().replace(/^\w+ /, ''));
          kept.set(key, loggedIn);
          return loggedIn;
        },
        (error: unknown) => {
          // What was never answered cost no bcrypt, and may be back in a moment.
          if (!(error instanceof CredentialUnavailable && error.code === 'upstream-unreachable')) paused.set(key, now() + loginPause);
          throw error;
        },
      )
      .finally(() => underWay.delete(key));
    underWay.set(key, fresh);
    return fresh;
  };

  return {
    header: async (registry) => {
      const settings = registry.credential;
      switch (settings.kind) {
        case 'none':
          return undefined;
        case 'basic': {
          const password = await readSecret(settings.password);
          // In base64 the password alone looks otherwise than behind its user name.
          protect(`${settings.username}:${password}`);
          return basic(settings.username, password);
        }
        case 'bearer':
          return bearer(await readSecret(settings.token));
        case 'verdaccio_login':
          return login(registry, settings);
      }
    },
    rejected: (registry, header) => {
      if (kept.get(keyOf(registry))?.header === header) kept.delete(keyOf(registry));
    },
  };
}

/** A login belongs to one upstream and one account: a reload that moves the registry elsewhere must not take it along (P1). */
function keyOf({ name, upstream, credential }: RegistrySettings): string {
  return `${name}\n${upstream.href}\n${credential.kind === 'verdaccio_login' ? credential.username : ''}`;
}

/** Logs in for an existing Verdaccio user: PUT of the user's document with Basic of that user (facts: npm B). */
async function logIn(
  client: Pick<UpstreamClient, 'send'>,
  registry: RegistrySettings,
  { username, password }: { readonly username: string; readonly password: string },
  now: () => number,
): Promise<LoggedIn> {
  const credential = basic(username, password);
  const id = `org.couchdb.user:${username}`;
  const sent = await client.send(
    registry,
    {
      method: 'PUT',
      path: `-/user/org.couchdb.user:${encodeURIComponent(username)}`,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify({ _id: id, name: username, password, type: 'user', roles: [] })),
    },
    { credential },
  );
  if (sent.kind !== 'answered')
    throw new CredentialUnavailable(`login at ${registry.name}: ${sent.refusal.detail ?? sent.kind}`, 'upstream-unreachable');
  const token = sent.answer.status === 201 ? tokenOf(sent.answer.body) : undefined;
  if (token === undefined) throw new CredentialUnavailable(`login at ${registry.name} was answered ${sent.answer.status}`);
  const expires = expiryOf(token);
  const life = expires - now();
  return { header: bearer(token), until: life === Infinity ? Infinity : expires - margin(life) };
}

function tokenOf(body: Buffer): string | undefined {
  const document = parse(body.toString('utf8'));
  const token = isJsonObject(document) ? document['token'] : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** Milliseconds of a JWT's `exp`; Infinity for a token that has none or is no JWT (Verdaccio's default tokens are not). */
function expiryOf(token: string): number {
  const payload = parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const exp = isJsonObject(payload) ? payload['exp'] : undefined;
  return typeof exp === 'number' ? exp * 1000 : Infinity;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** RFC 7617, UTF-8. */
function basic(username: string, password: string): Secret {
  // A colon would move the border between the two (HDR-16).
  if (username === '' || username.includes(':')) throw new CredentialUnavailable('the user name is empty or holds a colon');
  return new Secret(`Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`);
}

/** RFC 6750 2.1. */
function bearer(token: string): Secret {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new CredentialUnavailable('the token holds spaces or characters outside ASCII');
  return new Secret(`Bearer ${token}`);
}

/** Reads secrets; a file is read again when its size, inode or time of change is another (FLT-32). */
function createSecretReader(protect: (secret: string) => void): (source: SecretSource) => Promise<string> {
  const files = new Map<string, { readonly stamp: string; readonly text: string }>();
  return async (source) => {
    if (source.kind === 'value') return checked(source.value.reveal(), 'the configured secret');
    const unreadable = (error: NodeJS.ErrnoException): never => {
      throw new CredentialUnavailable(`${source.path} cannot be read: ${error.code ?? 'unknown failure'}`);
    };
    // Without waiting for a pipe's other end; what is no regular file has no size that could be believed.
    const file = await open(source.path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable);
    try {
      const stat = await file.stat({ bigint: true }).catch(unreadable);
      if (!stat.isFile()) throw new CredentialUnavailable(`${source.path} is not a regular file`);
      const stamp = `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
      const known = files.get(source.path);
      if (known?.stamp === stamp) return known.text;
      const { bytesRead, buffer } = await file.read(Buffer.alloc(longest + 1), 0, longest + 1, 0).catch(unreadable);
      if (bytesRead > longest) throw new CredentialUnavailable(`${source.path} is larger than a secret`);
      const text = checked(buffer.toString('utf8', 0, bytesRead), source.path);
      protect(text);
      files.set(source.path, { stamp, text });
      return text;
    } finally {
      await file.close();
    }
  };
}

/** Bytes of a secret. */
const longest = 65_536;

/** Trims the newline that editors and secret mounts append; any other is an attempt at a second header line (HDR-15). */
function checked(secret: string, where: string): string {
  const text = secret.replace(/\r?\n$/, '');
  if (text === '') throw new CredentialUnavailable(`${where} is empty`);
  if (/[\r\n\0]/.test(text)) throw new CredentialUnavailable(`${where} holds a line break or NUL`);
  return text;
}
