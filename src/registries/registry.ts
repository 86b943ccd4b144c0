// The contract of a registry protocol: how its clients ask, what an upload says it is, what we forward, how we answer.
import type { ChangeAction, Grant, Run } from '../core/grant.ts';
import type { PackageName, PackagePattern } from '../core/package-name.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import type { Refusal } from '../core/refusal.ts';
import type { CredentialSettings } from '../core/settings.ts';
import type { ScriptPart } from '../core/snippet.ts';
import type { ExchangeEndpoint } from './exchange-endpoint.ts';
import type { HowTo } from './how-to.ts';
import type { Head, Reply, UpstreamRequest } from './message.ts';

export type { DryRun, ExchangeEndpoint, ExchangeRequest, LeakReport, Minted } from './exchange-endpoint.ts';
export { howToPath, type HowTo } from './how-to.ts';
export type { Head, Reply, UpstreamRequest } from './message.ts';

/** One registry as configured. */
export interface RegistrySettings {
  /** Its name in the configuration. */
  readonly name: string;
  readonly protocol: Registry;
  /** Public URL; its path ends with `/`. */
  readonly url: URL;
  /** Upstream URL; its path ends with `/`. */
  readonly upstream: URL;
  readonly credential: CredentialSettings;
  /** Writes with any credential that is not an upload token. */
  readonly longLivedTokens: 'allow' | 'warn' | 'refuse';
  /** Packages that refuse long-lived tokens already. */
  readonly trustedOnly: readonly PackagePattern[];
  /** How reads that carry an upload token go on. */
  readonly reads: 'anonymous' | 'service';
  readonly immutable: boolean;
  readonly refusals: 'full' | 'brief';
  /** Whether everybody may ask which commit and run a version came from. */
  readonly provenance: boolean;
  /** Audiences of identity tokens for this registry. */
  readonly audiences: readonly string[];
  /** The audience that is told to clients which ask (`GET /_/oidc/audience`). */
  readonly audience: string;
  /** Bytes: the largest upload that is read. */
  readonly maxUpload: number;
  /** Uploads forwarded at the same time; more are answered 503. */
  readonly maxConcurrentUploads: number;
  /** Path of the simple index (PEP 503) below the upstream URL, where it is not found by itself. */
  readonly simple?: string;
  /** PyPI: whether a file's own metadata has to be of the project and version of the form. */
  readonly checkMetadata?: boolean;
  /** PEM file of certificate authorities to trust for the upstream, beside the system's. */
  readonly caFile?: string;
}

/** A publisher that a token proved, and the kind of CI behind it. */
export interface Trust {
  readonly publisher: TrustedPublisher;
  readonly provider: string;
}

