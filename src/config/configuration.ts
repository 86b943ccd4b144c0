// The configuration as compiled: what the rest of the program reads. One immutable value per revision of the files.
import type { TrustedPublisher } from '../core/publisher.ts';
import type { IssuerSettings, StoreSettings } from '../core/settings.ts';
import type { Provider } from '../providers/index.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import type { Diagnostic } from './diagnostic.ts';

export interface Issuer extends IssuerSettings {
  readonly provider: Provider;
  /** Exchanges of one identity token per package. */
  readonly maxExchanges: number;
}

export interface ServerSettings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly admin: { readonly host: string; readonly port: number };
  /** CIDR ranges whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies: readonly string[];
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Processes. */
  readonly workers: number;
  /** Seconds that a SIGTERM waits for requests under way. */
  readonly shutdownGrace: number;
}

export interface Configuration {
  /** First 12 hex digits of the SHA-256 over the files. */
  readonly revision: string;
  readonly server: ServerSettings;
  readonly store: StoreSettings;
  /** By name. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** By name. */
  readonly registries: ReadonlyMap<string, RegistrySettings>;
  readonly publishers: readonly TrustedPublisher[];
  readonly warnings: readonly Diagnostic[];
  /** Every file that was read, for watching. */
  readonly files: readonly string[];
}
