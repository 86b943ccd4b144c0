// Requests and answers of the admin side, as plain values.

export interface AdminRequest {
  readonly method: string;
  /** As the request has it, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A complete answer. */
export interface AdminReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One header of a request; the first where there are several. */
export function header({ headers }: Pick<AdminRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** A JSON document. What the admin side says is kept by nobody (SEC-12). */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): AdminReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: `${JSON.stringify(body)}\n` };
}

/** A problem as RFC 9457 has it. */
export function problem(status: number, title: string, detail: string, headers: Readonly<Record<string, string>> = {}): AdminReply {
  return json(status, { title, status, detail }, { 'content-type': 'application/problem+json', ...headers });
}
