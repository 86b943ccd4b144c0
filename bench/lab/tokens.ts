// Identity tokens for load: GitHub's, each with a jti of its own, signed beforehand by an issuer whose keys lie in a file.
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { githubClaims } from '../../test/support/claims.ts';

const signature = promisify<string, Buffer, KeyObject, Buffer>(sign);

export const issuerUrl = 'https://ci.bench.example';

export interface Forge {
  /** The JWK set, for `jwks_file`. */
  readonly jwks: string;
  readonly publicKey: KeyObject;
  /** Tokens for these publishers in turn. */
  readonly tokens: (options: TokenOptions) => Promise<string[]>;
}

export interface TokenOptions {
  readonly count: number;
  readonly publishers: number;
  readonly audience: string;
  readonly issuer?: string;
  /** Seconds since which the tokens are valid, and until when from now. */
  readonly since?: number;
  readonly until?: number;
}

export function openForge(): Forge {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 40)
    .toUpperCase();
  const head = encode({ alg: 'RS256', kid, typ: 'JWT', x5t: kid });
  const one = async (claims: Record<string, unknown>): Promise<string> => {
    const input = `${head}.${encode(claims)}`;
    return `${input}.${(await signature('RSA-SHA256', Buffer.from(input), privateKey)).toString('base64url')}`;
  };
  return {
    publicKey,
    jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] }),
    tokens: async ({ count, publishers, audience, issuer = issuerUrl, since = 0, until = 3500 }) => {
      const now = Math.floor(Date.now() / 1000);
      const signed: string[] = [];
      // The thread pool signs; a few hundred at a time keep all processors at it.
      for (let at = 0; at < count; at += 512) {
        const some = Array.from({ length: Math.min(512, count - at) }, (_, i) =>
          one({ ...jobOf((at + i) % publishers), iss: issuer, aud: audience, iat: now - since, nbf: now - since, exp: now + until }),
        );
        signed.push(...(await Promise.all(some)));
      }
      return signed;
    },
  };
}

/** Claims of a job of publisher number `i`. */
function jobOf(i: number): Record<string, unknown> {
  return githubClaims({ repository: `acme/repo-${i}`, repository_id: String(100_000 + i), ref: 'refs/tags/v1.0.0' });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Publishers of the policy that `tokens` matches. */
export function publishersFor(count: number, packages: number, from = 0): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `publisher-${from + i}`,
    from: {
      issuer: 'github',
      repository: `acme/repo-${from + i}`,
      repository_id: String(100_000 + from + i),
      repository_owner_id: '11',
      workflow: 'release.yml',
      environment: 'release',
      ref: 'refs/tags/v*',
    },
    publish: { pypi: Array.from({ length: packages }, (_, p) => `project-${from + i}-${p}`) },
  }));
}
