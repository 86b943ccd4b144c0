// What a devpi index allows, from its own settings (`GET /user/index`): who uploads, and whether files are replaced.
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import { failed, fine, skipped, warned, type LiveResult } from './result.ts';
import type { Upstream } from './upstreams.ts';

/** The findings for one registry; none where it is not devpi. */
export async function devpiIndex({ registry, kind, send, credential }: Upstream): Promise<readonly LiveResult[]> {
  if (kind.id !== 'devpi') return [];
  const secret = await credential().catch(() => undefined);
  const sent = await send({ method: 'GET', path: '', headers: { accept: 'application/json' } }, secret);
  const settings = sent.kind === 'answered' ? settingsOf(sent.answer.body) : undefined;
  if (settings === undefined) {
    const why = `${registry.upstream.href} is no devpi index; it is called /<user>/<index>/`;
    return [skipped('direct', registry.name, why), skipped('overwriting', registry.name, why)];
  }
  const account = 'username' in registry.credential ? registry.credential.username : undefined;
  const command = `Run: devpi index ${registry.upstream.pathname.split('/').slice(-3, -1).join('/')}`;
  return [
    uploaders(registry.name, own(settings, 'acl_upload'), account, command),
    overwriting(registry.name, settings, registry.immutable, command),
  ];
}

function settingsOf(body: Buffer): JsonObject | undefined {
  const said = parsedJson(body.toString('utf8'));
  const result = isJsonObject(said) && own(said, 'type') === 'indexconfig' ? own(said, 'result') : undefined;
  return isJsonObject(result) ? result : undefined;
}

function uploaders(name: string, acl: unknown, account: string | undefined, command: string): LiveResult {
  const list = Array.isArray(acl) ? acl.map(String) : [];
  const others = list.filter((entry) => entry !== account);
  const fix = `${command} acl_upload=${account ?? '<service account>'}`;
  const everybody = others.filter((entry) => entry === ':ANONYMOUS:' || entry === ':AUTHENTICATED:');
  if (everybody.length > 0)
    return failed('direct', name, `acl_upload has ${everybody.join(', ')}: whoever reaches devpi uploads past Countersign`, fix);
  if (others.length > 0)
    return warned('direct', name, `acl_upload also has ${shown(others.join(', '), 120)}, who upload past Countersign`, fix);
  return fine('direct', name, `only ${shown(list.join(', ') || 'nobody', 120)} uploads (acl_upload)`);
}

function overwriting(name: string, settings: JsonObject, immutable: boolean, command: string): LiveResult {
  if (own(settings, 'volatile') === false) return fine('overwriting', name, 'volatile=False: files are never replaced');
  const says = `volatile=True: a file is replaced by another of the same name${immutable ? '; Countersign refuses that, devpi does not' : ''}`;
  return warned('overwriting', name, says, `${command} volatile=False`);
}
