// The program in front of an upstream of plain TCP that keeps every byte, with an upload token for each protocol.
import type net from 'node:net';
import { startRawUpstream, type RawUpstream } from '../gateway/raw-upstream.ts';
import { readStrictly, type StrictRequest } from '../server/strict-request.ts';
import { startIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy } from '../support/proxy.ts';
import { fromUi, identityOf, mintToken, registryOf, serviceEnv } from '../support/ui-job.ts';

export interface Scene {
  readonly port: number;
  readonly host: string;
  readonly pypiToken: string;
  readonly npmToken: string;
  readonly upstream: RawUpstream;
  readonly output: () => string;
  /** Complete requests that the upstream received since the last call. Throws when what it received is not strictly HTTP. */
  readonly news: () => StrictRequest[];
  /** Throws unless the program is the one that was started and answers a plain read. */
  readonly alive: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Answers each complete request: a project or package that is not there, else `ok`. */
function react(): (socket: net.Socket, text: string) => void {
  const answered = new WeakMap<net.Socket, number>();
  return (socket, text) => {
    const from = answered.get(socket) ?? 0;
    const { requests, rest } = leniently(text.slice(from));
    answered.set(socket, text.length - rest.length);
    for (const { method, target } of requests) {
      const api = target.endsWith('/+api');
      const missing = method === 'GET' && !api && !target.includes('item');
      const body = api ? '{"type":"apiconfig"}' : 'ok';
      const head = `HTTP/1.1 ${missing ? '404 Not Found' : '200 OK'}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      socket.write(method === 'HEAD' ? head : head + body);
    }
  };
}

/** The upstream itself does not judge: `news` does. */
function leniently(text: string): ReturnType<typeof readStrictly> {
  try {
    return readStrictly(text);
  } catch {
    return { requests: [], rest: text };
  }
}

export async function openScene(): Promise<Scene> {
  const issuer = await startIssuer({ style: 'github' });
  const upstream = await startRawUpstream(react());
  const origin = `http://127.0.0.1:${upstream.port}`;
  const proxy = await startProxy({
    env: serviceEnv,
    policy: (port) => ({
      issuers: { github: { issuer: issuer.issuer, insecure: true } },
      registries: {
        npm: registryOf('npm', `http://127.0.0.1:${port}/npm/`, `${origin}/npm/`, { long_lived_tokens: 'allow' }),
        pypi: registryOf('pypi', `http://127.0.0.1:${port}/pypi/`, `${origin}/pypi/`),
      },
      publishers: [{ name: 'ui', from: fromUi, allow: ['publish', 'dist_tag'], publish: { npm: ['@acme/ui'], pypi: ['allowed'] } }],
    }),
  });
  await pastEpoch();
  const pypiToken = await mintToken(proxy, issuer);
  const authorization = `Bearer ${identityOf(issuer, proxy, { aud: 'npm:127.0.0.1' })}`;
  const headers = { host: proxy.host, authorization, 'content-length': '0' };
  const minted = await raw(proxy, 'POST', '/-/npm/v1/oidc/token/exchange/package/@acme%2fui', headers);
  const { token: npmToken } = JSON.parse(minted.body) as { token: string };
  const read: number[] = [];
  return {
    port: proxy.port,
    host: proxy.host,
    pypiToken,
    npmToken,
    upstream,
    output: () => proxy.output(),
    news: () =>
      upstream.connections.flatMap((connection, at) => {
        const text = connection.received();
        const { requests, rest } = readStrictly(text.slice(read[at] ?? 0));
        read[at] = text.length - rest.length;
        return [...requests];
      }),
    alive: async () => {
      process.kill(proxy.pid, 0);
      const answer = await raw(proxy, 'GET', '/npm/item', { host: proxy.host });
      if (answer.status !== 200)
        throw new Error(`a plain read is answered ${answer.status} ${answer.body}\n${proxy.output().slice(-2000)}`);
    },
    close: async () => {
      await Promise.all([proxy.close(), issuer.close(), upstream.close()]);
    },
  };
}
