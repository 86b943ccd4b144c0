// One kind of refusal: a row of the table.

export interface RefusalKind {
  /** HTTP status (RFC 9110). Registries may move it within its class where a client shows nothing otherwise. */
  readonly status: number;
  /** Short title for RFC 9457 problem documents. */
  readonly title: string;
  /** What is wrong, with values; one sentence or two, ends with a full stop. */
  readonly sentence: (v: Record<string, string>) => string;
  /** What to change, so that whoever reads it need not ask anybody; empty only where a value says it. */
  readonly fix: (v: Record<string, string>) => string;
  /** The PyPI exchange error code (Warehouse `errors[].code`) that is nearest. */
  readonly pypi?: 'invalid-payload' | 'invalid-token' | 'invalid-publisher' | 'invalid-reuse-token';
  /** The OAuth 2.0 error code (RFC 6749 5.2, RFC 8693 2.2.2) that is nearest. */
  readonly oauth?:
    | 'invalid_request'
    | 'invalid_grant'
    | 'invalid_target'
    | 'invalid_scope'
    | 'unsupported_grant_type'
    | 'temporarily_unavailable'
    | 'slow_down';
}
