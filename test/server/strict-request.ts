// A strict RFC 9112 reader of what an upstream received on one connection: requests one after the other, with no room for two opinions.

/** One complete request. */
export interface StrictRequest {
  readonly method: string;
  readonly target: string;
  /** By lower-case name, in order, repeated ones kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Strict {
  readonly requests: readonly StrictRequest[];
  /** What came of a request that is not complete. */
  readonly rest: string;
}

const requestLine = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/[\x21-\x7e]*) HTTP\/1\.1$/;
const headerLine = /^([A-Za-z0-9-]+): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;

/**
 * Reads the bytes (as latin1). Throws for whatever a lenient parser would read differently: another form of a line, a bare CR
 * or LF, two framing headers or none that is known, chunk extensions, trailers, no Host or two.
 */
export function readStrictly(text: string): Strict {
  const requests: StrictRequest[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return { requests, rest };
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
    const [, method = '', target = ''] = requestLine.exec(first) ?? fail(`the request line ${JSON.stringify(first)}`);
    const headers = lines.map((line): [string, string] => {
      const [, name = '', value = ''] = headerLine.exec(line) ?? fail(`the header line ${JSON.stringify(line)}`);
      return [name.toLowerCase(), value];
    });
    const body = readBody(headers, rest.slice(end + 4));
    if (body === undefined) return { requests, rest };
    requests.push({ method, target, headers, body: body.text });
    rest = body.rest;
  }
  return { requests, rest };
}

/** The values of a header. */
export function valuesOf(request: StrictRequest, name: string): string[] {
  return request.headers.filter(([key]) => key === name).map(([, value]) => value);
}

function readBody(headers: readonly (readonly [string, string])[], after: string): { text: string; rest: string } | undefined {
  const of = (name: string): string[] => headers.filter(([key]) => key === name).map(([, value]) => value);
  const [length, coding, host] = [of('content-length'), of('transfer-encoding'), of('host')];
  if (host.length !== 1) fail(`${host.length} Host headers`);
  if (length.length + coding.length > 1) fail(`framing by ${[...length, ...coding].join(' and ')}`);
  if (coding.length > 0) return coding[0] === 'chunked' ? readChunks(after) : fail(`the coding ${coding[0]}`);
  if (length.length === 0) return { text: '', rest: after };
  if (!/^(?:0|[1-9]\d*)$/.test(length[0] ?? '')) fail(`the length ${length[0]}`);
  const size = Number(length[0]);
  return after.length < size ? undefined : { text: after.slice(0, size), rest: after.slice(size) };
}

function readChunks(after: string): { text: string; rest: string } | undefined {
  let text = '';
  let rest = after;
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end === -1) return undefined;
    const line = rest.slice(0, end);
    if (!/^(?:0|[1-9a-fA-F][0-9a-fA-F]{0,7})$/.test(line)) fail(`the chunk line ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    rest = rest.slice(end + 2);
    if (rest.length < size + 2) return undefined;
    if (rest.slice(size, size + 2) !== '\r\n') fail('a chunk (or the trailers) without its line end');
    text += rest.slice(0, size);
    rest = rest.slice(size + 2);
    if (size === 0) return { text, rest };
  }
}

function fail(what: string): never {
  throw new Error(`the upstream received ${what}`);
}
