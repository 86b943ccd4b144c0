// A real OIDC provider for tests of signing in, as a program.
import { join } from 'node:path';
import { requires, ROOT } from './components.ts';
import { freePort } from './ports.ts';
import { plainEnv, startServer } from './process.ts';

export interface Account {
  readonly password: string;
  /** Beside `sub`, which is the account's name. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface ProviderOptions {
  readonly redirectUri: string;
  readonly accounts: Readonly<Record<string, Account>>;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
  /** E-mail and groups are in the ID token; else at the UserInfo endpoint alone, as the specification has it. */
  readonly claimsInIdToken?: boolean;
}

export interface OidcProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  output(): string;
  close(): Promise<void>;
}

/** Starts it; about half a second. */
export async function startOidcProvider({
  redirectUri,
  accounts,
  authMethod = 'client_secret_basic',
  claimsInIdToken = false,
}: ProviderOptions): Promise<OidcProvider> {
  const port = await freePort();
  const [clientId, clientSecret] = ['countersign', 'a client secret: with + and / and %'];
  const server = await startServer({
    name: 'oidc-provider',
    command: requires('node'),
    args: [
      join(ROOT, 'test', 'support', 'oidc-provider.mjs'),
      JSON.stringify({ port, clientId, clientSecret, redirectUri, authMethod, claimsInIdToken, accounts }),
    ],
    cwd: ROOT,
    env: plainEnv(),
    ready: async () => (await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`)).ok,
  });
  return { issuer: `http://127.0.0.1:${port}`, clientId, clientSecret, output: () => server.output(), close: () => server.stop() };
}
