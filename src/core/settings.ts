// Settings that several rooms need, as the configuration compiles them.
import type { Pattern } from './pattern.ts';
import type { SecretSource } from './secret.ts';

/** What `oidc` needs to know of an issuer. */
export interface IssuerSettings {
  /** Its name in the configuration. */
  readonly name: string;
  /** The exact `iss` claim; also the base of discovery. */
  readonly url: string;
  /** JWS algorithms (RFC 7518) that are accepted, whatever a token's header says. */
  readonly algorithms: readonly string[];
  /** Seconds: upper bound of `exp - iat` and of `now - iat`. */
  readonly maxAge: number;
  /** Whether every token of this issuer has a `jti`. */
  readonly jti: boolean;
  /** Audiences accepted from this issuer beside the registry's own. */
  readonly audiences: readonly string[];
  /** Keys are fetched from here instead of from the discovery document's `jwks_uri`; no discovery then. */
  readonly jwksUri?: string;
  /** Keys are read from this file; nothing is fetched. */
  readonly jwksFile?: string;
  /** PEM file of certificate authorities to trust for this issuer, beside the system's. */
  readonly caFile?: string;
  /** The issuer may be at a private address (RFC 1918, RFC 4193); https and its certificate are still required. */
  readonly privateNetwork: boolean;
  /** Allows http and private or loopback addresses for this issuer. */
  readonly insecure: boolean;
}

/** An OIDC provider at which administrators sign in, and which of its accounts they are. */
export interface LoginSettings {
  readonly issuer: IssuerSettings;
  readonly clientId: string;
  readonly clientSecret: SecretSource;
  readonly scopes: readonly string[];
  /** Over addresses in lower case. */
  readonly emails: readonly Pattern[];
  readonly groups: readonly string[];
  readonly groupsClaim: string;
}

/** Where upload tokens and replay marks are kept. */
export type StoreSettings =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'redis';
      readonly mode: 'single' | 'sentinel' | 'cluster';
      /** One for `single`; the sentinels or the seed nodes otherwise. */
      readonly nodes: readonly { readonly host: string; readonly port: number }[];
      readonly tls: boolean;
      readonly caFile?: string;
      readonly username?: string;
      readonly password?: SecretSource;
      /** Database number; 0 in a cluster. */
      readonly database: number;
      /** Sentinel's name of the master. */
      readonly master?: string;
      readonly sentinelPassword?: SecretSource;
      /** Begins every key; holds a `{hash tag}`, so that one script may touch several keys of a cluster. */
      readonly keyPrefix: string;
      /** Start although `maxmemory-policy` may evict replay marks. */
      readonly allowEviction: boolean;
      /** The key that seals token records and marks, and another that opens them, too, while keys change. */
      readonly recordMac?: SecretSource;
      readonly recordMacAlso?: SecretSource;
    };

/** Who is told of audit records. */
export interface WebhookSettings {
  readonly url: string;
  /** Signs each delivery. */
  readonly secret: SecretSource;
  /** Records with one of these outcomes. */
  readonly outcomes: readonly string[];
  /** PEM file of certificate authorities to trust for it, beside the system's. */
  readonly caFile?: string;
}

/** Where audit records go beside the log, and how much of them can be asked for. */
export interface AuditSettings {
  /** Where records are written instead of into the log. */
  readonly file?: string;
  /** Nothing is done of which the record cannot be written. */
  readonly required: boolean;
  readonly webhooks: readonly WebhookSettings[];
  /** Records that can be asked for. */
  readonly maxEvents: number;
  /** Seconds for which they can be. */
  readonly maxAge: number;
  /** Published versions of which it is known where they came from. */
  readonly maxVersions: number;
  /** Seconds after a version's last upload; undefined: for ever. */
  readonly maxVersionAge?: number;
}

/** The service credential of a registry. */
export type CredentialSettings =
  | { readonly kind: 'basic'; readonly username: string; readonly password: SecretSource }
  | { readonly kind: 'bearer'; readonly token: SecretSource }
  | { readonly kind: 'verdaccio_login'; readonly username: string; readonly password: SecretSource }
  | { readonly kind: 'none' };
