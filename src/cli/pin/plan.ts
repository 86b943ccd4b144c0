// Decides which ids are to be filled in: those that a publisher does not state, where all jobs that were seen agree.
import { parseDocument } from 'yaml';
import type { Configuration } from '../../config/configuration.ts';
import { claimText } from '../../core/claims.ts';
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import { isPin } from '../../core/pin.ts';
import type { TrustedPublisher } from '../../core/publisher.ts';
import { foldAscii, type Provider } from '../../providers/index.ts';
import type { Pin } from './edit.ts';
import type { Seen } from './seen.ts';

/** One id that a publisher lacks, and what was seen of it. */
export interface Lacking {
  readonly publisher: TrustedPublisher;
  readonly key: string;
  /** Different values that were seen, in the order in which they were. */
  readonly values: readonly string[];
  /** How many jobs. */
  readonly jobs: number;
  readonly behind: Pin['behind'];
}

/**
 * Every id that some publisher could state and does not, or states as `any`.
 * @param textOf reads the policy file that a publisher stands in
 */
export function lackingIds(configuration: Configuration, seen: readonly Seen[], textOf: (file: string) => string): readonly Lacking[] {
  const values = new Map<string, JsonObject>();
  const fromIn = (publisher: TrustedPublisher): JsonObject => {
    const { file } = publisher.place;
    const read = values.get(file) ?? toObject(parseDocument(textOf(file)).toJS());
    values.set(file, read);
    const list = own(read, 'publishers');
    const found = Array.isArray(list) ? list.find((item) => isJsonObject(item) && own(item, 'name') === publisher.name) : undefined;
    return toObject(isJsonObject(found) ? own(found, 'from') : undefined);
  };
  return configuration.publishers.flatMap((publisher) => {
    const provider = configuration.issuers.get(publisher.issuer)?.provider;
    const from = fromIn(publisher);
    const jobs = provider === undefined ? [] : seen.filter((job) => job.publisher === publisher.name && isSame(job, from, provider));
    return (provider?.fields ?? []).filter(isPin).flatMap((field): Lacking[] => {
      const stated = own(from, field.key);
      if (stated !== undefined && stated !== 'any') return [];
      const found = jobs.flatMap(({ ids }) => ids.get(field.key) ?? []);
      const behind = [...(provider?.anchor ?? []), ...(provider?.fields ?? []).filter(isPin).map(({ key }) => key)];
      return [{ publisher, key: field.key, values: [...new Set(found)], jobs: found.length, behind }];
    });
  });
}

/** A record may be older than the policy: the anchor and the ids that the publisher states now have to be those of the job. */
function isSame(job: Seen, from: JsonObject, provider: Provider): boolean {
  const anchor = provider.anchor.map((key) => claimText(own(from, key))).join('/');
  if (provider.anchor.length > 0 && foldAscii(anchor) !== foldAscii(job.anchor)) return false;
  return [...job.ids].every(([key, value]) => {
    const stated = own(from, key);
    return stated === undefined || stated === 'any' || [stated].flat().map(String).includes(value);
  });
}

function toObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
