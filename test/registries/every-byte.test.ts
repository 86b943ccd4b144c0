// Every byte, percent-encoded once and twice, in every place of the paths by which something can be done: read as it stands, or refused.
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../src/core/refusal.ts';
import { formatToken, parseToken } from '../../src/core/upload-token.ts';
import { readTarget } from '../../src/gateway/target.ts';
import { npm } from '../../src/registries/npm/index.ts';
import { pypi } from '../../src/registries/pypi/index.ts';
import type { Head, Registry, Route } from '../../src/registries/registry.ts';

const token = formatToken(new Uint8Array(32).fill(7));
const json = new Map([['content-type', 'application/json']]);

const paths: readonly (readonly [protocol: Registry, method: string, path: string])[] = [
  [npm, 'PUT', '/@acme%2fui'],
  [npm, 'PUT', '/@acme/ui'],
  [npm, 'PUT', '/ui'],
  [npm, 'PUT', '/-/package/@acme%2fui/dist-tags/next'],
  [npm, 'DELETE', '/-/package/ui/dist-tags/next'],
  [npm, 'PUT', '/@acme%2fui/-rev/1-x'],
  [npm, 'DELETE', '/@acme%2fui/-/ui-1.0.0.tgz/-rev/1-x'],
  [npm, 'DELETE', `/-/user/token/${token}`],
  [npm, 'GET', '/@acme%2fui'],
  [npm, 'GET', '/@acme/ui/-/ui-1.0.0.tgz'],
  [npm, 'GET', '/-/package/@acme%2fui/dist-tags'],
  [npm, 'GET', '/-/package/@acme%2fui/visibility'],
  [npm, 'GET', '/-/whoami'],
  [npm, 'GET', '/-/v1/search'],
  [npm, 'POST', '/-/npm/v1/oidc/token/exchange/package/@acme%2fui'],
  [pypi, 'POST', '/'],
  [pypi, 'POST', '/_/oidc/mint-token'],
  [pypi, 'POST', '/_/oidc/burn-token'],
  [pypi, 'GET', '/simple/acme-ui/'],
  [pypi, 'GET', '/+simple/acme-ui/'],
  [pypi, 'GET', '/+f/abc/acme_ui-1.0.tar.gz'],
  [pypi, 'GET', '/packages/acme_ui-1.0.tar.gz'],
  [pypi, 'DELETE', '/acme-ui/1.0'],
  [pypi, 'POST', '/+login'],
  [pypi, 'POST', '/+api'],
];

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const once = Array.from({ length: 256 }, (_, byte) => [`%${hex(byte)}`, `%${hex(byte).toUpperCase()}`]).flat();
const twice = '/@.%\\;?#\0\nu'.split('').map((character) => `%25${hex(character.charCodeAt(0))}`);
const escapes = [...new Set([...once, ...twice, '%', '%2', '%u0061', '%c0%af', '%ef%bc%8f'])];

/** The path with each piece (a character or an escape) replaced by, and followed by, each escape. */
function* mutated(path: string): Generator<string> {
  const pieces = path.slice(1).match(/%..|./g) ?? [];
  for (let at = 0; at <= pieces.length; at += 1) {
    const [before, after] = [`/${pieces.slice(0, at).join('')}`, pieces.slice(at + 1).join('')];
    for (const escape of escapes) {
      yield `${before}${escape}${after}`;
      yield `${before}${escape}${pieces[at] ?? ''}${after}`;
    }
  }
}

function head(method: string, path: string): Head | undefined {
  const target = readTarget(path);
  return isRefusal(target) ? undefined : { method, ...target, headers: json };
}

/** What is done, and to which package: an exchange, an upload, a named read. Nothing for what goes on as anybody's own request. */
function meaning(protocol: Registry, at: Head): string | undefined {
  const endpoint = protocol.exchange(at, []);
  if (endpoint !== undefined && endpoint.kind !== 'refused') {
    const asked = endpoint.kind === 'mint' && protocol === npm ? endpoint.read(Buffer.from('')) : undefined;
    return `${endpoint.kind} ${asked === undefined || isRefusal(asked) ? '' : asked.package}`;
  }
  const route = protocol.route(at);
  if (route.kind === 'refused') return undefined;
  if (route.kind === 'revoke') return parseToken(route.token).kind === 'token' ? `revoke ${route.token}` : undefined;
  if (route.kind === 'local') return 'local';
  if (route.kind === 'manage') return `${route.action} ${route.name} ${tagsOf(route, at.method).join(' ')}`;
  return route.kind === 'upload' || ('name' in route && route.name !== undefined)
    ? `${route.kind} ${String('name' in route ? route.name : '')}`
    : undefined;
}

function tagsOf(route: Extract<Route, { kind: 'manage' }>, method: string): readonly string[] {
  const change = route.read(Buffer.from(method === 'PUT' ? '"1.0.0"' : ''));
  return isRefusal(change) ? [] : change.tags;
}

/** The path as servers see it that decode once, and again, and fold case. */
function decodedForms(path: string): string[] {
  const once = decodeURIComponent(path);
  const again = ((): string => {
    try {
      return decodeURIComponent(once);
    } catch {
      return once;
    }
  })();
  return [once, again];
}

describe('paths', () => {
  it.each(paths.map(([protocol, method, path]) => [method, path, protocol] as const))(
    'beside PTH-15: every byte in every place of %s %s is read as it stands, or refused',
    (method, path, protocol) => {
      const plain = head(method, path);
      if (plain === undefined) throw new Error('the path itself is refused');
      const meant = meaning(protocol, plain);
      const wrong: string[] = [];
      for (const mutation of mutated(path)) {
        const at = head(method, mutation);
        const read = at === undefined ? undefined : meaning(protocol, at);
        if (at === undefined || read === undefined) continue;
        const [once = '', again = ''] = decodedForms(at.path);
        // Whoever decodes twice reads the same, and what we read is what stands there, decoded or not.
        const names = read
          .split(' ')
          .slice(1)
          .filter((word) => word !== '' && word !== 'undefined');
        if (
          once !== again ||
          !names.every((name) => protocol === pypi || once.includes(name)) ||
          (read !== meant && once === decodeURIComponent(path))
        )
          wrong.push(`${mutation}: ${read}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
