// How often exchanges may be refused to an address, and how many packages a publisher may reach in a minute (design/4, "Blast radius").
import { isIPv6 } from 'node:net';
import type { Audit, AuditEvent } from '../audit/event.ts';
import type { LimitSettings } from '../config/configuration.ts';
import type { PackageName } from '../core/package-name.ts';
import { isWild } from '../core/pattern.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import { secondsToWait, take, type Bucket, type Rate } from '../core/token-bucket.ts';
import { createTally } from './tally.ts';

const minute = 60_000;
/** Addresses, and pairs of publisher and package, that are remembered; beyond, the one that was idle longest is forgotten. */
const capacity = 20_000;

export type About = Pick<AuditEvent, 'request' | 'client' | 'address'>;

/** What an upload or an exchange reaches for. */
export interface Reach {
  readonly publishers: readonly TrustedPublisher[];
  /** Undefined: everything that the publishers list. */
  readonly name: PackageName | undefined;
}

export interface Limits {
  /**
   * The refusal for an address of which too many exchanges were refused, before a byte of the token is looked at (EXC-20).
   * It is recorded here: the first at once, those of the next ten seconds together (P7, DOS-16).
   */
  readonly admit: (settings: LimitSettings, about: About, policy: string) => Refusal | undefined;
  /** Notes a refused exchange. Successful ones cost an address nothing, so that a build farm behind one address is no attacker. */
  readonly failed: (settings: LimitSettings, address: string | undefined) => void;
  /** The refusal when a publisher would reach too many different packages, or one too often, within a minute (EXC-24). */
  readonly exchange: (settings: LimitSettings, reach: Reach) => Refusal | undefined;
  /** The same for uploads: a token of the PyPI dialect holds every project of its publisher, and counts here. Uploads of one package are not counted. */
  readonly upload: (settings: LimitSettings, reach: Reach) => Refusal | undefined;
  /** Writes what is still to be recorded. */
  readonly close: () => void;
}

export interface LimitsRoom {
  readonly audit: Audit;
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number;
  /** Is told each package that a publisher reaches, once a minute: a worm is seen by their number (EXC-24). */
  readonly reached?: (publisher: string) => void;
  /** Is told each exchange that was turned away because of its address; the record sums them up. */
  readonly turnedAway?: () => void;
}

/** Makes the limits of one process. They outlive reloads of the policy, which may change their settings. */
export function createLimits({ audit, elapsed, reached: told, turnedAway }: LimitsRoom): Limits {
  const addresses = new Map<string, Bucket>();
  const packages = new Map<string, Bucket>();
  const reached = new Map<string, Map<string, number>>();
  const tally = createTally({ audit, elapsed });
  return {
    admit: (settings, about, policy) => {
      const rate = perMinute(settings.refusedExchanges);
      const seconds = secondsToWait(addresses.get(networkOf(about.address)), rate, elapsed());
      if (seconds === 0) return undefined;
      turnedAway?.();
      const refusal = tooMany(`${settings.refusedExchanges} refused exchanges a minute from one address`, seconds);
      tally.refused(networkOf(about.address), {
        event: 'exchange',
        outcome: 'refused',
        ...about,
        policy,
        code: refusal.code,
        message: refusal.message,
      });
      return refusal;
    },
    failed: (settings, address) => {
      const network = networkOf(address);
      put(addresses, network, take(addresses.get(network), perMinute(settings.refusedExchanges), elapsed()));
    },
    exchange: (settings, reach) => {
      const now = elapsed();
      const rate = perMinute(settings.exchangesPerPackage);
      const keys = reach.publishers.map((publisher) => `${publisher.name}\n${reach.name ?? '*'}`);
      for (const key of keys) {
        const seconds = secondsToWait(packages.get(key), rate, now);
        if (seconds > 0)
          return tooMany(`${settings.exchangesPerPackage} exchanges a minute for one package`, seconds, 'exchanges_per_package');
      }
      const refusal = reachOut(reached, settings, reach, now, told);
      if (refusal === undefined) for (const key of keys) put(packages, key, take(packages.get(key), rate, now));
      return refusal;
    },
    upload: (settings, reach) => reachOut(reached, settings, reach, elapsed(), told),
    close: tally.close,
  };
}

/** Different packages of each publisher within the last minute. All ceilings are looked at before any of them counts. */
function reachOut(
  reached: Map<string, Map<string, number>>,
  settings: LimitSettings,
  reach: Reach,
  now: number,
  told: LimitsRoom['reached'],
): Refusal | undefined {
  // An exchange for everything names no package yet: its uploads will.
  if (reach.name === undefined) return undefined;
  const key = reach.name;
  for (const publisher of reach.publishers) {
    const ceiling = ceilingOf(settings, publisher);
    const seen = recent(reached.get(publisher.name), now);
    if (seen.has(key) || seen.size < ceiling) continue;
    const seconds = Math.ceil(((seen.values().next().value ?? now) + minute - now) / 1000);
    return tooMany(`${ceiling} different packages a minute for publisher ${publisher.name}`, Math.max(1, seconds), 'packages_per_minute');
  }
  for (const publisher of reach.publishers) {
    const seen = recent(reached.get(publisher.name), now);
    // Oldest first, so that the first one tells when there is room again.
    if (!seen.delete(key)) told?.(publisher.name);
    seen.set(key, now);
    put(reached, publisher.name, seen);
  }
  return undefined;
}

function recent(seen: Map<string, number> | undefined, now: number): Map<string, number> {
  return new Map([...(seen ?? [])].filter(([, at]) => now - at < minute));
}

/** A publisher that names more packages one by one was reviewed for as many. */
function ceilingOf(settings: LimitSettings, publisher: TrustedPublisher): number {
  if (publisher.packagesPerMinute !== undefined) return publisher.packagesPerMinute;
  const named = new Set([...publisher.publish.values()].flat().filter((entry) => !isWild(entry)));
  return Math.max(settings.packagesPerMinute, named.size);
}

function tooMany(what: string, seconds: number, setting?: string): Refusal {
  const detail = setting === undefined ? {} : { detail: `ceiling ${setting}` };
  return refuse('too-many', { what, seconds }, { retryAfter: seconds, ...detail });
}

function perMinute(count: number): Rate {
  return { burst: count, perMinute: count };
}

/** Whom a limit is for: an IPv4 address, or the /64 that a single customer has of IPv6 (EXC-23). */
export function networkOf(address: string | undefined): string {
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array<string>(zeros).fill('0'), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Keeps the map in the order of use and within bounds. What was idle longest is most likely full again, which is what a missing one counts as. */
function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= capacity) break;
    map.delete(oldest);
  }
}
