// URLs of the policy, checked as text before anything parses them: what is written is what is used.
import { isIP } from 'node:net';
import type { Cursor } from '../cursor.ts';
import { hostKind } from './address.ts';

const shape = /^(https?):\/\/([^/?#]*)(\/[^?#]*)?(\?[^#]*)?(#.*)?$/;

/**
 * What is wrong with a URL of any kind, as a sentence, or undefined. Normal forms only: a host in upper case, `..` or an
 * escape would be another text after parsing, and texts are compared (POL-20).
 */
function urlProblem(text: string): string | undefined {
  const [, , authority = '', path = '', query, fragment] = shape.exec(text) ?? [];
  if (!shape.test(text)) return 'write a URL that starts with https:// or http://';
  if (text.length > 255) return 'a URL has at most 255 characters';
  if (authority.includes('@')) return 'a URL here has no user or password in it';
  if (query !== undefined || fragment !== undefined) return 'a URL here has no query and no fragment';
  if (!/^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/.test(authority) || !URL.canParse(text)) {
    return 'the host is a name in lower-case letters, digits, "." and "-", and perhaps a port';
  }
  if (/\/\/|\/\.{1,2}(?:\/|$)/.test(path)) return 'the path has an empty or dot segment';
  return /^[A-Za-z0-9._~/@:+-]*$/.test(path) ? undefined : 'the path has characters other than letters, digits and "._~@:+-"';
}

/** A public or upstream URL, its path ending with `/`; undefined after a report. */
export function baseUrl(cursor: Cursor): URL | undefined {
  if (typeof cursor.value !== 'string') return undefined;
  const problem = urlProblem(cursor.value);
  return problem === undefined ? new URL(cursor.value.endsWith('/') ? cursor.value : `${cursor.value}/`) : cursor.error(problem);
}

/**
 * An issuer's URL exactly as written, or undefined after a report. Over http anyone on the way can hand out keys, and
 * an address has no certificate to tell it by: both need `insecure: true`.
 */
export function issuerUrl(cursor: Cursor, insecure: boolean): string | undefined {
  if (typeof cursor.value !== 'string') return undefined;
  const problem = urlProblem(cursor.value);
  if (problem !== undefined) return cursor.error(problem);
  const { protocol, hostname } = new URL(cursor.value);
  const kind = hostKind(hostname);
  const plain = protocol === 'http:';
  if (plain && kind === 'public') return cursor.error('http to a public address: anyone on the way could hand out keys', 'write https://');
  if (!insecure && (plain || kind !== 'name')) {
    return cursor.error(
      plain ? 'the issuer is http' : 'the issuer is an address instead of a name',
      'write https:// and a name, or set insecure: true',
    );
  }
  return cursor.value;
}

/** Whether an audience text is the name of a host, or a URL; then the host that it names. */
export function hostNamedBy(audience: string): string | undefined {
  const authority = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)/i.exec(audience)?.[1];
  if (authority !== undefined)
    return authority
      .replace(/^.*@/, '')
      .replace(/:[0-9]+$/, '')
      .toLowerCase();
  const bare = /^([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::[0-9]+)?$/.exec(audience)?.[1];
  return bare === undefined || isIP(bare) !== 0 ? undefined : bare.toLowerCase();
}
