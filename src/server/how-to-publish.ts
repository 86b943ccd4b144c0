// The page for people: how to publish here. It lives where no registry has a page of its own; refusals name its address. Browsers
// are shown it, too, where people who look for it come: at an upload URL, with a link to what the index itself shows there.
import { createHash } from 'node:crypto';
import type { Head, RegistrySettings, Reply } from '../registries/registry.ts';
import { howToPath } from '../registries/registry.ts';
import type { Found } from './dispatch.ts';

/** The answer at a registry's page, or at that of the host where no registry is at its root; undefined for every other request. */
export function howToPublish(head: Head, onHost: readonly RegistrySettings[], found: Found | undefined): Reply | undefined {
  if (head.method !== 'GET' && head.method !== 'HEAD') return undefined;
  const atRoot = head.query === '' && (found?.path ?? head.path) === '/' && isBrowser(head);
  if (found !== undefined) {
    const title = `How to publish to ${found.registry.url.host}`;
    if (found.path === howToPath) return page(title, guide(found.registry));
    return atRoot && found.registry.protocol.urlIsForUploads ? varying(page(title, `${guide(found.registry)}\n${behind}`)) : undefined;
  }
  if (head.path !== howToPath && !atRoot) return undefined;
  return varying(page(`How to publish to ${onHost[0]?.url.host ?? ''}`, directory(onHost)));
}

/** A person who looks, and no installer: old ones ask for HTML as well. */
function isBrowser({ headers }: Head): boolean {
  return /^text\/html\b/i.test(headers.get('accept') ?? '') && (headers.get('user-agent') ?? '').startsWith('Mozilla/');
}

/** Others get another answer at the same address. */
function varying(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, vary: 'accept, user-agent', 'cache-control': 'no-store' } };
}

/** With a query nobody's root is asked for: it goes on to the registry, which ignores it. */
const behind = '<p><a href="?registry">What the registry itself shows here</a></p>';

function guide(registry: RegistrySettings): string {
  const { protocol, url, audiences } = registry;
  const facts: readonly (readonly [string, string])[] = [
    ['address', url.href],
    ['for', protocol.title],
    ['audience of identity tokens', audiences.join(', ')],
  ];
  const sections = protocol
    .howTo(registry)
    .map(({ title, says, code }) => `<h2>${text(title)}</h2><p>${text(says)}</p><pre>${text(code)}</pre>`);
  return `<p>${text(intro)}</p>
<dl>${facts.map(([term, value]) => `<dt>${text(term)}</dt><dd><code>${text(value)}</code></dd>`).join('')}</dl>
${sections.join('\n')}
<h2>If it is refused</h2><p>${text(refused)}</p>`;
}

const intro =
  'CI jobs publish here with the identity token of their run; nobody stores a password or a token for it. Which job may publish what is decided by a policy that the administrators of this registry keep.';
const refused =
  'The log of the job says what differed and what to change; npm prints it as a notice. The request id at its end is what the administrators need to look it up.';

function directory(registries: readonly RegistrySettings[]): string {
  const items = registries.map(({ url, protocol }) => {
    const address = `${url.pathname}${howToPath.slice(1)}`;
    return `<li><a href="${text(address)}">${text(url.href)}</a> (${text(protocol.title)})</li>`;
  });
  return `<ul>${items.join('')}</ul>`;
}

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
pre{overflow-x:auto;padding:.75rem;border:1px solid #bbb;border-radius:.25rem}dt{font-weight:600}dd{margin:0 0 .5rem}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{border-color:#555}a{color:#8ab4f8}}`;
const styleHash = createHash('sha256').update(style).digest('base64');

/** Works without scripts, and lets nothing be loaded, framed or sent from it, whatever may get into it. */
function page(title: string, body: string): Reply {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title><style>${style}</style></head>
<body><main><h1>${text(title)}</h1>
${body}
</main></body></html>
`;
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
    },
    body: html,
  };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it may stand in an element and in a quoted attribute. */
function text(value: string): string {
  return value.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
