// `server.admin:`, who may look at the admin side.
import { z } from 'zod';
import { flag, measured, text, textList } from './scalar.ts';

/** `server.admin.login`. */
const loginSchema = z.strictObject({
  issuer: text('The provider by its exact `iss`; its discovery document is fetched from there.'),
  client_id: text('What the provider knows Countersign by.'),
  client_secret: text('Shown to the provider alone; write `${NAME}`, or use `client_secret_file`.').optional(),
  client_secret_file: text('File with the client secret; read again when it changes.').optional(),
  emails: textList(
    'Who may look, by e-mail address that the provider verified; `*@acme.example` is everybody of a domain. Case does not matter.',
  ).optional(),
  groups: textList('Who may look, by a group that the provider names, compared exactly.').optional(),
  groups_claim: text('The claim with the groups. Default `groups`.').optional(),
  scopes: textList('Asked for beside `openid`. Default `[email]`; some providers name groups only to who asks for `groups`.').optional(),
  jwks_uri: text("Where the provider's keys are, when not on the issuer's own host (Google).").optional(),
  ca_file: text("PEM file of certificate authorities to trust for the provider, beside the system's.").optional(),
  private_network: flag(
    'The provider is inside your own network: private addresses are allowed; https is still required. Default false.',
  ).optional(),
  insecure: flag('Allow http, and private or loopback addresses, for the provider. Default false.').optional(),
});

/** `server.admin` as a map. */
export const adminSchema = z.strictObject({
  listen: text('Address and port, `host:port`. Default `127.0.0.1:9090`.').optional(),
  url: text(
    "The dashboard's address in the browser, where that is another than `listen`: behind a proxy with TLS. Needed for `login`.",
  ).optional(),
  token: text(
    'What opens everything but health: `Authorization: Bearer …`, or typed into the dashboard; write `${NAME}`, or use `token_file`.',
  ).optional(),
  token_file: text('File with the token; read again when it changes.').optional(),
  trusted_header: text(
    'Header with the name of whoever signed in at a proxy in front, for example `X-Forwarded-User`; believed from `trusted_proxies` alone. The proxy has to overwrite what clients send.',
  ).optional(),
  login: loginSchema.describe('Sign in at an OIDC provider (authorization code with PKCE).').optional(),
  session: measured('How long a sign-in lasts, `5m` to `7d`. Default `12h`.').optional(),
});

export type AdminInput = z.infer<typeof adminSchema>;
export type LoginInput = z.infer<typeof loginSchema>;
