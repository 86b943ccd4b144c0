// `audit:` compiled.
import { resolve } from 'node:path';
import { auditOutcomes } from '../../audit/fields.ts';
import type { AuditSettings, StoreSettings, WebhookSettings } from '../../core/settings.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, quote } from '../did-you-mean.ts';
import { hostKind } from './address.ts';
import { pem, usableFile, type Context } from './context.ts';
import { requiredSecretUnder } from './secrets.ts';
import { auditSchema } from '../schema/audit.ts';
import { duration } from './units.ts';

const defaults = {
  redis: { maxEvents: 100_000, maxVersions: 50_000 },
  memory: { maxEvents: 10_000, maxVersions: 5_000 },
} as const;
const standardAge = 90 * 86_400;

/** Records that one process may keep in its own memory: about 100 MB of them. */
const mostInMemory = 100_000;

/** The settings of the audit record; defaults stand in for whatever was reported. */
export function compileAudit(cursor: Cursor, store: StoreSettings['kind'], workers: number, context: Context): AuditSettings {
  const standard = { required: false, webhooks: [], maxAge: standardAge, ...defaults[store] };
  const input = cursor.exists ? cursor.parse(auditSchema) : undefined;
  if (input === undefined) return standard;
  if (store === 'memory') {
    for (const key of ['max_events', 'max_versions'] as const) {
      if ((input[key] ?? 0) > mostInMemory)
        cursor.at(key).error(`without Redis at most ${mostInMemory}: they are in the memory of the process`);
    }
  }
  const maxAge = input.max_age === undefined ? undefined : duration(cursor.at('max_age'), '1h', '3650d');
  const maxVersionAge = input.max_version_age === undefined ? undefined : duration(cursor.at('max_version_age'), '1d', '3650d');
  if (input.required === true && input.file === undefined && workers > 1)
    cursor
      .at('required')
      .error('with several workers the record goes through a pipe, and nobody knows whether it was written', 'set file:');
  return {
    ...(input.file === undefined ? {} : { file: resolve(context.folder, input.file) }),
    required: input.required ?? false,
    webhooks: cursor.at('webhooks').items.flatMap((item) => compileWebhook(item, context)),
    maxEvents: input.max_events ?? standard.maxEvents,
    maxAge: maxAge ?? standard.maxAge,
    maxVersions: input.max_versions ?? standard.maxVersions,
    ...(maxVersionAge === undefined ? {} : { maxVersionAge }),
  };
}

const outcomes = Object.keys(auditOutcomes);
/** An intent is followed by its result, which is what somebody wants to be told. */
const toldByDefault = outcomes.filter((outcome) => outcome !== 'forwarding');

function compileWebhook(cursor: Cursor, context: Context): WebhookSettings[] {
  const url = webhookUrl(cursor.at('url'));
  const secret = requiredSecretUnder(cursor, 'secret', context);
  const caFile = usableFile(cursor.at('ca_file'), context, pem('CERTIFICATE'));
  const wanted = cursor.at('outcomes').items;
  for (const item of wanted) {
    const text = String(item.value);
    if (!outcomes.includes(text))
      item.error(`${quote(text)} is no outcome${didYouMean(text, outcomes)}`, `known here: ${outcomes.join(', ')}`);
  }
  if (url === undefined || secret === undefined) return [];
  const told = wanted.length === 0 ? toldByDefault : wanted.map((item) => String(item.value));
  return [{ url, secret, outcomes: told, ...(caFile === undefined ? {} : { caFile }) }];
}

/** Messages never repeat it: many receivers have their secret in the path. */
function webhookUrl(cursor: Cursor): string | undefined {
  const url = typeof cursor.value === 'string' && URL.canParse(cursor.value) ? new URL(cursor.value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return cursor.error('write an https URL');
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return cursor.error('a URL here has no user, password or fragment in it');
  if (url.protocol === 'http:' && hostKind(url.hostname) !== 'loopback')
    cursor.warn('webhook-insecure', 'records go over the network unencrypted', 'use https, with ca_file for a private authority');
  return url.href;
}
