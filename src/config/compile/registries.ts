// `registries:` compiled: each name to its protocol, its two URLs and its credential.
import type { PackagePattern } from '../../core/package-name.ts';
import type { CredentialSettings } from '../../core/settings.ts';
import { registries as protocols } from '../../registries/index.ts';
import type { Registry, RegistrySettings } from '../../registries/registry.ts';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';
import { credentialSchema, registrySchema, type RegistryInput } from '../schema/registry.ts';
import { audiences } from './audiences.ts';
import { pem, usableFile, type Context } from './context.ts';
import { packageEntries } from './packages.ts';
import { requiredSecretUnder, secretUnder } from './secrets.ts';
import { size } from './units.ts';
import { baseUrl } from './url.ts';

const maxUploads: Readonly<Record<Registry['id'], number>> = { npm: 64 * 2 ** 20, pypi: 2 * 2 ** 30 };

/** Compiles all registries; those with errors are left out. */
export function compileRegistries(section: Cursor, context: Context): Map<string, RegistrySettings> {
  const compiled = new Map<string, RegistrySettings>();
  const byUrl = new Map<string, string>();
  for (const [name, cursor] of section.entries) {
    const input = cursor.parse(registrySchema);
    const registry = input === undefined ? undefined : compileRegistry(name, cursor, input, context);
    if (registry === undefined) continue;
    const place = `${registry.url.host}${registry.url.pathname}`;
    const same = byUrl.get(place);
    if (same !== undefined)
      cursor.at('url').error(`registries ${quote(same)} and ${quote(name)} have the same URL`, undefined, 'reference');
    byUrl.set(place, name);
    compiled.set(name, registry);
  }
  return compiled;
}

/** The protocol that a registry's entry asks for, whatever else is wrong with the entry. */
export function protocolOf(cursor: Cursor): Registry | undefined {
  const id = cursor.at('protocol').value;
  return protocols.find((protocol) => protocol.id === id);
}

function compileRegistry(name: string, cursor: Cursor, input: RegistryInput, context: Context): RegistrySettings | undefined {
  const protocol = protocolOf(cursor);
  const url = baseUrl(cursor.at('url'));
  const upstream = baseUrl(cursor.at('upstream'));
  const credential = compileCredential(cursor.at('credential'), context);
  if (protocol === undefined || url === undefined || upstream === undefined || credential === undefined) return undefined;
  if (!isUpstreamHost(url.hostname))
    return cursor.at('url').error('a host name has letters, digits, dots and hyphens only: registries end on others');
  if (credential.kind === 'verdaccio_login' && protocol.id !== 'npm')
    return cursor.at('credential').errorAtKey('verdaccio_login belongs to the npm protocol');
  if (url.href === upstream.href) return cursor.at('upstream').error('upstream and url are the same: requests would go round in circles');
  const own = [...new Set([...protocol.audiences(url), url.origin])];
  const stated = input.audiences === undefined ? own : audiences(cursor.at('audiences'), new Set([url.hostname, url.host]));
  const maxUpload = input.max_upload === undefined ? undefined : size(cursor.at('max_upload'), '1KiB', '64GiB');
  const simple = input.simple === undefined ? undefined : simplePath(cursor.at('simple'), protocol);
  if (input.check_metadata !== undefined && protocol.id !== 'pypi')
    return cursor.at('check_metadata').errorAtKey('check_metadata belongs to the pypi protocol');
  const caFile = usableFile(cursor.at('ca_file'), context, pem('CERTIFICATE'));
  return {
    name,
    protocol,
    url,
    upstream,
    credential,
    longLivedTokens: input.long_lived_tokens ?? 'refuse',
    trustedOnly: trustedOnly(cursor.at('trusted_only'), protocol),
    reads: input.reads ?? 'anonymous',
    immutable: input.immutable ?? true,
    refusals: input.refusals ?? 'full',
    provenance: input.provenance ?? false,
    audiences: stated,
    audience: stated[0] ?? url.origin,
    maxUpload: maxUpload ?? maxUploads[protocol.id],
    maxConcurrentUploads: input.max_concurrent_uploads ?? 16,
    ...(simple === undefined ? {} : { simple }),
    ...(protocol.id === 'pypi' ? { checkMetadata: input.check_metadata ?? true } : {}),
    ...(caFile === undefined ? {} : { caFile }),
  };
}

/** The public host goes to the upstream as Host; Verdaccio exits on one with an underscore (facts: npm E36). */
function isUpstreamHost(host: string): boolean {
  return /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/.test(host);
}

function trustedOnly(list: Cursor, protocol: Registry): readonly PackagePattern[] {
  return list.exists ? packageEntries(list, protocol) : [];
}

const forms = ['basic', 'bearer', 'bearer_file', 'verdaccio_login'] as const;

function compileCredential(cursor: Cursor, context: Context): CredentialSettings | undefined {
  if (cursor.value === 'none') return { kind: 'none' };
  const input = cursor.parse(credentialSchema);
  if (input === undefined) return undefined;
  const stated = forms.filter((form) => input[form] !== undefined);
  const [form] = stated;
  if (form === undefined || stated.length > 1)
    return cursor.errorAtKey(`write exactly one of ${forms.join(', ')}`, 'credential: none, for an upstream that asks for none');
  if (form === 'bearer' || form === 'bearer_file') {
    const token = secretUnder(cursor, 'bearer', context);
    if (token?.kind === 'value' && !/^[\x21-\x7e]+$/.test(token.value.reveal()))
      return cursor.at('bearer').error('a bearer token is printable ASCII without spaces');
    return token === undefined ? undefined : { kind: 'bearer', token };
  }
  const account = cursor.at(form);
  const username = input[form]?.username ?? '';
  if (/[:\p{Cc}]/u.test(username)) return account.at('username').error('a user name has no ":" and no control characters (RFC 7617)');
  const password = requiredSecretUnder(account, 'password', context);
  return password === undefined ? undefined : { kind: form, username, password };
}

/** Below the upstream URL, without leading and with trailing `/`. */
function simplePath(cursor: Cursor, protocol: Registry): string | undefined {
  if (protocol.id !== 'pypi') return cursor.errorAtKey('simple belongs to the pypi protocol');
  const path = String(cursor.value).replace(/^\/+/, '').replace(/\/+$/, '');
  const fine = path !== '' && path.split('/').every((segment) => /^[A-Za-z0-9._~+-]+$/.test(segment) && !/^\.+$/.test(segment));
  return fine ? `${path}/` : cursor.error('write a path below upstream, for example simple/');
}
