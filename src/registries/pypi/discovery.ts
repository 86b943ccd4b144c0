// Discovery of the exchange endpoints (PEP 807, draft of January 2026): the one standard answer to "where, for this index?".
import { refuse } from '../../core/refusal.ts';
import type { ExchangeEndpoint, Head } from '../registry.ts';
import { json } from './reply.ts';

export const discoveryPath = '/.well-known/pytp';

const mediaType = 'application/vnd.pypi.pytp.v1+json';

/** The discovery document for `?discover=<upload path>`; 404 when no registry is there, 406 when another form is asked for. */
export function discovery(head: Head, urls: readonly URL[], paths: { readonly audience: string; readonly mint: string }): ExchangeEndpoint {
  const asked = new URLSearchParams(head.query).getAll('discover');
  const path = asked.length === 1 ? (asked[0] ?? '') : undefined;
  const url = urls.find((candidate) => path !== undefined && withSlash(path) === candidate.pathname);
  if (path === undefined) return refused('request-invalid', { problem: 'it needs `discover`, the path of one upload URL, once' });
  if (url === undefined) return refused('request-not-found', {});
  return {
    kind: 'audience',
    answer: () => {
      if (!accepts(head.headers.get('accept'))) return json(406, { message: `Only ${mediaType} is available.` });
      const document = {
        'audience-endpoint': new URL(paths.audience, url).href,
        'token-mint-endpoint': new URL(paths.mint, url).href,
        features: ['multi-use-token'],
        'default-features': ['multi-use-token'],
      };
      return json(200, document, mediaType);
    },
  };
}

function refused(code: 'request-invalid' | 'request-not-found', values: Record<string, string>): ExchangeEndpoint {
  return { kind: 'refused', refusal: refuse(code, values) };
}

/** `/index` and `/index/` are the same upload URL. */
function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** A missing Accept means any (RFC 9110 12.5.1). */
function accepts(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((range) => [mediaType, 'application/*', '*/*'].includes((range.split(';')[0] ?? '').trim().toLowerCase()));
}
