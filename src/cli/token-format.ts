// The forms in which `mint` prints an upload token.
import type { MintedToken } from './exchange-call.ts';

export const tokenFormats = ['token', 'env', 'npmrc', 'json'] as const;
export type TokenFormat = (typeof tokenFormats)[number];

/**
 * The text for stdout.
 * @param url the registry's URL, for the `.npmrc` line
 * @param now milliseconds
 */
export function renderToken(format: TokenFormat, minted: MintedToken, url: URL, now: number): string {
  const { token, expiresIn, scope } = minted;
  if (format === 'token') return `${token}\n`;
  if (format === 'npmrc') return `//${url.host}${url.pathname}:_authToken=${token}\n`;
  if (format === 'env') return `${environment(token).join('\n')}\n`;
  const expires = expiresIn === undefined ? {} : { expires_in: expiresIn, expires_at: new Date(now + expiresIn * 1000).toISOString() };
  return `${JSON.stringify({ token, ...expires, ...(scope === undefined ? {} : { scope }) }, null, 2)}\n`;
}

/** The variables that clients read, for `>> "$GITHUB_ENV"` or a shell's `set -a; eval`. Tokens are letters, digits, `_` and `-`. */
function environment(token: string): string[] {
  return [
    `COUNTERSIGN_TOKEN=${token}`,
    'TWINE_USERNAME=__token__',
    `TWINE_PASSWORD=${token}`,
    `UV_PUBLISH_TOKEN=${token}`,
    `NODE_AUTH_TOKEN=${token}`,
  ];
}
