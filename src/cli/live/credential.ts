// Whom the registry behind takes the service credential for.
import { isJsonObject, own } from '../../core/json.ts';
import { CredentialUnavailable } from '../../gateway/credential.ts';
import type { Sent } from '../../gateway/upstream-client.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import { failed, fine, warned, type LiveResult } from './result.ts';
import type { Upstream } from './upstreams.ts';

/** Asks `/-/whoami` of an npm registry, `+api` of devpi. */
export async function credentialResult({ registry, send, credential }: Upstream): Promise<LiveResult> {
  if (registry.credential.kind === 'none')
    return warned('credential', registry.name, 'none configured', 'Add `credential:` unless the registry takes anonymous uploads.');
  const headers = { accept: 'application/json' };
  try {
    const secret = await credential();
    const who = await send({ method: 'GET', path: registry.protocol.id === 'npm' ? '-/whoami' : '+api', headers }, secret);
    const root = await send({ method: 'GET', path: '', headers }, secret);
    return judge(registry, who, root);
  } catch (error) {
    if (!(error instanceof CredentialUnavailable)) throw error;
    const outage = error.code === 'upstream-unreachable';
    return failed('credential', registry.name, error.message, 'Look at `credential:` of this registry.', outage);
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
