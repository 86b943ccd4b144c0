// `server.admin`: who is let in on the admin side.
import { describe, expect, test } from 'vitest';
import { base, load, said } from './policy-file.ts';

const withAdmin = (admin: string, more = ''): string => `server:\n  admin: ${admin}\n${more}${base}`;
const login = (...more: readonly string[]): string =>
  withAdmin(
    `{ listen: "0.0.0.0:9090", url: "https://cs.acme.example/", login: { issuer: "https://login.acme.example", client_id: countersign, client_secret: "\${SECRET}", ${more.join(', ')} } }`,
  );
const env = { SECRET: 'a-client-secret', TOKEN: 'a-token-of-some-length' };

async function adminOf(policy: string) {
  const result = await load(policy, env);
  if (!result.ok) throw new Error(said(result).join('\n'));
  return result.configuration.server.admin;
}

describe('server.admin', () => {
  test('is where it is, with what opens it', async () => {
    const admin = await adminOf(withAdmin('{ listen: "0.0.0.0:9090", token: "${TOKEN}", url: "https://cs.acme.example", session: 1h }'));
    expect(admin).toMatchObject({ host: '0.0.0.0', loopback: false, session: 3600, token: { kind: 'value' } });
    expect(admin.url?.href).toBe('https://cs.acme.example/');
  });

  test('believes a header of trusted proxies, in any case', async () => {
    const admin = await adminOf(
      withAdmin('{ listen: "0.0.0.0:9090", trusted_header: X-Forwarded-User }', '  trusted_proxies: [10.0.0.7/32]\n'),
    );
    expect(admin.trustedHeader).toBe('x-forwarded-user');
  });

  test('has a provider, and who of its accounts may look', async () => {
    const admin = await adminOf(login('emails: ["Ada@acme.example", "*@ops.acme.example"]', 'groups: [platform]'));
    expect(admin.login).toMatchObject({
      clientId: 'countersign',
      issuer: { url: 'https://login.acme.example', insecure: false, privateNetwork: false },
      scopes: ['openid', 'email'],
      emails: ['ada@acme.example', '*@ops.acme.example'],
      groups: ['platform'],
      groupsClaim: 'groups',
    });
    expect((await adminOf(login('groups: [a]', 'scopes: [openid, profile, groups]'))).login?.scopes).toEqual([
      'openid',
      'profile',
      'groups',
    ]);
  });

  const rows: [string, string, string][] = [
    [
      'a header without proxies that it is believed from',
      withAdmin('{ trusted_header: X-User }'),
      'error trusted_header is believed from trusted_proxies alone',
    ],
    [
      'a header that every client sends',
      withAdmin('{ trusted_header: User-Agent }', '  trusted_proxies: [10.0.0.7/32]\n'),
      'error User-Agent does not say who somebody is',
    ],
    [
      'what is no header',
      withAdmin('{ trusted_header: "X User" }', '  trusted_proxies: [10.0.0.7/32]\n'),
      'error the name of a header is letters',
    ],
    ['a provider without a word who of it may look', login('private_network: true'), 'error login needs emails or groups'],
    ['an empty list of who may look', login('emails: []'), 'error the list is empty'],
    ['everybody', login('emails: ["*"]'), 'error write an e-mail address, or *@ and a domain'],
    ['everybody of domains that begin so', login('emails: ["*@acme.*"]'), 'error write an e-mail address, or *@ and a domain'],
    ['part of a name', login('emails: ["ada*@acme.example"]'), 'error write an e-mail address, or *@ and a domain'],
    ['a provider over http', login('emails: ["a@b.example"]').replace('https://login', 'http://login'), 'error the issuer is http'],
    [
      'a provider without secret',
      login('emails: ["a@b.example"]').replace('client_secret: "${SECRET}",', ''),
      'error missing key "client_secret" or "client_secret_file"',
    ],
    [
      'a provider without the way back',
      login('emails: ["a@b.example"]').replace('url: "https://cs.acme.example/", ', ''),
      'error login needs url',
    ],
    ['an address with a path', withAdmin('{ url: "https://acme.example/countersign/" }'), 'error the dashboard has a host of its own'],
    ['a session for ever', withAdmin('{ session: 30d }'), 'error expected 5m to 7d'],
  ];
  test.each(rows)('%s is an error', async (_, policy, message) => {
    const result = await load(policy, env);
    expect(said(result).join('\n')).toContain(message);
    expect(JSON.stringify(result)).not.toContain(env.SECRET);
  });

  test.each(['token: "${TOKEN}"', 'trusted_header: X-User'])(
    'without a warning where other machines reach it and it has %s',
    async (door) => {
      const result = await load(withAdmin(`{ listen: "0.0.0.0:9090", ${door} }`, '  trusted_proxies: [10.0.0.7/32]\n'), env);
      expect(said(result)).toEqual([]);
    },
  );
});
