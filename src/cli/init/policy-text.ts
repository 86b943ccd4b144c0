// The policy that `init` writes: complete, with a comment wherever a newcomer has to decide something.
import { unknownId } from '../../core/pin.ts';
import type { Field } from '../../providers/index.ts';
import { protocolOf, type Answers, type RegistryKind } from './answers.ts';

export interface Wishes {
  /** Account at the registry. */
  readonly username?: string;
  readonly ownerId?: string;
  readonly repositoryId?: string;
  readonly workflow?: string;
  readonly environment?: string;
  readonly ref?: string;
}

/** The variable that holds the account's password, or the token. */
export const secretVariable = 'REGISTRY_PASSWORD';

/** The file. */
export function policyText(answers: Answers, wishes: Wishes): string {
  return [
    '# yaml-language-server: $schema=./schema.json',
    '#',
    '# Who may publish what, through Countersign. Every key is described in docs/policy.md; `countersign check` says what',
    '# is wrong with this file, and `countersign check --live` whether everything in it can be reached.',
    '',
    ...serverLines(answers.url),
    '',
    '# Upload tokens and the marks of used identity tokens: in this process. For more than one process, and to keep them over',
    '# a restart, write redis://redis:6379/0.',
    'store: memory',
    '',
    ...issuerLines(answers),
    '',
    ...registryLines(answers, wishes),
    '',
    ...publisherLines(answers, wishes),
    '',
  ].join('\n');
}

const local = (url: URL): boolean => url.hostname === 'localhost' || /^127(\.\d{1,3}){3}$/.test(url.hostname);

function serverLines(url: URL): string[] {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const listen = local(url) ? `127.0.0.1:${port}` : '0.0.0.0:8080';
  const tls =
    url.protocol === 'https:'
      ? [
          '  # Clients see https. Where no proxy in front does TLS, Countersign does:',
          '  # tls: { cert_file: tls/cert.pem, key_file: tls/key.pem }',
        ]
      : [];
  return [
    'server:',
    `  listen: ${listen}`,
    '  # Health, metrics and dashboard: never on the public listener.',
    '  admin: 127.0.0.1:9090',
    ...tls,
    '  # A proxy in front whose X-Forwarded-For is believed:',
    '  # trusted_proxies: [10.0.0.0/8]',
  ];
}

/** Name of the issuer in the policy: the provider's, which says what kind it is. */
function issuerName({ provider }: Answers): string {
  return provider.id === 'generic' ? 'ci' : provider.id;
}

function issuerLines(answers: Answers): string[] {
  const { provider, issuer } = answers;
  const head = ['# Whose identity tokens are accepted.', 'issuers:'];
  const audiences = audienceLines(answers);
  if (issuer === undefined)
    return audiences.length === 0
      ? [...head, `  ${issuerName(answers)}: {} # ${provider.title}`]
      : [...head, `  ${issuerName(answers)}: # ${provider.title}`, ...audiences];
  const url = new URL(issuer);
  const insecure = url.protocol === 'http:' || local(url);
  return [
    ...head,
    `  ${issuerName(answers)}:`,
    `    provider: ${provider.id}`,
    `    issuer: ${issuer} # exactly the \`iss\` of its tokens`,
    ...(insecure
      ? ['    insecure: true # http, or an address of this machine: to try things out, never in production']
      : [
          '    # private_network: true   where it is inside your own network',
          '    # ca_file: corp-ca.pem    where its certificate is of your own authority',
        ]),
    ...audiences,
  ];
}

/** For CIs whose tokens all have the same audience, which no job can change. */
function audienceLines({ provider }: Answers): string[] {
  if (provider.audience !== 'fixed') return [];
  const { fixedAudience } = provider;
  return fixedAudience === undefined
    ? [`    # audiences: ["…"] # the \`aud\` of its tokens, the same in all of them: docs/ci/${provider.id}.md`]
    : [`    audiences: [${JSON.stringify(fixedAudience)}] # the same in all of its tokens`];
}

