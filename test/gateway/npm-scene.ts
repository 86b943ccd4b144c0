// A GitHub job, Countersign, and a real Verdaccio whose wire is listened to: what the npm tests of the gateway play in.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { manifest, publish, tarball, type Change, type Draft } from '../registries/npm/publishing.ts';
import type { CiIssuer } from '../support/issuer.ts';
import { raw, type Proxy, type RawAnswer } from '../support/proxy.ts';

/** What the claims of the job say, beside the audience. */
export const JOB = {
  repository: 'acme/ui',
  repository_id: '101',
  repository_owner: 'acme',
  repository_owner_id: '11',
  ref: 'refs/tags/v1.0.0',
  event_name: 'push',
  environment: 'production',
  repository_visibility: 'private',
} as const;

/** A publisher of the policy that matches the job. */
export function publisher(name: string, publish: Readonly<Record<string, readonly string[]>>, more: object = {}): object {
  const from = {
    issuer: 'github',
    repository: 'acme/ui',
    repository_owner_id: '11',
    workflow: 'release.yml',
    environment: 'any',
    ref: 'any',
  };
  return { name, from, publish, ...more };
}

/** A tarball as npm packs it. */
export function packed(name: string, version: string, content = `module.exports = '${version}'\n`): Buffer {
  return tarball([manifest({ name, version }), { path: 'package/index.js', content }]);
}

/** A publish document as npm sends it, after a change. */
export function draft(name: string, version = '1.0.0', change: Change = () => {}, file = packed(name, version)): Draft {
  return publish(change, file, { name, version });
}

/** The name as npm writes it in paths. */
export function escaped(name: string): string {
  return name.replace('/', '%2f');
}

export type JobCall = {
  /** Claims that differ from `JOB`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Path of the registry below the host, without its last slash. */
  readonly base?: string;
};

/** The exchange as npm asks for it. */
export function exchange(proxy: Proxy, issuer: CiIssuer, name: string, { claims, base = '' }: JobCall = {}): Promise<RawAnswer> {
  const identity = issuer.sign(issuer.githubClaims({ ...JOB, aud: 'npm:127.0.0.1', ...claims }));
  const headers = { host: proxy.host, authorization: `Bearer ${identity}`, 'content-length': '0' };
  return raw(proxy, 'POST', `${base}/-/npm/v1/oidc/token/exchange/package/${escaped(name)}`, headers);
}

/** The upload token of an exchange that is answered as it should be. */
export async function uploadToken(proxy: Proxy, issuer: CiIssuer, name: string, call: JobCall = {}): Promise<string> {
  const answer = await exchange(proxy, issuer, name, call);
  if (answer.status !== 201) throw new Error(`the exchange was answered ${answer.status}: ${answer.body}`);
  return String((JSON.parse(answer.body) as { token: unknown }).token);
}

/** The `code` that a refusal of ours names in its body; undefined in any other answer. */
export function codeOf(answer: Pick<RawAnswer, 'body'>): string | undefined {
  try {
    const body = JSON.parse(answer.body) as { code?: unknown };
    return typeof body.code === 'string' ? body.code : undefined;
  } catch {
    return undefined;
  }
}

/** One request, byte by byte, for what no HTTP client would send. It must ask for `Connection: close`. */
export function wire(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      socket.end();
      resolve(readAnswer(Buffer.concat(chunks).toString()));
    });
  });
}

/** An upload whose body is sent when the test says so. */
export type SlowUpload = { sendRest(): Promise<RawAnswer>; cut(): void };

/** Sends the head and half of a publish; resolves when the proxy has asked for the body, which is when it counts as under way. */
export function slowUpload(proxy: Proxy, token: string, path: string, document: object): Promise<SlowUpload> {
  const body = Buffer.from(JSON.stringify(document));
  const half = Math.floor(body.length / 2);
  const fields = [
    `PUT ${path} HTTP/1.1`,
    `Host: ${proxy.host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
    'Connection: close',
  ];
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(proxy.port, '127.0.0.1', () => socket.write(`${fields.join('\r\n')}\r\n\r\n`));
    const ended = new Promise<void>((done) => void socket.once('close', () => done()));
    const sendRest = async (): Promise<RawAnswer> => {
      socket.write(body.subarray(half));
      await ended;
      return readAnswer(text.replace(/^HTTP\/1\.1 100[^\r]*\r\n\r\n/, ''));
    };
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      const asked = text === '' && chunk.toString().startsWith('HTTP/1.1 100');
      text += chunk.toString();
      if (!asked) return;
      socket.write(body.subarray(0, half));
      resolve({ sendRest, cut: () => socket.destroy() });
    });
    socket.on('close', () => reject(new Error(`closed before the body was asked for: ${text}`)));
  });
}

function readAnswer(text: string): RawAnswer {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const [, status = '0', reason = ''] = /^HTTP\/1\.1 (\d+) ?(.*)$/.exec(line) ?? [];
  const headers = Object.fromEntries(fields.map((field) => [field.split(':')[0]?.toLowerCase() ?? '', field.replace(/^[^:]*: */, '')]));
  return { status: Number(status), reason, headers, body: body.join('\r\n\r\n') };
}

/** A request as it came to the upstream. */
export type Heard = { readonly method: string; readonly path: string; readonly head: string };

export type Tap = {
  readonly url: string;
  /** Everything sent to the upstream, as latin1. */
  text(): string;
  /** The requests in it. */
  heard(): Heard[];
  forget(): void;
  /** Cuts both sides of a connection once the client has sent this many bytes on it; `undefined`: never. */
  cutAfter(bytes: number | undefined): void;
  close(): Promise<void>;
};

/** Listens in on the wire to a server of this machine: hands bytes on and keeps those that go to it. */
export async function startTap(port: number): Promise<Tap> {
  const sockets = new Set<net.Socket>();
  const pieces = new Map<net.Socket, string>();
  let limit = Number.POSITIVE_INFINITY;
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1');
    pieces.set(client, '');
    client.on('data', (chunk) => {
      const all = `${pieces.get(client) ?? ''}${chunk.toString('latin1')}`;
      pieces.set(client, all);
      if (all.length > limit) upstream.destroy();
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const text = (): string => [...pieces.values()].filter((piece) => piece !== '').join('\r\n');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    text,
    heard: () =>
      [...text().matchAll(/(GET|HEAD|PUT|POST|DELETE|PATCH|OPTIONS) (\S+) HTTP\/1\.1\r\n([\s\S]*?)\r\n\r\n/g)].map(
        ([, method = '', path = '', head = '']) => ({ method, path, head }),
      ),
    forget: () => {
      for (const client of pieces.keys()) pieces.set(client, '');
    },
    cutAfter: (bytes) => {
      limit = bytes ?? Number.POSITIVE_INFINITY;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

/** Every file below a folder with the SHA-256 of its content, by its path; folders end with `/`. */
export function listing(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return Object.fromEntries(
    paths.map((path) => {
      const full = join(folder, path);
      if (statSync(full).isDirectory()) return [`${path}/`, ''];
      return [path, createHash('sha256').update(readFileSync(full)).digest('hex')];
    }),
  );
}