/** What a request inside the registry is. Exchange endpoints are found first, by `exchange`. */
export type Route =
  | { readonly kind: 'upload'; readonly name?: PackageName }
  /** A change other than an upload that an upload token may be allowed to make. */
  | {
      readonly kind: 'manage';
      readonly action: ChangeAction;
      readonly name: PackageName;
      /** Bytes of body that are read at most. */
      readonly bodyLimit: number;
      readonly read: (body: Uint8Array) => Change | Refusal;
    }
  | { readonly kind: 'read'; readonly name?: PackageName }
  /** Answered by us, to the holder of an upload token. */
  | { readonly kind: 'local'; readonly answer: (grants: readonly Grant[]) => Reply }
  /** The trusted publishers of a package, for the holder of an upload token for it. */
  | { readonly kind: 'trust'; readonly name: PackageName; readonly answer: (trusted: readonly Trust[]) => Reply }
  /** A change of what only the policy file decides: refused to everybody, with what to write there. */
  | {
      readonly kind: 'policy';
      readonly name: PackageName;
      readonly bodyLimit: number;
      /** @param registry the registry's name in the configuration */
      readonly refuse: (body: Uint8Array, registry: string) => Refusal;
    }
  /** The client gives its upload token back. */
  | { readonly kind: 'revoke'; readonly token: string; readonly done: Reply }
  /** Any other write: never with an upload token. `what` completes "an upload token may not …"; `name` where the path says it. */
  | {
      readonly kind: 'write';
      readonly what: string;
      readonly name?: PackageName;
      /** It changes no package (a login, an audit query): it goes on with the client's own credential whatever `long_lived_tokens` says. */
      readonly harmless?: true;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A change other than an upload, understood from its request. Nothing of the request itself goes on. */
export interface Change {
  readonly action: ChangeAction;
  readonly name: PackageName;
  /** dist-tags that it sets or removes. */
  readonly tags: readonly string[];
  /** What is to be sent, written from what the upstream has at this moment. Throws when the upstream does not say. */
  readonly plan: (probe: Probe, registry: RegistrySettings) => Promise<Plan | Refusal>;
}

export interface Plan {
  /** What it does, for the audit record: `deprecate 1.0.0`. */
  readonly says: string;
  /** The one version that it is about. */
  readonly version?: string;
  /** Sent one after the other, until one is refused; none when the upstream has already what is asked for. */
  readonly requests: readonly UpstreamRequest[];
  /** The answer when nothing had to be sent. */
  readonly done: Reply;
  /** Looks whether the upstream has what was asked for, and has lost nothing else. Throws when the upstream does not say. */
  readonly verify?: (probe: Probe) => Promise<Refusal | undefined>;
}

/** What a client showed to prove who it is. */
export type Presented =
  | { readonly kind: 'none' }
  /** Text that may be an upload token (`core/upload-token.ts` tells). */
  | { readonly kind: 'text'; readonly text: string }
  /** A credential of a form in which an upload token never comes. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An upload as received, for `inspect`. */
export interface Incoming {
  readonly head: Head;
  readonly registry: RegistrySettings;
  /** The name that the path says, where it says one. */
  readonly name?: PackageName;
  readonly body: AsyncIterable<Uint8Array>;
  /** The run that the upload token was minted for; none when the upload came with a long-lived token. */
  readonly run?: Run;
  /** The publishers named in the grants, for trust fields that we set truthfully. */
  readonly publishers: readonly string[];
}

/** Digests of the distribution file, in lower-case hex, known once the whole body was read. */
export interface FileDigest {
  readonly sha256: string;
  readonly sha512?: string;
  readonly bytes: number;
}

/** What an upload says it is, with everything checked that can be known before its file has passed. */
export interface Inspected {
  readonly name: PackageName;
  readonly version: string;
  readonly file: string;
  /** dist-tags that the upload sets (npm). */
  readonly tags: readonly string[];
  /** The rebuilt request without its body. */
  readonly request: UpstreamRequest;
  /** Bytes of the rebuilt body, where known beforehand. */
  readonly length?: number;
  /**
   * The rebuilt body. Throws `UploadRefused` instead of giving its last bytes when something that comes late (digest,
   * trailing field, end of the body) does not hold: the upstream never gets a complete request then (P9).
   */
  readonly rebuild: () => AsyncIterable<Uint8Array>;
  /** After the last chunk of `rebuild`. */
  readonly digest: () => FileDigest | undefined;
}

/** Tells a change from an upload. */
export function isChange(value: Inspected | Change | Refusal): value is Change {
  return 'plan' in value;
}

/** Thrown by a rebuilt body in place of its end. */
export class UploadRefused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What the gateway lets a protocol ask the upstream before an upload: a GET below the upstream URL with the service credential. */
export type Probe = (
  path: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

/** What the upstream has already. */
export type Existing = 'no-package' | 'no-version' | 'exists';

export interface Registry {
  readonly id: 'npm' | 'pypi';
  readonly title: string;
  /** The canonical form of a name, or undefined when it is none. The one place where names are folded. */
  readonly packageName: (text: string) => PackageName | undefined;
  /** What is wrong with an entry of a publisher's package list, as a sentence, or undefined. */
  readonly entryProblem: (entry: string) => string | undefined;
  /** The canonical form of an entry that `entryProblem` has nothing against. */
  readonly entry: (entry: string) => PackagePattern;
  /** Audiences that this protocol's clients ask for at this public URL; the first is the one told to those which ask. */
  readonly audiences: (url: URL) => readonly string[];
  /**
   * The exchange endpoint at this path below the host's root or the registry's URL.
   * @param urls public URLs of the registries that the endpoint speaks for; a discovery document names them (PEP 807)
   */
  readonly exchange: (head: Head, urls: readonly URL[]) => ExchangeEndpoint | undefined;
  readonly route: (head: Head) => Route;
  readonly presented: (head: Head) => Presented;
  /** What an upload is; or the change that it turns out to ask for, where a protocol sends both to one address. */
  readonly inspect: (incoming: Incoming) => Promise<Inspected | Change | Refusal>;
  /** The package that an upload seems to be for, by its first bytes; where the path does not say it. For the record alone. */
  readonly glimpse?: (beginning: Uint8Array) => PackageName | undefined;
  /** What takes turns: an npm registry writes the document of a package anew with each version and each change. */
  readonly turns: 'package' | 'file';
  readonly existing: (
    probe: Probe,
    registry: RegistrySettings,
    what: { readonly name: PackageName; readonly version: string; readonly file: string },
  ) => Promise<Existing>;
  /** How clients of this protocol publish from a CI job. */
  readonly snippet: ScriptPart;
  /** How to publish here; what everybody may know. */
  readonly howTo: (registry: Pick<RegistrySettings, 'url'>) => readonly HowTo[];
  /** Whether the registry's URL is there for uploads alone, and nobody's front page: a browser is shown how to publish. */
  readonly urlIsForUploads: boolean;
  /** A refusal in the dialect that this ecosystem's clients show. */
  readonly reply: (refusal: Refusal, where: 'exchange' | 'upload' | 'other', requestId: string) => Reply;
}