function credentialLines(kind: RegistryKind, username: string): string[] {
  if (kind === 'npm') return [`    credential: { bearer: "\${${secretVariable}}" }`];
  const form = kind === 'verdaccio' ? 'verdaccio_login' : 'basic';
  return ['    credential:', `      ${form}: { username: ${username}, password: "\${${secretVariable}}" }`];
}

function registryLines({ kind, url, upstream }: Answers, { username = 'svc' }: Wishes): string[] {
  const protocol = protocolOf(kind).id;
  return [
    'registries:',
    `  ${protocol}:`,
    `    protocol: ${protocol}`,
    '    # What clients use; host and path decide which registry a request is for.',
    `    url: ${url.href}`,
    '    # The registry behind. Only Countersign should reach it.',
    `    upstream: ${upstream.href}`,
    '    # The one account that may publish there. Its secret is in the environment, or in a file with `password_file:`.',
    ...credentialLines(kind, username),
    '    # Writes with old, long-lived tokens. `warn` lets them through for a while; `allow` says nothing.',
    '    long_lived_tokens: refuse',
  ];
}

function publisherLines(answers: Answers, wishes: Wishes): string[] {
  const { provider, anchor, kind } = answers;
  const protocol = protocolOf(kind).id;
  const free = provider.anchor.length === 0 ? [`      subject: ${quoted(anchor[0] ?? '')}`] : [];
  const fields = provider.fields.flatMap((field) => fieldLines(field, answers, wishes));
  const tagged = fields.some((line) => /^ {6}ref: refs\/tags\/v\*/.test(line));
  return [
    '# Who may publish what. Variables have no place here: the file alone says it.',
    'publishers:',
    `  - name: ${publisherName(answers.package)}`,
    '    from:',
    `      issuer: ${issuerName(answers)}`,
    ...free,
    ...fields,
    ...(tagged ? ['    # A version is published only from the tag that names it.', '    tag: "v{{version}}"'] : []),
    '    publish:',
    `      ${protocol}: [${JSON.stringify(answers.package)}]`,
  ];
}

/** What a publisher has to state of a field, and ids where they are known. */
function fieldLines(field: Field, { provider, anchor }: Answers, wishes: Wishes): string[] {
  const at = provider.anchor.indexOf(field.key);
  if (at !== -1) return [`      ${field.key}: ${quoted(anchor[at] ?? '')}`];
  const id = field.step === 'owner' ? wishes.ownerId : field.step === 'repository' ? wishes.repositoryId : undefined;
  if (id !== undefined) return [`      ${field.key}: ${/^[0-9]{1,15}$/.test(id) ? id : quoted(id)}`];
  if (!field.required) return [];
  const [value, comment] = valueOf(field, wishes);
  return [`      ${field.key}: ${quoted(value)}${comment === undefined ? '' : ` # ${comment}`}`];
}

function valueOf(field: Field, { workflow, environment, ref }: Wishes): [value: string, comment?: string] {
  if (field.step === 'owner') return ['any', unknownId];
  if (field.step === 'ref' && field.compare === 'pattern') return ref === undefined ? usualRef(field) : [ref];
  if (field.key === 'workflow')
    return workflow === undefined ? ['release.yml', 'the file in .github/workflows that publishes'] : [workflow];
  if (field.key === 'environment') return environment === undefined ? ['any', 'better: one that asks for a review'] : [environment];
  return ['any', field.describe.replace(/[.;].*$/s, '')];
}

/** Tags, where the CI's tokens can name one. */
function usualRef({ problem }: Field): [value: string, comment: string] {
  const tags = 'refs/tags/v*';
  return problem?.(tags) === undefined ? [tags, 'any tag that begins with v'] : ['refs/heads/main', 'its tokens name branches only'];
}

function quoted(text: string): string {
  return /^[A-Za-z][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_.*-]+)*$/.test(text) ? text : JSON.stringify(text);
}

/** `@acme/ui` → `ui-release` */
export function publisherName(name: string): string {
  const base = name
    .replace(/^.*\//, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '')
    .replace(/^[._-]+|[._-]+$/g, '');
  return `${base === '' ? 'packages' : base.slice(0, 40)}-release`;
}
