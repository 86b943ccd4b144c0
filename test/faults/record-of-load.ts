// What clients were told under load, and whether it is true: the promises that hold whatever dies (P5, P9).
import { createHash } from 'node:crypto';
import type { CiIssuer } from '../support/issuer.ts';
import type { Proxy } from '../support/proxy.ts';
import type { PypiServer } from '../support/pypiserver.ts';
import type { RedisServer } from '../support/redis.ts';
import { identityOf, mintWith } from '../support/ui-job.ts';
import { publish, type Published } from './publish.ts';

export interface LoadRecord {
  /** Each identity token with how often it was exchanged for an upload token. */
  readonly identities: Map<string, number>;
  /** Files that clients were told are published, with the SHA-256 of what they sent. */
  readonly published: Map<string, string>;
  /** Every file that was sent at all. */
  readonly sent: Map<string, string>;
  /** How often each answer came, such as `exchange 200`; `upload lost` for none. */
  readonly answers: Map<string, number>;
  /** The upload token that was minted last. */
  token: string | undefined;
}

export function createRecord(): LoadRecord {
  return { identities: new Map(), published: new Map(), sent: new Map(), answers: new Map(), token: undefined };
}

function count(record: LoadRecord, answer: string): void {
  record.answers.set(answer, (record.answers.get(answer) ?? 0) + 1);
}

/** Exchanges a fresh identity token at every one of these proxies at once: one of them at most may mint. */
export async function exchangeOnce(record: LoadRecord, issuer: CiIssuer, proxies: readonly Proxy[], now = 0): Promise<void> {
  const first = proxies[0];
  if (first === undefined) return;
  const identity = identityOf(issuer, first, now === 0 ? {} : { iat: now });
  record.identities.set(identity, 0);
  await Promise.all(proxies.map((proxy) => exchangeWith(record, proxy, identity)));
}

/** Exchanges this identity token, whether it was before or not. */
export async function exchangeWith(record: LoadRecord, proxy: Proxy, identity: string): Promise<number | undefined> {
  const answer = await mintWith(proxy, identity).catch(() => undefined);
  count(record, `exchange ${answer?.status ?? 'lost'}`);
  if (answer?.status !== 200) return answer?.status;
  record.identities.set(identity, (record.identities.get(identity) ?? 0) + 1);
  record.token = (JSON.parse(answer.body) as { token: string }).token;
  return 200;
}

/** Publishes a new file with the token minted last. */
export async function publishOne(record: LoadRecord, proxy: Proxy, bytes: Uint8Array): Promise<Published | undefined> {
  if (record.token === undefined) return undefined;
  const version = `${record.sent.size + 1}.0`;
  record.sent.set(`allowed-${version}.tar.gz`, createHash('sha256').update(bytes).digest('hex'));
  const done = await publish(proxy, record.token, { bytes, version }).catch(() => undefined);
  count(record, `upload ${done?.answer.status ?? 'lost'}`);
  if (done?.answer.status === 200) record.published.set(done.file, done.sha256);
  return done;
}

/** Every broken promise as a sentence; none is what one wants. */
export async function brokenPromises(record: LoadRecord, index: PypiServer, redis: RedisServer): Promise<string[]> {
  const stored = new Set(index.stored());
  const sha256 = (file: string): string => createHash('sha256').update(index.read(file)).digest('hex');
  const twice = [...record.identities.values()].filter((times) => times > 1);
  const missing = [...record.published].filter(([file, expected]) => !stored.has(file) || sha256(file) !== expected);
  const strange = [...stored].filter((file) => record.sent.get(file) !== sha256(file));
  return [
    ...twice.map((times) => `an identity token yielded ${times} upload tokens`),
    ...missing.map(([file]) => `${file} was called published and is not there as it was sent`),
    ...strange.map((file) => `${file} is stored and is not what anybody sent`),
    ...(await unpaired(redis)),
  ];
}

/** Marks without their upload token, and upload tokens without a mark (RED-07). */
export async function unpaired(redis: RedisServer): Promise<string[]> {
  const script = `
    local held, wrong = {}, {}
    for _, mark in ipairs(redis.call('KEYS', '*once:*')) do
      local fields = redis.call('HGETALL', mark)
      for i = 1, #fields, 2 do
        if string.sub(fields[i], 1, 6) == 'nonce ' then held[fields[i + 1]] = true end
      end
    end
    local there = {}
    for _, key in ipairs(redis.call('KEYS', '*token:*')) do
      local hash = string.match(key, 'token:(%x+)$')
      there[hash] = true
      if not held[hash] then wrong[#wrong + 1] = 'token without mark: ' .. hash end
    end
    for hash in pairs(held) do if not there[hash] then wrong[#wrong + 1] = 'mark without token: ' .. hash end end
    return wrong`;
  const answer = await redis.cli('eval', script, '0');
  return answer.split('\n').filter((line) => line.includes('without'));
}
