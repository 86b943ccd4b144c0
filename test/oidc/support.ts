// A verifier in front of the test issuer, with a clock that tests can move.
import { createVerifier, type KeyStatus, type VerifiedToken, type Verifier } from '../../src/oidc/verify.ts';
import { isRefusal, type Refusal } from '../../src/core/refusal.ts';
import type { IssuerSettings } from '../../src/core/settings.ts';
import { startIssuer, type CiIssuer, type IssuerOptions } from '../support/issuer.ts';

export const audience = 'pypi.acme.dev';

/** Settings as the configuration would compile them for this test issuer, which is on loopback and http. */
export function settingsFor(issuer: { readonly issuer: string }, overrides: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    name: 'ci',
    url: issuer.issuer,
    algorithms: ['RS256', 'ES256'],
    maxAge: 900,
    jti: true,
    audiences: [],
    privateNetwork: false,
    insecure: true,
    ...overrides,
  };
}

export interface Bench {
  readonly issuer: CiIssuer;
  readonly verifier: Verifier;
  readonly log: KeyStatus[];
  /** Replaces the settings of issuer `ci`, as a reload of the configuration would. */
  readonly configure: (overrides: Partial<IssuerSettings>) => void;
  /** Moves the verifier's clock forward; seconds. */
  readonly pass: (seconds: number) => void;
  /** The verifier's clock, Unix seconds. */
  readonly now: () => number;
  readonly verify: (token: string, audiences?: readonly string[]) => Promise<VerifiedToken | Refusal>;
  /** Signs GitHub-shaped claims for our audience, with these changes, and verifies the token. */
  readonly present: (claims?: Record<string, unknown>, header?: Record<string, unknown>) => Promise<VerifiedToken | Refusal>;
  readonly close: () => Promise<void>;
}

/** Starts an issuer and a verifier that trusts it. */
export async function startBench(settings: Partial<IssuerSettings> = {}, options: IssuerOptions = {}): Promise<Bench> {
  const issuer = await startIssuer(options);
  let table = new Map([['ci', settingsFor(issuer, settings)]]);
  let ahead = 0;
  const log: KeyStatus[] = [];
  const now = () => Date.now() + ahead * 1000;
  const verifier = createVerifier({ issuers: () => table, now, log: (status) => log.push(status) });
  const verify = (token: string, audiences: readonly string[] = [audience]) => verifier.verify(token, audiences);
  return {
    issuer,
    verifier,
    log,
    configure: (overrides) => {
      table = new Map([['ci', settingsFor(issuer, { ...settings, ...overrides })]]);
    },
    pass: (seconds) => {
      ahead += seconds;
    },
    now: () => Math.floor(now() / 1000),
    verify,
    present: (claims = {}, header = {}) => {
      const iat = Math.floor(now() / 1000);
      return verify(issuer.sign(issuer.githubClaims({ aud: audience, iat, nbf: iat - 600, exp: iat + 300, ...claims }), { header }));
    },
    close: async () => {
      verifier.close();
      await issuer.close();
    },
  };
}

/** `verified`, or the refusal's code: what most tests compare. */
export function outcome(result: VerifiedToken | Refusal): string {
  return isRefusal(result) ? result.code : 'verified';
}

/** The refusal's code and sentence, for tests that look at the words. */
export function words(result: VerifiedToken | Refusal): string {
  return isRefusal(result) ? `${result.code}: ${result.message}` : 'verified';
}

/** The token when it was verified; fails the test otherwise. */
export function verified(result: VerifiedToken | Refusal): VerifiedToken {
  if (isRefusal(result)) throw new Error(`refused: ${result.message}`);
  return result;
}
