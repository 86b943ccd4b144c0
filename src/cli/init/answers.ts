// What `init` has to know, from flags or from four questions; each answer is one line that can be checked by itself.
import { providers, type Provider } from '../../providers/index.ts';
import { registries } from '../../registries/index.ts';
import type { Registry } from '../../registries/registry.ts';

/** Servers that `init` knows how to log in to, and the two protocols for all others. */
export const registryKinds = ['verdaccio', 'devpi', 'pypiserver', 'npm', 'pypi'] as const;
export type RegistryKind = (typeof registryKinds)[number];

export interface Answers {
  readonly kind: RegistryKind;
  readonly upstream: URL;
  readonly url: URL;
  readonly provider: Provider;
  /** Undefined: the provider's hosted service. */
  readonly issuer?: string;
  /** Values of the provider's anchor, in the order of its keys; the subject where it has none. */
  readonly anchor: readonly string[];
  readonly package: string;
}

/** An answer, or what is wrong with it as a sentence. */
export type Read<T> = T | { readonly problem: string };

export function isProblem<T>(read: Read<T>): read is { readonly problem: string } {
  return typeof read === 'object' && read !== null && 'problem' in read;
}

/** `verdaccio http://verdaccio:4873/` */
export function readRegistry(text: string): Read<Pick<Answers, 'kind' | 'upstream'>> {
  const [word = '', address = '', ...more] = text.trim().split(/\s+/);
  const kind = registryKinds.find((known) => known === word.toLowerCase());
  if (kind === undefined) return { problem: `Write one of ${registryKinds.join(', ')}, and the address of the server.` };
  if (more.length > 0) return { problem: 'Write the kind and the address, nothing else.' };
  const upstream = readUrl(address, `${kind} http://registry.internal:8080/`);
  return isProblem(upstream) ? upstream : { kind, upstream };
}

/** An address with a path that ends in a slash. */
export function readUrl(text: string, example: string): Read<URL> {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return { problem: `Write an address with http:// or https://, for example ${example}` };
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return { problem: 'Write the address without user, password, query and fragment.' };
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** `github acme/ui`, or with the issuer of a server of one's own: `gitlab https://gitlab.acme.dev acme/tools/ui` */
export function readJob(text: string): Read<Pick<Answers, 'provider' | 'issuer' | 'anchor'>> {
  const [id = '', ...rest] = text.trim().split(/\s+/);
  const provider = providers.find((known) => known.id === id.toLowerCase());
  if (provider === undefined) return { problem: `Write the CI first: one of ${providers.map((known) => known.id).join(', ')}.` };
  const [first = ''] = rest;
  const issuer = /^https?:\/\//.test(first) ? first : undefined;
  if (issuer === undefined && provider.issuers.length === 0)
    return { problem: `${provider.title} has no hosted service: write ${id}, the URL of the issuer, and ${anchorName(provider)}.` };
  const path = (issuer === undefined ? rest : rest.slice(1)).join(' ');
  const anchor = readAnchor(provider, path);
  return isProblem(anchor) ? anchor : { provider, ...(issuer === undefined ? {} : { issuer }), anchor };
}

function readAnchor(provider: Provider, path: string): Read<readonly string[]> {
  if (path === '') return { problem: `Write ${anchorName(provider)} behind the CI.` };
  const fields = provider.fields.filter(({ key }) => provider.anchor.includes(key));
  const values = fields.length > 1 ? path.split('/') : [path];
  if (fields.length > 1 && values.length !== fields.length) return { problem: `Write ${anchorName(provider)}.` };
  for (const [i, field] of fields.entries()) {
    const problem = field.problem?.(values[i] ?? '');
    if (problem !== undefined) return { problem: `${field.key}: ${problem}` };
  }
  return values;
}

/** `repository`, `organization_slug/pipeline_slug`. */
function anchorName(provider: Provider): string {
  return provider.anchor.length === 0 ? 'the subject (`sub`) of its tokens' : provider.anchor.join('/');
}

/** A package of the registry's protocol, or a pattern. */
export function readPackage(text: string, kind: RegistryKind): Read<string> {
  const name = text.trim();
  const problem = name === '' ? 'Write the name of a package.' : protocolOf(kind).entryProblem(name);
  return problem === undefined ? name : { problem };
}

export function protocolOf(kind: RegistryKind): Registry {
  const id = kind === 'npm' || kind === 'verdaccio' ? 'npm' : 'pypi';
  const found = registries.find((registry) => registry.id === id);
  if (found === undefined) throw new Error(`no protocol ${id}`);
  return found;
}
