// Our own CI issuer: serves keys, discovery and token requests in exactly the shape of the real ones, and fails on command.
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { circleciJobEnv, githubJobEnv, gitlabJobEnv, idTokenVariable } from './ci-env.ts';
import type { CiEnv } from './ci-env.ts';
import { circleciClaims, claimText, genericClaims, githubClaims, gitlabClaims } from './claims.ts';
import type { GithubSubject, TestClaims } from './claims.ts';
import { JWKS_PATHS, discoveryDocument } from './discovery.ts';
import type { IssuerStyle } from './discovery.ts';
import { createIssuerKey, signCompact } from './keys.ts';
import type { IssuerKey, SignOptions } from './keys.ts';
import { respond } from './misbehave.ts';
import type { Behaviour } from './misbehave.ts';

/** The endpoints whose requests are counted and which can be told to misbehave. */
export type IssuerEndpoint = 'discovery' | 'jwks' | 'token';

export type IssuerOptions = {
  /** Whose documents are served; default `github`. */
  readonly style?: IssuerStyle;
  /** Path of the issuer below its origin, as CircleCI's `/org/<id>` or GitHub's `/<enterprise>`. */
  readonly path?: string;
  /** The `iss` and discovery issuer when they are to differ from the address served at. */
  readonly issuer?: string;
  readonly alg?: IssuerKey['alg'];
  /** Serves https with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Host name in the issuer's address; it listens on 127.0.0.1 always. */
  readonly host?: string;
  readonly port?: number;
};

export type SignOverrides = Partial<SignOptions> & { readonly kid?: string };

export type CiIssuer = {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  readonly origin: string;
  readonly jwksUri: string;
  readonly requests: Record<IssuerEndpoint, number>;
  /** Signs with the current key; a `header` object is merged over `{alg, kid, typ, x5t}` (undefined removes), a string replaces it. */
  sign(claims: TestClaims | string, overrides?: SignOverrides): string;
  githubClaims(overrides?: TestClaims, subject?: GithubSubject): TestClaims;
  gitlabClaims(overrides?: TestClaims): TestClaims;
  circleciClaims(overrides?: TestClaims): TestClaims;
  genericClaims(overrides?: TestClaims): TestClaims;
  /** A GitHub job of its own: its token request URL answers a fresh token with these claims at every call. */
  githubEnv(claims?: TestClaims, subject?: GithubSubject): CiEnv;
  /** A GitLab job: one fixed token per audience, in the variables the clients look in. */
  gitlabEnv(options: { audience: string | readonly string[]; claims?: TestClaims }): CiEnv;
  circleciEnv(options: { audience: string; claims?: TestClaims }): CiEnv;
  /** Misbehave on an endpoint until told `null` (or until `times` is used up). */
  behave(changes: Partial<Record<IssuerEndpoint, Behaviour | null>>): void;
  currentKey(): IssuerKey;
  keys(): readonly IssuerKey[];
  /** A new signing key. The old one stays in the JWKS unless `withdraw`. */
  rotate(options?: { alg?: IssuerKey['alg']; withdraw?: boolean }): Promise<IssuerKey>;
  close(): Promise<void>;
};

type Job = { readonly token: string; readonly claims: TestClaims; readonly subject: GithubSubject };

type State = {
  readonly style: IssuerStyle;
  readonly path: string;
  readonly issuer: string;
  readonly requests: Record<IssuerEndpoint, number>;
  readonly behaviours: Map<IssuerEndpoint, { behaviour: Behaviour; left: number }>;
  readonly jobs: Map<string, Job>;
  keys: IssuerKey[];
};

/** Starts an issuer on a free port of 127.0.0.1. */
export async function startIssuer(options: IssuerOptions = {}): Promise<CiIssuer> {
  const key = await createIssuerKey(options.alg);
  const holder: { state?: State } = {};
  const listener: RequestListener = (request, response) => {
    if (holder.state !== undefined) void serve(holder.state, request, response);
  };
  const server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener);
  const port = await listen(server, options.port ?? 0);
  const origin = `${options.tls ? 'https' : 'http'}://${options.host ?? '127.0.0.1'}:${port}`;
  const state: State = {
    style: options.style ?? 'github',
    path: options.path ?? '',
    issuer: options.issuer ?? origin + (options.path ?? ''),
    requests: { discovery: 0, jwks: 0, token: 0 },
    behaviours: new Map(),
    jobs: new Map(),
    keys: [key],
  };
  holder.state = state;
  return handle(state, origin, server);
}

