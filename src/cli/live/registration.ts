// Whether anybody who reaches the registry can make an account there. Asked with requests that no such server can
// fulfil, so that none makes one; which reason it gives tells whether it would have.
import { randomBytes } from 'node:crypto';
import { isJsonObject, own } from '../../core/json.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import { failed, fine, skipped, warned, type LiveResult } from './result.ts';
import type { Upstream } from './upstreams.ts';

const json = { accept: 'application/json', 'content-type': 'application/json' };

/** The finding for one registry. */
export function registration(upstream: Upstream): LiveResult | Promise<LiveResult> {
  const { registry, kind } = upstream;
  if (kind.id === 'verdaccio') return ofVerdaccio(upstream);
  if (kind.id === 'devpi') return ofDevpi(upstream);
  if (kind.id === 'pypiserver') return fine('registration', registry.name, 'pypiserver has none');
  return skipped('registration', registry.name, 'no request is known that this server would refuse in a telling way');
}

/**
 * Verdaccio's htpasswd plug-in looks whether registration is disabled (`max_users: -1`), then whether the number of users is
 * reached, and only then refuses a name that is no part of a URL, such as one with spaces (verdaccio-htpasswd 13, read and
 * run). Another plug-in answers otherwise, and then nothing is concluded.
 */
async function ofVerdaccio({ registry, send }: Upstream): Promise<LiveResult> {
  const name = 'countersign check: no such user';
  const password = randomBytes(24).toString('base64url');
  const body = Buffer.from(JSON.stringify({ name, password }));
  const sent = await send({ method: 'PUT', path: '-/user/org.couchdb.user:countersign-check', headers: json, body });
  const said = sent.kind === 'answered' ? messageOf(sent.answer.body) : '';
  if (/registration disabled/i.test(said)) return fine('registration', registry.name, 'closed');
  if (/maximum amount of users/i.test(said))
    return warned('registration', registry.name, 'closed only because max_users is reached', 'Set `max_users: -1` in Verdaccio.');
  if (!/non-uri-safe/i.test(said))
    return skipped('registration', registry.name, `Verdaccio answered ${shown(said, 80) || 'nothing known'}`);
  return failed(
    'registration',
    registry.name,
    'open: whoever reaches Verdaccio can make an account',
    "Set `max_users: -1` under `auth: htpasswd:` in Verdaccio's config.yaml; its default policy lets every account publish.",
  );
}

/** devpi checks the right to create a user before it looks for the password, without which it makes none (devpi-server 6.19, read and run). */
async function ofDevpi({ registry, send }: Upstream): Promise<LiveResult> {
  const name = `countersign-check-${randomBytes(6).toString('hex')}`;
  const root = new URL('../../', registry.upstream);
  const sent = await send({ method: 'PUT', path: name, headers: json, body: Buffer.from('{}') }, undefined, root);
  const status = sent.kind === 'answered' ? sent.answer.status : 0;
  if (status === 403 || status === 401) return fine('registration', registry.name, 'closed');
  const said = sent.kind === 'answered' ? messageOf(sent.answer.body) : '';
  if (status !== 400 || !/password needs to be set/.test(said))
    return skipped('registration', registry.name, `devpi answered ${status} ${shown(said, 80)}`);
  return warned(
    'registration',
    registry.name,
    'open: whoever reaches devpi can make a user with indexes of its own',
    'Start devpi-server with --restrict-modify root; who uploads into this index is its acl_upload.',
  );
}

/** `error` of Verdaccio, `message` of devpi. */
function messageOf(body: Buffer): string {
  const said = parsedJson(body.toString('utf8'));
  if (!isJsonObject(said)) return '';
  const text = own(said, 'error') ?? own(said, 'message');
  return typeof text === 'string' ? text : '';
}
