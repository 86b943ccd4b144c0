// Countersign with an npm registry for each setting, before two real Verdaccios: what the tests of the npm rules run against.
import type { AuditEvent } from '../../src/audit/event.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { pastEpoch, raw, startProxy, type Policy, type Proxy, type RawAnswer } from '../support/proxy.ts';
import { SERVICE, serviceBasic } from '../support/service-user.ts';
import { startVerdaccio, type VerdaccioOptions, type VerdaccioServer } from '../support/verdaccio.ts';
import { codeOf, draft, escaped, publisher, startTap, uploadToken, type Tap } from './npm-scene.ts';

/** Somebody who publishes by hand, with an account of his own at Verdaccio. */
export const DEV = { username: 'dev', password: 'the-password-of-a-developer' } as const;
/** The commit and the run of every job. */
export const RUN = { sha: '00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee', run_id: '777001', run_attempt: '1' } as const;
const WRONG = { username: SERVICE.username, password: 'not-the-service-secret' } as const;

export type Packument = {
  readonly name: string;
  readonly 'dist-tags': Record<string, string>;
  readonly versions: Record<string, Record<string, unknown>>;
};

export type Program = {
  readonly issuer: CiIssuer;
  readonly proxy: Proxy;
  /** Verdaccio, and the wire to it. Everybody may read there. */
  readonly open: VerdaccioServer;
  readonly tap: Tap;
  /** Another, where only publishers may read. */
  closed(): VerdaccioServer;
  /** Stops it and starts a new one in its place: same address, nothing stored, another secret. */
  replaceClosed(options: VerdaccioOptions): Promise<void>;
  /** A long-lived token of `DEV`. */
  readonly dev: string;
  /** Every answer that a client got. */
  readonly answers: RawAnswer[];
  /** An upload token of the exchange below `base`, a path without its last slash. */
  tokenFor(name: string, base?: string, claims?: Record<string, unknown>): Promise<string>;
  /** An upload token that was good. */
  revoked(name: string): Promise<string>;
  /** One request; a body is JSON unless the headers say otherwise. */
  call(method: string, target: string, authorization?: string, body?: string, headers?: Record<string, string>): Promise<RawAnswer>;
  put(token: string, name: string, document?: object, base?: string): Promise<RawAnswer>;
  get(path: string, token?: string): Promise<RawAnswer>;
  packument(name: string): Promise<Packument | undefined>;
  /** How the request of this answer ended. */
  eventOf(answer: RawAnswer): Promise<AuditEvent>;
  /** Credentials that came to the open Verdaccio, as they stood in `Authorization`. */
  credentials(): string[];
  /** Changes that came to the open Verdaccio, beside logins. */
  writes(): string[];
  /** The policy with these publishers more, and its registries changed. */
  policyWith(more: readonly object[], change?: (registries: Record<string, object>) => void): (port: number) => Policy;
  /** What of the secrets is in the log, the audit record or an answer. */
  leaks(): Promise<string[]>;
  close(): Promise<void>;
};

/** Status and code of a refusal. */
export function refusal(answer: RawAnswer): unknown[] {
  return [answer.status, codeOf(answer)];
}

const { from } = publisher('any', {}) as { from: object };
/** What the job has to be for `publisher`, with something changed. */
export function fromWith(changes: object): { from: object } {
  return { from: { ...from, ...changes } };
}

/** A publisher that tests take away, narrow and give back. */
export const live = publisher('live', { npm: ['@live/*'] }, { create: true });

function registriesAt(port: number, open: string, closed: string): Record<string, object> {
  const login = { verdaccio_login: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } };
  const at = (path: string, more: object = {}): object => ({
    protocol: 'npm',
    url: `http://127.0.0.1:${port}/${path}`,
    upstream: open,
    credential: login,
    ...more,
  });
  return {
    npm: at(''),
    warn: at('warn/', {
      long_lived_tokens: 'warn',
      credential: { basic: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } },
    }),
    allow: at('allow/', { long_lived_tokens: 'allow' }),
    moving: at('moving/', { long_lived_tokens: 'allow', trusted_only: ['@trusted/*'] }),
    mutable: at('mutable/', { immutable: false }),
    capped: at('capped/', { max_concurrent_uploads: 1 }),
    closed: at('closed/', { upstream: closed, reads: 'service' }),
    shut: at('shut/', { upstream: closed }),
    wrong: at('wrong/', { credential: { basic: WRONG } }),
    locked: at('locked/', { upstream: closed, credential: { basic: WRONG }, reads: 'service' }),
    mislogged: at('mislogged/', { credential: { verdaccio_login: WRONG } }),
  };
}

