// Requests and answers as a protocol sees and writes them.

/** The head of a request, after the checks of `gateway/headers.ts`. */
export interface Head {
  readonly method: string;
  /** Path below the registry's URL (or below the host's root), with its leading `/`, still percent-encoded. No dot segments, `//`, `\`, or controls. */
  readonly path: string;
  /** Without `?`; empty when there is none. */
  readonly query: string;
  /** By lower-case name; each name that matters occurs once. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A complete answer of ours. */
export interface Reply {
  readonly status: number;
  /** Reason phrase: printable ASCII on one line. */
  readonly reason?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request that we build ourselves and send with the service credential. The path is below the upstream URL, without leading `/`. */
export interface UpstreamRequest {
  readonly method: 'PUT' | 'POST' | 'DELETE' | 'GET';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}
