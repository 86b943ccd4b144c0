// Where a link may lead: a page of ours, or an https address of the shape that a CI's pages have.
import type { AuditEntry } from '../audit/entry.ts';
import type { Issuer } from '../config/configuration.ts';
import { html, type Html, type Part } from './html.ts';

declare const href: unique symbol;

/** An address that may stand in `href` or `action`. Only this file makes one. */
export type Href = string & { readonly [href]: true };

export const paths = [
  '/',
  '/publishes',
  '/refusals',
  '/publishers',
  '/publisher',
  '/migration',
  '/health',
  '/package',
  '/request',
  '/find',
  '/try',
  '/login',
  '/login/provider',
  '/login/back',
  '/logout',
  '/theme',
  '/api/v1/events',
] as const;

export type Path = (typeof paths)[number];

/** A page of ours. Parameters that are undefined or empty are left out. */
export function to(path: Path, parameters: Readonly<Record<string, string | undefined>> | URLSearchParams = {}, fragment?: string): Href {
  const all = parameters instanceof URLSearchParams ? [...parameters] : Object.entries(parameters);
  const given = all.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  const query = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
  return `${path}${query}${fragment === undefined ? '' : `#${encodeURIComponent(fragment)}`}` as Href;
}

/** The page that a form names as the way back, written anew: one of ours, whatever the form says (CWE-601). */
export function wayBack(text: string | null): Href {
  const [, path = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?$/.exec(text ?? '') ?? [];
  const known = paths.find((one) => one === path && !notBack.includes(one));
  return known === undefined ? to('/') : to(known, Object.fromEntries(new URLSearchParams(query)));
}

const notBack: readonly Path[] = ['/login', '/login/provider', '/login/back', '/logout', '/theme', '/find'];

/** A style sheet, script or picture of ours. */
export function asset(path: string): Href {
  return path as Href;
}

/**
 * An address that an identity token named. Undefined unless it is https in its normal form: what `javascript:` or
 * `https:\\` would do in a browser was the choice of whoever was refused. Of the configured issuer's own host http will do.
 */
export function outside(text: string | undefined, issuer: Pick<Issuer, 'url'> | undefined): Href | undefined {
  const url = text === undefined || text.length > 1000 ? null : URL.parse(text);
  if (url === null || url.href !== text || url.username !== '' || url.password !== '' || url.pathname === '/') return undefined;
  const own = url.protocol === 'http:' && URL.parse(issuer?.url ?? '')?.host === url.host;
  return url.protocol === 'https:' || own ? (text as Href) : undefined;
}

/** How the page of a run tells that of its repository, and what the page of a commit is below that. */
const forges: Readonly<Record<string, { readonly run: RegExp; readonly commit: string }>> = {
  github: { run: /\/actions\/runs\/[0-9]+$/, commit: '/commit/' },
  forgejo: { run: /\/actions\/runs\/[0-9]+$/, commit: '/commit/' },
  gitea: { run: /\/actions\/runs\/[0-9]+$/, commit: '/commit/' },
  gitlab: { run: /\/-\/jobs\/[0-9]+$/, commit: '/-/commit/' },
};

export type Source = Pick<AuditEntry, 'issuer' | 'provider' | 'anchor' | 'commit' | 'runUrl'>;

export interface SourceLinks {
  readonly run?: Href;
  readonly repository?: Href;
  readonly commit?: Href;
}

/** The pages of a run, its repository and its commit, where they can be told. */
export function sourceLinks(source: Source, issuers: ReadonlyMap<string, Pick<Issuer, 'url'>>): SourceLinks {
  const run = outside(source.runUrl, issuers.get(source.issuer ?? ''));
  if (run === undefined) return {};
  const forge = Object.hasOwn(forges, source.provider ?? '') ? forges[source.provider ?? ''] : undefined;
  const repository = forge?.run.test(run) === true ? run.replace(forge.run, '') : undefined;
  // The repository's page has to end with its name: else the run is of somewhere else.
  if (forge === undefined || repository === undefined || !repository.endsWith(`/${source.anchor}`)) return { run };
  const commit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(source.commit ?? '') ? `${repository}${forge.commit}${source.commit}` : undefined;
  return { run, repository: repository as Href, ...(commit === undefined ? {} : { commit: commit as Href }) };
}

interface AnchorOptions {
  /** What it is called for whoever cannot see where it stands. */
  readonly label?: string;
  readonly title?: string;
  readonly kind?: string;
  readonly current?: boolean;
}

/** A link; what leads out of the dashboard takes no referrer along. */
export function anchor(target: Href, content: Part, { label, title, kind, current }: AnchorOptions = {}): Html {
  const out = !target.startsWith('/') && !target.startsWith('#');
  return html`<a
    href="${target}"
    ${kind !== undefined && html` class="${kind}"`}${label !== undefined && html` aria-label="${label}"`}${
      title !== undefined && html` title="${title}"`
    }${current === true && html` aria-current="page"`}${out && html` rel="noreferrer noopener"`}
    >${content}</a
  >`;
}

/** A link where there is an address, else its content alone. */
export function maybe(target: Href | undefined, content: Part, options: AnchorOptions = {}): Part {
  return target === undefined ? content : anchor(target, content, options);
}

/** A place on the same page. */
export function within(id: string): Href {
  return `#${encodeURIComponent(id)}` as Href;
}