function publishersFor(registries: readonly string[]): object[] {
  const everywhere = Object.fromEntries(registries.map((name) => [name, ['@acme/*', '@trusted/*']]));
  return [
    publisher('ui-release', everywhere, { create: true }),
    publisher('globbed', { npm: ['@glob/*'] }),
    publisher('exact', { npm: ['@exact/one', '@exact/t*'] }),
    publisher('tagged', { npm: ['@tagged/one'] }, { tag: 'v{{version}}' }),
    publisher('channels', { npm: ['@channels/one'] }, { dist_tags: ['next', 'beta-*'], allow: ['publish', 'dist_tag'] }),
    publisher('strict', { npm: ['@strict/one'] }, fromWith({ environment: 'production' })),
  ];
}

/** Starts it all; takes some seconds. */
export async function startProgram(): Promise<Program> {
  const issuer = await startIssuer();
  const open = await startVerdaccio({ jwt: true, people: [DEV] });
  let closed = await startVerdaccio({ jwt: true, people: [DEV], closed: true });
  const tap = await startTap(open.port);
  const dev = await open.login(DEV);
  const answers: RawAnswer[] = [];
  const policyWith: Program['policyWith'] = (more, change) => (port) => {
    const registries = registriesAt(port, tap.url, closed.url);
    change?.(registries);
    const publishers = [...publishersFor(Object.keys(registries)), ...more];
    // One publisher with many packages, all within a minute: what DOS rows test elsewhere would stop these tests.
    const server = { limits: { packages_per_minute: 1000 } };
    return { server, issuers: { github: { issuer: issuer.issuer, insecure: true } }, registries, publishers };
  };
  const proxy = await startProxy({ policy: policyWith([live]), env: { SERVICE_PASSWORD: SERVICE.password } });
  await pastEpoch();

  const tokenFor: Program['tokenFor'] = (name, base = '', claims = {}) =>
    uploadToken(proxy, issuer, name, { base, claims: { ...RUN, ...claims } });
  const call: Program['call'] = async (method, target, authorization, body, headers) => {
    const shown = authorization === undefined ? {} : { authorization };
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await raw(proxy, method, target, { host: proxy.host, ...shown, ...json, ...headers }, body);
    answers.push(answer);
    return answer;
  };
  const put: Program['put'] = (token, name, document = draft(name), base = '') =>
    call('PUT', `${base}/${escaped(name)}`, `Bearer ${token}`, JSON.stringify(document));
  const credentials = (): string[] => tap.heard().flatMap(({ head }) => /^authorization: (.*)$/im.exec(head)?.[1] ?? []);

  return {
    issuer,
    proxy,
    open,
    tap,
    dev,
    answers,
    policyWith,
    tokenFor,
    call,
    put,
    credentials,
    closed: () => closed,
    replaceClosed: async (options) => {
      const { port } = closed;
      await closed.close();
      closed = await startVerdaccio({ ...options, port });
    },
    revoked: async (name) => {
      const token = await tokenFor(name);
      await call('DELETE', `/-/user/token/${token}`, `Bearer ${token}`);
      return token;
    },
    get: (path, token) => call('GET', path, token === undefined ? undefined : `Bearer ${token}`),
    packument: async (name) => (await open.packument(name)) as Packument | undefined,
    eventOf: (answer) => proxy.event((e) => e.request === answer.headers['x-request-id'] && e.outcome !== 'forwarding'),
    writes: () => tap.heard().flatMap(({ method, path }) => (method === 'GET' || path.startsWith('/-/user/') ? [] : [`${method} ${path}`])),
    leaks: async () => {
      tap.forget();
      await put(await tokenFor('@acme/last'), '@acme/last');
      const jwt = credentials().find((credential) => /^Bearer [^.]+\.[^.]+\.[^.]+$/.test(credential));
      if (jwt === undefined) throw new Error('Countersign did not publish with a login of Verdaccio');
      const own = [SERVICE.password, serviceBasic().slice('Basic '.length), jwt.slice('Bearer '.length), WRONG.password];
      const heard = answers.map(({ reason, headers, body }) => `${reason}\n${JSON.stringify(headers)}\n${body}`).join('\n');
      const log = proxy.output();
      return [
        ...own.filter((secret) => heard.includes(secret)).map((secret) => `in an answer: ${secret}`),
        ...[...own, DEV.password, dev].filter((secret) => log.includes(secret)).map((secret) => `in the log: ${secret}`),
        ...(/csgn_[0-9A-Za-z]{10}.{0,20}|eyJ[\w-]+\.[\w-]+\./.exec(log) ?? []).map((token) => `in the log: ${token}`),
      ];
    },
    close: async () => {
      await Promise.all([proxy.close(), tap.close(), open.close(), closed.close(), issuer.close()]);
    },
  };
}
