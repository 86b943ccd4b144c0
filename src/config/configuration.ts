// The configuration as compiled: what the rest of the program reads. One immutable value per revision of the files.
import type { VerifiedClaims } from '../core/claims.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import type { SecretSource } from '../core/secret.ts';
import type { AuditSettings, IssuerSettings, LoginSettings, StoreSettings } from '../core/settings.ts';
import type { Provider } from '../providers/index.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Written } from './diff.ts';
import type { KeptPublisher } from './kept-publisher.ts';

export interface Issuer extends IssuerSettings {
  readonly provider: Provider;
  /** Exchanges of one identity token per package. */
  readonly maxExchanges: number;
}

/** What one process lets through; counts. */
export interface LimitSettings {
  /** Refused exchanges a minute from one IPv4 address or IPv6 /64, and as many at once. */
  readonly refusedExchanges: number;
  /** Different packages a minute for one publisher that does not name more of them. */
  readonly packagesPerMinute: number;
  /** Exchanges a minute of one publisher for one package. */
  readonly exchangesPerPackage: number;
  /** Connections of clients. */
  readonly connections: number;
  /** Requests under way. */
  readonly requests: number;
}

/** Where the admin listener is, and what opens it. */
export interface AdminSettings {
  readonly host: string;
  readonly port: number;
  /** Only this machine can reach it. */
  readonly loopback: boolean;
  /** The dashboard's address in the browser, where that is known; its path ends with `/`. */
  readonly url?: URL;
  /** What opens it. Without any of the three only this machine may ask for more than health. */
  readonly token?: SecretSource;
  /** In lower case: the header in which a trusted proxy names whoever it let in. */
  readonly trustedHeader?: string;
  readonly login?: LoginSettings;
  /** Seconds that a sign-in lasts. */
  readonly session: number;
}

export interface ServerSettings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly admin: AdminSettings;
  /** CIDR ranges whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies: readonly string[];
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Processes. */
  readonly workers: number;
  /** Seconds that a SIGTERM waits for requests under way. */
  readonly shutdownGrace: number;
  readonly limits: LimitSettings;
}

/** Where traces are sent. */
export interface TracingSettings {
  /** Without `v1/traces`; ends with `/`. */
  readonly endpoint: string;
  /** One request in so many begins a trace. */
  readonly oneIn: number;
}

export interface Configuration {
  /** First 12 hex digits of the SHA-256 over the files. */
  readonly revision: string;
  readonly server: ServerSettings;
  readonly store: StoreSettings;
  readonly audit: AuditSettings;
  readonly tracing?: TracingSettings;
  /** By name. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** By name. */
  readonly registries: ReadonlyMap<string, RegistrySettings>;
  readonly publishers: readonly KeptPublisher[];
  /** Those of the publishers that a token could match, or be told about in a refusal. */
  readonly candidates: (claims: VerifiedClaims) => readonly TrustedPublisher[];
  readonly warnings: readonly Diagnostic[];
  /** What was read, for watching. */
  readonly sources: Sources;
  /** What the sections said, for saying what a reload changed. */
  readonly written: {
    readonly registries: Written;
    readonly issuers: Written;
    readonly store: string | undefined;
    readonly audit: string | undefined;
  };
}

/** Where a configuration comes from, also one with errors. */
export interface Sources {
  /** The policy, the files that it includes, and the files whose content was checked. */
  readonly files: readonly string[];
  /** Folders in which a glob looked for files to include. */
  readonly folders: readonly string[];
}
