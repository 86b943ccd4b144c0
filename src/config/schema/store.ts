// `store:` as a map: Redis with a password file, behind Sentinel, or as a cluster.
import { z } from 'zod';
import { flag, text, textList, wholeNumber } from './scalar.ts';

export const storeSchema = z.strictObject({
  url: text('One server: `redis://host:6379/0`, or `rediss://` for TLS.').optional(),
  sentinels: textList('Sentinels, each `host:port`; with `master`.').optional(),
  cluster: textList('Seed nodes of a Redis Cluster, each `host:port`.').optional(),
  master: text("Sentinel's name of the master.").optional(),
  username: text('ACL user.').optional(),
  password: text('Password; write `${NAME}`, or use `password_file`.').optional(),
  password_file: text('File with the password; read again when it changes.').optional(),
  sentinel_password: text('Password of the Sentinels themselves.').optional(),
  sentinel_password_file: text('File with the password of the Sentinels.').optional(),
  tls: flag('Connect with TLS. Default false; `rediss://` means true.').optional(),
  ca_file: text("PEM file of certificate authorities to trust, beside the system's.").optional(),
  database: wholeNumber(0, 1023, 'Database number; 0 in a cluster. Default 0.').optional(),
  key_prefix: text('Begins every key and holds a `{hash tag}`. Default `{countersign}:`.').optional(),
  allow_eviction: flag(
    'Start although `maxmemory-policy` may evict marks of used identity tokens, which would let them be exchanged again. Default false.',
  ).optional(),
  record_mac: text(
    'Key, at least 32 bytes, with which token records and marks in Redis are sealed (HMAC), so that whoever can write to Redis cannot mint; write `${NAME}`, or use `record_mac_file`. Default none.',
  ).optional(),
  record_mac_file: text('File with the key; read at the start.').optional(),
  record_mac_also: text('A second key whose seals are accepted, too, while keys change; write `${NAME}`.').optional(),
  record_mac_also_file: text('File with the second key.').optional(),
});

export type StoreInput = z.infer<typeof storeSchema>;
