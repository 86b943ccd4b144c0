// `?dry_run=1` in every dialect, through the program: everything is verified and matched, and nothing comes of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf } from '../gateway/npm-scene.ts';
import { startWorld, type World } from '../security/world.ts';
import { raw, type RawAnswer } from '../support/proxy.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 40_000);
afterAll(() => world?.close());

type Dialect = {
  /** Paths of the exchange, at the host's root and below a registry. */
  readonly paths: readonly string[];
  readonly audience: () => string;
  readonly minted: number;
  readonly ask: (path: string, identity: string) => Promise<RawAnswer>;
  /** The code of a refusal, where its body has it. */
  readonly refusal: (answer: RawAnswer) => string | undefined;
};

const json = (answer: RawAnswer): Record<string, unknown> => JSON.parse(answer.body) as Record<string, unknown>;
const dialects: Record<string, Dialect> = {
  PyPI: {
    paths: ['/_/oidc/mint-token', '/_/oidc/github/mint-token', '/pypi/_/oidc/mint-token'],
    audience: () => world.proxy.host,
    minted: 200,
    ask: (path, identity) => world.post(path, JSON.stringify({ token: identity })),
    refusal: (answer) => /urn:countersign:refusal:([\w-]+)/.exec(answer.body)?.[1],
  },
  npm: {
    paths: ['/-/npm/v1/oidc/token/exchange/package/@acme%2fui'],
    audience: () => 'npm:127.0.0.1',
    minted: 201,
    ask: (path, identity) =>
      raw(world.proxy, 'POST', path, { host: world.proxy.host, authorization: `Bearer ${identity}`, 'content-length': '0' }),
    refusal: codeOf,
  },
  'RFC 8693': {
    paths: ['/-/oidc/token', '/pypi/-/oidc/token'],
    audience: () => `http://${world.proxy.host}`,
    minted: 200,
    ask: (path, identity) => {
      const form = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: identity,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      });
      return world.post(path, form.toString(), { 'content-type': 'application/x-www-form-urlencoded' });
    },
    refusal: codeOf,
  },
};
const cases = Object.entries(dialects).flatMap(([name, dialect]) => dialect.paths.map((path) => [name, path, dialect] as const));
const eventOf = (answer: RawAnswer) => world.proxy.event((event) => event.request === answer.headers['x-request-id']);

describe.each(cases)('a dry run of the %s exchange at %s', (_, path, { ask, audience, minted, refusal }) => {
  const identity = (claims: Record<string, unknown> = {}): string => world.identity({ aud: audience(), ...claims });

  test('P5 says what would be granted, mints nothing, and leaves the identity token as it was', async () => {
    const token = identity();
    for (let time = 0; time < 2; time += 1) {
      const answer = await ask(`${path}?dry_run=1`, token);
      expect([answer.status, answer.headers['cache-control']], answer.body).toEqual([200, 'no-store']);
      expect(json(answer)).toEqual({ dry_run: true, expires_in: 300, grants: expect.any(Array) });
      const grants = json(answer)['grants'] as { registry: string }[];
      expect(grants).toContainEqual(
        path.includes('npm')
          ? { registry: 'npm', publisher: 'ui', packages: ['@acme/ui'] }
          : { registry: 'pypi', publisher: 'ui', packages: ['acme-ui'] },
      );
      expect(answer.body).not.toContain('csgn_');
      const event = await eventOf(answer);
      expect(event).toMatchObject({ event: 'exchange', outcome: 'dry-run', anchor: 'acme/ui', publishers: expect.arrayContaining(['ui']) });
      expect([event.code, event.token, event.expires]).toEqual([undefined, undefined, undefined]);
    }
    expect((await ask(path, token)).status).toBe(minted);
    expect(refusal(await ask(`${path}?dry_run=1`, token))).toBe('token-used');
  });

  test('P8 is refused as the real one is, with the same status and the same explanation, and the record says that it was a try', async () => {
    for (const claims of [{ ref: 'refs/heads/main' }, { aud: 'someone-else' }, { exp: 1 }, { repository: 'acme/fork' }]) {
      const [real, tried] = [await ask(path, identity(claims)), await ask(`${path}?dry_run=1`, identity(claims))];
      const comparable = ({ status, reason, body }: RawAnswer): string =>
        `${status} ${reason} ${body.replaceAll(/[0-9a-f]{16}|\d+ (s|min|h|days?)\b/g, '')}`;
      expect(tried.status).toBeGreaterThanOrEqual(400);
      expect(comparable(tried)).toBe(comparable(real));
      const [one, other] = [await eventOf(real), await eventOf(tried)];
      expect([one.outcome, other.outcome, other.code]).toEqual(['refused', 'dry-run', one.code]);
    }
  });

  test.each(['dry_run=true', 'dry_run=0', 'dry_run=', 'dry_run', 'dry_run=1&dry_run=1', 'dry_run=1&dry_run=0'])(
    'mints nothing for ?%s',
    async (query) => {
      const token = identity();
      const answer = await ask(`${path}?${query}`, token);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain('csgn_');
      expect((await ask(path, token)).status).toBe(minted);
    },
  );
});

test('a refused dry run is not what an upload is told of later', async () => {
  const headers = { host: world.proxy.host, 'content-type': 'application/json' };
  const identity = world.identity({ aud: 'npm:127.0.0.1', ref: 'refs/heads/main' });
  await dialects['npm']?.ask('/-/npm/v1/oidc/token/exchange/package/@acme%2flate?dry_run=1', identity);
  expect(codeOf(await raw(world.proxy, 'PUT', '/@acme%2flate', headers, '{}'))).toBe('upload-unauthenticated');
});

test.each(['/_/oidc/burn-token', '/-/oidc/revoke', '/-/oidc/leaked'])('%s cannot be tried: with dry_run it does nothing', async (path) => {
  const token = await world.pypiToken();
  const form = path === '/-/oidc/revoke';
  const answer = await world.post(
    `${path}?dry_run=1`,
    form ? new URLSearchParams({ token }).toString() : JSON.stringify({ token }),
    form ? { 'content-type': 'application/x-www-form-urlencoded' } : {},
  );
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect((await world.uploadPypi(token, `9.${path.length}`)).status).toBe(200);
});

test('EXC-20 refused dry runs count for the limit of an address as real ones do', async () => {
  await world.proxy.reload((port) => ({ ...world.policy(port), server: { limits: { refused_exchanges: 2 } } }));
  const ask = (): Promise<RawAnswer> => dialects['PyPI']!.ask('/_/oidc/mint-token?dry_run=1', world.identity({ exp: 1 }));
  const statuses = [(await ask()).status, (await ask()).status, (await ask()).status];
  expect(statuses.at(-1)).toBe(429);
});
