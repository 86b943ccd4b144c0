// What the server counts by itself: requests, limits, keys of issuers, the policy in force.
import type { Configuration } from '../../config/configuration.ts';
import type { LimitsRoom } from '../../exchange/limits.ts';
import type { Metrics, Value } from '../../metrics.ts';
import type { KeyStatus } from '../../oidc/verify.ts';
import { showPolicy } from './policy.ts';
import { RequestMeter } from './requests.ts';

export interface Meters {
  readonly public: RequestMeter;
  readonly admin: RequestMeter;
  readonly limits: Pick<LimitsRoom, 'reached' | 'turnedAway'>;
  /** Counts what this limit of `server.limits` turns away. */
  readonly turnedAway: (limit: 'requests' | 'connections') => () => void;
  readonly keysAttempted: (status: KeyStatus) => void;
  /** A token of this provider had claims that its table does not know. */
  readonly unknownClaims: (provider: string) => void;
  /** @param milliseconds since 1970 */
  readonly certificateEnds: (milliseconds: number) => void;
  /** Whether the policy on disk is the one in force. */
  readonly policyFresh: (fresh: boolean) => void;
  /** The policy in force from now on. @param now milliseconds */
  readonly use: (configuration: Configuration, now: number) => void;
}

export function createMeters(metrics: Metrics): Meters {
  const meters = { public: new RequestMeter(metrics, 'public'), admin: new RequestMeter(metrics, 'admin') };
  const turnedAway = (limit: Value<'limit'>) => (): void => metrics.limitRefusals.of({ limit }).add();
  const policyFresh = (fresh: boolean): void => metrics.policyFresh.of({}).set(fresh ? 1 : 0);
  policyFresh(true);
  return {
    ...meters,
    limits: {
      reached: (publisher) => metrics.publisherPackages.of({ publisher }).add(),
      turnedAway: turnedAway('refused_exchanges'),
    },
    turnedAway,
    keysAttempted: ({ name: issuer, attempt = 'failure' }) => metrics.jwksRefreshes.of({ issuer, outcome: attempt }).add(),
    unknownClaims: (provider) => metrics.unknownClaims.of({ provider }).add(),
    certificateEnds: (milliseconds) => metrics.certificateExpiry.of({}).set(milliseconds / 1000),
    policyFresh,
    use: (configuration, now) => {
      showPolicy(metrics, configuration, now);
      for (const meter of [meters.public, meters.admin]) meter.forget();
    },
  };
}
