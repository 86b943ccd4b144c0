// A CI file for a publisher, in two parts that know nothing of each other: a registry's protocol says what its client runs,
// a CI's provider says where that stands and how the identity token gets there.
import type { From } from './publisher.ts';

/** CIs from which some clients fetch the identity token themselves. */
export type Native = 'github' | 'gitlab' | 'circleci' | 'buildkite';

/** What has to be there for the script to run; a CI has it as a container image or sets it up with an action. */
export type Toolchain = 'node' | 'python';

/** An identity token that the script expects in a variable. */
export interface TokenNeed {
  readonly variable: string;
  readonly audience: string;
}

/** How one client publishes to one registry. Lines are for a POSIX shell that stops at the first failure. */
export interface Script {
  readonly toolchain: Toolchain;
  /** Installs and builds; runs before there is any token. */
  readonly build: readonly string[];
  /** Of the identity token, whoever asks for it. */
  readonly audience: string;
  /** Where the client does not ask for its identity token itself. */
  readonly token?: TokenNeed;
  /** Exchanges `token` for an upload token and exports it, for clients that do not exchange themselves. */
  readonly exchange?: { readonly variable: string; readonly lines: readonly string[] };
  readonly publish: readonly string[];
  /** GitHub's own action in place of `publish`. */
  readonly action?: { readonly name: string; readonly with: Readonly<Record<string, string>> };
  /** Lines for a comment above the script. */
  readonly notes: readonly string[];
}

/** What a protocol is asked for. */
export interface ScriptRequest {
  readonly client: string;
  readonly url: URL;
  /** Audiences that the registry accepts. */
  readonly audiences: readonly string[];
  /** The one that it tells to clients which ask. */
  readonly audience: string;
  /** `publish:<registry>:<package>`, where the publisher names one package; an upload token is then for that alone. */
  readonly scope?: string;
  /** The CI, as far as clients know it. */
  readonly native?: Native;
  /** GitHub's actions run there. */
  readonly actions: boolean;
  /** The audience of every token, where the CI lets nobody choose. */
  readonly fixed?: string;
}

/** A protocol's part. */
export interface ScriptPart {
  /** Clients by the name of `--client`; the first is the one unless said. */
  readonly clients: readonly string[];
  /** A sentence when this client cannot publish from there. */
  readonly script: (request: ScriptRequest) => Script | string;
}

/** What a provider is asked for. */
export interface SnippetRequest {
  /** The publisher's name. */
  readonly publisher: string;
  readonly from: From;
  /** URL of the issuer. */
  readonly issuer: string;
  readonly script: Script;
}

export interface SnippetFile {
  /** Where it belongs in the repository; without a `/` or a suffix it is a place in the CI's own settings. */
  readonly path: string;
  readonly language: 'yaml' | 'groovy' | 'shell';
  readonly text: string;
}

/** A provider's part. */
export interface SnippetPart {
  /** As which CI clients know it. */
  readonly native?: (issuer: string) => Native | undefined;
  readonly actions?: true;
  readonly files: (request: SnippetRequest) => readonly SnippetFile[];
}
