// A real OIDC provider (the npm package oidc-provider) as a program of its own: accounts with a password, no consent to ask for.
// Its settings are JSON in the first argument: port, clientId, clientSecret, redirectUri, authMethod, claimsInIdToken, accounts.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(process.argv[2] ?? '{}');
const { privateKey } = await generateKeyPair('RS256', { extractable: true });

const provider = new Provider(`http://127.0.0.1:${settings.port}`, {
  clients: [
    {
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
      redirect_uris: [settings.redirectUri],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: settings.authMethod,
    },
  ],
  clientAuthMethods: [settings.authMethod],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'of-tests', alg: 'RS256', use: 'sig' }] },
  cookies: { keys: ['of-tests-and-nobody-else'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  conformIdTokenClaims: !settings.claimsInIdToken,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
  findAccount: (_ctx, id) =>
    settings.accounts[id] === undefined ? undefined : { accountId: id, claims: () => ({ sub: id, ...settings.accounts[id].claims }) },
  // Whoever signed in agrees to what Countersign asks for.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email groups');
    await grant.save();
    return grant;
  },
});

const page = (title, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><main><h1>${title}</h1>${body}</main></body></html>`;
const form = page(
  'Sign in at the provider of tests',
  '<form method="post"><label>Account <input name="account"></label> <label>Password <input type="password" name="password"></label> <button>Sign in</button></form>',
);

async function signIn(req, res) {
  if (req.method === 'GET') return res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(form);
  let body = '';
  for await (const chunk of req) body += chunk;
  const fields = new URLSearchParams(body);
  const account = fields.get('account') ?? '';
  if (settings.accounts[account]?.password !== fields.get('password')) {
    const cancelled = { error: 'access_denied', error_description: 'wrong account or password' };
    return provider.interactionFinished(req, res, cancelled, { mergeWithLastSubmission: false });
  }
  return provider.interactionFinished(req, res, { login: { accountId: account } }, { mergeWithLastSubmission: false });
}

const answer = provider.callback();
createServer((req, res) => {
  if (req.url?.startsWith('/sign-in/')) {
    signIn(req, res).catch((error) => res.writeHead(500).end(String(error)));
  } else answer(req, res);
}).listen(settings.port, '127.0.0.1', () => console.log('listening'));
