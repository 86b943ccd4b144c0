// Issuers and audiences: whose tokens are accepted, and that they are meant for us alone.
import { describe, expect, test } from 'vitest';
import { base, basePolicy, diagnosticsOf, load, loaded, said } from './policy-file.ts';

const github = 'github: {}';
const gitlab = (...lines: readonly string[]): string =>
  basePolicy(github, github, 'corp:', '  provider: gitlab', '  issuer: https://gitlab.corp.example', ...lines.map((line) => `  ${line}`));
const insecure = (url: string): string => basePolicy(github, github, `a: { provider: generic, issuer: "${url}", insecure: true }`);
const registryWith = (audience: string): string =>
  basePolicy('url: https://npm.acme.example/', 'url: https://npm.acme.example/', `audiences: [${audience}]`);

describe('issuers', () => {
  test('POL-20: the URL is kept exactly as written', async () => {
    const { issuers } = await loaded(basePolicy(github, github, 'a: { provider: gitlab, issuer: https://gitlab.corp.example/ }'));
    expect(issuers.get('a')?.url).toBe('https://gitlab.corp.example/');
  });

  const host = 'the host is a name in lower-case letters, digits, "." and "-", and perhaps a port';
  test.each([
    ['http://ci.example', 'the issuer is http'],
    ['https://ci.example/?a=b', 'a URL here has no query and no fragment'],
    ['https://ci.example/#a', 'a URL here has no query and no fragment'],
    ['https://me:pw@ci.example', 'a URL here has no user or password in it'],
    ['https://CI.example', host],
    ['https://ci.example:port', host],
    ['https://сi.example', host],
    ['https://10.0.0.1', 'the issuer is an address instead of a name'],
    ['https://[::1]', 'the issuer is an address instead of a name'],
    ['https://ci.example//a', 'the path has an empty or dot segment'],
    ['https://ci.example/a/../b', 'the path has an empty or dot segment'],
    ['https://ci.example/%2e%2e/b', 'the path has characters other than letters, digits and "._~@:+-"'],
    [`https://ci.example/${'a'.repeat(255)}`, 'a URL has at most 255 characters'],
    ['ci.example', 'write a URL that starts with https:// or http://'],
    ['file:///etc/passwd', 'write a URL that starts with https:// or http://'],
  ])('POL-20: %s is refused', async (url, message) => {
    expect(said(await load(basePolicy(github, github, `a: { provider: gitlab, issuer: "${url}" }`)))).toEqual([`3:34 error ${message}`]);
  });

  test('insecure allows http and addresses, with a warning unless they are loopback', async () => {
    expect(said(await load(insecure('http://127.0.0.1:9000')))).toEqual([]);
    expect(said(await load(insecure('http://localhost:9000/x')))).toEqual([]);
    expect(said(await load(insecure('http://ci.corp.example')))).toEqual([
      '3:71 warning insecure: whoever can answer for this address can publish',
    ]);
    expect(said(await load(insecure('http://192.0.2.1')))).toEqual([
      '3:35 error http to a public address: anyone on the way could hand out keys',
    ]);
  });

  const rows: [string, string, string[]][] = [
    [
      'the hosted service marked insecure',
      basePolicy(github, 'github: { insecure: true }'),
      ["2:23 error GitHub Actions's hosted service needs no insecure: true"],
    ],
    [
      'two names for one issuer',
      basePolicy(github, github, 'gh: { provider: github }'),
      ['3:7 error issuers "github" and "gh" have the same URL'],
    ],
    ['no provider', basePolicy(github, github, 'corp: { issuer: https://ci.example }'), ['3:3 error issuer "corp" needs a provider']],
    [
      'generic without URL',
      basePolicy(github, github, 'ci: { provider: generic }'),
      ['3:3 error missing key "issuer": there is no one issuer for OIDC issuer'],
    ],
    [
      'an algorithm without public key',
      gitlab('algorithms: [HS256]'),
      ['6:18 error "HS256" is no signature algorithm with a public key, did you mean "RS256"?'],
    ],
    ['none as algorithm', gitlab('algorithms: [none]'), ['6:18 error "none" is no signature algorithm with a public key']],
    [
      'two sources of keys',
      gitlab('jwks_uri: https://gitlab.corp.example/keys', 'jwks_file: policy.yaml'),
      ['7:5 error jwks_file and jwks_uri exclude each other', '7:16 error "policy.yaml" is not JSON'],
    ],
    ['keys over http', gitlab('jwks_uri: http://gitlab.corp.example/keys'), ['6:15 error the issuer is http']],
    ['an authority file that is none', gitlab('ca_file: policy.yaml'), ['6:14 error "policy.yaml" holds no PEM certificate']],
    ['an authority file that is a folder', gitlab('ca_file: .'), ['6:14 error "." is a directory']],
    ['an age of days', gitlab('max_age: 48h'), ['6:14 error expected 1m to 24h']],
    ['no exchanges', gitlab('max_exchanges: 0'), ['6:20 error expected at least 1, got 0']],
  ];
  test.each(rows)('%s', async (_, policy, messages) => {
    expect(said(await load(policy))).toEqual(messages);
  });

  test('take what their provider says', async () => {
    const { issuers } = await loaded(gitlab());
    expect(issuers.get('github')).toMatchObject({
      url: 'https://token.actions.githubusercontent.com',
      maxAge: 900,
      maxExchanges: 1,
      algorithms: ['RS256'],
      jti: true,
    });
    expect(issuers.get('corp')).toMatchObject({ url: 'https://gitlab.corp.example', maxAge: 3600, maxExchanges: 5, insecure: false });
  });

  test('that are another one for each organization have to be said, and what they look like is told', async () => {
    const [problem] = diagnosticsOf(await load(basePolicy(github, github, 'bitbucket: {}')));
    expect(problem).toMatchObject({
      message: 'missing key "issuer": there is no one issuer for Bitbucket Pipelines',
      hint: '`https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc`',
    });
  });

  test('the keys of accounts.google.com are where Google keeps them, unless a file or another place is named', async () => {
    const keys = async (...lines: readonly string[]): Promise<unknown> =>
      (
        await loaded({ 'policy.yaml': basePolicy(github, github, 'google:', ...lines), 'keys.json': '{"keys":[{"kty":"RSA"}]}' })
      ).issuers.get('google');
    expect(await keys('  max_age: 60m')).toMatchObject({
      url: 'https://accounts.google.com',
      jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
    });
    expect(await keys('  jwks_uri: https://accounts.google.com/keys')).toMatchObject({ jwksUri: 'https://accounts.google.com/keys' });
    expect(await keys('  jwks_file: keys.json')).not.toHaveProperty('jwksUri');
    expect(await keys('  issuer: https://google.corp.example')).not.toHaveProperty('jwksUri');
  });
});

