// The job of a scenario: what its CI puts into the environment, and the identity tokens that it hands out.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { githubJobEnv, type CiEnv } from '../support/ci-env.ts';
import { githubClaims, type TestClaims } from '../support/claims.ts';
import type { Scene, Situation } from './scenario.ts';

/** Hands out identity tokens as GitHub does, each made by the scenario that asks. */
export interface TokenService {
  /** The environment of a job; every request for a token comes to `make`, with the audience asked for. */
  readonly env: (claims: TestClaims, make: (audience: string) => string | Promise<string>) => CiEnv;
  readonly port: number;
  readonly close: () => Promise<void>;
}

export async function startTokenService(): Promise<TokenService> {
  const makers: ((audience: string) => string | Promise<string>)[] = [];
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://ci.example');
    const make = makers[Number(url.pathname.slice(1))];
    void Promise.resolve(make?.(url.searchParams.get('audience') ?? '')).then(
      (value) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ count: value?.length, value })),
      (error: unknown) => res.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    env: (claims, make) => {
      makers.push(make);
      return githubJobEnv(claims, `http://127.0.0.1:${port}/${makers.length - 1}?api-version=2.0`, 'request-token');
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The claims of a scenario's job, which its publisher lets publish unless the scenario says otherwise. */
export function claimsOf(situation: Situation, { id, issuer }: Pick<Scene, 'id' | 'issuer'>, aud: string): TestClaims {
  const usual = { repository: `acme/${id}`, repository_owner_id: '11', ref: 'refs/tags/v1.0.0', event_name: 'push' };
  return githubClaims({ iss: issuer.issuer, aud, ...usual, ...situation.claims });
}

/** The identity token that the CI of the scenario hands out for an audience. */
export async function identityOf(situation: Situation, scene: Scene, aud: string): Promise<string> {
  const claims = claimsOf(situation, scene, aud);
  return situation.token === undefined ? scene.issuer.sign(claims) : situation.token(claims, scene);
}

/** The publisher of a scenario; without what the scenario changes, it lets the job publish. */
export function publisherOf(situation: Situation, id: string, packages: Readonly<Record<string, readonly string[]>>): object[] {
  if (situation.publisher === 'none') return [];
  const patch = typeof situation.publisher === 'function' ? situation.publisher(id) : situation.publisher;
  const { from, ...rest } = { from: {}, ...patch };
  const usual = { issuer: 'github', repository: `acme/${id}`, repository_owner_id: '11', workflow: 'release.yml' };
  return [
    {
      name: `${id}-release`,
      from: { ...usual, environment: 'any', ref: 'refs/tags/v*', ...(from as object) },
      publish: packages,
      create: true,
      ...rest,
    },
  ];
}
