// The generated parts of docs/ci and of the README: what each provider's table says.
import type { SnippetFile } from '../../src/core/snippet.ts';
import type { Field, Provider } from '../../src/providers/index.ts';
import { table } from '../cli/generated-docs.ts';

const code = (text: string): string => `\`${text}\``;
const codes = (names: readonly string[]): string => names.map(code).join(', ');

/** What a provider's table says of the token as a whole. */
export function facts(provider: Provider): string {
  const { id, issuers, issuerForm, algorithms, maxAge, fresh, jti, tags, unconfirmed } = provider;
  const issuer = [issuers[0] === undefined ? [] : code(issuers[0]), issuerForm ?? []].flat().join(', or ');
  const lines = [
    `- Provider: \`${id}\`. Issuer: ${issuer}.`,
    `- Audience: ${audienceText(provider)}.`,
    `- Signed with ${algorithms.join(' or ')}. It may live for ${maxAge / 60} minutes at most, unless \`max_age\` of the issuer says otherwise.`,
    `- ${fresh ? 'A new token for each request, so one is exchanged once per package.' : 'Jobs use a token again, so one may be exchanged five times per package.'} ${jti ? 'Every token has a `jti`.' : 'Without a `jti`, it is known again by its claims.'}`,
    `- A publisher's \`tag:\` rule is ${tags ? '' : 'not '}possible.`,
    '- *Not enough alone*, below: whoever starts a job chooses it, or all projects of an organization share it.',
  ];
  const open = Object.entries(unconfirmed ?? {}).map(([what, sentence]) => `  - ${code(what)}: ${sentence}`);
  return [...lines, ...(open.length === 0 ? [] : ['- **Not confirmed:**', ...open])].join('\n');
}

function audienceText({ audience, fixedAudience }: Provider): string {
  if (audience === 'job') return 'chosen by the job';
  if (audience === 'settings') return "chosen in the CI's settings";
  return `the same in every token${fixedAudience === undefined ? '' : ` (${code(fixedAudience)})`}; the issuer's \`audiences:\` lists it`;
}

/** What every token is checked for before a publisher is looked at (RFC 7519). */
const registered: Readonly<Record<string, string>> = {
  iss: 'the issuer',
  aud: 'the audience',
  exp: 'its end',
  iat: 'its age',
  nbf: 'its start',
  jti: 'used once',
};

/** One row per claim. */
export function claims(provider: Provider): string {
  const { claims: known } = provider;
  const names = [...known.required, ...known.checked, ...known.unchecked, ...(known.prefixes ?? []).map((prefix) => `${prefix}…`)];
  return table(
    ['claim', 'there', 'checked as', 'note'],
    names.map((name) => [code(name), known.required.includes(name) ? 'always' : '', checkedAs(provider, name), noteOf(provider, name)]),
  );
}

function checkedAs({ fields, events }: Provider, name: string): string {
  const reads = ({ read, alternative }: Field): boolean => [...read.claims, ...(alternative?.claims ?? [])].includes(name);
  const keys = fields.filter(reads).map(({ key }) => code(key));
  return [...(registered[name] === undefined ? [] : [registered[name]]), ...(events?.claim === name ? [code('events')] : []), ...keys].join(
    ', ',
  );
}

function noteOf({ claims: { weak }, unconfirmed }: Provider, name: string): string {
  const notes = [
    ...(weak.includes(name) && registered[name] === undefined ? ['not enough alone'] : []),
    ...(unconfirmed !== undefined && Object.hasOwn(unconfirmed, name) ? ['not confirmed, see above'] : []),
  ];
  return notes.join('; ');
}

/** Files of a snippet as fenced blocks. */
export function fenced(files: readonly SnippetFile[]): string {
  const languages = { yaml: 'yaml', groovy: 'groovy', shell: 'sh' } as const;
  return files
    .map(({ path, language, text }) => `\`\`\`${languages[language]}\n${language === 'groovy' ? '//' : '#'} ${path}\n${text}\`\`\``)
    .join('\n\n');
}

/** The table of docs/ci/index.md. */
export function index(providers: readonly Provider[]): string {
  return table(
    ['CI', 'provider', 'anchor', 'audience', 'exchanges', 'tag', 'confirmed'],
    providers.map((provider) => [
      `[${provider.freeClaims === true ? 'Any other' : provider.title}](${pageOf(provider)})`,
      code(provider.id),
      codes(provider.anchor) || '`subject` or `claims`',
      provider.audience,
      provider.fresh ? '1' : '5',
      provider.tags ? 'yes' : 'no',
      provider.freeClaims === true
        ? ''
        : provider.unconfirmed === undefined
          ? 'yes'
          : `unconfirmed: ${codes(Object.keys(provider.unconfirmed))}`,
    ]),
  );
}

export function pageOf({ id }: Provider): string {
  return id === 'generic' ? 'other.md' : `${id}.md`;
}

/** The first policy of a page. */
export function policyOf(page: string): string {
  const text = /```yaml\n(# countersign\.yaml\n[^]*?)```/.exec(page)?.[1];
  if (text === undefined) throw new Error('the page has no policy');
  return text;
}
