// Whether each registry behind answers, and whom it takes the service credential for; with the code that forwards uploads.
import { isJsonObject, own } from '../../core/json.ts';
import type { Secret } from '../../core/secret.ts';
import { createCredentials, CredentialUnavailable } from '../../gateway/credential.ts';
import { createUpstreamClient, type Sent, type UpstreamClient } from '../../gateway/upstream-client.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import { failed, fine, warned, type LiveResult } from './result.ts';

/** Asks every registry's upstream; nothing is changed there. */
export async function probeUpstreams(registries: Iterable<RegistrySettings>, version: string): Promise<readonly LiveResult[]> {
  const client = createUpstreamClient({ version, idleTimeout: 10_000 });
  const credentials = createCredentials(client);
  try {
    const all = [...registries].map((registry) => probe(registry, client, () => credentials.header(registry)));
    return (await Promise.all(all)).flat();
  } finally {
    await client.close();
  }
}

async function probe(
  registry: RegistrySettings,
  client: UpstreamClient,
  header: () => Promise<Secret | undefined>,
): Promise<readonly LiveResult[]> {
  const get = (path: string, credential?: Secret): Promise<Sent> =>
    client.send(registry, { method: 'GET', path, headers: { accept: 'application/json' } }, { credential });
  const plain = await get('');
  if (plain.kind !== 'answered') {
    const says = `${registry.upstream.origin} does not answer (${plain.refusal.detail ?? plain.kind})`;
    return [
      failed('upstream', registry.name, says, 'Look at `upstream:` and at the server; reads and uploads fail until it answers.', true),
    ];
  }
  const up = fine('upstream', registry.name, `answers (${plain.answer.status})`);
  if (registry.credential.kind === 'none')
    return [up, warned('credential', registry.name, 'none configured', 'Add `credential:` unless the registry takes anonymous uploads.')];
  return [up, await credentialResult(registry, get, header)];
}

async function credentialResult(
  registry: RegistrySettings,
  get: (path: string, credential?: Secret) => Promise<Sent>,
  header: () => Promise<Secret | undefined>,
): Promise<LiveResult> {
  try {
    const credential = await header();
    const path = registry.protocol.id === 'npm' ? '-/whoami' : '+api';
    const who = await get(path, credential);
    const root = await get('', credential);
    return judge(registry, who, root);
  } catch (error) {
    if (!(error instanceof CredentialUnavailable)) throw error;
    return failed('credential', registry.name, error.message, 'Look at `credential:` of this registry.');
  }
}

/** What the upstream's answers mean. Verdaccio and devpi turn a bad credential into nobody and answer 200 all the same. */
function judge({ name, credential, protocol }: RegistrySettings, who: Sent, root: Sent): LiveResult {
  const statuses = [who, root].map((sent) => (sent.kind === 'answered' ? sent.answer.status : 0));
  const rejected = failed(
    'credential',
    name,
    'the registry does not accept it',
    'Give the proxy a valid credential: uploads fail with 502 until then.',
  );
  if (statuses.includes(401)) return rejected;
  if (statuses.includes(0)) return failed('credential', name, 'the registry did not answer', 'Try again.', true);
  const unknown = warned('credential', name, 'not refused, but the registry does not say whose it is', 'A first publish will show it.');
  if (who.kind !== 'answered' || who.answer.status !== 200) return statuses.includes(403) ? rejected : unknown;
  const user = protocol.id === 'npm' ? npmUser(who.answer.body) : devpiUser(who.answer.body);
  if (user === undefined) return unknown;
  if (user === '') return rejected;
  const expected = 'username' in credential ? credential.username : user;
  if (user === expected) return fine('credential', name, `is ${shown(user)}`);
  return failed(
    'credential',
    name,
    `the registry takes it for ${shown(user)}, expected ${expected}`,
    'Look at `credential:` of this registry.',
  );
}

/** `{"username": …}` of `/-/whoami`; empty for nobody, undefined when the answer is something else. */
function npmUser(body: Buffer): string | undefined {
  const said = parsedJson(body.toString('utf8'));
  if (!isJsonObject(said)) return undefined;
  const user = own(said, 'username');
  return typeof user === 'string' ? user : '';
}

/** `result.authstatus` of devpi's `+api`: `["ok", user, groups]`, or another word first. */
function devpiUser(body: Buffer): string | undefined {
  const said = parsedJson(body.toString('utf8'));
  const result = isJsonObject(said) ? own(said, 'result') : undefined;
  const status = isJsonObject(result) ? own(result, 'authstatus') : undefined;
  if (!Array.isArray(status)) return undefined;
  const [word, user]: readonly unknown[] = status;
  return word === 'ok' && typeof user === 'string' ? user : '';
}