describe('POL-22: audiences', () => {
  test.each([
    ['pypi', 'is shared with other services'],
    ['testpypi', 'is shared with other services'],
    ['sigstore', 'is shared with other services'],
    ['sts.amazonaws.com', 'is shared with other services'],
    ['api://AzureADTokenExchange', 'is shared with other services'],
    ['//iam.googleapis.com/projects/1/locations/global', 'is shared with other services'],
    ['https://iam.googleapis.com/projects/1', 'is shared with other services'],
    ['npm:registry.example', 'names another npm registry'],
    ['NPM:registry.example', 'names another npm registry'],
    ['gems.example', 'names another service'],
    ['https://www.packages.example', 'names another service'],
    ['https://npm.acme.example.evil.example/', 'names another service'],
    ['https://npm.acme.example@evil.example/', 'names another service'],
    ['a b', 'has a space in it'],
    ['acme-*', 'has a * in it: audiences are compared exactly'],
  ])('%s is refused, of a registry and of an issuer', async (audience, reason) => {
    const message = `audience "${audience}" ${reason}`;
    expect(said(await load(registryWith(`"${audience}"`)))).toEqual([`7:17 error ${message}`]);
    expect(said(await load(gitlab(`audiences: ["${audience}"]`)))).toEqual([`6:17 error ${message}`]);
  });

  test.each(['""', '[]', '~'])('%s is refused', async (audience) => {
    expect((await load(registryWith(audience))).ok).toBe(false);
  });

  test('ours may be named, and a word that is nobody else’s', async () => {
    const { registries } = await loaded(registryWith('npm:npm.acme.example, https://npm.acme.example/packages, acme-packages'));
    expect(registries.get('npm')).toMatchObject({
      audiences: ['npm:npm.acme.example', 'https://npm.acme.example/packages', 'acme-packages'],
      audience: 'npm:npm.acme.example',
    });
  });

  test('the one audience that Azure puts into every token may be named for Azure, and for nobody else', async () => {
    const named = (provider: string): string =>
      basePolicy(github, github, `ci: { provider: ${provider}, issuer: "https://ci.example", audiences: ["api://AzureADTokenExchange"] }`);
    expect((await loaded(named('azure-devops'))).issuers.get('ci')?.audiences).toEqual(['api://AzureADTokenExchange']);
    expect(said(await load(named('generic'))).join()).toContain('is shared with other services');
  });

  test('are what the clients ask for and the origin, unless stated', async () => {
    const { registries } = await loaded(base);
    expect(registries.get('npm')?.audiences).toEqual(['npm:npm.acme.example', 'https://npm.acme.example']);
    expect(registries.get('pypi')?.audiences).toEqual(['pypi.acme.example', 'https://pypi.acme.example']);
    expect(registries.get('pypi')?.audience).toBe('pypi.acme.example');
  });
});
