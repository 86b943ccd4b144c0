// Countersign with an npm and a PyPI registry before an upstream that answers writes as the test says: what real ones never do.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { draft, escaped, exchange, uploadToken } from '../gateway/npm-scene.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { SERVICE } from '../support/service-user.ts';
import { fromUi, identityOf, mintToken, registryOf, serviceEnv, tokenBasic } from '../support/ui-job.ts';

export type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
};

export type World = {
  readonly issuer: CiIssuer;
  readonly proxy: Proxy;
  /** Requests that reached the upstream, without the questions for what exists. */
  writes(): Seen[];
  all(): Seen[];
  /** How writes are answered from now on; without an argument 200. */
  answerWrites(answer?: (res: ServerResponse) => void): void;
  /** A token of the exchange for PyPI, and one for npm. */
  pypiToken(claims?: Record<string, unknown>): Promise<string>;
  npmToken(name: string): Promise<string>;
  identity(claims?: Record<string, unknown>): string;
  exchangeNpm(name: string, claims?: Record<string, unknown>): Promise<RawAnswer>;
  uploadPypi(token: string, version: string, changes?: Record<string, string>): Promise<RawAnswer>;
  uploadNpm(token: string, name: string, version?: string): Promise<RawAnswer>;
  post(path: string, body: string, headers?: Record<string, string>): Promise<RawAnswer>;
  /** The policy, for reloads. */
  policy(port: number, admin?: number): Policy;
  close(): Promise<void>;
};

const publisher = { name: 'ui', from: fromUi, publish: { npm: ['@acme/ui', '@acme/late'], pypi: ['acme-ui'] }, ttl: '5m' };

/** Publishers whose tokens are good for some uploads only; of another workflow, so that no other token has them. */
const counted = [
  { name: 'three', from: fromUi, publish: { npm: ['@acme/three'] }, max_uploads: 3 },
  { name: 'single', from: { ...fromUi, workflow: 'single.yml' }, publish: { pypi: ['acme-ui'] }, single_use: true },
];

export type WorldOptions = {
  readonly issuer?: CiIssuer;
  /** `store:` of the policy. */
  readonly store?: string;
  /** Arguments for Node. */
  readonly node?: readonly string[];
  /** `server:` of the policy beside the listeners; gets the admin listener's port. */
  readonly server?: (admin: number) => Policy;
  /** Further sections of the policy. */
  readonly sections?: Policy;
  /** Fields of the registries. */
  readonly pypi?: Policy;
  readonly npm?: Policy;
  readonly env?: Readonly<Record<string, string>>;
  /** What the publisher may do. */
  readonly allow?: readonly string[];
};

/** Starts it all; about two seconds. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const issuer = options.issuer ?? (await startIssuer());
  const seen: Seen[] = [];
  const own = options.issuer === undefined ? [issuer] : [];
  let answer = fine;
  const upstream = createServer((req, res) => {
    seen.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers });
    req.resume().on('error', () => undefined);
    if (req.method === 'GET' || req.method === 'HEAD') res.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    else req.on('end', () => answer(res));
  });
  const url = await listening(upstream);
  const policy = (port: number, admin = 0): Policy => ({
    ...(options.server === undefined ? {} : { server: options.server(admin) }),
    ...(options.store === undefined ? {} : { store: options.store }),
    ...options.sections,
    issuers: { github: { issuer: issuer.issuer, insecure: true } },
    registries: {
      npm: registryOf('npm', `http://127.0.0.1:${port}/`, url, options.npm ?? {}),
      pypi: registryOf('pypi', `http://127.0.0.1:${port}/pypi/`, `${url}pypi/`, { simple: 'simple/', ...options.pypi }),
    },
    publishers: [{ ...publisher, ...(options.allow === undefined ? {} : { allow: options.allow }) }, ...counted],
  });
  const proxy = await startProxy({
    policy,
    env: { ...serviceEnv, ...options.env },
    ...(options.node === undefined ? {} : { node: options.node }),
  });
  await pastEpoch();
  const host = { host: proxy.host };
  return {
    issuer,
    proxy,
    policy,
    all: () => seen,
    writes: () => seen.filter(({ method }) => method !== 'GET'),
    answerWrites: (next = fine) => void (answer = next),
    pypiToken: (claims) => mintToken(proxy, issuer, claims),
    npmToken: (name) => uploadToken(proxy, issuer, name),
    identity: (claims) => identityOf(issuer, proxy, claims),
    exchangeNpm: (name, claims = {}) => exchange(proxy, issuer, name, { claims }),
    uploadPypi: (token, version, changes = {}) => {
      const headers = { ...host, authorization: tokenBasic(token), 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
      return raw(proxy, 'POST', '/pypi/', headers, form(plainWith({ name: 'acme-ui', version, ...changes }, `acme_ui-${version}.tar.gz`)));
    },
    uploadNpm: (token, name, version = '1.0.0') => {
      const headers = { ...host, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      return raw(proxy, 'PUT', `/${escaped(name)}`, headers, JSON.stringify(draft(name, version)));
    },
    post: (path, body, headers = {}) => raw(proxy, 'POST', path, { ...host, 'content-type': 'application/json', ...headers }, body),
    close: async () => {
      await Promise.all([proxy, ...own].map((each) => each.close()));
      upstream.closeAllConnections();
      await new Promise((resolve) => void upstream.close(resolve));
    },
  };
}

/** The service credential as it stands in `Authorization`. */
export const serviceHeader = `Basic ${Buffer.from(`${SERVICE.username}:${SERVICE.password}`).toString('base64')}`;

function fine(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
