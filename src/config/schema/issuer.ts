// `issuers:`, whose identity tokens are accepted.
import { z } from 'zod';
import { providers } from '../../providers/index.ts';
import { choice, flag, measured, text, textList, wholeNumber } from './scalar.ts';

const ids = providers.map((provider) => provider.id);

export const issuerSchema = z.strictObject({
  provider: choice(
    ids as [string, ...string[]],
    "Kind of CI behind the issuer. Default: the issuer's name, where that is a provider.",
  ).optional(),
  issuer: text(
    "The exact `iss` claim, for example `https://gitlab.corp.example`. Default: the provider's own hosted service. A trailing slash makes another issuer.",
  ).optional(),
  ca_file: text("PEM file of certificate authorities to trust for this issuer, beside the system's.").optional(),
  jwks_uri: text("Where the issuer's keys are fetched from; nothing is discovered then.").optional(),
  jwks_file: text("File with the issuer's keys (RFC 7517), where the issuer cannot be reached; nothing is fetched then.").optional(),
  algorithms: textList("Accepted signature algorithms. Default: the provider's.").optional(),
  max_age: measured("Longest life and age of an identity token, `1m` to `24h`. Default: the provider's.").optional(),
  audiences: textList("Audiences accepted from this issuer beside the registries' own.").optional(),
  max_exchanges: wholeNumber(
    1,
    100,
    'How often one identity token may be exchanged per package. Default 1 where each request gives a fresh token (GitHub), else 5.',
  ).optional(),
  private_network: flag(
    'The issuer is inside your own network: private addresses are allowed; https and a valid certificate are still required. Default false.',
  ).optional(),
  insecure: flag('Allow http, and private or loopback addresses, for this issuer. Default false.').optional(),
});

export type IssuerInput = z.infer<typeof issuerSchema>;
