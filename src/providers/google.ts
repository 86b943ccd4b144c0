// Google Cloud: identity tokens of service accounts, from the metadata server or IAM Credentials. Claims: Google Cloud docs,
// "Verifying the identity of instances" and "Get an ID token".
import { claim, stringClaim } from '../core/claims.ts';
import { indent, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { images, scriptLines, statedOf } from './snippet.ts';
import { derived, digits, field, runOf, text } from './table.ts';

/** The e-mail counts only when Google says that it is verified: strictly the boolean true, no text that looks like it. */
const verifiedEmail = derived(['email', 'email_verified'], (claims) => {
  const email = stringClaim(claims, 'email');
  return claim(claims, 'email_verified') === true ? email : undefined;
});

const fields: readonly Field[] = [
  field('email', 'anchor', verifiedEmail, 'E-mail of the service account: <name>@<project>.iam.gserviceaccount.com.', {
    // A person's account gets tokens for the OAuth clients that he signs in to; none of them is a workload.
    problem: (value) =>
      /^[a-z0-9.-]+@[a-z0-9.-]+\.gserviceaccount\.com$/.test(value) ? undefined : 'write the e-mail of a service account',
  }),
  // `sub` is Google's own number of the account and no template that anybody could change.
  field(
    'service_account_id',
    'owner',
    digits('sub'),
    'Unique id of the service account: `gcloud iam service-accounts describe <email> --format "value(uniqueId)"`. A deleted and recreated account has another one.',
    { compare: 'digits', required: true, what: 'service account id' },
  ),
  field('hosted_domain', 'rest', text('hd'), 'Google Workspace domain, where the token has one.'),
];

export const google: Provider = {
  id: 'google',
  title: 'Google Cloud',
  issuers: ['https://accounts.google.com'],
  // The keys of accounts.google.com are at another origin, which discovery would not be allowed to name.
  jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub', 'email', 'email_verified'],
    checked: ['hd'],
    // `google` names the instance, in tokens of the metadata server with `format=full`.
    unchecked: ['azp', 'google', 'at_hash', 'nbf', 'jti'],
    weak: ['aud', 'email_verified', 'hd', 'at_hash'],
  },
  anchor: ['email'],
  fields,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  // The metadata server may hand out the same token until shortly before it expires.
  fresh: false,
  jti: false,
  audience: 'job',
  audienceHint: (audience) => `Ask for it in the job: \`gcloud auth print-identity-token --audiences="${audience}" --include-email\`.`,
  tags: false,
  snippet: { files: (request) => [cloudbuildFile(request)] },
  anchorText: (claims) => verifiedEmail(claims) ?? 'this account (without a verified e-mail)',
  run: (claims) => runOf(verifiedEmail(claims) ?? '', {}),
};

/** Cloud Build fills in its own variables wherever it sees a `$`; `$$` leaves it to the shell. */
function cloudbuildFile({ from, script }: SnippetRequest): SnippetFile {
  const email = statedOf(from, 'email') ?? '';
  const lines = scriptLines(script, {
    assign: ({ variable, audience }) => [
      `${variable}=$(curl --fail --silent --show-error --header "Metadata-Flavor: Google" \\`,
      `  "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(audience)}&format=full")`,
    ],
  });
  const text = [
    `serviceAccount: ${yamlText(`projects/${email.split(/[@.]/)[1] ?? ''}/serviceAccounts/${email}`)}`,
    'options:',
    '  logging: CLOUD_LOGGING_ONLY',
    'steps:',
    `  - name: ${images[script.toolchain]}`,
    '    entrypoint: bash',
    '    args:',
    '      - -c',
    '      - |',
    ...indent(
      ['set -eu', ...lines].map((line) => line.replaceAll('$', '$$$$')),
      8,
    ),
  ];
  return { path: 'cloudbuild.yaml', language: 'yaml', text: `${text.join('\n')}\n` };
}
