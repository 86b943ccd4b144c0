// One HTTP request of a command: bounded in time and size, redirects never followed, failures as one plain sentence.
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { CommandFailed, exitCode } from './exit.ts';

/** Milliseconds for the whole of a request. */
const timeout = 10_000;
/** Bytes of an answer that are read. */
const answerLimit = 1024 * 1024;

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly dispatcher?: Dispatcher;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * Sends it. A redirect is an answer like any other: following one would carry a token to whoever it names (SEC-09).
 * @throws CommandFailed (`outage`) when no answer comes; the sentence has the address without user, password or query
 */
export async function ask(url: URL, call: Call = {}): Promise<Answer> {
  try {
    const { statusCode, headers, body } = await request(url, {
      method: call.method ?? 'GET',
      headers: { 'user-agent': 'countersign-cli', accept: 'application/json', ...call.headers },
      signal: AbortSignal.timeout(timeout),
      ...(call.body === undefined ? {} : { body: call.body }),
      ...(call.dispatcher === undefined ? {} : { dispatcher: call.dispatcher }),
    });
    return { status: statusCode, headers, text: await readBounded(body) };
  } catch (error) {
    throw new CommandFailed(exitCode.outage, `${address(url)} cannot be reached: ${reasonOf(error)}.`);
  }
}

/** Scheme, host and path: what may be shown of an address. */
export function address(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** One header of an answer as text. */
export function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Connections that also trust the certificate authorities of a PEM file, where one is configured. */
export function trusting(caFile: string | undefined): Dispatcher | undefined {
  return caFile === undefined ? undefined : new Agent({ connect: { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] } });
}

/** Connections through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`); loopback is always direct. */
export function throughProxy(env: NodeJS.ProcessEnv): Dispatcher {
  const from = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';
  const noProxy = [from('NO_PROXY'), '127.0.0.1', '::1', 'localhost', '169.254.169.254', 'metadata.google.internal'];
  return new EnvHttpProxyAgent({
    httpProxy: from('HTTP_PROXY'),
    httpsProxy: from('HTTPS_PROXY'),
    noProxy: noProxy.filter((entry) => entry !== '').join(','),
  });
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > answerLimit) throw new Error(`the answer is longer than ${answerLimit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted; name the authority in NODE_EXTRA_CA_CERTS or `ca_file`',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted; name the authority in NODE_EXTRA_CA_CERTS or `ca_file`',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it in NODE_EXTRA_CA_CERTS or `ca_file`',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What went wrong, without the error's own text where that could hold more than it should (SEC-06). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if (error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return error.message.startsWith('the answer is longer') ? error.message : error.name;
  return sentences[code] ?? code;
}