function handle(state: State, origin: string, server: Server): CiIssuer {
  return {
    issuer: state.issuer,
    origin,
    jwksUri: origin + state.path + JWKS_PATHS[state.style],
    requests: state.requests,
    sign: (claims, overrides) => signWith(state, claims, overrides),
    githubClaims: (claims, subject) => githubClaims({ iss: state.issuer, ...claims }, subject),
    gitlabClaims: (claims) => gitlabJobClaims(state, claims),
    circleciClaims: (claims) => circleciClaims({ iss: state.issuer, ...claims }),
    genericClaims: (claims) => genericClaims({ iss: state.issuer, ...claims }),
    githubEnv: (claims = {}, subject = 'immutable') => githubEnv(state, origin, claims, subject),
    gitlabEnv: (job) => gitlabEnv(state, job),
    circleciEnv: ({ audience, claims }) => {
      const token = signWith(state, { ...circleciClaims({ iss: state.issuer, ...claims }), aud: audience });
      return circleciJobEnv({ CIRCLE_OIDC_TOKEN_V2: token, [idTokenVariable(audience)]: token });
    },
    behave(changes) {
      for (const endpoint of ['discovery', 'jwks', 'token'] as const) {
        const behaviour = changes[endpoint];
        if (behaviour === null) state.behaviours.delete(endpoint);
        else if (behaviour) state.behaviours.set(endpoint, { behaviour, left: behaviour.times ?? Infinity });
      }
    },
    currentKey: () => newest(state),
    keys: () => state.keys,
    async rotate({ alg = newest(state).alg, withdraw = false } = {}) {
      const key = await createIssuerKey(alg);
      state.keys = withdraw ? [key] : [...state.keys, key];
      return key;
    },
    close: () => close(server),
  };
}

function newest(state: State): IssuerKey {
  const key = state.keys.at(-1);
  if (key === undefined) throw new Error('the test issuer has no key');
  return key;
}

function signWith(state: State, claims: TestClaims | string, overrides: SignOverrides = {}): string {
  const named = state.keys.find((candidate) => candidate.kid === overrides.kid);
  const key = named ?? newest(state);
  const alg = overrides.alg ?? key.alg;
  const usual = { alg, kid: overrides.kid ?? key.kid, typ: 'JWT', x5t: key.x5t };
  const header = typeof overrides.header === 'string' ? overrides.header : { ...usual, ...overrides.header };
  return signCompact(claims, { alg, key: overrides.key ?? key.privateKey, header });
}

function githubEnv(state: State, origin: string, claims: TestClaims, subject: GithubSubject): CiEnv {
  // The doubled slash and the two ids are how GitHub's own run service writes this address.
  const path = `/${state.jobs.size + 1}//idtoken/${randomUUID()}/${randomUUID()}`;
  const token = randomBytes(24).toString('base64url');
  // The run is the job's, only `jti` and the times are each token's.
  const { run_id, check_run_id, ...rest } = githubClaims(claims, subject);
  state.jobs.set(path, { token, claims: { iss: state.issuer, run_id, check_run_id, ...claims }, subject });
  return githubJobEnv({ run_id, ...rest }, `${origin}${path}?api-version=2.0`, token);
}

function gitlabEnv(state: State, job: { audience: string | readonly string[]; claims?: TestClaims }): CiEnv {
  const audiences = typeof job.audience === 'string' ? [job.audience] : job.audience;
  const claims = gitlabJobClaims(state, job.claims);
  const tokens = audiences.map((aud): [string, string] => [idTokenVariable(aud), signWith(state, { ...claims, aud, jti: randomUUID() })]);
  return gitlabJobEnv(claims, Object.fromEntries(tokens));
}

function gitlabJobClaims(state: State, claims: TestClaims = {}): TestClaims {
  return gitlabClaims({ iss: state.issuer, ...claims }, new URL(state.issuer).host);
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path === `${state.path}/.well-known/openid-configuration`) {
    const algorithms = [...new Set(state.keys.map((key) => key.alg))];
    return answer(state, 'discovery', response, discoveryDocument(state.style, state.issuer, algorithms));
  }
  if (path === state.path + JWKS_PATHS[state.style]) {
    return answer(state, 'jwks', response, { keys: state.keys.map((key) => key.jwk) });
  }
  const job = state.jobs.get(path);
  if (job === undefined) return respond(response, { message: 'Not Found' }, { status: 404 });
  if (/^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] !== job.token) {
    state.requests.token += 1;
    return respond(response, { message: 'Bad credentials' }, { status: 401 });
  }
  return answer(state, 'token', response, tokenAnswer(state, job, new URLSearchParams(query).get('audience')));
}

function tokenAnswer(state: State, job: Job, audience: string | null): { count: number; value: string } {
  const claims = githubClaims(job.claims, job.subject);
  const aud = job.claims['aud'] ?? audience ?? `https://github.com/${claimText(claims['repository_owner'])}`;
  const value = signWith(state, { ...claims, aud });
  return { count: value.length, value };
}

function answer(state: State, endpoint: IssuerEndpoint, response: ServerResponse, body: unknown): Promise<void> {
  state.requests[endpoint] += 1;
  const planned = state.behaviours.get(endpoint);
  if (planned === undefined || planned.left <= 0) return respond(response, body);
  planned.left -= 1;
  return respond(response, body, planned.behaviour);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
