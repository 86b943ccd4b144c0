// `registries:`, the upload endpoints and the servers behind them.
import { z, type ZodType } from 'zod';
import { registries } from '../../registries/index.ts';
import { choice, flag, measured, text, textList, wholeNumber } from './scalar.ts';

const ids = registries.map((registry) => registry.id);

const account = z.strictObject({
  username: text('Account at the upstream.'),
  password: text('Password; write `${NAME}`, or use `password_file`.').optional(),
  password_file: text('File with the password; read again when it changes.').optional(),
});

/** The forms of the service credential; exactly one is stated. */
export const credentialSchema = z.strictObject({
  basic: account.describe('HTTP Basic.').optional(),
  bearer: text('Bearer token; write `${NAME}`, or use `bearer_file`.').optional(),
  bearer_file: text('File with the bearer token; read again when it changes.').optional(),
  verdaccio_login: account.describe('Log in to Verdaccio with an account and use the token it gives.').optional(),
});

/** A registry with `credential` of this form. */
export function registry<Credential extends ZodType>(credential: Credential) {
  return z.strictObject({
    protocol: choice(ids as unknown as [string, ...string[]], 'Protocol of the clients and the upstream.'),
    url: text('Public URL; host and path decide which registry a request is for.'),
    upstream: text('URL of the registry behind; paths are appended to its path.'),
    credential: credential.describe('The service credential: exactly one of its forms, or `none` for an upstream that asks for none.'),
    long_lived_tokens: choice(
      ['allow', 'warn', 'refuse'],
      'Writes with any credential that is not an upload token. `warn` lets them through and says so, for a migration. Default `refuse`.',
    ).optional(),
    trusted_only: textList(
      'Packages and patterns that refuse long-lived tokens already. Changes that name no package refuse them then, too.',
    ).optional(),
    reads: choice(
      ['anonymous', 'service'],
      'How reads with an upload token go on: without credential, or with the service credential for granted packages. Default `anonymous`.',
    ).optional(),
    immutable: flag('Refuse versions and files that the upstream already has. Default true.').optional(),
    refusals: choice(['full', 'brief'], 'Whether refusals name expected values to whoever proved the anchor. Default `full`.').optional(),
    provenance: flag(
      'Tell everybody who asks `/-/provenance/<registry>/<package>/<version>` which repository, commit and run it came from, names of private repositories included. Default false.',
    ).optional(),
    audiences: textList(
      'Audiences of identity tokens for this registry; the first is told to clients that ask. They replace the default.',
    ).optional(),
    max_upload: measured('Largest upload, for example `200MiB`. Default `64MiB` (npm), `2GiB` (PyPI).').optional(),
    max_concurrent_uploads: wholeNumber(1, 1000, 'Uploads forwarded at the same time; more are asked to come back. Default 16.').optional(),
    simple: text('PyPI only: path of the simple index (PEP 503) below `upstream`, where it is not found by itself.').optional(),
    check_metadata: flag(
      'PyPI only: refuse wheels and source archives whose own metadata (METADATA, PKG-INFO) names another project or version, and wheels that two readers of zip could read differently. Default true.',
    ).optional(),
    ca_file: text("PEM file of certificate authorities to trust for the upstream, beside the system's.").optional(),
  });
}

/** A registry as first read; the credential is checked by itself. */
export const registrySchema = registry(z.unknown());

export type RegistryInput = z.infer<typeof registrySchema>;
