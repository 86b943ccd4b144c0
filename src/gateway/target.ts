// Reads the request target: one canonical path and a query, or a refusal. Nothing is normalised, only accepted or refused.
import { refuse, type Refusal } from '../core/refusal.ts';

export interface Target {
  /** Begins with one `/`; percent-encoded as received; a fixed point of the WHATWG URL parser. */
  readonly path: string;
  /** Without `?`; empty when there is none. */
  readonly query: string;
}

const maxTarget = 8192;
const maxQuery = 4096;
const maxSegments = 64;

// RFC 3986 pchar without `;` (matrix parameters: PTH-08).
const plainPath = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]+\/)*[A-Za-z0-9\-._~!$&'()*+,=:@]*$/;
const encodedPath = /^\/(?:(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})+\/)*(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})*$/;
// Printable ASCII without the characters that some parser would re-encode or cut at.
const plainQuery = /^[\x21\x24-\x3b\x3d\x3f-\x7e]*$/;
// What clients percent-encode for good reason: `/` and `@` of npm scopes, and sub-delims. Anything else in `%XX` is either
// dangerous (controls, `%`, `\`, `;`, `#`, `?`, non-ASCII) or needless (letters, digits, `-._~`), and some upstream decodes it.
const mayBeEncoded = new Set("/@!$&'()*+,=:");

/**
 * Reads a request target (RFC 9112 3.2.1: origin-form only). What two parsers could take for different paths is refused:
 * dot segments in any spelling, `//`, `\`, `;`, `#`, controls, non-ASCII, double and needless encoding (PTH-01 to PTH-20).
 * @param rawUrl the target as received (`req.url`)
 */
export function readTarget(rawUrl: string): Target | Refusal {
  if (rawUrl.length > maxTarget) return problem(`it is longer than ${maxTarget} characters`);
  if (!rawUrl.startsWith('/')) return problem('it does not begin with /');
  const mark = rawUrl.indexOf('?');
  const path = mark === -1 ? rawUrl : rawUrl.slice(0, mark);
  const query = mark === -1 ? '' : rawUrl.slice(mark + 1);
  if (query.length > maxQuery) return problem(`its query is longer than ${maxQuery} characters`);
  if (!plainQuery.test(query)) return problem('its query holds characters that have to be percent-encoded');
  const found = pathProblem(path);
  return found === undefined ? { path, query } : problem(found);
}

function pathProblem(path: string): string | undefined {
  const encoded = path.includes('%');
  if (path.includes('//')) return 'it holds //';
  if (!(encoded ? encodedPath : plainPath).test(path)) return 'it holds a character that a path must not hold, or a broken %XX';
  if (encoded) {
    for (const [triplet] of path.matchAll(/%../g)) {
      const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
      if (!mayBeEncoded.has(character)) return `it holds ${triplet}`;
    }
  }
  // The end of a segment to whoever does not decode, of a folder to whoever does.
  if (/%2f$/i.test(path)) return 'it ends in an encoded slash';
  const segments = (encoded ? decodeURIComponent(path) : path).split('/').slice(1);
  if (segments.length > maxSegments) return `it has more than ${maxSegments} segments`;
  // Decoded: `%2f..%2f` is a dot segment for whoever decodes before it splits (PTH-06).
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'it holds a . or .. segment';
  if (segments.slice(0, -1).includes('')) return 'it holds an empty segment';
  return undefined;
}

function problem(text: string): Refusal {
  return refuse('request-path', { problem: text });
}

/**
 * The path of a request below an upstream's base path. Throws when the result is not the string that the upstream would
 * get anyway: that is a bug in whoever built the path, and no request is better than one to another path (PTH-21).
 * @param upstream its path ends with `/`
 * @param below without leading `/`; may have a query
 */
export function joinUpstream(upstream: URL, below: string): string {
  const joined = `${upstream.pathname}${below}`;
  const target = readTarget(joined);
  if (below.startsWith('/') || !('path' in target)) throw new Error(`not a canonical path below the upstream: ${JSON.stringify(below)}`);
  return joined;
}
